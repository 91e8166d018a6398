#include "bwlab/workload/chi_square_testing.h"

#include <gtest/gtest.h>

namespace bwlab::workload::testing {
namespace {

TEST(ChiSquareTesting, GivesTheTabulatedTailProbabilities) {
  struct Row {
    double degrees, statistic, tail;
  };
  // Critical values as printed in every table of the distribution (NIST/SEMATECH
  // e-Handbook, 1.3.6.7.4).
  for (const Row& row : {Row{1, 3.841, 0.05}, Row{10, 18.307, 0.05}, Row{100, 124.342, 0.05},
                         Row{10, 29.588, 0.001}, Row{100, 149.449, 0.001}, Row{10, 3.940, 0.95}}) {
    EXPECT_NEAR(UpperGamma(row.degrees / 2, row.statistic / 2), row.tail, row.tail * 1e-3);
  }
}

TEST(ChiSquareTesting, TellsAFairDieFromALoadedOne) {
  const std::vector<uint64_t> fair = {1010, 985, 1003, 1022, 978, 1002};
  const std::vector<uint64_t> loaded = {880, 980, 1000, 1000, 1020, 1120};
  EXPECT_GT(ChiSquarePValueUniform(fair), 0.5);
  EXPECT_LT(ChiSquarePValueUniform(loaded), kSuspicious);
}

TEST(ChiSquareTesting, ZipfWeightAgreesWithTheSumTermByTerm) {
  for (const double theta : {0.5, 0.99, 1.0, 1.7}) {
    double sum = 0;
    for (uint64_t r = 300000; r >= 1; --r) sum += std::pow(static_cast<double>(r), -theta);
    EXPECT_NEAR(ZipfWeight(0, 300000, theta), sum, sum * 1e-12) << theta;
    EXPECT_NEAR(ZipfWeight(0, 100, theta) + ZipfWeight(100, 300000, theta), sum, sum * 1e-12);
  }
}

}  // namespace
}  // namespace bwlab::workload::testing
