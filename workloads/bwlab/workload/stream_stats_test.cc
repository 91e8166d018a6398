#include "bwlab/workload/stream_stats.h"

#include <gtest/gtest.h>

#include "bwlab/workload/chi_square_testing.h"
#include "bwlab/workload/stream.h"

namespace bwlab::workload {
namespace {

TEST(StreamStats, CountsWhatIsThere) {
  const std::vector<std::vector<Op>> streams = {
      {{.key = 7}, {.key = 0, .kind = OpKind::kUpdate}, {.key = 9, .kind = OpKind::kInsert}},
      {},
      {{.key = 0}, {.key = ~0ull, .kind = OpKind::kScan}, {.key = 9, .kind = OpKind::kInsert}}};
  const StreamStats stats = ComputeStreamStats(streams);
  EXPECT_EQ(stats.ops, 6u);
  EXPECT_EQ(stats.ops_by_kind[IndexOf(OpKind::kRead)], 2u);
  EXPECT_EQ(stats.ops_by_kind[IndexOf(OpKind::kUpdate)], 1u);
  EXPECT_EQ(stats.ops_by_kind[IndexOf(OpKind::kInsert)], 2u);
  EXPECT_EQ(stats.ops_by_kind[IndexOf(OpKind::kScan)], 1u);
  EXPECT_DOUBLE_EQ(stats.RealisedShare(OpKind::kRead), 2.0 / 6);
  EXPECT_EQ(stats.RealisedMix(),
            (std::map<std::string, double>{
                {"read", 2.0 / 6}, {"update", 1.0 / 6}, {"insert", 2.0 / 6}, {"scan", 1.0 / 6}}));
  EXPECT_EQ(stats.requests, 4u);
  EXPECT_EQ(stats.requests_examined, 4u);
  EXPECT_EQ(stats.distinct_keys, 3u);
  EXPECT_EQ(stats.top_key, 0u);
  EXPECT_DOUBLE_EQ(stats.top_key_share, 0.5);
}

TEST(StreamStats, OfTiedKeysTheSmallestIsTheTopKey) {
  const std::vector<std::vector<Op>> streams = {{{.key = 30}, {.key = 20}, {.key = 25}}};
  EXPECT_EQ(ComputeStreamStats(streams).top_key, 20u);
}

TEST(StreamStats, AreZeroWhereNothingIsAskedFor) {
  EXPECT_EQ(ComputeStreamStats(std::vector<std::vector<Op>>()).ops, 0u);
  EXPECT_EQ(ComputeStreamStats(std::vector<std::vector<Op>>()).RealisedShare(OpKind::kRead), 0.0);
  EXPECT_TRUE(ComputeStreamStats(std::vector<std::vector<Op>>()).RealisedMix().empty());
  const std::vector<std::vector<Op>> inserts = {{{.key = 1, .kind = OpKind::kInsert}}};
  const StreamStats stats = ComputeStreamStats(inserts);
  EXPECT_EQ(stats.ops, 1u);
  EXPECT_EQ(stats.requests, 0u);
  EXPECT_EQ(stats.top_key_share, 0.0);
}

TEST(StreamStats, ShowTheSkewOfAZipfianStream) {
  WorkloadSpec spec;
  spec.mix[IndexOf(OpKind::kRead)] = 1;
  spec.request = {.distribution = DistributionKind::kZipfian, .theta = 0.99};
  const std::vector<std::vector<Op>> streams = {
      MakeStream({.workload = spec, .record_count = 1000000, .op_count = 500000})};
  const StreamStats stats = ComputeStreamStats(streams);
  EXPECT_NEAR(stats.top_key_share, 1 / testing::ZipfWeight(0, 1000000, 0.99), 0.002);
}

TEST(StreamStats, ExamineEveryNthRequestOfALongStream) {
  // Two of three requests are for key 5, with a period that every second request does not hide.
  std::vector<std::vector<Op>> streams(2, std::vector<Op>(kSkewSampleMax / 2 + 1));
  for (auto& stream : streams) {
    for (size_t i = 0; i < stream.size(); ++i) stream[i].key = i % 3 == 0 ? 4 : 5;
  }
  const StreamStats stats = ComputeStreamStats(streams);
  EXPECT_EQ(stats.requests, kSkewSampleMax + 2);
  EXPECT_EQ(stats.requests_examined, kSkewSampleMax / 2 + 1);
  EXPECT_EQ(stats.distinct_keys, 2u);
  EXPECT_EQ(stats.top_key, 5u);
  EXPECT_NEAR(stats.top_key_share, 2.0 / 3, 1e-5);
}

TEST(StreamStats, ChooseWhatTheyExamineByTheOperationsAlone) {
  // They go by once, so that nobody knows how many of them are requests before the last has come.
  std::vector<std::vector<Op>> streams(1, std::vector<Op>(kSkewSampleMax + 4));
  for (size_t i = 0; i < streams[0].size(); ++i) {
    streams[0][i] = {.key = i, .kind = i % 4 == 0 ? OpKind::kRead : OpKind::kInsert};
  }
  const StreamStats stats = ComputeStreamStats(streams);
  EXPECT_EQ(stats.requests, kSkewSampleMax / 4 + 1);
  EXPECT_EQ(stats.requests_examined, kSkewSampleMax / 8 + 1);
  EXPECT_EQ(stats.distinct_keys, stats.requests_examined);
}

}  // namespace
}  // namespace bwlab::workload
