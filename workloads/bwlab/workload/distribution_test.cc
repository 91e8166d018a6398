#include "bwlab/workload/distribution.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <string>
#include <tuple>
#include <vector>

#include "bwlab/workload/chi_square_testing.h"

namespace bwlab::workload {
namespace {

using testing::ChiSquarePValue;
using testing::kSuspicious;
using testing::RankHistogram;
using testing::ZipfWeight;

// Feeds a histogram with `draws` draws, those of as many operations.
template <class Distribution>
void Draw(Distribution& distribution, uint64_t draws, RankHistogram* histogram, uint64_t seed = 1) {
  for (uint64_t op = 0; op < draws; ++op) {
    OpRandom random(seed, 0, op);
    ASSERT_TRUE(histogram->Add(distribution(random)));
  }
}

TEST(Distribution, NamesAreReadBack) {
  for (const DistributionInfo& info : kDistributions) {
    EXPECT_EQ(ToString(info.kind), info.name);
    EXPECT_EQ(DistributionFromName(info.name), info.kind);
  }
  EXPECT_EQ(DistributionFromName("zipf"), std::nullopt);
}

TEST(UniformDistribution, MatchesItsClosedForm) {
  for (const uint64_t size : {1ull, 2ull, 10ull, 1000ull, 1000000ull, 1ull << 48}) {
    UniformDistribution uniform(size);
    RankHistogram histogram(size);
    Draw(uniform, 300000, &histogram);
    EXPECT_GT(histogram.PValueOfUniform(), kSuspicious) << size;
  }
}

class ZipfianTest : public ::testing::TestWithParam<std::tuple<uint64_t, double>> {};

TEST_P(ZipfianTest, MatchesItsClosedForm) {
  const auto [size, theta] = GetParam();
  ZipfianDistribution zipfian(size, theta);
  RankHistogram histogram(size);
  Draw(zipfian, 1000000, &histogram);
  EXPECT_GT(histogram.PValueOfZipfian(theta), kSuspicious);
}

// 255 and 256 ranks are where steps of several ranks begin; 300 and 1000 end in the middle of a
// step.
INSTANTIATE_TEST_SUITE_P(SizesAndThetas, ZipfianTest,
                         ::testing::Combine(::testing::Values(1, 2, 10, 255, 256, 300, 1000, 65536,
                                                              1000000, 1000000000, kPopulationMax),
                                            ::testing::Values(0.01, 0.5, 0.99, 1.0, 1.2, 3.0,
                                                              kThetaMax)),
                         [](const auto& instance) {
                           std::string name = "N";
                           name += std::to_string(std::get<0>(instance.param));
                           name += "Theta";
                           name += std::to_string(std::get<1>(instance.param));
                           std::replace(name.begin(), name.end(), '.', '_');
                           return name;
                         });

// Every rank in a bin of its own, so that an error of the rejection within a step would show.
TEST(ZipfianDistribution, MatchesItsClosedFormRankByRank) {
  constexpr uint64_t kSize = 3000;
  for (const double theta : {0.5, 0.99, 1.5}) {
    const ZipfianDistribution zipfian(kSize, theta);
    std::vector<uint64_t> counts(kSize);
    for (uint64_t op = 0; op < 3000000; ++op) {
      OpRandom random(2, 0, op);
      ++counts[zipfian(random)];
    }
    std::vector<double> weights(kSize);
    for (uint64_t r = 0; r < kSize; ++r) weights[r] = std::pow(static_cast<double>(r + 1), -theta);
    EXPECT_GT(ChiSquarePValue(counts, weights), kSuspicious) << theta;
  }
}

// The tests above cannot see the slope of the weights within a step, which is at most 1/64. This
// one folds all steps of four ranks and more onto each other and compares their quarters: without
// the rejection, the first quarter would have 0.4% too little and the last 0.4% too much, which is
// over four standard deviations each.
TEST(ZipfianDistribution, KeepsTheSlopeWithinItsSteps) {
  constexpr uint64_t kSize = (1 << 20) - 1;
  constexpr int kLogStepsPerOctave = 6;
  constexpr uint64_t kFolded = 256;  // the popularity, from 1, where steps of four ranks begin
  constexpr double kTheta = 0.99;
  const auto quarter_of = [](uint64_t r) {
    const int log_width = static_cast<int>(std::bit_width(r)) - 1 - kLogStepsPerOctave;
    return (r >> (log_width - 2)) & 3;
  };
  std::vector<double> weights(4);
  for (uint64_t r = kFolded; r <= kSize; ++r) {
    weights[quarter_of(r)] += std::pow(static_cast<double>(r), -kTheta);
  }
  const ZipfianDistribution zipfian(kSize, kTheta);
  std::vector<uint64_t> counts(4);
  for (uint64_t op = 0; op < 8000000; ++op) {
    OpRandom random(1, 0, op);
    const uint64_t r = zipfian(random) + 1;
    if (r >= kFolded) ++counts[quarter_of(r)];
  }
  EXPECT_GT(ChiSquarePValue(counts, weights), kSuspicious);
}

// Returns the given draws, then zeros: those pick the first rank.
class Scripted {
 public:
  Scripted(uint64_t first, uint64_t second) : draws_{first, second} {}
  uint64_t Next() { return used_ < draws_.size() ? draws_[used_++] : 0; }

 private:
  std::array<uint64_t, 2> draws_;
  size_t used_ = 0;
};

// Finds by bisection, from outside, with what probability a rank of the last step is kept once it
// is proposed, and compares that with the ratio of the weights.
TEST(ZipfianDistribution, KeepsAProposedRankWithTheRatioOfTheWeights) {
  constexpr uint64_t kSize = (1 << 20) - 1;
  constexpr uint64_t kSteps =
      255 + 12 * 64;  // one for each of 255 ranks, then 64 in each of 12 octaves
  constexpr uint64_t kLength = (1 << 19) / 64;  // of the last step, which ends with the last rank
  constexpr uint64_t kFirst = kSize - kLength;
  constexpr auto kLastSlot = static_cast<uint64_t>((Uint128{kSteps - 1} << 64) / kSteps) + 1;
  for (const double theta : {0.5, 0.99, 3.0}) {
    const ZipfianDistribution zipfian(kSize, theta);
    for (const uint64_t offset : {uint64_t{1}, kLength / 3, kLength - 1}) {
      const uint64_t begin =
          offset << 51;  // of the draws that propose this offset: 2^64 / kLength of them
      uint64_t kept = 0;
      for (uint64_t bit = uint64_t{1} << 50; bit != 0; bit >>= 1) {
        Scripted random(kLastSlot, begin + kept + bit);
        const uint64_t rank = zipfian(random);
        ASSERT_TRUE(rank == kFirst + offset || rank == 0) << rank;
        if (rank != 0) kept += bit;
      }
      const double ratio = std::pow(
          static_cast<double>(kFirst + 1) / static_cast<double>(kFirst + offset + 1), theta);
      EXPECT_NEAR(std::ldexp(static_cast<double>(kept), -51), ratio, 1e-12)
          << theta << " " << offset;
    }
  }
}

TEST(ZipfianDistribution, GivesTheHottestOfAMillionSixAndAHalfPercent) {
  ZipfianDistribution zipfian(1000000, 0.99);
  RankHistogram histogram(1000000);
  Draw(zipfian, 1000000, &histogram);
  EXPECT_NEAR(static_cast<double>(histogram.count_of_first()) / 1e6,
              1 / ZipfWeight(0, 1000000, 0.99), 0.001);
  EXPECT_NEAR(static_cast<double>(histogram.count_of_first()) / 1e6, 0.065, 0.001);
}

// The test above would not be worth much if it passed whatever is drawn.
TEST(ZipfianDistribution, TheTestTellsAThetaThatIsOffByAHundredth) {
  ZipfianDistribution zipfian(1000000, 0.98);
  RankHistogram histogram(1000000);
  Draw(zipfian, 1000000, &histogram);
  EXPECT_LT(histogram.PValueOfZipfian(0.99), kSuspicious);
}

TEST(ZipfianDistribution, TheTestTellsTheWrongNumberOfRecords) {
  ZipfianDistribution zipfian(900000, 0.99);
  RankHistogram histogram(1000000);
  Draw(zipfian, 1000000, &histogram);
  EXPECT_LT(histogram.PValueOfZipfian(0.99), kSuspicious);
}

// Why YCSB's generator was not taken over: the approximation of Gray et al. (SIGMOD 1994) is exact
// for the first two ranks only, and the test notices.
TEST(ZipfianDistribution, TheTestTellsTheApproximationOfYcsb) {
  constexpr uint64_t kSize = 1000000;
  constexpr double kTheta = 0.99;
  const double zeta = ZipfWeight(0, kSize, kTheta);
  const double eta =
      (1 - std::pow(2.0 / kSize, 1 - kTheta)) / (1 - ZipfWeight(0, 2, kTheta) / zeta);
  RankHistogram histogram(kSize);
  for (uint64_t op = 0; op < 1000000; ++op) {
    OpRandom random(1, 0, op);
    const double u = std::ldexp(static_cast<double>(random.Next() >> 11), -53);
    uint64_t rank = 0;
    if (u * zeta >= 1) rank = 1;
    if (u * zeta >= ZipfWeight(0, 2, kTheta)) {
      rank = static_cast<uint64_t>(kSize * std::pow(eta * u - eta + 1, 1 / (1 - kTheta)));
    }
    ASSERT_TRUE(histogram.Add(rank));
  }
  EXPECT_LT(histogram.PValueOfZipfian(kTheta), kSuspicious);
}

TEST(LatestDistribution, MatchesItsClosedFormAtEverySize) {
  for (const uint64_t grown_to : {1000, 1001, 1064, 1500, 20000}) {
    LatestDistribution latest(1000, 1000, 0.99);
    while (latest.size() < grown_to) latest.Grow();
    RankHistogram histogram(grown_to);
    Draw(latest, 500000, &histogram);
    EXPECT_GT(histogram.PValueOfZipfian(0.99), kSuspicious) << grown_to;
  }
}

TEST(LatestDistribution, ASinglePresentRecordIsAlwaysTheNewest) {
  LatestDistribution latest(1, 1, 0.99);
  OpRandom random(1, 0, 0);
  EXPECT_EQ(latest(random), 0u);
  latest.Grow();
  RankHistogram histogram(2);
  Draw(latest, 100000, &histogram);
  EXPECT_GT(histogram.PValueOfZipfian(0.99), kSuspicious);
}

TEST(LatestDistribution, GrownAndMadeLargeDrawTheSame) {
  LatestDistribution grown(10, 10, 0.99);
  for (uint64_t size = 10; size < 5000; ++size) {
    LatestDistribution made(10, size, 0.99);
    for (uint64_t op = 0; op < 5; ++op) {
      OpRandom a(size, 0, op);
      OpRandom b(size, 0, op);
      ASSERT_EQ(grown(a), made(b)) << size;
    }
    grown.Grow();
  }
}

// What a hotspot over `size` ranks gives each, up to a common factor.
double HotspotWeight(uint64_t size, uint64_t hot, double op_fraction, uint64_t first,
                     uint64_t rank) {
  const bool is_hot = (rank + size - first) % size < hot;
  return is_hot ? op_fraction / static_cast<double>(hot)
                : (1 - op_fraction) / static_cast<double>(size - hot);
}

TEST(HotspotDistribution, MatchesItsClosedForm) {
  constexpr uint64_t kSize = 1000;
  for (const double set_fraction : {0.01, 0.2, 0.9}) {
    for (const double op_fraction : {0.0, 0.5, 0.8, 1.0}) {
      for (const double first : {0.0, 0.3, 0.95}) {
        const HotspotDistribution hotspot(kSize, set_fraction, op_fraction, first);
        std::vector<uint64_t> counts(kSize);
        for (uint64_t op = 0; op < 200000; ++op) {
          OpRandom random(1, 0, op);
          ++counts[hotspot(random)];
        }
        std::vector<double> weights(kSize);
        for (uint64_t rank = 0; rank < kSize; ++rank) {
          weights[rank] = HotspotWeight(kSize, static_cast<uint64_t>(kSize * set_fraction),
                                        op_fraction, static_cast<uint64_t>(kSize * first), rank);
        }
        EXPECT_GT(ChiSquarePValue(counts, weights), kSuspicious)
            << set_fraction << " " << op_fraction << " " << first;
      }
    }
  }
}

TEST(HotspotDistribution, HasAHotRecordAndNoMoreThanThereAre) {
  OpRandom random(1, 0, 0);
  const HotspotDistribution none(10, 0.01, 1.0, 0.5);
  const HotspotDistribution all(10, 1.0, 0.0, 0.0);
  const HotspotDistribution single(1, 0.2, 0.8, 0.9);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(none(random), 5u);
    EXPECT_LT(all(random), 10u);
    EXPECT_EQ(single(random), 0u);
  }
}

TEST(SelfSimilarDistribution, MatchesItsClosedForm) {
  for (const uint64_t size : {1ull, 2ull, 1000ull, 1000000ull, 1ull << 40}) {
    for (const double h : {0.01, 0.2, 0.4, 0.499}) {
      SelfSimilarDistribution self_similar(size, h);
      RankHistogram histogram(size);
      Draw(self_similar, 500000, &histogram);
      const double exponent = std::log(1 - h) / std::log(h);
      const auto below = [&](uint64_t rank) {
        return std::pow(static_cast<double>(rank) / static_cast<double>(size), exponent);
      };
      EXPECT_GT(histogram.PValueOf(
                    [&](uint64_t begin, uint64_t end) { return below(end) - below(begin); }),
                kSuspicious)
          << size << " " << h;
    }
  }
}

TEST(SelfSimilarDistribution, GivesEightyPercentToTwentyAtEveryScale) {
  const SelfSimilarDistribution self_similar(1000000, 0.2);
  constexpr uint64_t kDraws = 1000000;
  std::array<uint64_t, 4> below = {};  // of 20%, 4%, 0.8% and 0.16% of the records
  for (uint64_t op = 0; op < kDraws; ++op) {
    OpRandom random(1, 0, op);
    const uint64_t rank = self_similar(random);
    uint64_t share = 200000;
    for (uint64_t& count : below) {
      count += rank < share ? 1 : 0;
      share /= 5;
    }
  }
  double expected = 0.8;
  for (const uint64_t count : below) {
    EXPECT_NEAR(static_cast<double>(count) / kDraws, expected, 0.002);
    expected *= 0.8;
  }
}

TEST(ExponentialDistribution, MatchesItsClosedFormAtEverySize) {
  constexpr uint64_t kInitialSize = 1000;
  for (const double percentile : {1.0, 50.0, 95.0, 99.99}) {
    for (const double fraction : {0.01, 0.8571428571, 1.0}) {
      ExponentialDistribution exponential(kInitialSize, kInitialSize, percentile, fraction);
      for (const uint64_t grown_to : {1000, 1001, 5000}) {
        while (exponential.size() < grown_to) exponential.Grow();
        RankHistogram histogram(grown_to);
        Draw(exponential, 200000, &histogram);
        const double gamma = -std::log(1 - percentile / 100) / (fraction * kInitialSize);
        const auto above = [&](uint64_t rank) {
          return std::exp(-gamma * static_cast<double>(rank));
        };
        EXPECT_GT(histogram.PValueOf(
                      [&](uint64_t begin, uint64_t end) { return above(begin) - above(end); }),
                  kSuspicious)
            << percentile << " " << fraction << " " << grown_to;
      }
    }
  }
}

TEST(ExponentialDistribution, GivesThePercentileToTheNewestFraction) {
  // A percentile of a fraction this small leaves next to nothing for what is cut off at the end.
  const ExponentialDistribution exponential(1000000, 1000000, 95, 0.1);
  constexpr uint64_t kDraws = 1000000;
  uint64_t newest = 0;
  for (uint64_t op = 0; op < kDraws; ++op) {
    OpRandom random(1, 0, op);
    newest += exponential(random) < 100000 ? 1 : 0;
  }
  EXPECT_NEAR(static_cast<double>(newest) / kDraws, 0.95, 0.001);
}

TEST(ExponentialDistribution, GrownAndMadeLargeDrawTheSame) {
  ExponentialDistribution grown(10, 10, 95, 0.5);
  for (uint64_t size = 10; size < 1000; ++size) {
    ExponentialDistribution made(10, size, 95, 0.5);
    OpRandom a(size, 0, 0);
    OpRandom b(size, 0, 0);
    ASSERT_EQ(grown(a), made(b)) << size;
    grown.Grow();
  }
}

TEST(SequentialDistribution, AllThreadsTogetherVisitEachRecordInTurn) {
  constexpr uint64_t kSize = 100;
  constexpr uint32_t kThreads = 3;
  uint64_t next = 0;
  for (uint64_t op = 0; op < 200; ++op) {
    for (uint32_t thread = 0; thread < kThreads; ++thread) {
      EXPECT_EQ(SequentialDistribution(kSize, thread, kThreads).AtOp(op), next++ % kSize);
    }
  }
}

}  // namespace
}  // namespace bwlab::workload
