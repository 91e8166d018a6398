#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bwlab::experiment {

// The key `sweep` of a spec: further axes beside the matrix, {"keys.count": [1000, 10000]}. A
// cell's coordinates are its values on them, {"keys.count": 1000}.

/// What is wrong with one axis, as JsonSchema::Check says it; empty where nothing is. Whole numbers
/// that were written as 1e6 become integers.
std::optional<std::string> CheckAxis(const std::string& key, nlohmann::json& values);
/// The same for all axes of `spec`, which must conform to the schema.
std::optional<std::string> CheckSweep(nlohmann::json& spec);

/// Removes the axes over the key, and over the keys below it, and `sweep` itself with the last one.
void EraseFromSweep(std::string_view dotted_key, nlohmann::json& spec);

/// How many combinations of values the sweep of `spec` has; where they are more than `most`, some
/// number of them above that. 1 without a sweep.
size_t CountCoordinates(const nlohmann::json& spec, size_t most);

/// All combinations, the last axis changing fastest; the empty one without a sweep.
std::vector<nlohmann::json> AllCoordinates(const nlohmann::json& spec);

/// Keeps those of `coordinates` that are the same in `others`: two cells that only differ by the
/// rest are one.
void KeepCommon(const nlohmann::json& others, nlohmann::json* coordinates);

/// Whether no axis that both know has different values.
bool AgreeWhereBothAre(const nlohmann::json& a, const nlohmann::json& b);

/// The axes that occur in any of the coordinates, by name.
std::vector<std::string> AxesOf(const std::vector<const nlohmann::json*>& coordinates);

/// For people: the key without `engine_options.`.
std::string ShownAxis(std::string_view key);
/// The value of one axis as filters and tables have it; `-` where there is none.
std::string ShownCoordinate(const nlohmann::json& coordinates, const std::string& key);
/// ", keys.count=1000" for each coordinate.
std::string ShownCoordinates(const nlohmann::json& coordinates);

}  // namespace bwlab::experiment
