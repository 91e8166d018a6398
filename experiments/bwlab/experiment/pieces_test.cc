#include "bwlab/experiment/pieces.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "bwlab/engines/null_engine.h"
#include "bwlab/experiment/latency.h"
#include "bwlab/experiment/tick_clock.h"

namespace bwlab::experiment {
namespace {

using std::chrono::milliseconds;
using workload::Op;
using workload::OpKind;

/// 100 reads on thread 0 and 60 updates on thread 1, in three pieces of at most 40, of which the
/// second takes long to make.
class Pieces : public testing::Test {
 protected:
  static constexpr uint32_t kSampleEvery = 10;

  Pieces() {
    for (Op& op : updates_) op.kind = OpKind::kUpdate;
  }

  PhaseResult Run(size_t pieces) {
    std::unique_ptr<Engine> engine = std::move(kNullEngineEntry.open({}, {}, {})).value();
    PhaseOptions options;
    options.latency_sample_every = kSampleEvery;
    options.samples = &samples_;
    options.ticks_max = ticks_max_;
    const size_t ops = pieces == 1 ? reads_.size() : 40;
    Streams streams;
    const auto piece = [&](size_t p) -> const Streams& {
      if (p == 1) std::this_thread::sleep_for(making_);
      streams.ops = {Part(reads_, p * ops, ops), Part(updates_, p * ops, ops)};
      return streams;
    };
    return RunPieces(*engine, pieces, piece, options, Topology()).value();
  }

  static Samples Room() {
    return RoomForSamples(std::vector<uint64_t>{100, 60}, kSampleEvery, false);
  }
  static std::span<const Op> Part(const std::vector<Op>& ops, size_t from, size_t count) {
    from = std::min(from, ops.size());
    return std::span(ops).subspan(from, std::min(count, ops.size() - from));
  }

  std::vector<Op> reads_ = std::vector<Op>(100);
  std::vector<Op> updates_ = std::vector<Op>(60);
  Samples samples_ = Room();
  milliseconds making_{60};
  uint64_t ticks_max_ = UINT64_MAX;
};

TEST_F(Pieces, AreCountedTogether) {
  for (const size_t pieces : {1, 3}) {
    const PhaseResult result = Run(pieces);
    EXPECT_EQ(result.tally.ops[workload::IndexOf(OpKind::kRead)].ok, 100u);
    EXPECT_EQ(result.tally.ops[workload::IndexOf(OpKind::kUpdate)].ok, 60u);
  }
}

TEST_F(Pieces, AreCutWhenTheTimeIsOver) {
  ticks_max_ = 0;
  for (const size_t pieces : {1, 3}) {
    samples_ = Room();
    const PhaseResult result = Run(pieces);
    // A thread looks at the clock at each operation that it times.
    EXPECT_EQ(result.done, (std::vector<uint64_t>{1, 1}));
    EXPECT_EQ(result.Ops(), 2u);
    EXPECT_EQ(result.tally.ops[workload::IndexOf(OpKind::kRead)].ok, 1u);
    EXPECT_EQ(samples_[0].size(), 1u);
    EXPECT_EQ(samples_[1].size(), 1u);
  }
}

TEST_F(Pieces, ShareTheTime) {
  // Enough for all pieces by far, and less than it takes to make the second one.
  making_ = milliseconds(1000);
  ticks_max_ = static_cast<uint64_t>(900e6 / TickScale::Measure().ns_per_tick);
  EXPECT_EQ(Run(3).Ops(), 160u);
}

TEST_F(Pieces, WhatLiesBetweenThemIsNotTimed) {
  const PhaseResult result = Run(3);
  const TickScale scale = TickScale::Measure();
  const double making_s = std::chrono::duration<double>(making_).count();
  EXPECT_LT(result.seconds, making_s);
  for (const uint64_t end : result.end_ticks) {
    ASSERT_GE(end, result.start_ticks);
    EXPECT_LT(static_cast<double>(end - result.start_ticks) * scale.ns_per_tick, making_s * 1e9);
  }
  // What the samples say lies between the start and the end as well, in the order of the
  // operations.
  ASSERT_EQ(samples_[0].size(), 10u);
  ASSERT_EQ(samples_[1].size(), 6u);
  for (size_t t = 0; t < samples_.size(); ++t) {
    uint64_t last = result.start_ticks;
    for (const LatencySample& sample : samples_[t]) {
      EXPECT_EQ(sample.kind_index(), workload::IndexOf(t == 0 ? OpKind::kRead : OpKind::kUpdate));
      EXPECT_GE(sample.end_ticks(), last);
      last = sample.end_ticks();
    }
    EXPECT_LE(last, result.end_ticks[t]);
  }
}

}  // namespace
}  // namespace bwlab::experiment
