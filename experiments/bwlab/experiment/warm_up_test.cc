#include "bwlab/experiment/warm_up.h"

#include <gtest/gtest.h>

#include <vector>

namespace bwlab::experiment {
namespace {

using workload::OpKind;

TEST(WarmUp, IsOverWhenTheLastChunksWereEquallyFast) {
  EXPECT_FALSE(IsSteady({}));
  EXPECT_FALSE(IsSteady(std::vector<double>{100, 100}));
  EXPECT_TRUE(IsSteady(std::vector<double>{100, 104, 98}));
  EXPECT_TRUE(IsSteady(std::vector<double>{20, 60, 100, 104, 98}));
  EXPECT_FALSE(IsSteady(std::vector<double>{100, 100, 80, 100, 100}));
  EXPECT_FALSE(IsSteady(std::vector<double>{100, 100, 100, 112}));
}

TEST(WarmUp, LeavesTheSetOfRecordsAlone) {
  workload::WorkloadSpec spec;
  spec.mix[workload::IndexOf(OpKind::kInsert)] = 0.25;
  spec.mix[workload::IndexOf(OpKind::kDelete)] = 0.25;
  spec.mix[workload::IndexOf(OpKind::kUpdate)] = 0.5;
  const workload::WorkloadSpec warm = WarmUpWorkload(spec);
  EXPECT_FALSE(warm.Has(OpKind::kInsert));
  EXPECT_FALSE(warm.Has(OpKind::kDelete));
  EXPECT_EQ(warm.Share(OpKind::kRead), 0.5);
  EXPECT_EQ(warm.Share(OpKind::kUpdate), 0.5);
}

TEST(WarmUp, IsWithWhatComesFirst) {
  workload::WorkloadSpec spec;
  workload::PhaseSpec reads;
  reads.share = 0.5;
  reads.mix[workload::IndexOf(OpKind::kRead)] = 1;
  workload::PhaseSpec inserts;
  inserts.share = 0.5;
  inserts.mix[workload::IndexOf(OpKind::kInsert)] = 1;
  spec.SetPhases({reads, inserts});
  EXPECT_TRUE(CanWarmUp(spec));
  EXPECT_EQ(WarmUpWorkload(spec).Share(OpKind::kRead), 1);
  EXPECT_TRUE(WarmUpWorkload(spec).phases.empty());
  spec.SetPhases({inserts, reads});
  EXPECT_FALSE(CanWarmUp(spec));
}

TEST(WarmUp, AChunkHasWorkForEachThread) {
  EXPECT_EQ(WarmUpChunkOps(800, 2), 100u);
  EXPECT_EQ(WarmUpChunkOps(3, 2), 2u);
}

}  // namespace
}  // namespace bwlab::experiment
