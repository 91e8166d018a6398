#include "bwlab/experiment/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bwlab/experiment/exit_code.h"
#include "bwlab/experiment/repository.h"
#include "bwlab/experiment/statistics.h"
#include "bwlab/workload/json_text.h"
#include "run_experiment/command_line.h"

namespace bwlab::cli {
namespace {

namespace fs = std::filesystem;
using experiment::Cell;
using experiment::Plan;

/// What the repetitions of each cell took that lie under results/: load and run, in seconds.
class EarlierRuns {
 public:
  explicit EarlierRuns(const Plan& plan) {
    for (const Cell& cell : plan.cells) seconds_[cell.Id()];
    std::error_code ignored;
    const fs::path results = experiment::RunsFolder().parent_path();
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(results, ignored)) {
      const std::string cell_id = entry.path().filename().string().substr(0, kIdLength);
      const auto found = seconds_.find(cell_id);
      if (found == seconds_.end() || entry.path().extension() != ".json") continue;
      const workload::JsonParse parse = workload::ParseJsonFile(entry.path().string());
      if (!parse.ok()) continue;
      const nlohmann::json& result = parse.json;
      if (!result.contains(nlohmann::json::json_pointer("/load/seconds")) ||
          !result.contains(nlohmann::json::json_pointer("/run/seconds"))) {
        continue;
      }
      found->second.push_back(result["load"]["seconds"].get<double>() +
                              result["run"]["seconds"].get<double>());
    }
  }

  /// Median of the cell's repetitions; NaN where there are none.
  double Seconds(const Cell& cell) const {
    const std::vector<double>& seconds = seconds_.at(cell.Id());
    return seconds.empty() ? std::nan("") : experiment::Median(seconds);
  }

 private:
  static constexpr size_t kIdLength = 16;
  std::map<std::string, std::vector<double>> seconds_;
};

struct Totals {
  size_t known = 0;
  double seconds = 0;  ///< of the known cells, all repetitions
  uint64_t bytes_max = 0;
};

Totals TotalsOf(const Plan& plan, const EarlierRuns& earlier) {
  Totals totals;
  for (const Cell& cell : plan.cells) {
    totals.bytes_max = std::max(totals.bytes_max, cell.EstimatedBytes());
    const double seconds = earlier.Seconds(cell);
    if (std::isnan(seconds)) continue;
    ++totals.known;
    totals.seconds += seconds * plan.reps;
  }
  return totals;
}

double MiB(uint64_t bytes) { return static_cast<double>(bytes) / (1024.0 * 1024.0); }

void PrintText(const Plan& plan, const EarlierRuns& earlier) {
  size_t workload_width = std::string_view("workload").size();
  size_t label_width = std::string_view("engine").size();
  for (const Cell& cell : plan.cells) {
    workload_width = std::max(workload_width, cell.workload.name.size());
    label_width = std::max(label_width, cell.label().size());
  }
  std::cout << fmt::format("{:<16}  {:<{}}  threads  {:<{}}  {:>11}  {:>11}  {:>7}  {}\n", "cell",
                           "workload", workload_width, "engine", label_width, "records", "ops",
                           "MiB", "s before");
  for (const Cell& cell : plan.cells) {
    const double seconds = earlier.Seconds(cell);
    std::cout << fmt::format("{:<16}  {:<{}}  {:>7}  {:<{}}  {:>11}  {:>11}  {:>7.0f}  {:>8}\n",
                             cell.Id(), cell.workload.name, workload_width, cell.threads,
                             cell.label(), label_width, cell.record_count, cell.op_count,
                             MiB(cell.EstimatedBytes()),
                             std::isnan(seconds) ? "-" : fmt::format("{:.1f}", seconds));
  }
  const Totals totals = TotalsOf(plan, earlier);
  std::cout << fmt::format(
      "\n{} cells, {} repetitions each: {} runs. Memory: at most {:.0f} MiB at a "
      "time.\n",
      plan.cells.size(), plan.reps, plan.cells.size() * plan.reps, MiB(totals.bytes_max));
  if (totals.known == 0) {
    std::cout << "How long they take is not known: no results of these cells lie under results/.\n";
  } else {
    std::cout << fmt::format(
        "Loads and runs of {} of the {} cells take about {:.0f} s, as earlier results tell; making "
        "their streams comes on top.\n",
        totals.known, plan.cells.size(), std::ceil(totals.seconds));
  }
}

void PrintJson(const Plan& plan, const EarlierRuns& earlier) {
  nlohmann::json cells = nlohmann::json::array();
  for (const Cell& cell : plan.cells) {
    nlohmann::json row = cell.ToJson();
    const double seconds = earlier.Seconds(cell);
    row["cell_id"] = cell.Id();
    row["memory_bytes_estimated"] = cell.EstimatedBytes();
    row["seconds_before"] = std::isnan(seconds) ? nlohmann::json() : nlohmann::json(seconds);
    cells.push_back(std::move(row));
  }
  const Totals totals = TotalsOf(plan, earlier);
  std::cout << nlohmann::json{{"experiment", plan.experiment},
                              {"baseline", plan.baseline},
                              {"reps", plan.reps},
                              {"runs", plan.cells.size() * plan.reps},
                              {"memory_bytes_max", totals.bytes_max},
                              {"cells_known", totals.known},
                              {"seconds_of_known_cells", totals.seconds},
                              {"cells", cells}}
                   .dump(2)
            << '\n';
}

}  // namespace

int ShowPlan(const PlanRequest& request) {
  const Result<Plan> plan = PlanOf(request.cells);
  if (!plan.ok()) return Fail(plan.status());
  const EarlierRuns earlier(plan.value());
  request.json ? PrintJson(plan.value(), earlier) : PrintText(plan.value(), earlier);
  return experiment::kExitOk;
}

}  // namespace bwlab::cli
