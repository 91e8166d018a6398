#include "bwlab/experiment/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <random>
#include <utility>

#include "bwlab/experiment/names.h"
#include "bwlab/experiment/registry.h"
#include "bwlab/experiment/repository.h"
#include "bwlab/experiment/warm_up.h"
#include "bwlab/workload/stream.h"
#include "bwlab/workload/workload_json.h"

namespace bwlab::experiment {
namespace {

using nlohmann::json;

const std::vector<std::string> kAxes(kMatrixAxes.begin(), kMatrixAxes.end());

bool MatchesEngine(const EngineEntry& engine, std::string_view pattern) {
  return MatchesGlob(engine.Label(), pattern) || MatchesGlob(engine.engine, pattern);
}

/// Builds the cells of one spec; every failure names the spec.
class Planner {
 public:
  Planner(const Spec& spec, uint64_t available_bytes)
      : spec_(spec.document), source_(spec.source), available_bytes_(available_bytes) {}

  Status AddCells(const std::vector<Filter>& filters, Plan* plan) {
    if (Status status = ReadAxes(); !status.ok()) return status;
    if (Status status = CheckWheres(); !status.ok()) return status;
    for (const workload::WorkloadSpec& workload : workloads_) {
      for (const json& threads : spec_["matrix"]["threads"]) {
        for (const EngineEntry* engine : engines_) {
          Cell cell;
          cell.workload = workload;
          cell.engine = engine;
          cell.threads = threads.get<uint32_t>();
          if (IsExcluded(cell) || !Passes(cell, filters)) continue;
          if (Status status = Resolve(&cell); !status.ok()) return status;
          plan->cells.push_back(std::move(cell));
        }
      }
    }
    if (plan->cells.empty()) return ExplainNoCells(filters);
    return ChooseBaseline(plan);
  }

 private:
  Status Refuse(const std::string& path, const std::string& what) const {
    return Status::InvalidArgument(source_ + ": " + path + ": " + what);
  }

  Status ReadAxes() {
    const json& names = spec_["matrix"]["workload"];
    for (size_t i = 0; i < names.size(); ++i) {
      workload::WorkloadParse workload =
          workload::LoadWorkload(WorkloadsFolder(), names[i].get<std::string>());
      if (!workload.ok()) return Refuse("/matrix/workload/" + std::to_string(i), workload.error);
      workloads_.push_back(std::move(workload.spec));
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
      const std::vector<std::string> names = workload::WorkloadNames(WorkloadsFolder());
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

  static bool Matches(const Cell& cell, const json& where) {
    if (where.contains("workload") &&
        !MatchesGlob(cell.workload.name, where["workload"].get<std::string>())) {
      return false;
    }
    if (where.contains("engine") &&
        !MatchesEngine(*cell.engine, where["engine"].get<std::string>())) {
      return false;
    }
    return !where.contains("threads") || where["threads"].get<uint32_t>() == cell.threads;
  }

  bool IsExcluded(const Cell& cell) const {
    const json& exclude = spec_["exclude"];
    return std::any_of(exclude.begin(), exclude.end(),
                       [&cell](const json& where) { return Matches(cell, where); });
  }

  static bool Matches(const Cell& cell, const Filter& filter) {
    return std::any_of(filter.patterns.begin(), filter.patterns.end(),
                       [&](const std::string& pattern) {
                         if (filter.key == "engine") return MatchesEngine(*cell.engine, pattern);
                         if (filter.key == "workload") {
                           return MatchesGlob(cell.workload.name, pattern);
                         }
                         return MatchesGlob(std::to_string(cell.threads), pattern);
                       });
  }

  static bool Passes(const Cell& cell, const std::vector<Filter>& filters) {
    return std::all_of(filters.begin(), filters.end(),
                       [&cell](const Filter& filter) { return Matches(cell, filter); });
  }

  Status ExplainNoCells(const std::vector<Filter>& filters) const {
    for (const Filter& filter : filters) {
      std::vector<std::string> choices;
      for (const json& value : spec_["matrix"][filter.key]) {
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
    json settings = {{"ops", spec_["ops"]},
                     {"keys", spec_["keys"]},
                     {"engine_options", spec_.value("engine_options", json::object())}};
    if (spec_.contains("arrival")) settings["arrival"] = spec_["arrival"];
    if (spec_.contains("values")) settings["values"] = spec_["values"];
    for (const json& entry : spec_["overrides"]) {
      if (Matches(*cell, entry["where"])) settings.merge_patch(entry["set"]);
    }
    cell->record_count = settings["keys"]["count"].get<uint64_t>();
    cell->op_count = settings["ops"].get<uint64_t>();
    cell->key_space = *workload::KeySpaceFromName(settings["keys"]["space"].get<std::string>());
    cell->seed = spec_["seed"].get<uint64_t>();
    cell->latency_sample_every = spec_["latency"]["sample_every"].get<uint32_t>();
    if (settings.contains("arrival")) cell->arrival = ArrivalFromJson(settings["arrival"]);
    if (cell->arrival.open() && cell->arrival.rate_ops_s == 0) {
      return Refuse("/arrival", "an open loop needs a rate_ops_s");
    }
    if (settings.contains("values")) {
      cell->values = ValuesFromJson(settings["values"]);
      const std::string problem = CheckValues(cell->values);
      if (!problem.empty()) return Refuse("/values", problem);
    }
    cell->warm_up = spec_["measure"]["warmup"] == "auto" && CanWarmUp(cell->workload);
    cell->interval_ms = spec_["measure"]["interval_ms"].get<uint32_t>();
    const auto verify = spec_["verify"].get<std::string>();
    cell->verify = static_cast<VerifyMode>(
        std::find(kVerifyModeNames.begin(), kVerifyModeNames.end(), verify) -
        kVerifyModeNames.begin());

    const std::string engine(cell->engine->engine);
    Result<json> config =
        cell->engine->resolve(settings["engine_options"].value(engine, json::object()));
    if (!config.ok()) return Refuse("/engine_options/" + engine, config.status().message());
    cell->engine_config = std::move(config).value();
    if (Status status = cell->CheckCapabilities(); !status.ok()) {
      return Refuse("/matrix", status.message());
    }
    return CheckSize(*cell);
  }

  Status CheckSize(const Cell& cell) const {
    constexpr double kGiB = 1024.0 * 1024.0 * 1024.0;
    if (cell.EstimatedBytes() > available_bytes_) {
      return Refuse(
          "/keys/count",
          fmt::format("{} records and {} operations ({}) need about {:.1f} GiB of memory, "
                      "but {:.1f} GiB are free",
                      cell.record_count, cell.op_count, cell.Describe(),
                      static_cast<double>(cell.EstimatedBytes()) / kGiB,
                      static_cast<double>(available_bytes_) / kGiB));
    }
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
      return Refuse("/baseline", Quoted(wanted) + " is not one of the engines in /matrix/engine");
    }
    plan->baseline = engine.value()->Label();
    return Status::Ok();
  }

  const json& spec_;
  const std::string& source_;
  uint64_t available_bytes_;
  std::vector<workload::WorkloadSpec> workloads_;
  std::vector<const EngineEntry*> engines_;
};

}  // namespace

Result<Filter> ParseFilter(const std::string& argument) {
  const size_t equals = argument.find('=');
  if (equals == std::string::npos || equals + 1 == argument.size()) {
    return Status::InvalidArgument(
        "--filter " + Quoted(argument) +
        " is not of the form key=pattern, such as workload=ycsb_a|ycsb_b");
  }
  Filter filter{argument.substr(0, equals), SplitAt(argument.substr(equals + 1), '|')};
  if (std::find(kAxes.begin(), kAxes.end(), filter.key) == kAxes.end()) {
    return Status::InvalidArgument("--filter: " + UnknownName("key", filter.key, kAxes));
  }
  return filter;
}

Result<RunOrder> ParseRunOrder(std::string_view name) {
  const auto found = std::find(kRunOrderNames.begin(), kRunOrderNames.end(), name);
  if (found == kRunOrderNames.end()) {
    const std::vector<std::string> names(kRunOrderNames.begin(), kRunOrderNames.end());
    return Status::InvalidArgument("--order: " + UnknownName("order", name, names));
  }
  return static_cast<RunOrder>(found - kRunOrderNames.begin());
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
