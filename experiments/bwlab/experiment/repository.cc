#include "bwlab/experiment/repository.h"

#include <algorithm>
#include <system_error>

#include "bwlab/experiment/build_info.h"
#include "bwlab/experiment/names.h"

namespace bwlab::experiment {
namespace {

namespace fs = std::filesystem;

bool IsRepository(const fs::path& folder) {
  std::error_code ignored;
  return fs::is_directory(folder / "workloads", ignored) &&
         fs::is_directory(folder / "experiments" / "specs", ignored);
}

fs::path FindRoot() {
  std::error_code error;
  const fs::path binary = fs::read_symlink("/proc/self/exe", error);
  for (fs::path folder = binary.parent_path(); !error && folder.has_relative_path();
       folder = folder.parent_path()) {
    if (IsRepository(folder)) return folder;
  }
  return kSourceFolder;
}

}  // namespace

const fs::path& RepositoryRoot() {
  static const fs::path root = FindRoot();
  return root;
}

std::string PathForResult(const fs::path& path) {
  std::error_code error;
  const fs::path absolute = fs::weakly_canonical(path, error);
  if (!error) {
    const fs::path relative = absolute.lexically_relative(RepositoryRoot());
    if (!relative.empty() && *relative.begin() != "..") return relative.string();
  }
  return (fs::path("outside") / path.filename()).string();
}

std::string ShownPath(const fs::path& path) {
  const fs::path relative = path.lexically_proximate(fs::current_path());
  return relative.begin() != relative.end() && *relative.begin() == ".." ? path.string()
                                                                         : relative.string();
}

std::vector<std::string> ExperimentNames() {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(SpecsFolder(), error)) {
    if (entry.path().extension() == ".json") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::string> FindSpec(const std::string& argument) {
  std::error_code ignored;
  const bool is_folder = fs::is_directory(argument, ignored);
  if (argument.find('/') != std::string::npos || fs::path(argument).extension() == ".json") {
    if (!is_folder) return argument;
    return Status::InvalidArgument(
        argument + ": is a folder; allowed are the file of a spec and the name of an experiment");
  }
  // A folder may be called like an experiment: that of its results.
  if (fs::exists(argument, ignored) && !is_folder) return argument;
  const std::vector<std::string> names = ExperimentNames();
  if (std::find(names.begin(), names.end(), argument) == names.end()) {
    return Status::InvalidArgument(UnknownName("experiment", argument, names));
  }
  return (SpecsFolder() / (argument + ".json")).string();
}

}  // namespace bwlab::experiment
