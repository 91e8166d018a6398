#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "bwlab/base/status.h"
#include "bwlab/experiment/cell.h"
#include "bwlab/experiment/spec.h"

namespace bwlab::experiment {

/// Keeps the cells whose `key` (workload, engine or threads) matches one of the `patterns`.
struct Filter {
  std::string key;
  std::vector<std::string> patterns;  ///< `*` stands for any run of characters
};

/// The axes of the matrix by which cells can be chosen.
inline constexpr std::array<std::string_view, 3> kMatrixAxes = {"workload", "engine", "threads"};

/// Reads `workload=ycsb_a|ycsb_b`.
Result<Filter> ParseFilter(const std::string& argument);

/// One process: a cell and the number of its repetition.
struct PlannedRun {
  size_t cell = 0;
  uint32_t rep = 0;
};

/// In what order the cells of a repetition are run. A drift of the machine hits all cells alike in
/// kAbba (A B C, C B A, A B C, ...); kRoundRobin (A B C, A B C, ...) and kRandom (a permutation
/// that is a function of the seed and the repetition) show whether the order matters.
enum class RunOrder : uint8_t { kAbba, kRoundRobin, kRandom };
inline constexpr std::array<std::string_view, 3> kRunOrderNames = {"abba", "round-robin", "random"};

/// Errors: InvalidArgument with the choices.
Result<RunOrder> ParseRunOrder(std::string_view name);

/// What an experiment will run.
struct Plan {
  std::string experiment;
  nlohmann::json spec;  ///< resolved
  std::string spec_path;
  std::vector<Cell> cells;
  std::string baseline;  ///< label of the engine that ratios refer to
  uint32_t reps = 1;

  /// Every cell once, as the order wants it in this repetition.
  std::vector<PlannedRun> RunsOf(uint32_t rep, RunOrder order) const;
};

/// Resolves every cell and checks it: names, capabilities, engine options, and memory against
/// `available_bytes`. Errors: InvalidArgument that names the spec, the JSON path, the value, and
/// what is allowed.
Result<Plan> MakePlan(const Spec& spec, const std::vector<Filter>& filters,
                      uint64_t available_bytes);

}  // namespace bwlab::experiment
