#include "bwlab/experiment/data_folder.h"

#include <fmt/format.h>

#include <system_error>

namespace bwlab::experiment {

namespace fs = std::filesystem;

Result<DataFolder> DataFolder::Make(const DataPlace& place, const std::string& name,
                                    uint64_t bytes_needed) {
  constexpr double kGiB = 1024.0 * 1024.0 * 1024.0;
  std::error_code error;
  const fs::path path = place.results / kFolder / name;
  const uint64_t free_bytes = fs::space(place.results, error).available;
  if (!error && free_bytes < bytes_needed) {
    return Status::IoError(
        fmt::format("the files of the engine need about {:.1f} GiB in {}, but "
                    "{:.1f} GiB are free",
                    static_cast<double>(bytes_needed) / kGiB, place.results.string(),
                    static_cast<double>(free_bytes) / kGiB));
  }
  const auto refuse = [](const fs::path& folder, const std::string& why) {
    return Status::IoError("cannot make the folder " + folder.string() + ": " + why);
  };
  error.clear();
  fs::create_directory(path.parent_path(), error);
  if (error) return refuse(path.parent_path(), error.message());
  const bool made = fs::create_directory(path, error);
  if (error) return refuse(path, error.message());
  if (!made) return refuse(path, "it is there already");
  return DataFolder(path, place.keep);
}

DataFolder::~DataFolder() {
  if (path_.empty() || keep_) return;
  std::error_code ignored;
  fs::remove_all(path_, ignored);
  fs::remove(path_.parent_path(), ignored);  // only where it is empty
}

}  // namespace bwlab::experiment
