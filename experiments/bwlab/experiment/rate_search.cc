#include "bwlab/experiment/rate_search.h"

#include <algorithm>
#include <cmath>

namespace bwlab::experiment {

std::optional<RateFound> SearchRate(const RateRange& range, const TryRate& keeps) {
  RateFound found;
  for (uint64_t rate = range.min;; rate = std::min(2 * rate, range.max)) {
    const std::optional<bool> kept = keeps(rate);
    if (!kept) return std::nullopt;
    if (!*kept) {
      found.failed = rate;
      break;
    }
    found.kept = rate;
    if (rate == range.max) {
      found.outcome = RateOutcome::kHighestKeeps;
      return found;
    }
  }
  if (found.kept == 0) {
    found.outcome = RateOutcome::kLowestFails;
    return found;
  }
  while (found.failed - found.kept > 1 &&
         static_cast<double>(found.failed) >
             static_cast<double>(found.kept) * (1 + range.precision)) {
    const double middle =
        std::sqrt(static_cast<double>(found.kept)) * std::sqrt(static_cast<double>(found.failed));
    const uint64_t rate =
        std::clamp(static_cast<uint64_t>(middle), found.kept + 1, found.failed - 1);
    const std::optional<bool> kept = keeps(rate);
    if (!kept) return std::nullopt;
    (*kept ? found.kept : found.failed) = rate;
  }
  return found;
}

}  // namespace bwlab::experiment
