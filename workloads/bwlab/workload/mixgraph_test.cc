#include "bwlab/workload/mixgraph.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>

#include "bwlab/workload/chi_square_testing.h"
#include "bwlab/workload/stream_testing.h"

namespace bwlab::workload {
namespace {

using testing::ChiSquarePValue;
using testing::kMixGraph;
using testing::kSuspicious;

TEST(PowerLaw, MatchesItsClosedForm) {
  for (const double a : {0.002312, 0.1, 1.0}) {
    for (const double b : {0.3467, 1.0, 2.0}) {
      const PowerLaw law(a, b);
      std::vector<uint64_t> counts(1001);  // the last one for all that is larger
      std::vector<double> weights(1001);
      const auto below = [&](double s) { return std::min(1.0, a * std::pow(s, b)); };
      for (uint64_t s = 1; s <= 1000; ++s) {
        weights[s - 1] = below(static_cast<double>(s)) - below(static_cast<double>(s - 1));
      }
      weights[1000] = 1 - below(1000);
      for (uint64_t op = 0; op < 300000; ++op) {
        OpRandom random(1, 0, op);
        const uint64_t s = law(random);
        ASSERT_GE(s, 1u);
        ++counts[std::min<uint64_t>(s, 1001) - 1];
      }
      EXPECT_GT(ChiSquarePValue(counts, weights), kSuspicious) << a << " " << b;
    }
  }
}

// Which range of the model lies where is the business of the seed: the counts are compared from the
// most popular to the least.
TEST(MixGraphDistribution, GivesEachRangeItsPopularity) {
  constexpr uint64_t kSize = 100003;  // 30 does not divide it
  const MixGraphDistribution mixgraph(kSize, kMixGraph, 7);
  std::vector<uint64_t> counts(30);
  for (uint64_t op = 0; op < 1000000; ++op) {
    OpRandom random(1, 0, op);
    const uint64_t rank = mixgraph(random);
    ASSERT_LT(rank, kSize);
    ++counts[std::min<uint64_t>(rank * 30 / kSize, 29)];
  }
  std::vector<double> weights;
  for (int x = 1; x <= 30; ++x) {
    weights.push_back(14.18 * std::exp(-2.917 * x) + 0.0164 * std::exp(-0.08082 * x));
  }
  EXPECT_FALSE(std::is_sorted(counts.rbegin(), counts.rend()));
  std::sort(counts.begin(), counts.end(), std::greater<>());
  EXPECT_GT(ChiSquarePValue(counts, weights), kSuspicious);
}

// One range, and 16 numbers that the hash puts on as many records: their counts, from the most
// popular, are those of the power law.
TEST(MixGraphDistribution, FollowsThePowerLawWithinARange) {
  RequestSpec spec = kMixGraph;
  spec.keyrange_num = 1;
  spec.key_dist_a = 0.25;
  spec.key_dist_b = 0.5;
  const MixGraphDistribution mixgraph(1000000, spec, 7);
  std::map<uint64_t, uint64_t> counts;
  for (uint64_t op = 0; op < 1000000; ++op) {
    OpRandom random(1, 0, op);
    ++counts[mixgraph(random)];
  }
  ASSERT_EQ(counts.size(), 16u);
  std::vector<uint64_t> sorted;
  for (const auto& [rank, count] : counts) sorted.push_back(count);
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  std::vector<double> weights;
  for (int s = 1; s <= 16; ++s) weights.push_back(std::sqrt(s) - std::sqrt(s - 1));
  EXPECT_GT(ChiSquarePValue(sorted, weights), kSuspicious);
  EXPECT_GT(counts.rbegin()->first - counts.begin()->first, 500000u);
}

TEST(MixGraphDistribution, ReachesEveryRecordOfAFewAndLaysRangesBySeed) {
  const MixGraphDistribution smallest(30, kMixGraph, 1);
  std::map<uint64_t, uint64_t> counts;
  for (uint64_t op = 0; op < 100000; ++op) {
    OpRandom random(1, 0, op);
    ++counts[smallest(random)];
  }
  EXPECT_EQ(counts.size(), 30u);
  EXPECT_EQ(counts.rbegin()->first, 29u);

  OpRandom a(1, 0, 0);
  OpRandom b(1, 0, 0);
  EXPECT_NE(MixGraphDistribution(1 << 30, kMixGraph, 1)(a),
            MixGraphDistribution(1 << 30, kMixGraph, 2)(b));
}

TEST(CheckMixGraph, SaysWhatIsWrong) {
  EXPECT_EQ(CheckMixGraph(kMixGraph), "");
  RequestSpec cold = kMixGraph;
  cold.keyrange_dist_a = cold.keyrange_dist_c = -1;
  EXPECT_TRUE(CheckMixGraph(cold).ends_with("sum to more than 0, but sum to 0.000000"));
  RequestSpec hot = kMixGraph;
  hot.keyrange_dist_b = 100;
  EXPECT_TRUE(CheckMixGraph(hot).ends_with("but sum to inf"));
  RequestSpec flat = kMixGraph;
  flat.key_dist_b = 0.01;
  EXPECT_EQ(CheckMixGraph(flat),
            "key_dist_a^(-1/key_dist_b) must be at most 2^62, but is about 2^876");
}

}  // namespace
}  // namespace bwlab::workload
