#include "bwlab/experiment/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <random>
#include <utility>

#include "bwlab/experiment/cell_settings.h"
#include "bwlab/experiment/json_schema.h"
#include "bwlab/experiment/names.h"
#include "bwlab/experiment/planned_trace.h"
#include "bwlab/experiment/registry.h"
#include "bwlab/experiment/repository.h"
#include "bwlab/experiment/sweep.h"
#include "bwlab/experiment/warm_up.h"
#include "bwlab/workload/stream.h"
#include "bwlab/workload/workload_json.h"

namespace bwlab::experiment {
namespace {

using nlohmann::json;

/// Builds the cells of one spec; every failure names the spec.
class Planner {
 public:
  Planner(const Spec& spec, uint64_t available_bytes)
      : whole_(spec),
        spec_(spec.document),
        source_(spec.source),
        source_path_(spec.path),
        available_bytes_(available_bytes) {}

  Status AddCells(const std::vector<Filter>& filters, Plan* plan) {
    if (Status status = ReadAxes(); !status.ok()) return status;
    if (Status status = CheckWheres(); !status.ok()) return status;
    if (Status status = CheckFilters(filters); !status.ok()) return status;
    if (Status status = CheckCount(); !status.ok()) return status;
    combinations_ = AllCoordinates(spec_);
    std::vector<Filter> matrix_filters;
    std::vector<Filter> sweep_filters;
    for (const Filter& filter : filters) {
      (IsMatrixAxis(filter.key) ? matrix_filters : sweep_filters).push_back(filter);
    }
    for (const workload::WorkloadSpec& workload : workloads_) {
      for (const json& threads : spec_["matrix"]["threads"]) {
        for (const EngineEntry* engine : engines_) {
          Cell cell;
          cell.workload = workload;
          cell.engine = engine;
          cell.threads = threads.get<uint32_t>();
          if (IsExcluded(cell) || !PassesAll(cell, matrix_filters)) continue;
          if (Status status = AddCombinations(cell, plan); !status.ok()) return status;
        }
      }
    }
    // Not before: what a cell's coordinates are must not depend on the filters.
    std::erase_if(plan->cells, [&](const Cell& cell) { return !PassesAll(cell, sweep_filters); });
    if (plan->cells.empty()) return ExplainNoCells(filters);
    for (const Cell& cell : plan->cells) {
      if (Status status = CheckSize(cell); !status.ok()) return status;
    }
    return ChooseBaseline(plan);
  }

 private:
  Status Refuse(const std::string& path, const std::string& what) const {
    return Status::InvalidArgument(source_ + ": " + path + ": " + what);
  }

  Status ReadAxes() {
    const json& names = spec_["matrix"]["workload"];
    for (size_t i = 0; i < names.size(); ++i) {
      const std::string error = ReadWorkload(names[i].get<std::string>());
      if (!error.empty()) return Refuse("/matrix/workload/" + std::to_string(i), error);
    }
    const json& labels = spec_["matrix"]["engine"];
    for (size_t i = 0; i < labels.size(); ++i) {
      const std::string path = "/matrix/engine/" + std::to_string(i);
      const Result<const EngineEntry*> engine = FindEngine(labels[i].get<std::string>());
      if (!engine.ok()) return Refuse(path, engine.status().message());
      if (std::find(engines_.begin(), engines_.end(), engine.value()) != engines_.end()) {
        return Refuse(path, Quoted(engine.value()->Label()) + " is in the list twice");
      }
      engines_.push_back(engine.value());
    }
    const json engine_options = spec_.value("engine_options", json::object());
    for (const auto& [name, unused] : engine_options.items()) {
      if (Status status = CheckEngineName("/engine_options", name); !status.ok()) return status;
    }
    const json sweep = spec_.value("sweep", json::object());
    for (const auto& [key, unused] : sweep.items()) {
      const std::vector<std::string> parts = SplitAt(key, '.');
      if (parts.front() != "engine_options") continue;
      Status status = CheckEngineName("/sweep/" + key, parts[1]);
      if (!status.ok()) return status;
    }
    return Status::Ok();
  }

  /// A workload by its name, or a trace by its path. @return what is wrong, or ""
  std::string ReadWorkload(const std::string& name) {
    if (IsTracePath(name)) {
      PlannedTrace trace;
      std::string error = ReadTraceFor(source_path_, name, &trace);
      if (!error.empty()) return error;
      if (traces_.contains(trace.workload.name)) return "is in the list twice";
      workloads_.push_back(trace.workload);
      traces_.emplace(trace.workload.name, std::move(trace));
      return "";
    }
    workload::WorkloadParse workload = workload::LoadWorkload(WorkloadsFolder(), name);
    if (workload.ok()) workloads_.push_back(std::move(workload.spec));
    return workload.error;
  }

  Status CheckCount() const {
    size_t count = workloads_.size() * engines_.size() * spec_["matrix"]["threads"].size();
    count *= CountCoordinates(spec_, kCellsMax);
    if (count <= kCellsMax) return Status::Ok();
    return Refuse(spec_.contains("sweep") ? "/sweep" : "/matrix",
                  fmt::format("all combinations are at least {} cells; at most {} are allowed",
                              count, kCellsMax));
  }

  Status CheckFilters(const std::vector<Filter>& filters) const {
    std::vector<std::string> keys(kMatrixAxes.begin(), kMatrixAxes.end());
    const json sweep = spec_.value("sweep", json::object());
    for (const auto& [key, unused] : sweep.items()) keys.push_back(key);
    for (const Filter& filter : filters) {
      if (std::find(keys.begin(), keys.end(), filter.key) != keys.end()) continue;
      return Status::InvalidArgument("--filter: " + UnknownName("key", filter.key, keys));
    }
    return Status::Ok();
  }

  Status CheckEngineName(const std::string& path, std::string_view name) const {
    std::vector<std::string> names;
    for (const EngineEntry* entry : AllEngines()) {
      if (entry->engine == name) return Status::Ok();
      const bool is_new = names.empty() || names.back() != entry->engine;
      if (!entry->hidden && is_new) names.emplace_back(entry->engine);
    }
    return Refuse(path, UnknownName("engine", name, names));
  }

  /// A `where` that no engine or workload of this build could ever match is a misspelling.
  Status CheckWheres() const {
    const json& overrides = spec_["overrides"];
    for (size_t i = 0; i < overrides.size(); ++i) {
      const std::string path = "/overrides/" + std::to_string(i);
      Status status = CheckWhere(overrides[i]["where"], path + "/where");
      if (!status.ok()) return status;
      const json options = overrides[i]["set"].value("engine_options", json::object());
      for (const auto& [name, unused] : options.items()) {
        status = CheckEngineName(path + "/set/engine_options", name);
        if (!status.ok()) return status;
      }
    }
    for (size_t i = 0; i < spec_["exclude"].size(); ++i) {
      Status status = CheckWhere(spec_["exclude"][i], "/exclude/" + std::to_string(i));
      if (!status.ok()) return status;
    }
    return Status::Ok();
  }

  Status CheckWhere(const json& where, const std::string& path) const {
    if (where.contains("workload")) {
      const auto pattern = where["workload"].get<std::string>();
      std::vector<std::string> names = workload::WorkloadNames(WorkloadsFolder());
      for (const auto& [name, unused] : traces_) names.push_back(name);
      if (std::none_of(names.begin(), names.end(), [&pattern](const std::string& name) {
            return MatchesGlob(name, pattern);
          })) {
        return Refuse(path + "/workload", UnknownName("workload", pattern, names));
      }
    }
    if (where.contains("engine")) {
      const auto pattern = where["engine"].get<std::string>();
      const auto entries = AllEngines();
      if (std::none_of(entries.begin(), entries.end(), [&pattern](const EngineEntry* entry) {
            return MatchesEngine(*entry, pattern);
          })) {
        return Refuse(path + "/engine", UnknownName("engine", pattern, EngineLabels()));
      }
    }
    return Status::Ok();
  }

  bool IsExcluded(const Cell& cell) const {
    const json& exclude = spec_["exclude"];
    return std::any_of(exclude.begin(), exclude.end(),
                       [&cell](const json& where) { return MatchesWhere(cell, where); });
  }

  static bool PassesAll(const Cell& cell, const std::vector<Filter>& filters) {
    return std::all_of(filters.begin(), filters.end(),
                       [&cell](const Filter& filter) { return Passes(cell, filter); });
  }

  /// Adds the cells that `base` becomes by the sweep. Those that are the same keep the coordinates
  /// that they share.
  Status AddCombinations(const Cell& base, Plan* plan) const {
    std::map<std::string, size_t> places;
    for (const json& coordinates : combinations_) {
      Cell cell = base;
      cell.coordinates = coordinates;
      if (Status status = Resolve(&cell); !status.ok()) return status;
      if (combinations_.size() > 1) {
        const auto [place, is_new] = places.try_emplace(cell.Id(), plan->cells.size());
        if (!is_new) {
          KeepCommon(coordinates, &plan->cells[place->second].coordinates);
          continue;
        }
      }
      plan->cells.push_back(std::move(cell));
    }
    return Status::Ok();
  }

  Status ExplainNoCells(const std::vector<Filter>& filters) const {
    for (const Filter& filter : filters) {
      std::vector<std::string> choices;
      const bool in_matrix = IsMatrixAxis(filter.key);
      for (const json& value :
           in_matrix ? spec_["matrix"][filter.key] : spec_["sweep"][filter.key]) {
        choices.push_back(value.is_string() ? value.get<std::string>() : value.dump());
      }
      const bool any = std::any_of(choices.begin(), choices.end(), [&](const std::string& choice) {
        return std::any_of(filter.patterns.begin(), filter.patterns.end(),
                           [&](const auto& pattern) {
                             return MatchesGlob(choice, pattern) ||
                                    (filter.key == "engine" &&
                                     MatchesGlob(choice.substr(0, choice.find('/')), pattern));
                           });
      });
      if (any) continue;
      return Status::InvalidArgument("--filter: " +
                                     UnknownName(filter.key, filter.patterns.front(), choices));
    }
    return Refuse("/matrix", "no cell is left after the exclusions and filters");
  }

  Status Resolve(Cell* cell) const {
    const json settings = SettingsOf(whole_, *cell).values;
    if (Status status = CheckCoordinates(*cell, settings); !status.ok()) return status;
    cell->record_count = settings["keys"]["count"].get<uint64_t>();
    cell->op_count = settings["ops"].get<uint64_t>();
    cell->key_space = *workload::KeySpaceFromName(settings["keys"]["space"].get<std::string>());
    cell->seed = settings["seed"].get<uint64_t>();
    cell->latency_sample_every = settings["latency"]["sample_every"].get<uint32_t>();
    if (settings.contains("arrival")) cell->arrival = ArrivalFromJson(settings["arrival"]);
    if (cell->arrival.open() && cell->arrival.rate_ops_s == 0) {
      return Refuse("/arrival", "an open loop needs a rate_ops_s" + OfCombination(*cell));
    }
    if (settings.contains("values")) {
      cell->values = ValuesFromJson(settings["values"]);
      const std::string problem = CheckValues(cell->values);
      if (!problem.empty()) return Refuse("/values", problem + OfCombination(*cell));
    }
    const json& measure = settings["measure"];
    cell->warm_up = measure["warmup"] == "auto" && CanWarmUp(cell->workload);
    if (const auto trace = traces_.find(cell->workload.name); trace != traces_.end()) {
      const std::string problem = trace->second.ApplyTo(cell);
      if (!problem.empty()) return Refuse("/matrix/threads", problem);
    }
    cell->interval_ms = measure["interval_ms"].get<uint32_t>();
    cell->stream_ops_max = measure["stream_ops_max"].get<uint64_t>();
    if (cell->arrival.open() && cell->stream_ops_max > 0) {
      return Refuse("/measure/stream_ops_max",
                    "an open loop is on one schedule from its first operation to its last, so that "
                    "its stream cannot come in pieces: leave it at 0" +
                        OfCombination(*cell));
    }
    cell->seconds_max = measure["seconds_max"].get<double>();
    if (cell->seconds_max > 0 && (cell->arrival.open() || cell->TimedEvery() == 0)) {
      return Refuse("/measure/seconds_max",
                    "only a closed loop that times operations (latency.sample_every) can be cut, "
                    "since it looks at the clock for these: leave it at 0" +
                        OfCombination(*cell));
    }
    const auto verify = settings["verify"].get<std::string>();
    cell->verify = static_cast<VerifyMode>(
        std::find(kVerifyModeNames.begin(), kVerifyModeNames.end(), verify) -
        kVerifyModeNames.begin());

    const std::string engine(cell->engine->engine);
    const json options = settings.value("engine_options", json::object());
    Result<json> config = cell->engine->resolve(options.value(engine, json::object()));
    if (!config.ok()) {
      return Refuse("/engine_options/" + engine, config.status().message() + OfCombination(*cell));
    }
    cell->engine_config = std::move(config).value();
    if (Status status = cell->CheckCapabilities(); !status.ok()) {
      return Refuse("/matrix", status.message());
    }
    return Status::Ok();
  }

  /// " (ycsb_a, bwtree/default, 1 thread, keys.count=5)" where the sweep made the cell: what is
  /// wrong need not be where the spec has the key.
  static std::string OfCombination(const Cell& cell) {
    return cell.coordinates.empty() ? "" : " (" + cell.Describe() + ")";
  }

  /// Each value fits its key; with the values beside it, it may still make no sense.
  Status CheckCoordinates(const Cell& cell, const json& settings) const {
    for (const auto& [key, unused] : cell.coordinates.items()) {
      const std::string first = SplitAt(key, '.').front();
      const auto violation =
          SpecSchema().CheckPart(settings[first], *SpecSchema().Find(first).schema, "/" + first);
      if (violation) {
        return Status::InvalidArgument(source_ + ": " + *violation + OfCombination(cell));
      }
    }
    return Status::Ok();
  }

  Status CheckSize(const Cell& cell) const {
    constexpr double kGiB = 1024.0 * 1024.0 * 1024.0;
    if (cell.EstimatedBytes() > available_bytes_) {
      return Refuse(
          "/keys/count",
          fmt::format(
              "{} records and {} operations ({}) need about {:.1f} GiB of memory, "
              "but {:.1f} GiB are free (measure.stream_ops_max bounds what the operations take)",
              cell.record_count, cell.op_count, cell.Describe(),
              static_cast<double>(cell.EstimatedBytes()) / kGiB,
              static_cast<double>(available_bytes_) / kGiB));
    }
    if (cell.trace) return Status::Ok();
    const std::string problem =
        workload::CheckStreamConfig({.workload = cell.workload,
                                     .key_space = cell.key_space,
                                     .record_count = cell.record_count,
                                     .op_count = cell.op_count / cell.threads + 1,
                                     .thread = 0,
                                     .threads = cell.threads,
                                     .seed = cell.seed});
    return problem.empty() ? Status::Ok() : Refuse("/", cell.Describe() + ": " + problem);
  }

  Status ChooseBaseline(Plan* plan) const {
    plan->baseline = engines_.front()->Label();
    if (!spec_.contains("baseline")) return Status::Ok();
    const auto wanted = spec_["baseline"].get<std::string>();
    const Result<const EngineEntry*> engine = FindEngine(wanted);
    if (!engine.ok()) return Refuse("/baseline", engine.status().message());
    if (std::find(engines_.begin(), engines_.end(), engine.value()) == engines_.end()) {
      std::vector<std::string> labels;
      for (const EngineEntry* entry : engines_) labels.push_back(entry->Label());
      return Refuse("/baseline", Quoted(wanted) + " is not one of the engines in /matrix/engine: " +
                                     JoinNames(labels));
    }
    plan->baseline = engine.value()->Label();
    return Status::Ok();
  }

  const Spec& whole_;
  const json& spec_;
  const std::string& source_;
  const std::string& source_path_;
  uint64_t available_bytes_;
  std::vector<workload::WorkloadSpec> workloads_;
  std::map<std::string, PlannedTrace> traces_;  // those of workloads_ that are traces, by name
  std::vector<const EngineEntry*> engines_;
  std::vector<json> combinations_;  // of the sweep
};

}  // namespace

Result<RunOrder> ParseRunOrder(std::string_view name) {
  const auto found = std::find(kRunOrderNames.begin(), kRunOrderNames.end(), name);
  if (found == kRunOrderNames.end()) {
    const std::vector<std::string> names(kRunOrderNames.begin(), kRunOrderNames.end());
    return Status::InvalidArgument("--order: " + UnknownName("order", name, names));
  }
  return static_cast<RunOrder>(found - kRunOrderNames.begin());
}

std::vector<std::string> Plan::CellIds() const {
  std::vector<std::string> ids;
  ids.reserve(cells.size());
  for (const Cell& cell : cells) ids.push_back(cell.Id());
  return ids;
}

std::vector<PlannedRun> Plan::RunsOf(uint32_t rep, RunOrder order) const {
  std::vector<PlannedRun> runs;
  for (size_t cell = 0; cell < cells.size(); ++cell) runs.push_back({cell, rep});
  if (order == RunOrder::kAbba && rep % 2 == 1) std::reverse(runs.begin(), runs.end());
  if (order == RunOrder::kRandom) {
    std::seed_seq seeds{spec.value("seed", uint64_t{0}), uint64_t{rep}};
    std::mt19937_64 random(seeds);
    for (size_t i = runs.size(); i > 1; --i) std::swap(runs[i - 1], runs[random() % i]);
  }
  return runs;
}

Result<Plan> MakePlan(const Spec& spec, const std::vector<Filter>& filters,
                      uint64_t available_bytes) {
  Plan plan;
  plan.experiment = spec.document["id"].get<std::string>();
  plan.spec = spec.document;
  plan.spec_path = spec.path;
  plan.reps = spec.document["reps"].get<uint32_t>();
  Status status = Planner(spec, available_bytes).AddCells(filters, &plan);
  if (!status.ok()) return status;
  return plan;
}

}  // namespace bwlab::experiment
