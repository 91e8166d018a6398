#include "bwlab/experiment/spec_keys.h"

#include <algorithm>
#include <array>

#include "bwlab/experiment/json_schema.h"
#include "bwlab/experiment/names.h"
#include "bwlab/experiment/registry.h"

namespace bwlab::experiment {
namespace {

using nlohmann::json;

/// What is said of the experiment as a whole; every other key of a spec is one of its cells too.
constexpr std::array<std::string_view, 13> kKeysOfTheWhole = {
    "schema_version", "id",    "title", "hypothesis", "matrix",   "sweep",  "exclude",
    "overrides",      "sizes", "size",  "reps",       "baseline", "figures"};

std::string_view FirstPart(std::string_view dotted_path) {
  return dotted_path.substr(0, dotted_path.find('.'));
}

void AddKeys(const json& schema_or_ref, const std::string& path, std::vector<std::string>* keys) {
  const json& schema = SpecSchema().Resolve(schema_or_ref);
  if (schema.value("type", json()) != "object") {
    keys->push_back(path);
    return;
  }
  const json properties = schema.value("properties", json::object());
  for (const auto& [key, property] : properties.items()) {
    AddKeys(property, path.empty() ? key : path + "." + key, keys);
  }
}

void AddEngineOptions(std::vector<std::string>* keys) {
  for (const EngineEntry* entry : ListedEngines()) {
    const Result<json> config = entry->resolve(json::object());
    if (!config.ok()) continue;
    const json options = config.value().value("options", json::object());
    for (const auto& [name, unused] : options.items()) {
      keys->push_back("engine_options." + std::string(entry->engine) + "." + name);
    }
  }
}

/// "arrival.*, ops, ...": what a sweep may go over.
std::string ShownCellKeys() {
  std::vector<std::string> shown;
  for (const std::string& key : SpecKeys()) {
    if (!IsCellKey(key)) continue;
    const std::string first(FirstPart(key));
    shown.push_back(first == key ? key : first + ".*");
  }
  shown.erase(std::unique(shown.begin(), shown.end()), shown.end());
  return JoinNames(shown);
}

}  // namespace

std::vector<std::string> SpecKeys() {
  std::vector<std::string> keys;
  AddKeys(SpecSchema().root(), "", &keys);
  AddEngineOptions(&keys);
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

bool IsCellKey(std::string_view dotted_path) {
  const std::string_view first = FirstPart(dotted_path);
  return std::find(kKeysOfTheWhole.begin(), kKeysOfTheWhole.end(), first) == kKeysOfTheWhole.end();
}

json::json_pointer PointerOf(std::string_view dotted_path) {
  json::json_pointer pointer;
  for (const std::string& key : SplitAt(dotted_path, '.')) pointer /= key;
  return pointer;
}

Result<const json*> FindSweptKey(const std::string& dotted_path) {
  const JsonSchema::Place place = SpecSchema().Find(dotted_path);
  if (place.schema == nullptr) return Status::InvalidArgument(place.error);
  if (FirstPart(dotted_path) == "matrix") {
    return Status::InvalidArgument(Quoted(dotted_path) +
                                   " is an axis of the matrix already; "
                                   "list its values there");
  }
  if (!IsCellKey(dotted_path)) {
    return Status::InvalidArgument(Quoted(dotted_path) +
                                   " is of the whole experiment; a sweep can go over " +
                                   ShownCellKeys());
  }
  const json type = place.schema->value("type", json());
  if (type == "object" || type == "array") {
    std::vector<std::string> below;
    for (const std::string& key : SpecKeys()) {
      if (key.starts_with(dotted_path + ".")) below.push_back(key);
    }
    return Status::InvalidArgument(Quoted(dotted_path) +
                                   " has no single value; a sweep can go over " + JoinNames(below));
  }
  return place.schema;
}

}  // namespace bwlab::experiment
