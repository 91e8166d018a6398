#include "run_experiment/out_folder.h"

#include <fmt/format.h>

#include <ctime>
#include <filesystem>
#include <iostream>
#include <system_error>

#include "bwlab/experiment/host.h"
#include "bwlab/experiment/names.h"
#include "bwlab/experiment/repository.h"

namespace bwlab::cli {

namespace fs = std::filesystem;
using experiment::ResultsFolder;
using experiment::RunsFolder;
using experiment::ShownPath;

Result<ResultsFolder> OpenOutFolder(const OutRequest& request, bool quiet, std::string_view folders,
                                    const nlohmann::json& spec) {
  fs::path out = request.out;
  const std::string default_name = fmt::format("{}{}-", folders, spec["id"].get<std::string>());
  if (request.resume) {
    if (out.empty()) {
      // What find-max has left of the same spec is nothing that a run could go on with.
      out = ResultsFolder::NewestOf(RunsFolder(), spec, [&](std::string_view name) {
        return name.starts_with(kFindMaxFolders) == (folders == kFindMaxFolders);
      });
    }
    if (out.empty()) {
      return Status::InvalidArgument("--resume: no folder in " + ShownPath(RunsFolder()) +
                                     " holds results of this spec; name one by --out");
    }
    return ResultsFolder::Resume(out, spec);
  }
  if (out.empty()) {
    out = RunsFolder() / (default_name + experiment::UtcCompactText(std::time(nullptr)));
  }
  if (request.fresh) {
    const Result<fs::path> moved = ResultsFolder::MoveAside(out);
    if (!moved.ok()) return moved.status();
    if (!moved.value().empty() && !quiet) {
      std::cerr << "earlier results are in " << ShownPath(moved.value()) << " now\n";
    }
  }
  Result<ResultsFolder> folder = ResultsFolder::Create(out, spec);
  std::error_code error;
  if (folder.ok() || !fs::is_directory(out / ResultsFolder::kCellsFolder, error)) return folder;
  return Status(
      folder.status().code(),
      folder.status().message() + ", go on in it with --resume, or begin anew with --fresh");
}

std::string HowToGoOn(const ResultsFolder& folder) {
  const std::string path = ShownPath(folder.path());
  const size_t count = folder.files().size();
  return fmt::format("{} {} in {}; the same command with --resume --out {} goes on",
                     experiment::Counted(count, "finished result"), count == 1 ? "is" : "are", path,
                     path);
}

}  // namespace bwlab::cli
