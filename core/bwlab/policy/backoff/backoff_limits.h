#pragma once

#include <cstdint>

namespace bwlab {

/// Bounds of a pause after a lost CAS, in spin-wait instructions; 1 <= spins_min <= spins_max <=
/// 2^31.
struct BackoffLimits {
  uint32_t spins_min;
  uint32_t spins_max;
};

}  // namespace bwlab
