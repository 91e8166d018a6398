#include "bwlab/policy/backoff/backoff.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "bwlab/policy/concepts.h"

namespace bwlab {
namespace {

constexpr BackoffLimits kLimits{4, 64};

/// Spins of each pause of an operation that loses `losses` CASes.
template <class Backoff>
std::vector<uint64_t> PausesOfOneOperation(typename Backoff::Local& local, int losses) {
  Backoff backoff(local);
  std::vector<uint64_t> pauses;
  for (int i = 0; i < losses; ++i) {
    const uint64_t before = backoff.spins();
    backoff.Pause();
    pauses.push_back(backoff.spins() - before);
  }
  return pauses;
}

using Pauses = std::vector<uint64_t>;

template <class Backoff>
class BackoffTest : public testing::Test {};
using Backoffs = testing::Types<NoBackoff, PauseBackoff, YieldBackoff, ExponentialBackoff,
                                ExponentialJitterBackoff, AdaptiveBackoff>;
TYPED_TEST_SUITE(BackoffTest, Backoffs);

TYPED_TEST(BackoffTest, IsABackoffPolicyThatStaysBelowTheLongestPause) {
  static_assert(BackoffPolicy<TypeParam>);
  typename TypeParam::Local local(kLimits);
  for (int operation = 0; operation < 50; ++operation) {
    for (uint64_t pause : PausesOfOneOperation<TypeParam>(local, 20)) {
      EXPECT_LE(pause, kLimits.spins_max);
    }
  }
}

TYPED_TEST(BackoffTest, AnOperationThatLosesNoCasSpendsNothing) {
  typename TypeParam::Local local(kLimits);
  EXPECT_EQ(TypeParam(local).spins(), 0u);
}

TEST(NoBackoff, NeverPauses) {
  NoBackoff::Local local(kLimits);
  EXPECT_EQ(PausesOfOneOperation<NoBackoff>(local, 3), (Pauses{0, 0, 0}));
}

TEST(PauseBackoff, SpinsOnceALoss) {
  PauseBackoff::Local local(kLimits);
  EXPECT_EQ(PausesOfOneOperation<PauseBackoff>(local, 3), (Pauses{1, 1, 1}));
}

TEST(YieldBackoff, YieldsOnceALossAndDoesNotSpin) {
  YieldBackoff::Local local(kLimits);
  YieldBackoff backoff(local);
  for (int i = 0; i < 3; ++i) backoff.Pause();
  EXPECT_EQ(backoff.yields(), 3u);
  EXPECT_EQ(backoff.spins(), 0u);
}

TEST(ExponentialBackoff, DoublesWithinAnOperationAndForgetsAfterIt) {
  ExponentialBackoff::Local local(kLimits);
  for (int operation = 0; operation < 2; ++operation) {
    EXPECT_EQ(PausesOfOneOperation<ExponentialBackoff>(local, 7),
              (Pauses{4, 8, 16, 32, 64, 64, 64}));
  }
}

TEST(ExponentialJitterBackoff, DrawsFromTheWholeRangeBelowALimitThatDoubles) {
  ExponentialJitterBackoff::Local local(kLimits);
  const std::vector<uint64_t> limits = {4, 8, 16, 32, 64, 64};
  std::vector<uint64_t> least(limits.size(), UINT64_MAX);
  std::vector<uint64_t> most(limits.size(), 0);
  for (int operation = 0; operation < 3000; ++operation) {
    const Pauses pauses = PausesOfOneOperation<ExponentialJitterBackoff>(local, 6);
    for (std::size_t i = 0; i < limits.size(); ++i) {
      least[i] = std::min(least[i], pauses[i]);
      most[i] = std::max(most[i], pauses[i]);
    }
  }
  EXPECT_EQ(least, std::vector<uint64_t>(limits.size(), 0));
  EXPECT_EQ(most, limits);
}

TEST(ExponentialJitterBackoff, SessionsDoNotPauseInStep) {
  constexpr BackoffLimits kWide{1 << 12, 1 << 12};
  ExponentialJitterBackoff::Local one(kWide);
  ExponentialJitterBackoff::Local other(kWide);
  EXPECT_NE(PausesOfOneOperation<ExponentialJitterBackoff>(one, 8),
            PausesOfOneOperation<ExponentialJitterBackoff>(other, 8));
}

TEST(AdaptiveBackoff, ARunOfLossesIsRememberedByTheNextOperation) {
  AdaptiveBackoff::Local local(kLimits);
  EXPECT_EQ(PausesOfOneOperation<AdaptiveBackoff>(local, 2), (Pauses{4, 8}));
  EXPECT_EQ(PausesOfOneOperation<AdaptiveBackoff>(local, 1), (Pauses{16}));
}

TEST(AdaptiveBackoff, OperationsWithoutALossBringThePauseBackToTheShortest) {
  AdaptiveBackoff::Local local(kLimits);
  PausesOfOneOperation<AdaptiveBackoff>(local, 10);
  ASSERT_EQ(local.pause(), kLimits.spins_max);
  uint32_t before = local.pause();
  for (int operation = 0; operation < 40; ++operation) {
    AdaptiveBackoff{local};
    EXPECT_LE(local.pause(), before);
    before = local.pause();
  }
  EXPECT_EQ(local.pause(), kLimits.spins_min);
}

/// The pause after many operations of which one in `period` loses a CAS.
uint32_t SettledPause(int period) {
  AdaptiveBackoff::Local local(BackoffLimits{4, 1024});
  for (int operation = 0; operation < 1000; ++operation) {
    PausesOfOneOperation<AdaptiveBackoff>(local, operation % period == 0 ? 1 : 0);
  }
  return local.pause();
}

TEST(AdaptiveBackoff, FrequentLossesLeadToLongPausesAndRareOnesToShortOnes) {
  EXPECT_GT(SettledPause(3), 512u);
  EXPECT_LT(SettledPause(20), 16u);
}

}  // namespace
}  // namespace bwlab
