#pragma once

#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "bwlab/base/status.h"
#include "bwlab/experiment/cell.h"

namespace bwlab::experiment {

/// Keeps the cells whose `key` (workload, engine, threads, or an axis of the sweep) matches one of
/// the `patterns`.
struct Filter {
  std::string key;
  std::vector<std::string> patterns;  ///< `*` stands for any run of characters
};

/// Reads `workload=ycsb_a|ycsb_b`. Whether there is such a key depends on the spec.
Result<Filter> ParseFilter(const std::string& argument);

/// The axes of the matrix by which cells can be chosen.
inline constexpr std::array<std::string_view, 3> kMatrixAxes = {"workload", "engine", "threads"};
bool IsMatrixAxis(std::string_view key);

/// In patterns, an engine without its variant means all its variants.
bool MatchesEngine(const EngineEntry& engine, std::string_view pattern);

/// Whether a cell is among those that a `where` of the spec means.
bool MatchesWhere(const Cell& cell, const nlohmann::json& where);

/// A cell without a value on an axis of the sweep is what it is for all its values, and passes.
bool Passes(const Cell& cell, const Filter& filter);

}  // namespace bwlab::experiment
