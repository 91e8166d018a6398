#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bwlab/experiment/cell_process.h"
#include "bwlab/experiment/exit_code.h"
#include "bwlab/experiment/host.h"
#include "bwlab/experiment/names.h"
#include "bwlab/experiment/perf_counters.h"
#include "bwlab/experiment/plan.h"
#include "bwlab/experiment/provenance.h"
#include "bwlab/experiment/repository.h"
#include "bwlab/experiment/results_folder.h"
#include "bwlab/experiment/statistics.h"
#include "bwlab/experiment/summary.h"
#include "run_experiment/command_line.h"
#include "run_experiment/interruption.h"
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

/// Reads a whole number of repetitions.
Result<uint32_t> ParseReps(const std::string& flag, const std::string& text, uint32_t absent) {
  if (text.empty()) return absent;
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size() &&
      number >= experiment::kIntervalRepsMin && number <= 1000) {
    return number;
  }
  return Status::InvalidArgument(
      fmt::format("{} {} is out of range; allowed are whole numbers from {} to 1000", flag,
                  experiment::Quoted(text), experiment::kIntervalRepsMin));
}

/// When a cell has been repeated often enough.
struct StoppingRule {
  std::optional<double> half_width_max;  ///< relative; none: after reps_max
  uint32_t reps_min = 1;
  uint32_t reps_max = 1;

  bool IsEnough(uint32_t reps, const experiment::SummaryRow* row) const {
    if (reps < reps_min) return false;
    if (reps >= reps_max) return true;
    const std::optional<double> half_width =
        half_width_max && row != nullptr ? row->RelativeHalfWidth() : std::nullopt;
    return half_width && *half_width <= *half_width_max;
  }
};

Result<StoppingRule> StoppingRuleOf(const RunRequest& request, uint32_t spec_reps) {
  if (request.ci.empty()) {
    if (!request.reps_min.empty() || !request.reps_max.empty()) {
      return Status::InvalidArgument("--reps-min and --reps-max need --ci");
    }
    return StoppingRule{std::nullopt, spec_reps, spec_reps};
  }
  if (!request.cells.reps.empty()) {
    return Status::InvalidArgument(
        "--ci decides on repetitions itself; give it --reps-min and "
        "--reps-max in place of --reps");
  }
  double share = 0;
  const auto [end, error] =
      std::from_chars(request.ci.data(), request.ci.data() + request.ci.size(), share);
  if (error != std::errc() || end != request.ci.data() + request.ci.size() || !(share > 0) ||
      !(share < 1)) {
    return Status::InvalidArgument("--ci " + experiment::Quoted(request.ci) +
                                   " is out of range; allowed are shares above 0 and below 1, "
                                   "such as 0.02");
  }
  const Result<uint32_t> reps_min = ParseReps("--reps-min", request.reps_min, 5);
  if (!reps_min.ok()) return reps_min.status();
  const Result<uint32_t> reps_max = ParseReps("--reps-max", request.reps_max, 30);
  if (!reps_max.ok()) return reps_max.status();
  if (reps_min.value() > reps_max.value()) {
    return Status::InvalidArgument(
        fmt::format("--reps-min is {} and --reps-max {}; allowed are at "
                    "most as many at least as at most",
                    reps_min.value(), reps_max.value()));
  }
  return StoppingRule{share, reps_min.value(), reps_max.value()};
}

/// One call of `run`: what is planned, where it goes, and how far it is.
class Runner {
 public:
  Runner(const RunRequest& request, const Plan& plan, RunOrder order, const StoppingRule& rule,
         std::optional<std::chrono::seconds> budget, ResultsFolder folder)
      : request_(request),
        plan_(plan),
        order_(order),
        rule_(rule),
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

  /// Adds what is there to the summary. @return whether it could be read.
  Status TakeFinished() {
    for (uint32_t rep = 0; rep < rule_.reps_max; ++rep) {
      for (const PlannedRun& run : plan_.RunsOf(rep, order_)) {
        const std::string cell_id = plan_.cells[run.cell].Id();
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
      const std::string cell_id = plan_.cells[run.cell].Id();
      if (!folder_.Has(cell_id, rep) && !rule_.IsEnough(rep, summary_.RowOf(cell_id))) {
        left.push_back(run);
      }
    }
    return left;
  }

  int RunAll() {
    if (const Status status = TakeFinished(); !status.ok()) return Fail(status);
    const nlohmann::json provenance = experiment::CollectProvenance(plan_, request_.argv);
    const Clock::time_point begun = Clock::now();
    size_t planned = 0;
    for (uint32_t rep = 0; rep < rule_.reps_min; ++rep) planned += RunsLeft(rep).size();
    std::optional<Progress> progress;
    if (!request_.quiet) progress.emplace(planned);
    size_t done = 0;
    for (uint32_t rep = 0; rep < rule_.reps_max; ++rep) {
      const std::vector<PlannedRun> runs = RunsLeft(rep);
      if (rep >= rule_.reps_min) {
        planned += runs.size();
        if (progress) progress->Expect(planned);
      }
      for (const PlannedRun& run : runs) {
        const auto stop = [&](int exit_code, std::string_view why) {
          progress.reset();
          return Fail(exit_code, fmt::format("{} after {} of {} runs", why, done, planned));
        };
        if (budget_ && Clock::now() - begun >= *budget_) {
          return stop(experiment::kExitPartial, "the budget is used up");
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
        if (Interrupted()) return stop(experiment::kExitInterrupted, "interrupted");
        if (outcome.exit_code != experiment::kExitOk) {
          progress.reset();
          return Fail(outcome.exit_code, outcome.message);
        }
      }
    }
    return experiment::kExitOk;
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
              << fmt::format("{} results in {}\n", folder_.files().size(),
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
    if (low == high) return fmt::format("{} repetition{}", low, low == 1 ? "" : "s");
    return fmt::format("{} to {} repetitions", low, high);
  }

  const RunRequest& request_;
  const Plan& plan_;
  const RunOrder order_;
  const StoppingRule rule_;
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
  Result<Plan> plan = PlanOf(request.cells);
  if (!plan.ok()) return Fail(plan.status());
  const auto counters = experiment::ParseCounters(request.counters);
  if (!counters.ok()) return Fail(counters.status());
  for (experiment::Cell& cell : plan.value().cells) cell.counters = counters.value();
  const Result<RunOrder> order = experiment::ParseRunOrder(request.order);
  if (!order.ok()) return Fail(order.status());
  const Result<StoppingRule> rule = StoppingRuleOf(request, plan.value().reps);
  if (!rule.ok()) return Fail(rule.status());
  std::optional<std::chrono::seconds> budget;
  if (!request.budget.empty()) {
    const Result<std::chrono::seconds> parsed = ParseDuration("--budget", request.budget);
    if (!parsed.ok()) return Fail(parsed.status());
    budget = parsed.value();
  }
  Result<ResultsFolder> folder = FolderOf(request, plan.value());
  if (!folder.ok()) return Fail(folder.status());

  NoteInterruptions();
  return Runner(request, plan.value(), order.value(), rule.value(), budget,
                std::move(folder).value())
      .Run();
}

}  // namespace bwlab::cli
