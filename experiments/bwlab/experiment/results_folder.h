#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "bwlab/base/status.h"

namespace bwlab::experiment {

/// The folder of one experiment's results: spec.json (resolved) and cells/<cell_id>-r<rep>.json.
class ResultsFolder {
 public:
  /// Makes the folder and writes spec.json. Errors: InvalidArgument where it exists and is not
  /// empty (results are never overwritten) or is no folder, IoError where it cannot be made;
  /// nothing is left behind then.
  static Result<ResultsFolder> Create(const std::filesystem::path& path,
                                      const nlohmann::json& spec);

  /// Writes one result under its final name, whole or not at all.
  Status Add(const nlohmann::json& result);

  /// Takes back all that Create made, where no result was added.
  void RemoveIfWithoutResults();

  const std::filesystem::path& path() const { return path_; }
  const std::vector<std::filesystem::path>& files() const { return files_; }

 private:
  explicit ResultsFolder(std::filesystem::path path) : path_(std::move(path)) {}

  Status MakeFolder(const std::filesystem::path& folder);

  std::filesystem::path path_;
  std::vector<std::filesystem::path> made_;   // folders that Create made, outermost first
  std::vector<std::filesystem::path> files_;  // results added
};

}  // namespace bwlab::experiment
