#include "bwlab/workload/arrival.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace bwlab::workload {
namespace {

TEST(Arrival, AClosedLoopHasNoSchedule) { EXPECT_TRUE(MakeSchedule({}, 0, 1, 100, 1).empty()); }

TEST(Arrival, ThreadsOfAConstantRateTakeTurns) {
  const ArrivalSpec arrival{ArrivalKind::kConstant, 1'000'000};
  EXPECT_EQ(MakeSchedule(arrival, 0, 2, 3, 1), (std::vector<uint64_t>{0, 2000, 4000}));
  EXPECT_EQ(MakeSchedule(arrival, 1, 2, 3, 1), (std::vector<uint64_t>{1000, 3000, 5000}));
}

TEST(Arrival, BurstsComeAtOnceAndKeepTheRate) {
  const ArrivalSpec arrival{ArrivalKind::kBurst, 1'000'000, 4};
  EXPECT_EQ(MakeSchedule(arrival, 0, 1, 9, 1),
            (std::vector<uint64_t>{0, 0, 0, 0, 4000, 4000, 4000, 4000, 8000}));
  EXPECT_EQ(MakeSchedule(arrival, 1, 2, 5, 1),
            (std::vector<uint64_t>{4000, 4000, 4000, 4000, 12000}));
}

/// Kolmogorov-Smirnov against the exponential distribution of the gaps.
TEST(Arrival, GapsOfAPoissonProcessAreExponential) {
  constexpr uint64_t kOps = 100'000;
  constexpr double kMeanNs = 2'000'000;  // large, so that whole nanoseconds do not show
  const ArrivalSpec arrival{ArrivalKind::kPoisson, 1000};
  for (uint32_t thread = 0; thread < 2; ++thread) {
    const std::vector<uint64_t> due = MakeSchedule(arrival, thread, 2, kOps, 7);
    ASSERT_TRUE(std::is_sorted(due.begin(), due.end()));
    std::vector<double> gaps;
    for (uint64_t i = 1; i < kOps; ++i) gaps.push_back(static_cast<double>(due[i] - due[i - 1]));
    std::sort(gaps.begin(), gaps.end());
    const auto count = static_cast<double>(gaps.size());
    double distance = 0;
    for (size_t i = 0; i < gaps.size(); ++i) {
      const double expected = 1 - std::exp(-gaps[i] / kMeanNs);
      distance = std::max(distance, std::abs(expected - static_cast<double>(i) / count));
    }
    EXPECT_LT(distance, 1.95 / std::sqrt(count)) << "at a level of 0.001";
  }
}

TEST(Arrival, SchedulesAreFunctionsOfSeedAndThread) {
  const ArrivalSpec arrival{ArrivalKind::kPoisson, 1000};
  EXPECT_EQ(MakeSchedule(arrival, 1, 4, 100, 7), MakeSchedule(arrival, 1, 4, 100, 7));
  EXPECT_NE(MakeSchedule(arrival, 1, 4, 100, 7), MakeSchedule(arrival, 2, 4, 100, 7));
  EXPECT_NE(MakeSchedule(arrival, 1, 4, 100, 7), MakeSchedule(arrival, 1, 4, 100, 8));
}

}  // namespace
}  // namespace bwlab::workload
