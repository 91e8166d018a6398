#include "bwlab/experiment/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "bwlab/experiment/exit_code.h"
#include "bwlab/experiment/json_schema.h"
#include "bwlab/experiment/names.h"
#include "bwlab/experiment/plan.h"
#include "bwlab/experiment/repository.h"
#include "bwlab/experiment/results_folder.h"
#include "bwlab/experiment/text_table.h"
#include "bwlab/workload/json_text.h"
#include "run_experiment/cells.h"
#include "run_experiment/command_line.h"

namespace bwlab::cli {
namespace {

namespace fs = std::filesystem;
using experiment::Cell;
using experiment::ExplainedValue;
using experiment::Plan;
using experiment::ShownPath;
using experiment::Spec;
using nlohmann::json;

constexpr size_t kCellsShownMax = 8;
constexpr uint64_t kAnyMemory = UINT64_MAX;  // nothing is run

/// One cell with all that is said of it.
struct Explanation {
  std::string cell_id;
  std::string cell;
  std::string source;  ///< the file that has it
  std::string note;    ///< empty where there is nothing to say
  std::vector<ExplainedValue> values;
};

using Explanations = Result<std::vector<Explanation>>;

bool IsCellId(const std::string& text) {
  return text.size() == 16 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

Explanation ExplanationOf(const Spec& spec, const Cell& cell, std::string id) {
  return {std::move(id), cell.Describe(), spec.path, "", experiment::Explain(spec, cell)};
}

/// The cell of the plan with this id.
std::optional<std::vector<Explanation>> FindCell(const Spec& spec, const Plan& plan,
                                                 const std::string& id) {
  const std::vector<std::string> ids = plan.CellIds();
  const auto found = std::find(ids.begin(), ids.end(), id);
  if (found == ids.end()) return std::nullopt;
  const Cell& cell = plan.cells[static_cast<size_t>(found - ids.begin())];
  return std::vector<Explanation>{ExplanationOf(spec, cell, id)};
}

/// All cells of a spec that pass the filters.
Explanations ExplainSpec(const CellsRequest& request) {
  const auto filters = FiltersOf(request);
  if (!filters.ok()) return filters.status();
  const Result<Spec> spec = SpecOf(request);
  if (!spec.ok()) return spec.status();
  const Result<Plan> plan = experiment::MakePlan(spec.value(), filters.value(), kAnyMemory);
  if (!plan.ok()) return plan.status();
  const std::vector<Cell>& cells = plan.value().cells;
  if (cells.size() > kCellsShownMax) {
    return Status::InvalidArgument(fmt::format(
        "explain: {} has {} cells; choose at most {} of them, such as by --filter "
        "workload={}, or name one by the id that plan shows",
        ShownPath(spec.value().path), cells.size(), kCellsShownMax, cells.front().workload.name));
  }
  std::vector<Explanation> explanations;
  for (const Cell& cell : cells) {
    explanations.push_back(ExplanationOf(spec.value(), cell, cell.Id()));
  }
  return explanations;
}

/// The spec beside a result, with what its command line and environment said applied once more, so
/// that it is known what they said.
std::optional<Spec> SpecBeside(const fs::path& file, const json& provenance) {
  const std::string path = (file.parent_path().parent_path() / "spec.json").string();
  const auto request = CellsOfCommandLine(provenance["argv"].get<std::vector<std::string>>());
  if (request) {
    const auto settings =
        SettingsOf(provenance.value("environment", experiment::SpecVariables{}), *request);
    Result<Spec> spec =
        settings.ok() ? experiment::LoadSpec(path, settings.value()) : settings.status();
    if (spec.ok()) return std::move(spec).value();
  }
  Result<Spec> spec = experiment::LoadSpec(path, {});
  if (!spec.ok()) return std::nullopt;
  return std::move(spec).value();
}

Explanations ExplainResult(const fs::path& file) {
  const workload::JsonParse parse = workload::ParseJsonFile(file.string());
  if (!parse.ok()) return Status::InvalidArgument(parse.error);
  const json& result = parse.json;
  if (const auto violation = experiment::ResultSchema().Check(result)) {
    return Status::InvalidArgument(file.string() + ": " + *violation);
  }
  const auto id = result["cell_id"].get<std::string>();
  if (const std::optional<Spec> spec = SpecBeside(file, result["provenance"])) {
    const Result<Plan> plan = experiment::MakePlan(*spec, {}, kAnyMemory);
    auto explanations = plan.ok() ? FindCell(*spec, plan.value(), id) : std::nullopt;
    if (explanations) {
      explanations->front().note = "spec.json has the defaults of its run filled in";
      for (ExplainedValue& value : explanations->front().values) {
        const std::string_view of_spec = experiment::kFromSpec;
        if (value.from.starts_with(of_spec)) value.from.insert(of_spec.size(), ".json");
      }
      return *std::move(explanations);
    }
  }
  const std::string cell =
      fmt::format("{}, {}, threads {}", result["workload"].get<std::string>(),
                  result["label"].get<std::string>(), result["threads"].get<uint32_t>());
  return std::vector<Explanation>{
      {id, cell, file.string(),
       "where its values come from is not known: no spec.json beside it gives this cell today",
       experiment::ExplainFromResult(result)}};
}

/// The cell with this id among those of the committed experiments, or else of the results.
Explanations FindAnywhere(const CellsRequest& request, const std::string& id) {
  const std::vector<std::string> names = experiment::ExperimentNames();
  for (const std::string& name : names) {
    CellsRequest of_experiment = request;
    of_experiment.spec = name;
    const Result<Spec> spec = SpecOf(of_experiment);
    if (!spec.ok()) return spec.status();
    // An experiment that this build lacks an engine for has the cell as little as any other.
    const Result<Plan> plan = experiment::MakePlan(spec.value(), {}, kAnyMemory);
    if (!plan.ok()) continue;
    if (auto explanations = FindCell(spec.value(), plan.value(), id)) {
      return *std::move(explanations);
    }
  }
  const fs::path results = experiment::RunsFolder().parent_path();
  for (const fs::path& folder : experiment::ResultsFoldersUnder(results)) {
    const std::vector<fs::path> files = experiment::ResultsOfCell(folder, id);
    if (!files.empty()) return ExplainResult(files.front());
  }
  return Status::InvalidArgument(fmt::format(
      "explain: no cell has the id {}, neither of the experiments {} nor of the results "
      "in {}; name its spec after it",
      id, experiment::JoinNames(names), ShownPath(results)));
}

Explanations FindInSpec(const CellsRequest& request, const std::string& id) {
  const Result<Spec> spec = SpecOf(request);
  if (!spec.ok()) return spec.status();
  const Result<Plan> plan = experiment::MakePlan(spec.value(), {}, kAnyMemory);
  if (!plan.ok()) return plan.status();
  if (auto explanations = FindCell(spec.value(), plan.value(), id)) {
    return *std::move(explanations);
  }
  return Status::InvalidArgument(
      fmt::format("explain: {} has no cell with the id {}; plan shows those that it has",
                  spec.value().source, id));
}

bool IsResult(const std::string& path) {
  const workload::JsonParse parse = workload::ParseJsonFile(path);
  return parse.ok() && parse.json.is_object() && parse.json.contains("cell_id");
}

Explanations ExplanationsOf(const ExplainRequest& request) {
  CellsRequest cells = request.cells;
  if (IsCellId(request.what)) {
    if (!cells.filters.empty()) {
      return Status::InvalidArgument("explain: an id names one cell; leave out --filter");
    }
    return cells.spec.empty() ? FindAnywhere(cells, request.what) : FindInSpec(cells, request.what);
  }
  if (!cells.spec.empty()) {
    return Status::InvalidArgument("explain: unexpected argument " +
                                   experiment::Quoted(cells.spec) +
                                   "; a spec stands second only after the id of a cell");
  }
  if (!IsResult(request.what)) {
    cells.spec = request.what;
    return ExplainSpec(cells);
  }
  if (!cells.sets.empty() || !cells.sweeps.empty() || !cells.filters.empty() ||
      !cells.seed.empty() || !cells.reps.empty() || !cells.verify.empty()) {
    return Status::InvalidArgument(
        "explain: a result has one configuration, that of its run; leave out the flags that change "
        "it or choose cells");
  }
  return ExplainResult(request.what);
}

void PrintText(const std::vector<Explanation>& explanations) {
  for (const Explanation& explanation : explanations) {
    if (&explanation != &explanations.front()) std::cout << '\n';
    std::cout << fmt::format("cell {}: {}\nin {}\n", explanation.cell_id, explanation.cell,
                             ShownPath(explanation.source));
    if (!explanation.note.empty()) std::cout << explanation.note << '\n';
    experiment::TextTable table({{"key"}, {"value"}, {"from"}});
    for (const ExplainedValue& value : explanation.values) {
      table.AddRow({value.key, experiment::ShownValue(value.value), value.from});
    }
    std::cout << '\n' << table.Text();
  }
}

void PrintJson(const std::vector<Explanation>& explanations) {
  json list = json::array();
  for (const Explanation& explanation : explanations) {
    json values = json::array();
    for (const ExplainedValue& value : explanation.values) {
      values.push_back({{"key", value.key}, {"value", value.value}, {"from", value.from}});
    }
    list.push_back({{"cell_id", explanation.cell_id},
                    {"cell", explanation.cell},
                    {"source", ShownPath(explanation.source)},
                    {"note", explanation.note.empty() ? json() : json(explanation.note)},
                    {"values", std::move(values)}});
  }
  std::cout << list.dump(2) << '\n';
}

}  // namespace

int Explain(const ExplainRequest& request) {
  const Explanations explanations = ExplanationsOf(request);
  if (!explanations.ok()) return Fail(explanations.status());
  request.json ? PrintJson(explanations.value()) : PrintText(explanations.value());
  return experiment::kExitOk;
}

}  // namespace bwlab::cli
