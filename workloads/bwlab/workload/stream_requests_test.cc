// Whom the operations of streams ask for, and how many records their scans: against closed forms.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <unordered_map>
#include <vector>

#include "bwlab/workload/chi_square_testing.h"
#include "bwlab/workload/stream.h"
#include "bwlab/workload/stream_testing.h"

namespace bwlab::workload {
namespace {

using testing::ChiSquarePValueUniform;
using testing::kExponential;
using testing::kHotspot;
using testing::kHotspotInOrder;
using testing::kLatest;
using testing::kSelfSimilar;
using testing::kSequential;
using testing::kSuspicious;
using testing::kUniform;
using testing::kZipfian;
using testing::kZipfianInOrder;
using testing::RankHistogram;
using testing::Spec;

TEST(Stream, UniformRequestsMatchTheirClosedForm) {
  const WorkloadSpec spec = Spec({{OpKind::kRead, 0.9}, {OpKind::kInsert, 0.1}}, kUniform);
  const KeySpace keys(KeySpaceKind::kRandInt, 0);
  RankHistogram histogram(10000);
  for (const Op& op : MakeStream({.workload = spec, .record_count = 10000, .op_count = 500000})) {
    if (op.kind == OpKind::kInsert) continue;
    ASSERT_TRUE(histogram.Add(keys.RankOf(op.key)));
  }
  EXPECT_GT(histogram.PValueOfUniform(), kSuspicious);
}

TEST(Stream, ZipfianRequestsInOrderMatchTheirClosedForm) {
  const WorkloadSpec spec = Spec({{OpKind::kRead, 0.5}, {OpKind::kUpdate, 0.5}}, kZipfianInOrder);
  const KeySpace keys(KeySpaceKind::kRandInt, 0);
  std::map<OpKind, RankHistogram> histograms = {{OpKind::kRead, RankHistogram(100000)},
                                                {OpKind::kUpdate, RankHistogram(100000)}};
  for (const Op& op : MakeStream({.workload = spec, .record_count = 100000, .op_count = 1000000})) {
    ASSERT_TRUE(histograms.at(op.kind).Add(keys.RankOf(op.key)));
  }
  for (const auto& [kind, histogram] : histograms) {
    EXPECT_GT(histogram.PValueOfZipfian(0.99), kSuspicious) << ToString(kind);
  }
}

// Scrambling renames the records and leaves their popularity alone: the stream asks for the image
// of the rank that the stream in order asks for.
TEST(Stream, ScrambledRequestsAreThoseInOrderScattered) {
  constexpr uint64_t kRecords = 100000;
  const KeySpace keys(KeySpaceKind::kRandInt, 8);
  const Permutation scatter(kRecords, 8);
  for (const RequestSpec& request : {kZipfian, kHotspot, kSelfSimilar}) {
    WorkloadSpec spec = Spec({{OpKind::kRead, 1}}, request);
    const StreamConfig config = {
        .workload = spec, .record_count = kRecords, .op_count = 10000, .seed = 8};
    const auto scrambled = MakeStream(config);
    spec.request.scrambled = false;
    const auto in_order = MakeStream(config);
    for (size_t i = 0; i < in_order.size(); ++i) {
      ASSERT_EQ(keys.RankOf(scrambled[i].key), scatter(keys.RankOf(in_order[i].key)));
    }
  }
}

TEST(Stream, HotspotsGetTheirShareOfTheRequests) {
  constexpr uint64_t kRecords = 10000;
  const WorkloadSpec spec = Spec({{OpKind::kRead, 0.9}, {OpKind::kInsert, 0.1}}, kHotspotInOrder);
  uint64_t requests = 0;
  uint64_t hot = 0;
  for (const Op& op : MakeStream({.workload = spec,
                      .key_space = KeySpaceKind::kMonoInt,
                      .record_count = kRecords,
                      .op_count = 200000})) {
    if (op.kind == OpKind::kInsert) continue;
    ++requests;
    hot += op.key < kRecords / 5 ? 1 : 0;
  }
  EXPECT_NEAR(static_cast<double>(hot) / static_cast<double>(requests), 0.8, 0.004);
}

TEST(Stream, SequentialRequestsVisitEachRecordInTurn) {
  constexpr uint64_t kRecords = 100;
  const WorkloadSpec spec = Spec({{OpKind::kRead, 1}}, kSequential);
  for (uint32_t thread = 0; thread < 2; ++thread) {
    const auto ops = MakeStream({.workload = spec,
                                 .key_space = KeySpaceKind::kMonoInt,
                                 .record_count = kRecords,
                                 .op_count = 250,
                                 .thread = thread,
                                 .threads = 2});
    for (size_t i = 0; i < ops.size(); ++i) ASSERT_EQ(ops[i].key, (2 * i + thread) % kRecords);
  }
}

// The popular records are the same for all threads, or there would be no contention to measure.
TEST(Stream, ThreadsShareThePopularRecords) {
  const WorkloadSpec spec = Spec({{OpKind::kRead, 1}}, kZipfian);
  std::set<uint64_t> hottest;
  for (uint32_t thread = 0; thread < 4; ++thread) {
    std::unordered_map<uint64_t, int> counts;
    for (const Op& op : MakeStream({.workload = spec,
                        .record_count = 100000,
                        .op_count = 20000,
                        .thread = thread,
                        .threads = 4})) {
      ++counts[op.key];
    }
    hottest.insert(std::max_element(counts.begin(), counts.end(), [](auto& x, auto& y) {
                     return x.second < y.second;
                   })->first);
  }
  EXPECT_EQ(hottest.size(), 1u);
}

// Replays a stream of one of `kThreads` and counts, for each request, how many newer records its
// thread knew at that moment. The population grows by a tenth; recencies below the loaded number
// keep their relative frequencies.
RankHistogram Recencies(const RequestSpec& request, uint64_t records, uint32_t thread) {
  constexpr uint32_t kThreads = 2;
  const WorkloadSpec spec = Spec({{OpKind::kRead, 0.95}, {OpKind::kInsert, 0.05}}, request);
  const KeySpace keys(KeySpaceKind::kRandInt, 0);
  RankHistogram histogram(records);
  uint64_t inserted = 0;
  for (const Op& op : MakeStream({.workload = spec,
                      .record_count = records,
                      .op_count = 200000,
                      .thread = thread,
                      .threads = kThreads})) {
    if (op.kind == OpKind::kInsert) {
      ++inserted;
      continue;
    }
    const uint64_t rank = keys.RankOf(op.key);
    const uint64_t recency = rank < records ? inserted + records - 1 - rank
                                            : inserted - 1 - (rank - records - thread) / kThreads;
    EXPECT_LT(recency, records + inserted);
    histogram.Add(recency);
  }
  EXPECT_GT(inserted, 9000u);
  return histogram;
}

TEST(Stream, LatestRequestsAreZipfianInRecency) {
  for (const uint32_t thread : {0u, 1u}) {
    EXPECT_GT(Recencies(kLatest, 100000, thread).PValueOfZipfian(0.99), kSuspicious);
  }
}

TEST(Stream, ExponentialRequestsAreExponentialInRecency) {
  constexpr uint64_t kRecords = 100000;
  const double gamma =
      -std::log(1 - kExponential.percentile / 100) / (kExponential.fraction * kRecords);
  const auto above = [&](uint64_t rank) { return std::exp(-gamma * static_cast<double>(rank)); };
  for (const uint32_t thread : {0u, 1u}) {
    EXPECT_GT(Recencies(kExponential, kRecords, thread).PValueOf([&](uint64_t begin, uint64_t end) {
      return above(begin) - above(end);
    }),
              kSuspicious);
  }
}

TEST(Stream, ScanLengthsAreUniformBetweenTheirBoundsAndOthersHaveNone) {
  WorkloadSpec spec =
      Spec({{OpKind::kScan, 0.5}, {OpKind::kReverseScan, 0.45}, {OpKind::kInsert, 0.05}}, kZipfian);
  spec.scan = {.length_min = 1, .length_max = 100};
  std::map<OpKind, std::vector<uint64_t>> counts = {
      {OpKind::kScan, std::vector<uint64_t>(100)},
      {OpKind::kReverseScan, std::vector<uint64_t>(100)}};
  for (const Op& op : MakeStream({.workload = spec, .record_count = 1000, .op_count = 200000})) {
    if (op.kind == OpKind::kInsert) {
      ASSERT_EQ(op.length, 0);
      continue;
    }
    ASSERT_GE(op.length, 1);
    ASSERT_LE(op.length, 100);
    ++counts.at(op.kind)[op.length - 1u];
  }
  for (const auto& [kind, of_kind] : counts) {
    EXPECT_GT(ChiSquarePValueUniform(of_kind), kSuspicious) << ToString(kind);
  }

  spec.scan = {.length_min = 65535, .length_max = 65535};
  for (const Op& op : MakeStream({.workload = spec, .record_count = 1000, .op_count = 100})) {
    EXPECT_EQ(op.length, op.kind == OpKind::kInsert ? 0 : 65535);
  }
}

}  // namespace
}  // namespace bwlab::workload
