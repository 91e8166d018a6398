#include "bwlab/experiment/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

namespace bwlab::experiment {
namespace {

TEST(Histogram, IsEmptyAtFirst) {
  const auto histogram = std::make_unique<Histogram>();
  EXPECT_EQ(histogram->count(), 0u);
  EXPECT_EQ(histogram->Quantile(0.5), 0u);
  EXPECT_EQ(histogram->min(), 0u);
}

TEST(Histogram, IsExactForSmallValues) {
  const auto histogram = std::make_unique<Histogram>();
  for (uint64_t value = 1; value <= 1000; ++value) histogram->Record(value);
  EXPECT_EQ(histogram->Quantile(0.5), 500u);
  EXPECT_EQ(histogram->Quantile(0.99), 990u);
  EXPECT_EQ(histogram->Quantile(0.999), 999u);
  EXPECT_EQ(histogram->Quantile(1), 1000u);
  EXPECT_EQ(histogram->Quantile(0), 1u);
}

TEST(Histogram, KeepsThreeSignificantDigitsOfEveryQuantile) {
  std::mt19937_64 random(1);
  const auto histogram = std::make_unique<Histogram>();
  std::vector<uint64_t> values;
  for (int i = 0; i < 100000; ++i) {
    values.push_back(random() >> (17 + random() % 47));  // below 2^47, spread over the octaves
    histogram->Record(values.back());
  }
  std::sort(values.begin(), values.end());
  for (const double share : {0.01, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999}) {
    const auto exact = static_cast<double>(
        values[static_cast<size_t>(share * static_cast<double>(values.size())) - 1]);
    EXPECT_NEAR(static_cast<double>(histogram->Quantile(share)), exact, exact / 1000) << share;
  }
  EXPECT_EQ(histogram->min(), values.front());
  EXPECT_EQ(histogram->max(), values.back());
}

TEST(Histogram, MergedGivesTheQuantilesOfAllValues) {
  const auto low = std::make_unique<Histogram>();
  const auto high = std::make_unique<Histogram>();
  for (uint64_t i = 0; i < 900; ++i) low->Record(10);
  for (uint64_t i = 0; i < 100; ++i) high->Record(1000);
  low->Merge(*high);
  EXPECT_EQ(low->count(), 1000u);
  EXPECT_EQ(low->Quantile(0.9), 10u);
  EXPECT_EQ(low->Quantile(0.91), 1000u);  // a mean of the two medians would be 505
}

TEST(Histogram, HoldsAnyValue) {
  const auto histogram = std::make_unique<Histogram>();
  histogram->Record(0);
  histogram->Record(UINT64_MAX);
  EXPECT_EQ(histogram->min(), 0u);
  EXPECT_EQ(histogram->max(), UINT64_MAX);
  EXPECT_EQ(histogram->Quantile(0.5), 0u);
}

}  // namespace
}  // namespace bwlab::experiment
