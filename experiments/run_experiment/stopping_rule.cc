#include "run_experiment/stopping_rule.h"

#include <fmt/format.h>

#include <string>

#include "bwlab/experiment/statistics.h"
#include "run_experiment/flag_values.h"

namespace bwlab::cli {
namespace {

constexpr uint64_t kRepsMax = 1000;  // as in the spec's schema

Result<uint64_t> ParseReps(const std::string& flag, const std::string& text, uint64_t absent) {
  if (text.empty()) return absent;
  return ParseWhole(flag, text, experiment::kIntervalRepsMin, kRepsMax);
}

}  // namespace

bool StoppingRule::IsEnough(uint32_t reps, const experiment::SummaryRow* row) const {
  if (reps < reps_min) return false;
  if (reps >= reps_max) return true;
  const std::optional<double> half_width =
      half_width_max && row != nullptr ? row->RelativeHalfWidth() : std::nullopt;
  return half_width && *half_width <= *half_width_max;
}

Result<StoppingRule> StoppingRuleOf(const RunRequest& request, uint32_t spec_reps) {
  if (request.ci.empty()) {
    if (!request.reps_min.empty() || !request.reps_max.empty()) {
      return Status::InvalidArgument("--reps-min and --reps-max need --ci");
    }
    return StoppingRule{std::nullopt, spec_reps, spec_reps};
  }
  if (!request.cells.reps.empty()) {
    return Status::InvalidArgument(
        "--ci decides on repetitions itself; give it --reps-min and "
        "--reps-max in place of --reps");
  }
  const Result<double> share = ParseShare("--ci", request.ci);
  if (!share.ok()) return share.status();
  const Result<uint64_t> reps_min = ParseReps("--reps-min", request.reps_min, 5);
  if (!reps_min.ok()) return reps_min.status();
  const Result<uint64_t> reps_max = ParseReps("--reps-max", request.reps_max, 30);
  if (!reps_max.ok()) return reps_max.status();
  if (reps_min.value() > reps_max.value()) {
    return Status::InvalidArgument(
        fmt::format("--reps-min {} is more than --reps-max {}; allowed are as many, or fewer",
                    reps_min.value(), reps_max.value()));
  }
  return StoppingRule{share.value(), static_cast<uint32_t>(reps_min.value()),
                      static_cast<uint32_t>(reps_max.value())};
}

}  // namespace bwlab::cli
