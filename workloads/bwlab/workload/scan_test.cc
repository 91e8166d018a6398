#include "bwlab/workload/scan.h"

#include <gtest/gtest.h>

#include <vector>

#include "bwlab/workload/chi_square_testing.h"

namespace bwlab::workload {
namespace {

using testing::ChiSquarePValue;
using testing::ChiSquarePValueUniform;
using testing::kSuspicious;

// How often each length comes up in 500,000 draws, from length 1 to spec.length_max.
std::vector<uint64_t> Counts(const ScanSpec& spec) {
  const ScanLengths lengths(spec);
  std::vector<uint64_t> counts(spec.length_max);
  for (uint64_t op = 0; op < 500000; ++op) {
    OpRandom random(1, 0, op);
    const uint16_t length = lengths(random);
    EXPECT_GE(length, 1);
    EXPECT_LE(length, spec.length_max);
    ++counts[length - 1u];
  }
  return counts;
}

TEST(ScanLengths, OfUniformMatchTheirClosedForm) {
  const auto counts = Counts({.length_min = 11, .length_max = 60});
  const std::vector<uint64_t> within(counts.begin() + 10, counts.end());
  EXPECT_GT(ChiSquarePValueUniform(within), kSuspicious);
  EXPECT_EQ(std::vector<uint64_t>(counts.begin(), counts.begin() + 10), std::vector<uint64_t>(10));
}

// The distribution function is 1 - (1 + k x / sigma)^(-1/k), and a length stands for all of its
// residues.
TEST(ScanLengths, OfParetoMatchTheirClosedForm) {
  for (const double k : {0.0, 0.5, 2.517}) {
    for (const uint16_t length_max : {uint16_t{100}, uint16_t{10000}}) {
      constexpr double kSigma = 14.236;
      const auto above = [k](double x) {
        return k == 0 ? std::exp(-x / kSigma) : std::pow(1 + k * x / kSigma, -1 / k);
      };
      std::vector<double> weights(length_max);
      constexpr double kTurns = 200;  // what is left then is as good as even
      for (double turn = 0; turn < kTurns; ++turn) {
        for (uint16_t i = 0; i < length_max; ++i) {
          const double x = turn * length_max + i;
          weights[i] += above(x) - above(x + 1);
        }
      }
      for (double& weight : weights) weight += above(kTurns * length_max) / length_max;
      const auto counts = Counts({.distribution = ScanDistributionKind::kPareto,
                                  .length_max = length_max,
                                  .k = k,
                                  .sigma = kSigma});
      EXPECT_GT(ChiSquarePValue(counts, weights), kSuspicious) << k << " " << length_max;
    }
  }
}

TEST(ScanLengths, StayWithinBoundsInTheFarthestTail) {
  struct Largest {
    uint64_t Next() { return ~uint64_t{0}; }
  } largest;
  for (const double k : {0.0, 2.517, 10.0}) {
    const ScanLengths lengths(
        {.distribution = ScanDistributionKind::kPareto, .length_max = 65535, .k = k, .sigma = 1e6});
    EXPECT_GE(lengths(largest), 1) << k;
  }
}

}  // namespace
}  // namespace bwlab::workload
