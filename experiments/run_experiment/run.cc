#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "bwlab/experiment/cell_process.h"
#include "bwlab/experiment/exit_code.h"
#include "bwlab/experiment/names.h"
#include "bwlab/experiment/perf_counters.h"
#include "bwlab/experiment/plan.h"
#include "bwlab/experiment/provenance.h"
#include "bwlab/experiment/repository.h"
#include "bwlab/experiment/results_folder.h"
#include "bwlab/experiment/summary.h"
#include "run_experiment/command_line.h"
#include "run_experiment/flag_values.h"
#include "run_experiment/interruption.h"
#include "run_experiment/out_folder.h"
#include "run_experiment/progress.h"
#include "run_experiment/step_end.h"
#include "run_experiment/stopping_rule.h"

namespace bwlab::cli {
namespace {

namespace fs = std::filesystem;
using experiment::CellOutcome;
using experiment::Plan;
using experiment::PlannedRun;
using experiment::ResultsFolder;
using experiment::RunOrder;
using experiment::ShownPath;
using experiment::Summary;

/// How long things may take; nothing: as long as they do.
struct TimeLimits {
  std::optional<std::chrono::seconds> budget;   ///< all repetitions
  std::optional<std::chrono::seconds> timeout;  ///< the process of one
};

Result<TimeLimits> TimeLimitsOf(const RunRequest& request) {
  TimeLimits limits;
  for (const auto& [flag, text, limit] :
       {std::tuple("--budget", &request.budget, &limits.budget),
        std::tuple("--timeout", &request.timeout, &limits.timeout)}) {
    if (text->empty()) continue;
    const Result<std::chrono::seconds> parsed = ParseDuration(flag, *text);
    if (!parsed.ok()) return parsed.status();
    *limit = parsed.value();
  }
  return limits;
}

/// One call of `run`: what is planned, where it goes, and how far it is.
class Runner {
 public:
  Runner(const RunRequest& request, const Plan& plan, RunOrder order, const StoppingRule& rule,
         const TimeLimits& limits, ResultsFolder folder)
      : request_(request),
        plan_(plan),
        order_(order),
        rule_(rule),
        limits_(limits),
        folder_(std::move(folder)),
        cell_ids_(plan.CellIds()),
        summary_(plan.baseline) {}

  /// @return the exit code; results already written stay where they are.
  int Run() {
    const StepEnd end = RunAll();
    if (!end.ok()) Fail(end.exit_code, end.message);
    const int exit_code = end.ok() ? exit_code_of_failed_ : end.exit_code;
    if (folder_.files().empty()) {
      folder_.RemoveIfWithoutResults();
      return exit_code;
    }
    if (end.ok()) PrintSummary();
    if (exit_code != experiment::kExitOk) {
      Fail(exit_code, HowToGoOn(folder_));
    }
    return exit_code;
  }

 private:
  using Clock = std::chrono::steady_clock;

  /// Adds what is there to the summary. @return whether it could be read.
  Status TakeFinished() {
    for (uint32_t rep = 0; rep < rule_.reps_max; ++rep) {
      for (const PlannedRun& run : plan_.RunsOf(rep, order_)) {
        const std::string& cell_id = cell_ids_[run.cell];
        if (!folder_.Has(cell_id, rep)) continue;
        const Result<nlohmann::json> result = folder_.Read(cell_id, rep);
        if (!result.ok()) return result.status();
        summary_.Add(result.value());
      }
    }
    return Status::Ok();
  }

  /// The cells of a repetition that have no result of it yet and need one.
  std::vector<PlannedRun> RunsLeft(uint32_t rep) const {
    std::vector<PlannedRun> left;
    for (const PlannedRun& run : plan_.RunsOf(rep, order_)) {
      const std::string& cell_id = cell_ids_[run.cell];
      if (failed_cells_.contains(run.cell)) continue;
      if (!folder_.Has(cell_id, rep) && !rule_.IsEnough(rep, summary_.RowOf(cell_id))) {
        left.push_back(run);
      }
    }
    return left;
  }

  StepEnd RunAll() {
    if (const Status status = TakeFinished(); !status.ok()) return EndOf(status);
    const nlohmann::json provenance = experiment::CollectProvenance(plan_, request_.argv);
    size_t planned = 0;
    for (uint32_t rep = 0; rep < rule_.reps_min; ++rep) planned += RunsLeft(rep).size();
    Progress progress(planned, request_.quiet);
    for (uint32_t rep = 0; rep < rule_.reps_max; ++rep) {
      const std::vector<PlannedRun> runs = RunsLeft(rep);
      if (rep >= rule_.reps_min) progress.Expect(progress.total() + runs.size());
      for (const PlannedRun& run : runs) {
        StepEnd end = RunOne(run, provenance, &progress);
        if (end.exit_code != experiment::kExitOk) return end;
      }
    }
    return {};
  }

  StepEnd RunOne(const PlannedRun& run, const nlohmann::json& provenance, Progress* progress) {
    const auto stop = [progress](int exit_code, std::string_view why) {
      return StepEnd{exit_code, fmt::format("{} after {} of {} runs", why, progress->done(),
                                            progress->total())};
    };
    if (limits_.budget && Clock::now() - begun_ >= *limits_.budget) {
      return stop(experiment::kExitPartial, "the budget is used up");
    }
    const std::string what =
        fmt::format("{}, repetition {}", plan_.cells[run.cell].Describe(), run.rep + 1);
    progress->Started(what);
    CellOutcome outcome = experiment::RunCellProcess(
        plan_, run, provenance, {.results = folder_.path(), .keep = request_.keep_data},
        limits_.timeout);
    if (outcome.exit_code == experiment::kExitOk) {
      const Status status = folder_.Add(outcome.result);
      if (!status.ok()) return EndOf(status);
      summary_.Add(outcome.result);
      progress->Finished(what, outcome.result["run"]["throughput_ops_s"].get<double>());
    }
    if (WasInterrupted()) return stop(experiment::kExitInterrupted, "interrupted");
    if (outcome.exit_code != experiment::kExitOk && plan_.cells[run.cell].engine->is_plugin()) {
      progress->Failed();
      NoteFailedPlugin(run, outcome);
      return {};
    }
    return {outcome.exit_code, std::move(outcome.message)};
  }

  /// What a plug-in does wrong says nothing of the other cells, which go on.
  void NoteFailedPlugin(const PlannedRun& run, const CellOutcome& outcome) {
    Fail(outcome.exit_code, outcome.message);
    failed_cells_.insert(run.cell);
    if (exit_code_of_failed_ == experiment::kExitOk) exit_code_of_failed_ = outcome.exit_code;
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
                     "Mops/s: median of {}. bytes/key: live bytes of the index after the load. "
                     "Intervals: BCa bootstrap.\n",
                     RepetitionsText())
              << fmt::format("{} in {}\n", experiment::Counted(folder_.files().size(), "result"),
                             ShownPath(folder_.path() / "cells"));
  }

  /// "5 repetitions", or from how many to how many.
  std::string RepetitionsText() const {
    size_t low = SIZE_MAX;
    size_t high = 0;
    for (const experiment::SummaryRow& row : summary_.rows()) {
      low = std::min(low, row.ops_per_second.size());
      high = std::max(high, row.ops_per_second.size());
    }
    if (low == high) return experiment::Counted(low, "repetition");
    return fmt::format("{} to {} repetitions", low, high);
  }

  const RunRequest& request_;
  const Plan& plan_;
  const RunOrder order_;
  const StoppingRule rule_;
  const TimeLimits limits_;
  const Clock::time_point begun_ = Clock::now();
  ResultsFolder folder_;
  const std::vector<std::string> cell_ids_;  // of plan_.cells
  Summary summary_;
  std::set<size_t> failed_cells_;  // of plan_.cells: those of plug-ins, which are not tried again
  int exit_code_of_failed_ = experiment::kExitOk;
};

}  // namespace

int Run(const RunRequest& request) {
  Result<Plan> plan = PlanOf(request.cells);
  if (!plan.ok()) return Fail(plan.status());
  const auto counters = experiment::ParseCounters(request.counters);
  if (!counters.ok()) return Fail(counters.status());
  for (experiment::Cell& cell : plan.value().cells) cell.counters = counters.value();
  const Result<RunOrder> order = experiment::ParseRunOrder(request.order);
  if (!order.ok()) return Fail(order.status());
  const Result<StoppingRule> rule = StoppingRuleOf(request, plan.value().reps);
  if (!rule.ok()) return Fail(rule.status());
  const Result<TimeLimits> limits = TimeLimitsOf(request);
  if (!limits.ok()) return Fail(limits.status());
  Result<ResultsFolder> folder =
      OpenOutFolder(request.out, request.quiet, kRunFolders, plan.value().spec);
  if (!folder.ok()) return Fail(folder.status());

  NoteInterruptions();
  return Runner(request, plan.value(), order.value(), rule.value(), limits.value(),
                std::move(folder).value())
      .Run();
}

}  // namespace bwlab::cli
