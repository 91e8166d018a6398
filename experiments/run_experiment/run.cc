#include <fmt/format.h>

#include <csignal>
#include <ctime>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "bwlab/experiment/cell_process.h"
#include "bwlab/experiment/exit_code.h"
#include "bwlab/experiment/host.h"
#include "bwlab/experiment/memory.h"
#include "bwlab/experiment/plan.h"
#include "bwlab/experiment/provenance.h"
#include "bwlab/experiment/repository.h"
#include "bwlab/experiment/results_folder.h"
#include "bwlab/experiment/spec.h"
#include "bwlab/experiment/summary.h"
#include "run_experiment/command_line.h"
#include "run_experiment/progress.h"

namespace bwlab::cli {
namespace {

namespace fs = std::filesystem;
using experiment::CellOutcome;
using experiment::Plan;
using experiment::PlannedRun;
using experiment::ResultsFolder;
using experiment::Setting;
using experiment::Summary;

volatile std::sig_atomic_t g_interrupted = 0;

void NoteInterruption(int /*signal*/) { g_interrupted = 1; }

/// The flags that stand for a --set, after the --sets themselves.
Result<std::vector<Setting>> SettingsOf(const RunRequest& request) {
  std::vector<Setting> settings;
  for (const std::string& set : request.sets) {
    Result<Setting> setting = experiment::ParseSetting(set);
    if (!setting.ok()) return setting.status();
    settings.push_back(std::move(setting).value());
  }
  if (!request.seed.empty()) settings.push_back({"--seed " + request.seed, "seed", request.seed});
  if (!request.reps.empty()) settings.push_back({"--reps " + request.reps, "reps", request.reps});
  if (!request.verify.empty()) {
    settings.push_back({"--verify " + request.verify, "verify", request.verify});
  }
  return settings;
}

Result<Plan> PlanOf(const RunRequest& request) {
  const Result<std::string> path = experiment::FindSpec(request.spec);
  if (!path.ok()) return path.status();
  const Result<std::vector<Setting>> settings = SettingsOf(request);
  if (!settings.ok()) return settings.status();
  std::vector<experiment::Filter> filters;
  for (const std::string& text : request.filters) {
    Result<experiment::Filter> filter = experiment::ParseFilter(text);
    if (!filter.ok()) return filter.status();
    filters.push_back(std::move(filter).value());
  }
  const Result<experiment::Spec> spec = experiment::LoadSpec(path.value(), settings.value());
  if (!spec.ok()) return spec.status();
  return experiment::MakePlan(spec.value(), filters, experiment::AvailableMemoryBytes());
}

/// Runs everything that is planned. @return the exit code; results already written stay where they
/// are.
int RunAll(const Plan& plan, const nlohmann::json& provenance, ResultsFolder* folder,
           Summary* summary) {
  const std::vector<PlannedRun> runs = plan.InterleavedRuns();
  std::optional<Progress> progress(runs.size());
  for (const PlannedRun& run : runs) {
    const std::string what =
        fmt::format("{}, repetition {}", plan.cells[run.cell].Describe(), run.rep + 1);
    progress->Started(what);
    const CellOutcome outcome = experiment::RunCellProcess(plan, run, provenance);
    if (outcome.exit_code == experiment::kExitOk) {
      const Status status = folder->Add(outcome.result);
      if (!status.ok()) return progress.reset(), Fail(status);
      summary->Add(outcome.result);
      progress->Finished(what, outcome.result["run"]["throughput_ops_s"].get<double>());
    }
    if (g_interrupted != 0) {
      progress.reset();
      return Fail(experiment::kExitInterrupted, fmt::format("interrupted after {} of {} runs",
                                                            folder->files().size(), runs.size()));
    }
    if (outcome.exit_code != experiment::kExitOk) {
      progress.reset();
      return Fail(outcome.exit_code, outcome.message);
    }
  }
  return experiment::kExitOk;
}

std::string ShownPath(const fs::path& path) {
  const fs::path relative = path.lexically_proximate(fs::current_path());
  return relative.begin() != relative.end() && *relative.begin() == ".." ? path.string()
                                                                         : relative.string();
}

void PrintSummary(const RunRequest& request, const Plan& plan, const ResultsFolder& folder,
                  const Summary& summary) {
  if (request.json) {
    nlohmann::json files = nlohmann::json::array();
    for (const fs::path& file : folder.files()) files.push_back(ShownPath(file));
    std::cout << nlohmann::json{{"experiment", plan.experiment},
                                {"out", ShownPath(folder.path())},
                                {"baseline", plan.baseline},
                                {"cells", summary.Json()},
                                {"files", files}}
                     .dump(2)
              << '\n';
    return;
  }
  std::cout << summary.Text() << '\n'
            << fmt::format(
                   "Mops/s: median of {} repetition{}. bytes/key: live bytes of the index "
                   "after the load.\n",
                   plan.reps, plan.reps == 1 ? "" : "s")
            << fmt::format("{} results in {}\n", folder.files().size(),
                           ShownPath(folder.path() / "cells"));
}

}  // namespace

int Run(const RunRequest& request) {
  const Result<Plan> plan = PlanOf(request);
  if (!plan.ok()) return Fail(plan.status());
  const std::string default_name =
      plan.value().experiment + "-" + experiment::UtcCompactText(std::time(nullptr));
  const fs::path out =
      request.out.empty() ? experiment::RunsFolder() / default_name : fs::path(request.out);
  Result<ResultsFolder> folder = ResultsFolder::Create(out, plan.value().spec);
  if (!folder.ok()) return Fail(folder.status());

  struct sigaction action {};
  action.sa_handler = NoteInterruption;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);

  const nlohmann::json provenance = experiment::CollectProvenance(plan.value(), request.argv);
  Summary summary(plan.value().baseline);
  const int exit_code = RunAll(plan.value(), provenance, &folder.value(), &summary);
  if (folder.value().files().empty()) {
    folder.value().RemoveIfWithoutResults();
    return exit_code;
  }
  if (exit_code != experiment::kExitOk) {
    std::cerr << fmt::format("run_experiment: {} finished results are in {}\n",
                             folder.value().files().size(), ShownPath(folder.value().path()));
    return exit_code;
  }
  PrintSummary(request, plan.value(), folder.value(), summary);
  return exit_code;
}

}  // namespace bwlab::cli
