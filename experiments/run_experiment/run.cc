#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "bwlab/experiment/cell_process.h"
#include "bwlab/experiment/exit_code.h"
#include "bwlab/experiment/host.h"
#include "bwlab/experiment/names.h"
#include "bwlab/experiment/plan.h"
#include "bwlab/experiment/provenance.h"
#include "bwlab/experiment/repository.h"
#include "bwlab/experiment/results_folder.h"
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
using experiment::RunOrder;
using experiment::Summary;

volatile std::sig_atomic_t g_interrupted = 0;

void NoteInterruption(int /*signal*/) { g_interrupted = 1; }

/// Reads a time such as 90s, 10m or 2h.
Result<std::chrono::seconds> ParseDuration(const std::string& flag, const std::string& text) {
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  if (error == std::errc() && number > 0) {
    if (unit == "s") return std::chrono::seconds(number);
    if (unit == "m") return std::chrono::seconds(60 * uint64_t{number});
    if (unit == "h") return std::chrono::seconds(3600 * uint64_t{number});
  }
  return Status::InvalidArgument(flag + " " + experiment::Quoted(text) +
                                 " is no time; allowed are whole numbers from 1 on with a unit, "
                                 "such as 90s, 10m or 2h");
}

std::string ShownPath(const fs::path& path) {
  const fs::path relative = path.lexically_proximate(fs::current_path());
  return relative.begin() != relative.end() && *relative.begin() == ".." ? path.string()
                                                                         : relative.string();
}

/// One call of `run`: what is planned, where it goes, and how far it is.
class Runner {
 public:
  Runner(const RunRequest& request, const Plan& plan, RunOrder order,
         std::optional<std::chrono::seconds> budget, ResultsFolder folder)
      : request_(request),
        plan_(plan),
        runs_(plan.InterleavedRuns(order)),
        budget_(budget),
        folder_(std::move(folder)),
        summary_(plan.baseline) {}

  /// @return the exit code; results already written stay where they are.
  int Run() {
    const int exit_code = RunAll();
    if (folder_.files().empty()) {
      folder_.RemoveIfWithoutResults();
    } else if (exit_code != experiment::kExitOk) {
      std::cerr << fmt::format(
          "run_experiment: {} finished results are in {}; the same command with --resume --out {} "
          "goes on\n",
          folder_.files().size(), ShownPath(folder_.path()), ShownPath(folder_.path()));
    } else {
      PrintSummary();
    }
    return exit_code;
  }

 private:
  using Clock = std::chrono::steady_clock;

  /// Adds what is there to the summary. @return the runs that are left.
  Result<std::vector<PlannedRun>> TakeFinished() {
    std::vector<PlannedRun> left;
    for (const PlannedRun& run : runs_) {
      const std::string cell_id = plan_.cells[run.cell].Id();
      if (!folder_.Has(cell_id, run.rep)) {
        left.push_back(run);
        continue;
      }
      const Result<nlohmann::json> result = folder_.Read(cell_id, run.rep);
      if (!result.ok()) return result.status();
      summary_.Add(result.value());
    }
    return left;
  }

  int RunAll() {
    const Result<std::vector<PlannedRun>> left = TakeFinished();
    if (!left.ok()) return Fail(left.status());
    const nlohmann::json provenance = experiment::CollectProvenance(plan_, request_.argv);
    const Clock::time_point begun = Clock::now();
    std::optional<Progress> progress;
    if (!request_.quiet) progress.emplace(left.value().size());
    size_t done = 0;
    for (const PlannedRun& run : left.value()) {
      if (budget_ && Clock::now() - begun >= *budget_) {
        return Stop(progress, experiment::kExitPartial, "the budget is used up", done,
                    left.value());
      }
      const std::string what =
          fmt::format("{}, repetition {}", plan_.cells[run.cell].Describe(), run.rep + 1);
      if (progress) progress->Started(what);
      const CellOutcome outcome = experiment::RunCellProcess(plan_, run, provenance);
      if (outcome.exit_code == experiment::kExitOk) {
        const Status status = folder_.Add(outcome.result);
        if (!status.ok()) return progress.reset(), Fail(status);
        summary_.Add(outcome.result);
        ++done;
        if (progress) {
          progress->Finished(what, outcome.result["run"]["throughput_ops_s"].get<double>());
        }
      }
      if (g_interrupted != 0) {
        return Stop(progress, experiment::kExitInterrupted, "interrupted", done, left.value());
      }
      if (outcome.exit_code != experiment::kExitOk) {
        progress.reset();
        return Fail(outcome.exit_code, outcome.message);
      }
    }
    return experiment::kExitOk;
  }

  static int Stop(std::optional<Progress>& progress, int exit_code, std::string_view why,
                  size_t done, const std::vector<PlannedRun>& runs) {
    progress.reset();
    return Fail(exit_code, fmt::format("{} after {} of {} runs", why, done, runs.size()));
  }

  void PrintSummary() const {
    if (request_.json) {
      nlohmann::json files = nlohmann::json::array();
      for (const fs::path& file : folder_.files()) files.push_back(ShownPath(file));
      std::cout << nlohmann::json{{"experiment", plan_.experiment},
                                  {"out", ShownPath(folder_.path())},
                                  {"baseline", plan_.baseline},
                                  {"cells", summary_.Json()},
                                  {"files", files}}
                       .dump(2)
                << '\n';
      return;
    }
    std::cout << summary_.Text() << '\n'
              << fmt::format(
                     "Mops/s: median of {} repetition{}. bytes/key: live bytes of the index "
                     "after the load.\n",
                     plan_.reps, plan_.reps == 1 ? "" : "s")
              << fmt::format("{} results in {}\n", folder_.files().size(),
                             ShownPath(folder_.path() / "cells"));
  }

  const RunRequest& request_;
  const Plan& plan_;
  const std::vector<PlannedRun> runs_;
  const std::optional<std::chrono::seconds> budget_;
  ResultsFolder folder_;
  Summary summary_;
};

/// The folder that a request means, new or to be gone on with.
Result<ResultsFolder> FolderOf(const RunRequest& request, const Plan& plan) {
  fs::path out = request.out;
  if (request.resume) {
    if (out.empty()) out = ResultsFolder::NewestOf(experiment::RunsFolder(), plan.spec);
    if (out.empty()) {
      return Status::InvalidArgument("--resume: no folder in " +
                                     ShownPath(experiment::RunsFolder()) +
                                     " holds results of this spec; name one by --out");
    }
    return ResultsFolder::Resume(out, plan.spec);
  }
  if (out.empty()) {
    const std::string now = experiment::UtcCompactText(std::time(nullptr));
    out = experiment::RunsFolder() / (plan.experiment + "-" + now);
  }
  return ResultsFolder::Create(out, plan.spec);
}

}  // namespace

int Run(const RunRequest& request) {
  const Result<Plan> plan = PlanOf(request.cells);
  if (!plan.ok()) return Fail(plan.status());
  const Result<RunOrder> order = experiment::ParseRunOrder(request.order);
  if (!order.ok()) return Fail(order.status());
  std::optional<std::chrono::seconds> budget;
  if (!request.budget.empty()) {
    const Result<std::chrono::seconds> parsed = ParseDuration("--budget", request.budget);
    if (!parsed.ok()) return Fail(parsed.status());
    budget = parsed.value();
  }
  Result<ResultsFolder> folder = FolderOf(request, plan.value());
  if (!folder.ok()) return Fail(folder.status());

  struct sigaction action {};
  action.sa_handler = NoteInterruption;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  return Runner(request, plan.value(), order.value(), budget, std::move(folder).value()).Run();
}

}  // namespace bwlab::cli
