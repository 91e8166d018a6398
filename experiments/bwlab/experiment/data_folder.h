#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

#include "bwlab/base/status.h"

namespace bwlab::experiment {

/// Where the engines of an experiment keep their files: in the folder of its results.
struct DataPlace {
  std::filesystem::path results;
  bool keep = false;  ///< leave the files of each run there
};

/// The folder for the files of one process: data/<name> in the folder of the results. It goes, with
/// all that is in it, when this object goes, unless it is to be kept. Nothing else ever does, but
/// for the folder data/ where this was the last in it.
class DataFolder {
 public:
  static constexpr const char* kFolder = "data";

  /// Makes it, empty. Errors: IoError where something stands there already, where it cannot be
  /// made, or where the disk has less free than `bytes_needed`; nothing is left behind then.
  static Result<DataFolder> Make(const DataPlace& place, const std::string& name,
                                 uint64_t bytes_needed);

  DataFolder(DataFolder&& other) noexcept
      : path_(std::exchange(other.path_, {})), keep_(other.keep_) {}
  DataFolder& operator=(DataFolder&&) = delete;
  ~DataFolder();

  const std::filesystem::path& path() const { return path_; }

 private:
  DataFolder(std::filesystem::path path, bool keep) : path_(std::move(path)), keep_(keep) {}

  std::filesystem::path path_;
  bool keep_;
};

}  // namespace bwlab::experiment
