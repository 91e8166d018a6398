#pragma once

#include <cstdint>

#if defined(__x86_64__)
#include <x86intrin.h>
#else
#include <chrono>
#endif

namespace bwlab::experiment {

/// The cheapest clock of the machine, for the latency of single operations. On x86-64 it is the
/// time stamp counter, fenced so that the timed operation neither starts before the first reading
/// nor ends after the second; elsewhere the steady clock. Comparable between the threads of one
/// machine whose counter is constant.
inline uint64_t StartTicks() {
#if defined(__x86_64__)
  _mm_lfence();
  const uint64_t ticks = __rdtsc();
  _mm_lfence();
  return ticks;
#else
  return static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
#endif
}

inline uint64_t EndTicks() {
#if defined(__x86_64__)
  unsigned int unused = 0;
  const uint64_t ticks = __rdtscp(&unused);  // waits for the loads before it
  _mm_lfence();
  return ticks;
#else
  return StartTicks();
#endif
}

/// What a tick is worth and what reading it costs, measured against the steady clock in about 20
/// ms.
struct TickScale {
  double ns_per_tick = 1;
  double cost_ns = 0;        ///< median of EndTicks() - StartTicks() with nothing between
  double resolution_ns = 0;  ///< what the differences of readings are multiples of

  static TickScale Measure();
};

}  // namespace bwlab::experiment
