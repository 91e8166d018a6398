#include "bwlab/experiment/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bwlab/experiment/exit_code.h"
#include "bwlab/experiment/names.h"
#include "bwlab/experiment/repository.h"
#include "bwlab/experiment/results_folder.h"
#include "bwlab/experiment/statistics.h"
#include "bwlab/experiment/sweep.h"
#include "bwlab/experiment/text_table.h"
#include "bwlab/workload/json_text.h"
#include "run_experiment/command_line.h"

namespace bwlab::cli {
namespace {

namespace fs = std::filesystem;
using experiment::Cell;
using experiment::Plan;
using experiment::TextTable;

/// A cell with what is known of it before it runs.
struct CellForecast {
  std::string id;
  double seconds = 0;  ///< load and run of one repetition, the median of earlier ones; NaN: none
};

/// Load and run in seconds, as a result tells; NaN where it does not.
double SecondsOf(const fs::path& file) {
  const workload::JsonParse parse = workload::ParseJsonFile(file.string());
  const nlohmann::json::json_pointer load("/load/seconds");
  const nlohmann::json::json_pointer run("/run/seconds");
  if (!parse.ok() || !parse.json.contains(load) || !parse.json.contains(run)) return std::nan("");
  return parse.json[load].get<double>() + parse.json[run].get<double>();
}

/// Of each cell of the plan, from the results under results/.
std::vector<CellForecast> ForecastsOf(const Plan& plan) {
  const std::vector<fs::path> folders =
      experiment::ResultsFoldersUnder(experiment::RunsFolder().parent_path());
  std::vector<CellForecast> forecasts;
  for (std::string& id : plan.CellIds()) {
    std::vector<double> seconds;
    for (const fs::path& folder : folders) {
      for (const fs::path& file : experiment::ResultsOfCell(folder, id)) {
        const double of_file = SecondsOf(file);
        if (!std::isnan(of_file)) seconds.push_back(of_file);
      }
    }
    forecasts.push_back(
        {std::move(id), seconds.empty() ? std::nan("") : experiment::Median(seconds)});
  }
  return forecasts;
}

struct Totals {
  size_t known = 0;
  double seconds = 0;  ///< of the known cells, all repetitions
  uint64_t bytes_max = 0;
};

Totals TotalsOf(const Plan& plan, const std::vector<CellForecast>& forecasts) {
  Totals totals;
  for (size_t i = 0; i < plan.cells.size(); ++i) {
    totals.bytes_max = std::max(totals.bytes_max, plan.cells[i].EstimatedBytes());
    if (std::isnan(forecasts[i].seconds)) continue;
    ++totals.known;
    totals.seconds += forecasts[i].seconds * plan.reps;
  }
  return totals;
}

double MiB(uint64_t bytes) { return static_cast<double>(bytes) / (1024.0 * 1024.0); }

/// The axes of the sweep that matter to a cell of the plan.
std::vector<std::string> AxesOf(const Plan& plan) {
  std::vector<const nlohmann::json*> coordinates;
  for (const Cell& cell : plan.cells) coordinates.push_back(&cell.coordinates);
  return experiment::AxesOf(coordinates);
}

std::string TableOf(const Plan& plan, const std::vector<CellForecast>& forecasts) {
  using Column = TextTable::Column;
  using Align = TextTable::Align;
  const std::vector<std::string> axes = AxesOf(plan);
  std::vector<Column> columns = {{"cell"}, {"workload"}, {"threads", Align::kRight}, {"engine"}};
  for (const std::string& axis : axes) {
    columns.push_back({experiment::ShownAxis(axis), Align::kRight});
  }
  for (const char* heading : {"records", "ops", "MiB", "s before"}) {
    columns.push_back({heading, Align::kRight, 8});
  }
  TextTable table(std::move(columns));
  for (size_t i = 0; i < plan.cells.size(); ++i) {
    const Cell& cell = plan.cells[i];
    const double seconds = forecasts[i].seconds;
    std::vector<std::string> row = {forecasts[i].id, cell.workload.name,
                                    std::to_string(cell.threads), cell.label()};
    for (const std::string& axis : axes) {
      row.push_back(experiment::ShownCoordinate(cell.coordinates, axis));
    }
    row.push_back(std::to_string(cell.record_count));
    row.push_back(std::to_string(cell.op_count));
    row.push_back(fmt::format("{:.0f}", MiB(cell.EstimatedBytes())));
    row.push_back(std::isnan(seconds) ? "-" : fmt::format("{:.1f}", seconds));
    table.AddRow(std::move(row));
  }
  return table.Text();
}

void PrintText(const Plan& plan, const std::vector<CellForecast>& forecasts) {
  std::cout << TableOf(plan, forecasts);
  const Totals totals = TotalsOf(plan, forecasts);
  std::cout << fmt::format(
      "\n{}, {} each: {}. Memory: at most {:.0f} MiB at a time.\n",
      experiment::Counted(plan.cells.size(), "cell"), experiment::Counted(plan.reps, "repetition"),
      experiment::Counted(plan.cells.size() * plan.reps, "run"), MiB(totals.bytes_max));
  if (totals.known == 0) {
    std::cout << "How long they take is not known: no results of these cells lie under results/.\n";
  } else {
    std::cout << fmt::format(
        "Loads and runs of {} of the {} cells take about {:.0f} s, as earlier results tell; making "
        "their streams comes on top.\n",
        totals.known, plan.cells.size(), std::ceil(totals.seconds));
  }
}

void PrintJson(const Plan& plan, const std::vector<CellForecast>& forecasts) {
  nlohmann::json cells = nlohmann::json::array();
  for (size_t i = 0; i < plan.cells.size(); ++i) {
    const Cell& cell = plan.cells[i];
    const double seconds = forecasts[i].seconds;
    nlohmann::json row = cell.ToJson();
    row["cell_id"] = forecasts[i].id;
    row["sweep"] = cell.coordinates;
    row["memory_bytes_estimated"] = cell.EstimatedBytes();
    row["seconds_before"] = std::isnan(seconds) ? nlohmann::json() : nlohmann::json(seconds);
    cells.push_back(std::move(row));
  }
  const Totals totals = TotalsOf(plan, forecasts);
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
  const std::vector<CellForecast> forecasts = ForecastsOf(plan.value());
  request.json ? PrintJson(plan.value(), forecasts) : PrintText(plan.value(), forecasts);
  return experiment::kExitOk;
}

}  // namespace bwlab::cli
