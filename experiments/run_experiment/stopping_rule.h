#pragma once

#include <cstdint>
#include <optional>

#include "bwlab/base/status.h"
#include "bwlab/experiment/summary.h"
#include "run_experiment/command_line.h"

namespace bwlab::cli {

/// When a cell has been repeated often enough.
struct StoppingRule {
  std::optional<double> half_width_max;  ///< relative; none: after reps_max
  uint32_t reps_min = 1;
  uint32_t reps_max = 1;

  /// `row` is what the cell's `reps` repetitions gave; nullptr where none did.
  bool IsEnough(uint32_t reps, const experiment::SummaryRow* row) const;
};

/// The rule that --ci, --reps-min and --reps-max make; without them as many as the spec says.
/// Errors: InvalidArgument that names the flag.
Result<StoppingRule> StoppingRuleOf(const RunRequest& request, uint32_t spec_reps);

}  // namespace bwlab::cli
