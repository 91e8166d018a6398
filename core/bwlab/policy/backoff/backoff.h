#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "bwlab/base/pause.h"

namespace bwlab {

/// Bounds of a pause after a lost CAS, in spin-wait instructions.
struct BackoffLimits {
  uint32_t spins_min;
  uint32_t spins_max;
};

/// Tries again at once. Choose it unless many threads write the same few leaves.
struct NoBackoff {
  static constexpr std::string_view kName = "none";
  static constexpr std::string_view kSummary =
      "try again at once; best unless many threads write the same leaves";

  explicit NoBackoff(const BackoffLimits&) {}
  void Pause() {}
};

/// Doubles the pause after each lost CAS of one operation, from spins_min up to spins_max.
/// Choose it under write skew; it costs latency where nothing contends.
struct ExponentialBackoff {
  static constexpr std::string_view kName = "exponential";
  static constexpr std::string_view kSummary =
      "double the pause after each lost CAS; for write skew on many threads";

  explicit ExponentialBackoff(const BackoffLimits& limits)
      : spins_(limits.spins_min), spins_max_(limits.spins_max) {}
  void Pause() {
    for (uint32_t i = 0; i < spins_; ++i) CpuRelax();
    spins_ = std::min(spins_ * 2, spins_max_);
  }

 private:
  uint32_t spins_;
  uint32_t spins_max_;
};

}  // namespace bwlab
