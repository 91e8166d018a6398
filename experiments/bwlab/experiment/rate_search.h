#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

namespace bwlab::experiment {

/// Where a search looks, in operations a second.
struct RateRange {
  uint64_t min = 1;
  uint64_t max = 1;
  double precision = 0.05;  ///< the answer is at most this share below the first rate that fails
};

enum class RateOutcome : uint8_t { kFound, kLowestFails, kHighestKeeps };
inline constexpr std::array<std::string_view, 3> kRateOutcomeNames = {"found", "lowest_fails",
                                                                      "highest_keeps"};

struct RateFound {
  RateOutcome outcome = RateOutcome::kFound;
  uint64_t kept = 0;    ///< highest rate that was kept; 0 where none was
  uint64_t failed = 0;  ///< lowest rate that failed above it; 0 where none did
};

/// Whether a rate is kept; nothing ends the search.
using TryRate = std::function<std::optional<bool>(uint64_t rate_ops_s)>;

/// Searches for the highest rate that is kept: doubles from `range.min` on until one fails, then
/// halves the ratio between the two. Every rate is tried once at most.
/// @return nothing where `keeps` ended it
std::optional<RateFound> SearchRate(const RateRange& range, const TryRate& keeps);

}  // namespace bwlab::experiment
