#include "bwlab/experiment/cell_settings.h"

#include "bwlab/experiment/filter.h"
#include "bwlab/experiment/names.h"
#include "bwlab/experiment/spec_keys.h"

namespace bwlab::experiment {

using nlohmann::json;

CellSettings SettingsOf(const Spec& spec, const Cell& cell) {
  CellSettings settings{json::object(), {}};
  for (const auto& [key, value] : spec.document.items()) {
    if (IsCellKey(key)) settings.values[key] = value;
  }
  for (const auto& [pointer, from] : spec.origins) {
    if (IsCellKey(SplitAt(pointer, '/')[1])) settings.origins[pointer] = from;
  }
  const json overrides = spec.document.value("overrides", json::array());
  const auto origin = spec.origins.find("/overrides");
  const std::string from_overrides =
      (origin == spec.origins.end() ? kFromSpec : origin->second) + " /overrides/";
  for (size_t i = 0; i < overrides.size(); ++i) {
    if (!MatchesWhere(cell, overrides[i]["where"])) continue;
    const json& set = overrides[i]["set"];
    settings.values.merge_patch(set);
    NoteOrigins(set, "", from_overrides + std::to_string(i), &settings.origins);
  }
  for (const auto& [key, value] : cell.coordinates.items()) {
    json* at = &settings.values;
    for (const std::string& part : SplitAt(key, '.')) at = &(*at)[part];
    *at = value;
    const auto from = spec.origins.find((json::json_pointer("/sweep") / key).to_string());
    const bool in_file = from == spec.origins.end() || from->second == kFromSpec;
    settings.origins[PointerOf(key).to_string()] =
        in_file ? kFromSpec + std::string(" /sweep") : from->second;
  }
  return settings;
}

}  // namespace bwlab::experiment
