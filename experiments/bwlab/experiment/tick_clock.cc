#include "bwlab/experiment/tick_clock.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <numeric>

namespace bwlab::experiment {

TickScale TickScale::Measure() {
  using Clock = std::chrono::steady_clock;
  TickScale scale;
  const auto begin = Clock::now();
  const uint64_t begin_ticks = StartTicks();
  auto end = begin;
  while (end - begin < std::chrono::milliseconds(20)) end = Clock::now();
  const uint64_t end_ticks = EndTicks();
  const double ns = std::chrono::duration<double, std::nano>(end - begin).count();
  scale.ns_per_tick = ns / static_cast<double>(end_ticks - begin_ticks);

  std::array<uint64_t, 1001> costs{};
  for (uint64_t& cost : costs) {
    const uint64_t start = StartTicks();
    cost = EndTicks() - start;
  }
  auto middle = costs.begin() + costs.size() / 2;
  std::nth_element(costs.begin(), middle, costs.end());
  scale.cost_ns = static_cast<double>(*middle) * scale.ns_per_tick;
  // Two readings lie further apart than a step, but always whole steps.
  uint64_t step = 0;
  for (const uint64_t cost : costs) step = std::gcd(step, cost);
  scale.resolution_ns = static_cast<double>(step) * scale.ns_per_tick;
  return scale;
}

}  // namespace bwlab::experiment
