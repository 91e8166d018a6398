#include "bwlab/policy/consolidation/consolidation.h"

#include <gtest/gtest.h>

namespace bwlab {
namespace {

TEST(ReaderConsolidation, HeedsItsMinimum) {
  ReaderConsolidation::Local local({.deltas_min = 5});
  EXPECT_EQ(local.AfterRead(4), ConsolidationAdvice::kNone);
  EXPECT_EQ(local.AfterRead(5), ConsolidationAdvice::kNow);
  EXPECT_EQ(local.AfterWrite(20), ConsolidationAdvice::kNone);
}

TEST(AdaptiveConsolidation, TheLimitFollowsTheMixBothWays) {
  AdaptiveConsolidation::Local local({.chain_length = 16, .deltas_min = 4});
  EXPECT_EQ(local.limit(), 16u);
  for (int i = 0; i < 1000; ++i) (void)local.AfterRead(0);
  EXPECT_LE(local.limit(), 5u);
  EXPECT_EQ(local.AfterRead(3), ConsolidationAdvice::kNone);
  EXPECT_EQ(local.AfterRead(6), ConsolidationAdvice::kNow);
  for (int i = 0; i < 500; ++i) (void)local.AfterRead(0), (void)local.AfterWrite(0);
  EXPECT_GE(local.limit(), 12u) << "half writes";
  for (int i = 0; i < 1000; ++i) (void)local.AfterWrite(0);
  EXPECT_EQ(local.limit(), 16u);
  EXPECT_EQ(local.AfterWrite(16), ConsolidationAdvice::kNone) << "the next writer must anyway";
}

TEST(AdaptiveConsolidation, AChainShorterThanTheMinimumIsTheLimit) {
  AdaptiveConsolidation::Local local({.chain_length = 2, .deltas_min = 8});
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(local.AfterRead(2), ConsolidationAdvice::kNone);
  EXPECT_EQ(local.limit(), 2u);
}

}  // namespace
}  // namespace bwlab
