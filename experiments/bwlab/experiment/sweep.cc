#include "bwlab/experiment/sweep.h"

#include <set>

#include "bwlab/experiment/json_schema.h"
#include "bwlab/experiment/spec_keys.h"

namespace bwlab::experiment {
namespace {

using nlohmann::json;

const json& SweepOf(const json& spec) {
  static const json kNone = json::object();
  const auto sweep = spec.find("sweep");
  return sweep == spec.end() ? kNone : *sweep;
}

}  // namespace

std::optional<std::string> CheckAxis(const std::string& key, json& values) {
  const std::string path = "/sweep/" + key.substr(0, 60);
  const Result<const json*> schema = FindSweptKey(key);
  if (!schema.ok()) return path + ": " + schema.status().message();
  for (size_t i = 0; i < values.size(); ++i) {
    const auto violation =
        SpecSchema().CheckPart(values[i], *schema.value(), path + "/" + std::to_string(i));
    if (violation) return violation;
    SpecSchema().CompletePart(values[i], *schema.value());
  }
  return std::nullopt;
}

std::optional<std::string> CheckSweep(json& spec) {
  if (!spec.contains("sweep")) return std::nullopt;
  for (auto& [key, values] : spec["sweep"].items()) {
    if (auto violation = CheckAxis(key, values)) return violation;
  }
  return std::nullopt;
}

void EraseFromSweep(std::string_view dotted_key, json& spec) {
  if (!spec.contains("sweep") || !spec["sweep"].is_object()) return;
  const std::string below = std::string(dotted_key) + ".";
  json left = json::object();
  for (const auto& [key, values] : spec["sweep"].items()) {
    if (key != dotted_key && !key.starts_with(below)) left[key] = values;
  }
  if (left.empty()) {
    spec.erase("sweep");
  } else {
    spec["sweep"] = std::move(left);
  }
}

size_t CountCoordinates(const json& spec, size_t most) {
  size_t count = 1;
  for (const json& values : SweepOf(spec)) {
    count *= values.size();
    if (count > most) return count;
  }
  return count;
}

std::vector<json> AllCoordinates(const json& spec) {
  std::vector<json> all = {json::object()};
  for (const auto& [key, values] : SweepOf(spec).items()) {
    std::vector<json> longer;
    for (const json& coordinates : all) {
      for (const json& value : values) {
        longer.push_back(coordinates);
        longer.back()[key] = value;
      }
    }
    all = std::move(longer);
  }
  return all;
}

void KeepCommon(const json& others, json* coordinates) {
  json common = json::object();
  for (const auto& [key, value] : coordinates->items()) {
    if (others.value(key, json()) == value) common[key] = value;
  }
  *coordinates = std::move(common);
}

bool AgreeWhereBothAre(const json& a, const json& b) {
  for (const auto& [key, value] : a.items()) {
    if (b.contains(key) && b[key] != value) return false;
  }
  return true;
}

std::vector<std::string> AxesOf(const std::vector<const json*>& coordinates) {
  std::set<std::string> axes;
  for (const json* of_cell : coordinates) {
    for (const auto& [key, unused] : of_cell->items()) axes.insert(key);
  }
  return {axes.begin(), axes.end()};
}

std::string ShownAxis(std::string_view key) {
  constexpr std::string_view kPrefix = "engine_options.";
  return std::string(key.starts_with(kPrefix) ? key.substr(kPrefix.size()) : key);
}

std::string ShownCoordinate(const json& coordinates, const std::string& key) {
  const auto value = coordinates.find(key);
  if (value == coordinates.end()) return "-";
  return value->is_string() ? value->get<std::string>() : value->dump();
}

std::string ShownCoordinates(const json& coordinates) {
  std::string shown;
  for (const auto& [key, unused] : coordinates.items()) {
    shown += ", " + ShownAxis(key) + "=" + ShownCoordinate(coordinates, key);
  }
  return shown;
}

}  // namespace bwlab::experiment
