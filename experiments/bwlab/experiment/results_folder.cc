#include "bwlab/experiment/results_folder.h"

#include <string>
#include <system_error>

#include "bwlab/experiment/files.h"

namespace bwlab::experiment {

namespace fs = std::filesystem;

namespace {

/// JSON for people: what identifies the document comes first, the rest by name.
std::string ReadableText(const nlohmann::json& document) {
  nlohmann::ordered_json ordered;
  for (const char* key :
       {"schema_version", "id", "cell_id", "rep", "experiment", "workload", "label", "threads"}) {
    if (document.contains(key)) ordered[key] = document[key];
  }
  for (const auto& [key, value] : document.items()) ordered[key] = value;
  return ordered.dump(2) + "\n";
}

}  // namespace

Result<ResultsFolder> ResultsFolder::Create(const fs::path& path, const nlohmann::json& spec) {
  std::error_code error;
  if (fs::exists(path, error)) {
    if (!fs::is_directory(path, error)) {
      return Status::InvalidArgument(path.string() + ": exists and is not a folder");
    }
    if (!fs::is_empty(path, error) || error) {
      return Status::InvalidArgument(path.string() +
                                     ": is not empty, and results are never overwritten; give "
                                     "--out a new folder");
    }
  }
  ResultsFolder folder(path);
  Status status = folder.MakeFolder(path / "cells");
  if (status.ok()) status = WriteFileAtomically(path / "spec.json", ReadableText(spec));
  if (status.ok()) return folder;
  folder.RemoveIfWithoutResults();
  return status;
}

Status ResultsFolder::MakeFolder(const fs::path& folder) {
  std::error_code error;
  if (folder.empty() || fs::is_directory(folder, error)) return Status::Ok();
  if (Status status = MakeFolder(folder.parent_path()); !status.ok()) return status;
  if (!fs::create_directory(folder, error)) {
    return Status::IoError("cannot make the folder " + folder.string() + ": " + error.message());
  }
  made_.push_back(folder);
  return Status::Ok();
}

Status ResultsFolder::Add(const nlohmann::json& result) {
  const std::string name = result.at("cell_id").get<std::string>() + "-r" +
                           std::to_string(result.at("rep").get<uint32_t>()) + ".json";
  const fs::path file = path_ / "cells" / name;
  Status status = WriteFileAtomically(file, ReadableText(result));
  if (status.ok()) files_.push_back(file);
  return status;
}

void ResultsFolder::RemoveIfWithoutResults() {
  if (!files_.empty()) return;
  std::error_code ignored;
  fs::remove(path_ / "spec.json", ignored);
  for (auto folder = made_.rbegin(); folder != made_.rend(); ++folder) {
    fs::remove(*folder, ignored);  // only where it is empty
  }
  made_.clear();
}

}  // namespace bwlab::experiment
