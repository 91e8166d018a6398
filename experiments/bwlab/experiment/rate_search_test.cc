#include "bwlab/experiment/rate_search.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace bwlab::experiment {
namespace {

/// Searches for a limit, and keeps the rates that were tried.
class RateSearchTest : public testing::Test {
 protected:
  RateFound Search(const RateRange& range, uint64_t limit) {
    tried_.clear();
    const auto found = SearchRate(range, [&](uint64_t rate) -> std::optional<bool> {
      tried_.push_back(rate);
      return rate <= limit;
    });
    EXPECT_TRUE(found);
    EXPECT_EQ(std::set<uint64_t>(tried_.begin(), tried_.end()).size(), tried_.size());
    return *found;
  }

  std::vector<uint64_t> tried_;
};

TEST_F(RateSearchTest, ComesAsCloseAsThePrecision) {
  for (const uint64_t limit : {1000u, 1001u, 1999u, 123456u, 999999u}) {
    for (const double precision : {0.5, 0.05, 0.001}) {
      const RateFound found = Search({1000, 1000000, precision}, limit);
      EXPECT_EQ(found.outcome, RateOutcome::kFound);
      EXPECT_LE(found.kept, limit);
      EXPECT_GT(found.failed, limit);
      // To the nearest rate.
      EXPECT_LE(static_cast<double>(found.failed - 1),
                static_cast<double>(found.kept) * (1 + precision))
          << limit;
    }
  }
}

TEST_F(RateSearchTest, DoublesFirst) {
  Search({1000, 1000000, 0.9}, 5000);
  EXPECT_EQ(tried_, (std::vector<uint64_t>{1000, 2000, 4000, 8000, 5656}));
}

TEST_F(RateSearchTest, SaysWhereTheRangeIsTooHighOrTooLow) {
  EXPECT_EQ(Search({1000, 5000, 0.05}, 999).outcome, RateOutcome::kLowestFails);
  EXPECT_EQ(tried_, std::vector<uint64_t>{1000});
  const RateFound all = Search({1000, 5000, 0.05}, 9999);
  EXPECT_EQ(all.outcome, RateOutcome::kHighestKeeps);
  EXPECT_EQ(all.kept, 5000u);
  EXPECT_EQ(tried_, (std::vector<uint64_t>{1000, 2000, 4000, 5000}));
}

TEST_F(RateSearchTest, NeighboursEndTheSearch) {
  const RateFound found = Search({1, 100, 0.0001}, 6);
  EXPECT_EQ(found.kept, 6u);
  EXPECT_EQ(found.failed, 7u);
}

TEST_F(RateSearchTest, EndsWhereAskedTo) {
  EXPECT_FALSE(SearchRate({1, 100, 0.05}, [](uint64_t) { return std::nullopt; }));
  EXPECT_FALSE(SearchRate({1, 100, 0.05}, [](uint64_t rate) -> std::optional<bool> {
    if (rate == 6) return std::nullopt;
    return rate < 6;
  }));
}

}  // namespace
}  // namespace bwlab::experiment
