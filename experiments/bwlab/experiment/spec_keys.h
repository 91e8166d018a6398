#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "bwlab/base/status.h"

namespace bwlab::experiment {

/// Dotted paths of the keys of a spec that hold a value or a list: `ops`, `keys.count`,
/// `matrix.threads`, and for every option of every listed engine
/// `engine_options.bwtree.leaf_capacity`. Sorted. Not `sweep`, whose keys are such paths.
std::vector<std::string> SpecKeys();

/// Whether cells have a value of their own for the key of this dotted path; it is enough that for
/// `matrix`, `reps` and others of the whole experiment they have not.
bool IsCellKey(std::string_view dotted_path);

/// The JSON pointer of a dotted path.
nlohmann::json::json_pointer PointerOf(std::string_view dotted_path);

/// The subschema of the key that a sweep may go over. Errors: InvalidArgument for a key that does
/// not exist, is not a cell's or is an object, with what is allowed.
Result<const nlohmann::json*> FindSweptKey(const std::string& dotted_path);

}  // namespace bwlab::experiment
