#include "bwlab/experiment/statistics.h"

#include <gtest/gtest.h>

#include <random>

namespace bwlab::experiment {
namespace {

TEST(Statistics, MedianIsTheMiddle) {
  EXPECT_EQ(Median({}), 0);
  EXPECT_EQ(Median({3}), 3);
  EXPECT_EQ(Median({9, 1, 3}), 3);
  EXPECT_EQ(Median({9, 1, 3, 4}), 3.5);
}

TEST(Statistics, TooFewValuesHaveNoInterval) {
  EXPECT_FALSE(MedianInterval({}).has_value());
  EXPECT_FALSE(MedianInterval({1, 2}).has_value());
  EXPECT_TRUE(MedianInterval({1, 2, 3}).has_value());
  EXPECT_FALSE(RatioInterval({1, 2, 3}, {1, 2}).has_value());
}

TEST(Statistics, EqualValuesHaveAnIntervalWithoutWidth) {
  const std::optional<Interval> interval = MedianInterval({4, 4, 4, 4});
  ASSERT_TRUE(interval.has_value());
  EXPECT_EQ(interval->low, 4);
  EXPECT_EQ(interval->high, 4);
}

TEST(Statistics, AnIntervalScalesWithItsValues) {
  const std::optional<Interval> interval = MedianInterval({1, 2, 4, 8, 9, 11, 12});
  const std::optional<Interval> larger = MedianInterval({10, 20, 40, 80, 90, 110, 120});
  ASSERT_TRUE(interval && larger);
  EXPECT_DOUBLE_EQ(10 * interval->low, larger->low);
  EXPECT_DOUBLE_EQ(10 * interval->high, larger->high);
  EXPECT_LT(interval->low, 8);
  EXPECT_GT(interval->high, 8);
}

/// Of many samples of a known distribution, the interval holds the true value about as often as it
/// says. The bootstrap of a median of 15 values is known to be a little off.
TEST(Statistics, IntervalsHoldTheTrueValueAsOftenAsTheySay) {
  std::mt19937_64 random(5);
  std::lognormal_distribution<double> values(0, 0.3);  // median 1
  constexpr int kSamples = 300;
  int median_held = 0;
  int ratio_held = 0;
  for (int sample = 0; sample < kSamples; ++sample) {
    std::vector<double> first(15);
    std::vector<double> second(15);
    for (double& value : first) value = values(random);
    for (double& value : second) value = 2 * values(random);
    const Interval median = *MedianInterval(first);
    const Interval ratio = *RatioInterval(second, first);
    if (median.low <= 1 && 1 <= median.high) ++median_held;
    if (ratio.low <= 2 && 2 <= ratio.high) ++ratio_held;
  }
  EXPECT_GT(median_held, kSamples * 0.90);
  EXPECT_LT(median_held, kSamples * 0.995);
  EXPECT_GT(ratio_held, kSamples * 0.90);
  EXPECT_LT(ratio_held, kSamples * 0.995);
}

TEST(Statistics, OutliersLieFarFromTheMedian) {
  EXPECT_TRUE(Outliers({}).empty());
  EXPECT_TRUE(Outliers({5, 5, 5, 5}).empty());
  EXPECT_TRUE(Outliers({1, 2, 3, 4, 5}).empty());
  EXPECT_EQ(Outliers({10, 11, 9, 50, 10, 12, -40}), (std::vector<size_t>{3, 6}));
}

}  // namespace
}  // namespace bwlab::experiment
