#include "bwlab/workload/stream.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <thread>
#include <vector>

#include "bwlab/workload/chi_square_testing.h"
#include "bwlab/workload/stream_testing.h"

namespace bwlab::workload {
namespace {

using testing::ChiSquarePValue;
using testing::kExponential;
using testing::kHotspot;
using testing::kHotspotInOrder;
using testing::kLatest;
using testing::kMixGraph;
using testing::kSelfSimilar;
using testing::kSequential;
using testing::kSuspicious;
using testing::kUniform;
using testing::kZipfian;
using testing::kZipfianInOrder;
using testing::Phase;
using testing::Spec;
using testing::ThreePhases;

// Every kind of operation, under each distribution.
std::vector<WorkloadSpec> MixedWorkloads() {
  std::vector<WorkloadSpec> specs;
  for (const RequestSpec& request :
       {kUniform, kZipfian, kZipfianInOrder, kLatest, kHotspot, kHotspotInOrder, kExponential,
        kSelfSimilar, kSequential, kMixGraph}) {
    specs.push_back(Spec({{OpKind::kRead, 0.3},
                          {OpKind::kUpdate, 0.1},
                          {OpKind::kInsert, 0.2},
                          {OpKind::kUpsert, 0.1},
                          {OpKind::kDelete, 0.05},
                          {OpKind::kReadModifyWrite, 0.05},
                          {OpKind::kScan, 0.1},
                          {OpKind::kReverseScan, 0.1}},
                         request));
  }
  specs.push_back(Spec({{OpKind::kInsert, 1}}));
  specs.push_back(ThreePhases());
  return specs;
}

TEST(LoadStream, AllThreadsTogetherLoadEachRecordOnceInOrder) {
  const WorkloadSpec spec = Spec({{OpKind::kRead, 1}});
  for (const uint64_t records : {0, 1, 2, 3, 1000, 1001}) {
    for (const uint32_t threads : {1u, 2u, 3u, 7u}) {
      std::set<uint64_t> loaded;
      for (uint32_t thread = 0; thread < threads; ++thread) {
        const auto ops =
            MakeLoadStream({.workload = spec,
                            .key_space = KeySpaceKind::kMonoInt,
                            .record_count = std::max<uint64_t>(records, 1),
                            .op_count = ShareOf(std::max<uint64_t>(records, 1), thread, threads),
                            .thread = thread,
                            .threads = threads});
        EXPECT_TRUE(std::is_sorted(ops.begin(), ops.end(),
                                   [](const Op& a, const Op& b) { return a.key < b.key; }));
        for (const Op& op : ops) {
          EXPECT_EQ(op.kind, OpKind::kInsert);
          EXPECT_EQ(op.version, 0u);
          EXPECT_TRUE(loaded.insert(op.key).second) << op.key;
        }
      }
      EXPECT_EQ(loaded.size(), std::max<uint64_t>(records, 1));
      EXPECT_EQ(*loaded.rbegin(), loaded.size() - 1);
    }
  }
}

TEST(LoadStream, UsesTheKeysOfTheKeySpace) {
  const WorkloadSpec spec = Spec({{OpKind::kRead, 1}});
  const KeySpace keys(KeySpaceKind::kRandInt, 5);
  const auto ops =
      MakeLoadStream({.workload = spec, .record_count = 10, .op_count = 10, .seed = 5});
  ASSERT_EQ(ops.size(), 10u);
  for (uint64_t rank = 0; rank < 10; ++rank) EXPECT_EQ(ops[rank].key, keys.KeyOf(rank));
}

TEST(LoadStream, IsTheSameInPiecesAndEndsWhereItEnds) {
  const WorkloadSpec spec = Spec({{OpKind::kRead, 1}});
  const auto make = [&](uint64_t offset, uint64_t count) {
    return MakeLoadStream({.workload = spec,
                           .record_count = 21,
                           .op_count = count,
                           .thread = 1,
                           .threads = 2,
                           .op_offset = offset});
  };
  const std::vector<Op> whole = make(0, 10);
  ASSERT_EQ(whole.size(), 10u);
  std::vector<Op> joined;
  for (const uint64_t offset : {0, 4, 8, 12}) {
    const std::vector<Op> piece = make(offset, 4);
    joined.insert(joined.end(), piece.begin(), piece.end());
  }
  EXPECT_EQ(joined, whole);
}

TEST(Stream, IsTheSameOnAnyThreadAndInAnyOrder) {
  constexpr uint32_t kThreads = 4;
  for (const WorkloadSpec& spec : MixedWorkloads()) {
    const auto make = [&](uint32_t thread) {
      return MakeStream({.workload = spec,
                         .record_count = 1000,
                         .op_count = 5000,
                         .thread = thread,
                         .threads = kThreads,
                         .seed = 3});
    };
    std::vector<std::vector<Op>> at_once(kThreads);
    {
      std::vector<std::jthread> workers;
      for (uint32_t t = 0; t < kThreads; ++t)
        workers.emplace_back([&, t] { at_once[t] = make(t); });
    }
    for (uint32_t t = kThreads; t-- > 0;) EXPECT_EQ(make(t), at_once[t]);
  }
}

TEST(Stream, IsTheSameInChunks) {
  for (const WorkloadSpec& spec : MixedWorkloads()) {
    StreamConfig config = {
        .workload = spec, .record_count = 100, .op_count = 5000, .thread = 1, .threads = 3};
    const std::vector<Op> whole = MakeStream(config);

    StreamGenerator generator(config);
    std::vector<Op> filled(whole.size());
    for (size_t at = 0, size = 1; at < filled.size(); at += size, size = size * 2 + 1) {
      generator.Fill(std::span(filled).subspan(at, std::min(size, filled.size() - at)));
    }
    EXPECT_EQ(filled, whole);

    config.op_total = whole.size();
    for (const uint64_t offset : {1, 777, 1000, 2500, 3500, 4999, 5000}) {
      config.op_offset = offset;
      config.op_count = whole.size() - offset;
      const auto tail = std::span(whole).subspan(offset);
      EXPECT_EQ(MakeStream(config), std::vector<Op>(tail.begin(), tail.end())) << offset;
      config.op_count = std::min<uint64_t>(config.op_count, 100);
      const auto piece = tail.first(config.op_count);
      EXPECT_EQ(MakeStream(config), std::vector<Op>(piece.begin(), piece.end())) << offset;
    }
  }
}

TEST(Stream, DependsOnSeedAndThread) {
  const WorkloadSpec spec = Spec({{OpKind::kRead, 1}}, kZipfian);
  const StreamConfig config = {
      .workload = spec, .record_count = 1000, .op_count = 100, .threads = 2, .seed = 1};
  StreamConfig other_seed = config;
  other_seed.seed = 2;
  StreamConfig other_thread = config;
  other_thread.thread = 1;
  EXPECT_NE(MakeStream(config), MakeStream(other_seed));
  EXPECT_NE(MakeStream(config), MakeStream(other_thread));
}

TEST(Stream, VersionsAreUniqueOverTheThreads) {
  const WorkloadSpec spec = Spec({{OpKind::kUpdate, 1}}, kUniform);
  std::set<uint32_t> versions;
  for (uint32_t thread = 0; thread < 3; ++thread) {
    const auto ops = MakeStream(
        {.workload = spec, .record_count = 10, .op_count = 100, .thread = thread, .threads = 3});
    for (size_t i = 0; i < ops.size(); ++i) {
      EXPECT_EQ(ops[i].version, 1 + i * 3 + thread);
      versions.insert(ops[i].version);
    }
  }
  EXPECT_EQ(versions.size(), 300u);
}

TEST(Stream, RealisesTheMix) {
  for (const WorkloadSpec& spec : MixedWorkloads()) {
    std::vector<uint64_t> counts(kOpKindCount);
    for (const Op& op : MakeStream({.workload = spec, .record_count = 1000, .op_count = 200000})) {
      ++counts[IndexOf(op.kind)];
    }
    std::vector<uint64_t> present_counts;
    std::vector<double> present_shares;
    for (const OpKind kind : kAllOpKinds) {
      if (!spec.Has(kind)) {
        EXPECT_EQ(counts[IndexOf(kind)], 0u);
        continue;
      }
      present_counts.push_back(counts[IndexOf(kind)]);
      present_shares.push_back(spec.Share(kind));
    }
    EXPECT_GT(ChiSquarePValue(present_counts, present_shares), kSuspicious);
  }
}

TEST(Stream, InsertsTakeNewRanksInOrderAndNeverTheSame) {
  constexpr uint64_t kRecords = 1000;
  const KeySpace keys(KeySpaceKind::kRandInt, 0);
  for (const WorkloadSpec& spec : MixedWorkloads()) {
    std::set<uint64_t> inserted;
    for (uint32_t thread = 0; thread < 3; ++thread) {
      uint64_t n = 0;
      for (const Op& op : MakeStream({.workload = spec,
                          .record_count = kRecords,
                          .op_count = 2000,
                          .thread = thread,
                          .threads = 3})) {
        if (op.kind != OpKind::kInsert) continue;
        EXPECT_EQ(keys.RankOf(op.key), kRecords + n++ * 3 + thread);
        EXPECT_TRUE(inserted.insert(op.key).second);
      }
      EXPECT_GT(n, 0u);
    }
  }
}

TEST(Stream, InsertsAloneNeedNoRecords) {
  const WorkloadSpec spec = Spec({{OpKind::kInsert, 1}});
  const auto ops = MakeStream(
      {.workload = spec, .key_space = KeySpaceKind::kMonoInt, .record_count = 0, .op_count = 10});
  for (uint64_t i = 0; i < ops.size(); ++i) EXPECT_EQ(ops[i].key, i);
}

// What makes a miss an error: an operation asks for a loaded record or for one that its own thread
// inserted before.
TEST(Stream, AsksOnlyForWhatIsThere) {
  constexpr uint64_t kRecords = 50;
  const KeySpace keys(KeySpaceKind::kRandInt, 0);
  for (const WorkloadSpec& spec : MixedWorkloads()) {
    for (uint32_t thread = 0; thread < 2; ++thread) {
      std::set<uint64_t> inserted;
      for (const Op& op : MakeStream({.workload = spec,
                          .record_count = kRecords,
                          .op_count = 20000,
                          .thread = thread,
                          .threads = 2})) {
        if (op.kind == OpKind::kInsert) {
          inserted.insert(op.key);
        } else {
          ASSERT_TRUE(keys.RankOf(op.key) < kRecords || inserted.contains(op.key));
        }
      }
    }
  }
}

TEST(PhaseEnds, AreTheSharesOfTheOperations) {
  WorkloadSpec spec = ThreePhases();
  EXPECT_EQ(PhaseEnds(spec, 1000), (std::vector<uint64_t>{200, 700, 1000}));
  EXPECT_EQ(PhaseEnds(spec, 3), (std::vector<uint64_t>{1, 2, 3}));
  EXPECT_EQ(PhaseEnds(spec, 1), (std::vector<uint64_t>{0, 1, 1}));
  EXPECT_EQ(PhaseEnds(spec, 0), (std::vector<uint64_t>{0, 0, 0}));
  EXPECT_EQ(PhaseEnds(spec, kOpsMax).back(), kOpsMax);
  EXPECT_EQ(PhaseEnds(Spec({{OpKind::kRead, 1}}), 1000), (std::vector<uint64_t>{1000}));
  spec.SetPhases(std::vector<PhaseSpec>(3, Phase(1.0 / 3, Spec({{OpKind::kInsert, 1}}))));
  EXPECT_EQ(PhaseEnds(spec, 100), (std::vector<uint64_t>{33, 67, 100}));
}

TEST(Phases, MakeTheMixOfTheWhole) {
  const WorkloadSpec spec = ThreePhases();
  EXPECT_DOUBLE_EQ(spec.Share(OpKind::kInsert), 0.2 + 0.5 * 0.25);
  EXPECT_DOUBLE_EQ(spec.Share(OpKind::kUpdate), 0.3);
  EXPECT_FALSE(spec.InsertsOnly());
  EXPECT_TRUE(spec.HasScans());
  EXPECT_TRUE(spec.MissIsError());
  WorkloadSpec deletes = spec;
  deletes.SetPhases({Phase(0.5, spec.phases[0]), Phase(0.5, Spec({{OpKind::kDelete, 1}}))});
  EXPECT_FALSE(deletes.MissIsError());
  EXPECT_FALSE(deletes.HasScans());
}

TEST(Phases, HaveTheirOwnTraffic) {
  constexpr uint64_t kRecords = 10000;
  constexpr uint64_t kOps = 100000;
  const WorkloadSpec spec = ThreePhases();
  const auto ops = MakeStream({.workload = spec,
                               .key_space = KeySpaceKind::kMonoInt,
                               .record_count = kRecords,
                               .op_count = kOps});
  const auto ends = PhaseEnds(spec, kOps);
  uint64_t inserted = 0;
  uint64_t of_inserted = 0;
  uint64_t hot = 0;
  for (uint64_t i = 0; i < kOps; ++i) {
    const Op& op = ops[i];
    if (op.kind == OpKind::kInsert) {
      ASSERT_LT(i, ends[1]);
      ASSERT_EQ(op.key, kRecords + inserted++);
    } else if (i < ends[1]) {
      ASSERT_GE(i, ends[0]);
      ASSERT_EQ(op.length == 0, op.kind == OpKind::kRead);
      of_inserted += op.key >= kRecords ? 1 : 0;
    } else {
      ASSERT_EQ(op.kind, OpKind::kUpdate);
      ASSERT_LT(op.key, kRecords);
      hot += op.key < kRecords / 5 ? 1 : 0;
    }
  }
  EXPECT_EQ(std::count_if(ops.begin(), ops.begin() + 20000,
                          [](const Op& op) { return op.kind == OpKind::kInsert; }),
            20000);
  // The 20,000 newest of 30,000 and more, as zipfian has it.
  EXPECT_GT(of_inserted, 30000u);
  EXPECT_NEAR(static_cast<double>(hot) / 30000, 0.8, 0.01);
}

TEST(StreamConfig, KeysMadeAtRunTimeAreForInsertsAlone) {
  const WorkloadSpec inserts = Spec({{OpKind::kInsert, 1}});
  const WorkloadSpec mixed = Spec({{OpKind::kInsert, 0.5}, {OpKind::kRead, 0.5}}, kUniform);
  EXPECT_EQ(CheckStreamConfig(
                {.workload = inserts, .key_space = KeySpaceKind::kMonoHc, .record_count = 5}),
            "");
  EXPECT_EQ(
      CheckStreamConfig({.workload = mixed, .key_space = KeySpaceKind::kMonoHc, .record_count = 5}),
      "key_space is mono_hc, whose keys are made when an insert runs, so that nothing else can ask "
      "for them: allowed are workloads of inserts alone");
}

TEST(StreamConfig, EachKeyRangeHasARecord) {
  const WorkloadSpec spec = Spec({{OpKind::kRead, 1}}, kMixGraph);
  EXPECT_EQ(CheckStreamConfig({.workload = spec, .record_count = 30}), "");
  EXPECT_EQ(CheckStreamConfig({.workload = spec, .record_count = 29}),
            "record_count is 29, allowed are 30 to 1099511627776");
}

TEST(StreamConfig, SaysWhatIsWrongWithIt) {
  const WorkloadSpec reads = Spec({{OpKind::kRead, 1}}, kUniform);
  const WorkloadSpec inserts = Spec({{OpKind::kInsert, 1}});
  EXPECT_EQ(CheckStreamConfig({.workload = reads, .record_count = 1}), "");
  EXPECT_EQ(CheckStreamConfig({.workload = inserts, .record_count = 0}), "");
  EXPECT_EQ(CheckStreamConfig({.workload = reads, .record_count = 0}),
            "record_count is 0, allowed are 1 to 1099511627776");
  EXPECT_EQ(CheckStreamConfig({.workload = inserts, .record_count = kRecordsMax + 1}),
            "record_count is 1099511627777, allowed are 0 to 1099511627776");
  EXPECT_EQ(CheckStreamConfig({.workload = reads, .record_count = 1, .threads = 0}),
            "threads is 0, allowed are 1 to 65536");
  EXPECT_EQ(CheckStreamConfig({.workload = reads, .record_count = 1, .thread = 2, .threads = 2}),
            "thread is 2, allowed are 0 to 1");
  EXPECT_NE(CheckStreamConfig({.workload = reads, .record_count = 1, .op_count = kOpsMax + 1}), "");
  EXPECT_NE(CheckStreamConfig(
                {.workload = reads, .record_count = 1, .op_count = kOpsMax, .op_offset = 1}),
            "");
  EXPECT_NE(CheckStreamConfig({.workload = reads, .record_count = 1, .op_offset = ~0ull}), "");
  EXPECT_EQ(
      CheckStreamConfig(
          {.workload = reads, .record_count = 1, .op_count = 5, .op_offset = 5, .op_total = 9}),
      "op_total is 9, allowed are 10 to 1099511627776");
}

}  // namespace
}  // namespace bwlab::workload
