#include "bwlab/experiment/cell_process.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <iostream>
#include <iterator>
#include <optional>
#include <utility>

#include "bwlab/experiment/cell.h"
#include "bwlab/experiment/exit_code.h"
#include "bwlab/experiment/host.h"
#include "bwlab/experiment/json_schema.h"
#include "bwlab/experiment/private_output.h"
#include "bwlab/experiment/results_folder.h"
#include "bwlab/experiment/runner.h"
#include "bwlab/experiment/subprocess.h"
#include "bwlab/workload/json_text.h"

namespace bwlab::experiment {
namespace {

using nlohmann::json;

CellOutcome Failed(int exit_code, std::string message) {
  return {.exit_code = exit_code, .message = std::move(message), .result = {}};
}

/// What became of a process that has left no result.
CellOutcome FailureOf(const ProcessEnd& end, const Cell& cell) {
  const std::string whose = cell.Describe() + ": ";
  const bool is_plugin = cell.engine->is_plugin();
  const int exit_code_of_others = is_plugin ? kExitEnvironment : kExitInternal;
  const std::string told = LastLine(end.error);
  constexpr std::array<int, 4> kTold = {kExitUsage, kExitVerification, kExitEnvironment,
                                        kExitInternal};
  if (std::find(kTold.begin(), kTold.end(), end.exit_code) == kTold.end() || told.empty()) {
    return Failed(exit_code_of_others, whose + "its process " + FailureText(end));
  }
  return Failed(end.exit_code, is_plugin && !told.starts_with(whose) ? whose + told : told);
}

}  // namespace

CellOutcome RunCellProcess(const Plan& plan, const PlannedRun& run, const json& provenance,
                           const DataPlace& data, std::optional<std::chrono::seconds> time_max) {
  const Cell& cell = plan.cells[run.cell];
  json identity = cell.ToJson();
  const std::string started = UtcText(std::time(nullptr));
  json request = cell.RequestJson();
  std::optional<DataFolder> folder;
  if (cell.engine->capabilities.keeps_files) {
    Result<DataFolder> made = DataFolder::Make(data, ResultsFolder::RunName(cell.Id(), run.rep),
                                               cell.EstimatedDiskBytes());
    if (!made.ok()) return Failed(ExitCodeOf(made.status()), made.status().message());
    folder.emplace(std::move(made).value());
    request["data_folder"] = folder->path();
  }
  const ProcessEnd end = RunProcess({"/proc/self/exe", "cell"}, request.dump(), time_max);
  if (!end.not_started.empty()) {
    return Failed(kExitEnvironment, "cannot start the process of a cell: " + end.not_started);
  }
  if (end.timed_out) {
    return Failed(kExitEnvironment, cell.Describe() + ": its process took longer than " +
                                        std::to_string(time_max->count()) + " s and was ended");
  }
  // A plug-in may end the process as if all were well.
  if (end.exit_code != kExitOk || end.output.empty()) return FailureOf(end, cell);
  workload::JsonParse measured = workload::ParseJsonText(end.output, "result of a cell");
  if (!measured.ok()) return Failed(kExitInternal, measured.error);

  json result = std::move(measured.json);
  identity.erase("verify");                // is verify.mode in a result
  identity.erase("latency_sample_every");  // is latency_ns.sample_every
  identity.erase("counters");              // are the keys of hardware_counters
  result.update(identity);
  result["schema_version"] = 1;
  result["cell_id"] = cell.Id();
  result["rep"] = run.rep;
  result["experiment"] = plan.experiment;
  if (!cell.coordinates.empty()) result["sweep"] = cell.coordinates;
  result["provenance"].update(provenance);
  result["provenance"]["started_at_utc"] = started;
  if (const auto violation = ResultSchema().Check(result)) {
    return Failed(kExitInternal, "the result does not conform to its schema: " + *violation);
  }
  return {.exit_code = kExitOk, .message = {}, .result = std::move(result)};
}

int RunCellFromStandardInput() {
  PrivateOutput output;
  const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
  const workload::JsonParse request = workload::ParseJsonText(text, "standard input");
  if (!request.ok()) {
    std::cerr << request.error << '\n';
    return kExitUsage;
  }
  const Result<Cell> cell = CellFromJson(request.json);
  const auto data_folder = request.json.value("data_folder", std::string());
  Result<json> measured =
      cell.ok() ? RunCell(cell.value(), data_folder) : Result<json>(cell.status());
  if (!measured.ok()) {
    std::cerr << measured.status().message() << '\n';
    return ExitCodeOf(measured.status());
  }
  return output.Write(measured.value().dump()) ? kExitOk : kExitInternal;
}

}  // namespace bwlab::experiment
