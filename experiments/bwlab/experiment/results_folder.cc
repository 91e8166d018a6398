#include "bwlab/experiment/results_folder.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <system_error>

#include "bwlab/experiment/data_folder.h"
#include "bwlab/experiment/files.h"
#include "bwlab/experiment/json_schema.h"
#include "bwlab/workload/json_text.h"

namespace bwlab::experiment {

namespace fs = std::filesystem;

namespace {

/// JSON for people: what identifies the document comes first, the rest by name.
std::string ReadableText(const nlohmann::json& document) {
  nlohmann::ordered_json ordered;
  for (const char* key : {"schema_version", "id", "cell_id", "program", "rep", "experiment",
                          "workload", "label", "threads"}) {
    if (document.contains(key)) ordered[key] = document[key];
  }
  for (const auto& [key, value] : document.items()) ordered[key] = value;
  return ordered.dump(2) + "\n";
}

constexpr const char* kSpecFile = "spec.json";

/// What of `there` is not as in `spec`, but for the number of repetitions; empty where nothing is.
std::string DifferenceOf(const nlohmann::json& there, const nlohmann::json& spec) {
  for (const nlohmann::json& change : nlohmann::json::diff(there, spec)) {
    const auto path = change.at("path").get<std::string>();
    if (path == "/reps") continue;
    const nlohmann::json::json_pointer pointer(path);
    const auto shown = [&pointer](const nlohmann::json& document) {
      return document.contains(pointer) ? ShownValue(document.at(pointer)) : "absent";
    };
    return path + " is " + shown(there) + " there and " + shown(spec) + " here";
  }
  return "";
}

/// Whether `file` is what WriteFileAtomically had not renamed yet.
bool IsUnfinished(const fs::path& file) {
  return file.stem().extension() == ".json" && file.extension().string().starts_with(".tmp");
}

/// Whether RunName could have made it.
bool IsRunName(const std::string& name) {
  constexpr std::string_view kDigits = "0123456789";
  constexpr std::string_view kHexDigits = "0123456789abcdef";
  const size_t dash = name.find("-r");
  return dash != std::string::npos && dash > 0 && dash + 2 < name.size() &&
         name.find_first_not_of(kHexDigits) == dash &&
         name.find_first_not_of(kDigits, dash + 2) == std::string::npos;
}

}  // namespace

Result<ResultsFolder> ResultsFolder::CreateEmpty(const fs::path& path, const Layout& layout) {
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
  ResultsFolder folder(path, layout);
  Status status = folder.MakeFolder(path / layout.folder);
  if (status.ok()) return folder;
  folder.RemoveIfWithoutResults();
  return status;
}

Result<ResultsFolder> ResultsFolder::Create(const fs::path& path, const nlohmann::json& spec) {
  Result<ResultsFolder> folder = CreateEmpty(path, kCells);
  if (!folder.ok()) return folder;
  Status status = WriteFileAtomically(path / kSpecFile, ReadableText(spec));
  if (status.ok()) return folder;
  folder.value().RemoveIfWithoutResults();
  return status;
}

Result<ResultsFolder> ResultsFolder::CreateForMicro(const fs::path& path) {
  return CreateEmpty(path, kMicro);
}

Result<ResultsFolder> ResultsFolder::Resume(const fs::path& path, const nlohmann::json& spec) {
  std::error_code error;
  const auto refuse = [&path](const std::string& what) {
    return Status::InvalidArgument("--resume: " + path.string() + ": " + what);
  };
  if (!fs::is_directory(path / kCells.folder, error)) return refuse("is no folder of results");
  if (fs::exists(path / kSpecFile, error)) {
    const workload::JsonParse there = workload::ParseJsonFile((path / kSpecFile).string());
    if (!there.ok()) return refuse(there.error);
    const std::string difference = DifferenceOf(there.json, spec);
    if (!difference.empty()) return refuse("holds results of another spec: " + difference);
  } else if (!fs::is_empty(path / kCells.folder, error)) {
    return refuse("holds results, but no spec.json that says of what");
  }
  ResultsFolder folder(path, kCells);
  std::vector<fs::path> unfinished;
  for (const fs::path& parent : {path, path / kCells.folder}) {
    for (const fs::directory_entry& entry : fs::directory_iterator(parent, error)) {
      if (IsUnfinished(entry.path())) {
        unfinished.push_back(entry.path());
      } else if (parent != path && entry.path().extension() == ".json") {
        folder.files_.insert(entry.path());
      }
    }
  }
  for (const fs::directory_entry& entry :
       fs::directory_iterator(path / DataFolder::kFolder, error)) {
    const std::string run = entry.path().filename().string();
    if (IsRunName(run) && !folder.files_.contains(path / kCells.folder / (run + ".json"))) {
      unfinished.push_back(entry.path());
    }
  }
  for (const fs::path& left : unfinished) fs::remove_all(left, error);
  fs::remove(path / DataFolder::kFolder, error);  // only where it is empty
  Status status = WriteFileAtomically(path / kSpecFile, ReadableText(spec));
  if (!status.ok()) return status;
  return folder;
}

Result<fs::path> ResultsFolder::MoveAside(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error) || (fs::is_directory(path, error) && fs::is_empty(path, error))) {
    return fs::path();
  }
  if (!fs::is_directory(path / kCells.folder, error)) {
    return Status::InvalidArgument("--fresh: " + path.string() + ": is no folder of results");
  }
  fs::path aside;
  int number = 0;
  do {
    aside = path.string() + "." + std::to_string(++number);
  } while (fs::exists(aside, error));
  fs::rename(path, aside, error);
  if (error) {
    return Status::IoError(path.string() + ": cannot be renamed to " + aside.string() + ": " +
                           error.message());
  }
  return aside;
}

fs::path ResultsFolder::NewestOf(const fs::path& parent, const nlohmann::json& spec,
                                 const std::function<bool(std::string_view)>& fits) {
  std::error_code error;
  fs::path newest;
  for (const fs::directory_entry& entry : fs::directory_iterator(parent, error)) {
    const fs::path file = entry.path() / kSpecFile;
    if (!fits(entry.path().filename().string()) || !fs::exists(file, error)) continue;
    const workload::JsonParse there = workload::ParseJsonFile(file.string());
    if (!there.ok() || !DifferenceOf(there.json, spec).empty()) continue;
    // Their names end with the time at which they were begun.
    if (newest.empty() || newest.filename() < entry.path().filename()) newest = entry.path();
  }
  return newest;
}

std::string ResultsFolder::RunName(const std::string& id, uint32_t rep) {
  return id + "-r" + std::to_string(rep);
}

std::string ResultsFolder::FileName(const std::string& id, uint32_t rep) {
  return RunName(id, rep) + ".json";
}

fs::path ResultsFolder::FileOf(const std::string& id, uint32_t rep) const {
  return path_ / layout_->folder / FileName(id, rep);
}

bool ResultsFolder::Has(const std::string& cell_id, uint32_t rep) const {
  return files_.contains(FileOf(cell_id, rep));
}

Result<nlohmann::json> ResultsFolder::Read(const std::string& cell_id, uint32_t rep) const {
  const std::string file = FileOf(cell_id, rep).string();
  workload::JsonParse parse = workload::ParseJsonFile(file);
  if (!parse.ok()) return Status::InvalidArgument(parse.error);
  if (const auto violation = ResultSchema().Check(parse.json)) {
    return Status::InvalidArgument(file + ": " + *violation + "; remove it, and it is run again");
  }
  return std::move(parse.json);
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
  const fs::path file =
      FileOf(result.at(layout_->id_key).get<std::string>(), result.at("rep").get<uint32_t>());
  Status status = WriteFileAtomically(file, ReadableText(result));
  if (status.ok()) files_.insert(file);
  return status;
}

void ResultsFolder::RemoveIfWithoutResults() {
  if (!files_.empty()) return;
  std::error_code ignored;
  fs::remove(path_ / kSpecFile, ignored);
  for (auto folder = made_.rbegin(); folder != made_.rend(); ++folder) {
    fs::remove(*folder, ignored);  // only where it is empty
  }
  made_.clear();
}

std::vector<fs::path> ResultsFoldersUnder(const fs::path& parent) {
  std::vector<fs::path> folders;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(parent, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code ignored;
    if (!entry->is_directory(ignored) ||
        !fs::is_directory(entry->path() / ResultsFolder::kCellsFolder, ignored)) {
      continue;
    }
    folders.push_back(entry->path());
    entry.disable_recursion_pending();
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

std::vector<fs::path> ResultsOfCell(const fs::path& folder, const std::string& cell_id) {
  std::vector<fs::path> files;
  std::error_code ignored;
  for (uint32_t rep = 0;; ++rep) {
    fs::path file = folder / ResultsFolder::kCellsFolder / ResultsFolder::FileName(cell_id, rep);
    if (!fs::exists(file, ignored)) return files;
    files.push_back(std::move(file));
  }
}

}  // namespace bwlab::experiment
