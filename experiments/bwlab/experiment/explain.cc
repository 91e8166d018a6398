#include "bwlab/experiment/explain.h"

#include <algorithm>
#include <utility>

#include "bwlab/experiment/cell_settings.h"
#include "bwlab/experiment/registry.h"
#include "bwlab/experiment/repository.h"
#include "bwlab/workload/workload_json.h"

namespace bwlab::experiment {
namespace {

using nlohmann::json;

constexpr std::string_view kOptions = "/options/";

/// JSON pointers of the values and lists in a document.
std::vector<std::string> PointersOf(const json& document) {
  Origins origins;
  NoteOrigins(document, "", "", &origins);
  std::vector<std::string> pointers;
  for (const auto& [pointer, unused] : origins) pointers.push_back(pointer);
  return pointers;
}

/// `/keys/count` as `keys.count`.
std::string DottedPath(const std::string& pointer) {
  std::string path = pointer.substr(1);
  std::replace(path.begin(), path.end(), '/', '.');
  return path;
}

class Explainer {
 public:
  Explainer(const Spec& spec, const Cell& cell)
      : spec_(spec), cell_(cell), settings_(SettingsOf(spec, cell)) {}

  std::vector<ExplainedValue> Explain() {
    AddPlace();
    AddSettings();
    AddEngine();
    AddWorkload();
    return std::move(values_);
  }

 private:
  static std::string FromOf(const Origins& origins, const std::string& pointer) {
    const auto from = origins.find(pointer);
    return from == origins.end() ? kFromDefault : from->second;
  }

  void AddPlace() {
    const auto add = [this](const char* axis, json value) {
      const std::string from = FromOf(spec_.origins, std::string("/matrix/") + axis);
      values_.push_back({axis, std::move(value), from});
    };
    add("workload", cell_.workload.name);
    add("engine", cell_.label());
    add("threads", cell_.threads);
  }

  void AddSettings() {
    for (const std::string& pointer : PointersOf(settings_.values)) {
      if (pointer.starts_with("/engine_options/")) continue;  // AddEngine knows them all
      values_.push_back({DottedPath(pointer), settings_.values.at(json::json_pointer(pointer)),
                         FromOf(settings_.origins, pointer)});
    }
  }

  void AddEngine() {
    const std::string engine(cell_.engine->engine);
    const Result<const EngineEntry*> main = FindEngine(engine);
    const Result<json> main_config =
        main.ok() ? main.value()->resolve(json::object()) : Result<json>(json::object());
    for (const std::string& pointer : PointersOf(cell_.engine_config)) {
      const json::json_pointer place(pointer);
      const json& value = cell_.engine_config.at(place);
      const bool of_variant = main_config.ok() && main_config.value().value(place, json()) != value;
      std::string from =
          of_variant ? "variant " + std::string(cell_.engine->variant) : "engine " + engine;
      std::string key = "engine." + DottedPath(pointer);
      if (pointer.starts_with(kOptions)) {
        const std::string name = pointer.substr(kOptions.size());
        key = "engine_options." + engine + "." + name;
        const auto set = settings_.origins.find("/engine_options/" + engine + "/" + name);
        if (set != settings_.origins.end()) from = set->second;
      }
      values_.push_back({std::move(key), value, std::move(from)});
    }
  }

  void AddWorkload() {
    const json workload = workload::ToJson(cell_.workload);
    const std::string from = PathForResult(WorkloadsFolder() / (cell_.workload.name + ".json"));
    for (const std::string& pointer : PointersOf(workload)) {
      values_.push_back(
          {"workload_spec." + DottedPath(pointer), workload.at(json::json_pointer(pointer)), from});
    }
  }

  const Spec& spec_;
  const Cell& cell_;
  const CellSettings settings_;
  std::vector<ExplainedValue> values_;
};

}  // namespace

std::vector<ExplainedValue> Explain(const Spec& spec, const Cell& cell) {
  return Explainer(spec, cell).Explain();
}

std::vector<ExplainedValue> ExplainFromResult(const json& result) {
  json configuration = json::object();
  for (const char* key :
       {"workload", "label", "threads", "record_count", "op_count", "seed", "key_space", "values",
        "sweep", "arrival", "measure", "config", "workload_spec"}) {
    if (result.contains(key)) configuration[key] = result[key];
  }
  std::vector<ExplainedValue> values;
  for (const std::string& pointer : PointersOf(configuration)) {
    values.push_back(
        {DottedPath(pointer), configuration.at(json::json_pointer(pointer)), "result"});
  }
  return values;
}

}  // namespace bwlab::experiment
