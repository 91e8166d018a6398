#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "bwlab/base/status.h"
#include "bwlab/experiment/engine.h"
#include "bwlab/experiment/names.h"
#include "bwlab/policy/catalog.h"
#include "bwlab/policy/stats/stats.h"
#include "bwlab/record/record_types.h"

// What the engines of this project's own trees share.

namespace bwlab::experiment {

/// `Traits` with records of a form.
template <class Traits, RecordForm kForm>
struct WithRecordForm : Traits {
  using Key = std::conditional_t<kForm.byte_keys, BytesKey, U64Key>;
  using Value = std::conditional_t<kForm.byte_values, BytesValue, U64Value>;
};

/// Numbers by name from `options` over those that are there; everything else keeps its value.
/// InvalidArgument names the option, its value and its range.
template <class TreeOptions>
Result<TreeOptions> OverlayOptions(TreeOptions tree_options, const nlohmann::json& options) {
  std::vector<std::string> names;
  tree_options.ForEach([&](std::string_view name, const auto&, uint64_t, uint64_t,
                           std::string_view) { names.emplace_back(name); });
  for (const auto& option : options.items()) {
    const std::string& key = option.key();
    const nlohmann::json& value = option.value();
    std::string error;
    bool known = false;
    tree_options.ForEach(
        [&](std::string_view name, auto& field, uint64_t min, uint64_t max, std::string_view) {
          if (name != key) return;
          known = true;
          const bool fits = value.is_number_integer() && value >= min && value <= max;
          if (fits) {
            field = value.template get<std::remove_reference_t<decltype(field)>>();
          } else {
            error = key + ": " + value.dump() + " is not an integer in " + std::to_string(min) +
                    ".." + std::to_string(max);
          }
        });
    if (!known) return Status::InvalidArgument(UnknownName("option", key, names));
    if (!error.empty()) return Status::InvalidArgument(error);
  }
  if (Status status = tree_options.Check(); !status.ok()) return status;
  return tree_options;
}

/// All numbers by name, as a result shows them.
template <class TreeOptions>
nlohmann::json NumbersOf(const TreeOptions& options) {
  nlohmann::json numbers;
  options.ForEach([&numbers](std::string_view name, const auto& field, uint64_t, uint64_t,
                             std::string_view) { numbers[std::string(name)] = field; });
  return numbers;
}

inline Counters NamedCounters(const TreeCounters& tree_counters) {
  Counters counters;
  tree_counters.ForEach(
      [&counters](std::string_view name, uint64_t value) { counters.emplace_back(name, value); });
  return counters;
}

/// Unsupported where the processor lacks what a search was built with.
inline Status CheckSearch(std::string_view search) {
  for (const PolicyEntry& policy : kPolicyCatalog) {
    if (policy.family == "search" && policy.name == search && !policy.available) {
      return Status::Unsupported("search " + std::string(search) + ": " +
                                 std::string(policy.why_not));
    }
  }
  return Status::Ok();
}

}  // namespace bwlab::experiment
