#include "bwlab/experiment/tick_clock.h"

#include <gtest/gtest.h>

#include <chrono>

namespace bwlab::experiment {
namespace {

TEST(TickScale, AgreesWithTheSteadyClock) {
  using Clock = std::chrono::steady_clock;
  const TickScale scale = TickScale::Measure();
  const auto begin = Clock::now();
  const uint64_t begin_ticks = StartTicks();
  while (Clock::now() - begin < std::chrono::milliseconds(30)) {
  }
  const double ticks_ns = static_cast<double>(EndTicks() - begin_ticks) * scale.ns_per_tick;
  const double clock_ns = std::chrono::duration<double, std::nano>(Clock::now() - begin).count();
  EXPECT_NEAR(ticks_ns / clock_ns, 1, 0.1);
  EXPECT_GT(scale.cost_ns, 0);
  EXPECT_LT(scale.cost_ns, 10000);
  EXPECT_GT(scale.resolution_ns, 0);
  EXPECT_LE(scale.resolution_ns, scale.cost_ns);
}

}  // namespace
}  // namespace bwlab::experiment
