#include "bwlab/experiment/latency.h"

#include <gtest/gtest.h>

#include <numeric>

namespace bwlab::experiment {
namespace {

using workload::OpKind;

constexpr double kNsPerTick = 0.5;
constexpr uint64_t kTicksPerMs = 2'000'000;
constexpr uint64_t kStart = 1'000'000'000;

LatencySample SampleAt(double ms, uint64_t ticks, OpKind kind = OpKind::kRead) {
  const auto since = static_cast<uint64_t>(ms * static_cast<double>(kTicksPerMs));
  const uint64_t end = kStart + since;
  return LatencySample(kind, end - ticks, end);
}

PhaseResult PhaseOf(uint64_t ops, double ms) {
  PhaseResult phase;
  phase.tally.done = ops;
  phase.done = {ops};
  phase.start_ticks = kStart;
  phase.end_ticks = {SampleAt(ms, 0).end_ticks()};
  return phase;
}

TEST(Latency, HistogramsKeepTheKindsApart) {
  const Samples samples = {{SampleAt(1, 10), SampleAt(2, 20, OpKind::kScan)}, {SampleAt(3, 30)}};
  const auto histograms = HistogramsOf(samples);
  EXPECT_EQ((*histograms)[workload::IndexOf(OpKind::kRead)].count(), 2u);
  EXPECT_EQ((*histograms)[workload::IndexOf(OpKind::kRead)].max(), 30u);
  EXPECT_EQ((*histograms)[workload::IndexOf(OpKind::kScan)].max(), 20u);
}

TEST(Intervals, HoldAllOperationsWhereTheyWereDone) {
  // Every tenth operation of two threads is timed: the first, the eleventh, ...
  const Samples samples = {{SampleAt(1, 100), SampleAt(12, 200), SampleAt(25, 300)},
                           {SampleAt(2, 400), SampleAt(29, 500)}};
  const IntervalSeries series = IntervalsOf(PhaseOf(45, 30), samples, 10, kNsPerTick, 10);
  EXPECT_EQ(series.interval_ms, 10);
  EXPECT_EQ(series.ops, (std::vector<uint64_t>{2, 10, 33}));
  ASSERT_EQ(series.p99_ns.size(), 3u);
  EXPECT_EQ(series.p99_ns[0], 200.0);
  EXPECT_EQ(series.p99_ns[1], 100.0);
  EXPECT_EQ(series.p99_ns[2], 250.0);
}

TEST(Intervals, AStallIsAnIntervalWithoutSamples) {
  const Samples samples = {{SampleAt(1, 100), SampleAt(39, 76'000'000)}};
  const IntervalSeries series = IntervalsOf(PhaseOf(2, 40), samples, 1, kNsPerTick, 10);
  EXPECT_EQ(series.ops, (std::vector<uint64_t>{1, 0, 0, 1}));
  EXPECT_FALSE(series.p99_ns[1].has_value());
  EXPECT_EQ(series.p99_ns[3], 38e6);
}

TEST(Intervals, GrowWhereThereWouldBeTooMany) {
  Samples samples(1);
  for (int ms = 0; ms < 2500; ++ms) samples[0].push_back(SampleAt(ms + 0.5, 1));
  const IntervalSeries series = IntervalsOf(PhaseOf(2500, 2500), samples, 1, kNsPerTick, 1);
  EXPECT_EQ(series.interval_ms, 3);
  EXPECT_LE(series.ops.size(), kIntervalsMax);
  EXPECT_EQ(std::accumulate(series.ops.begin(), series.ops.end(), uint64_t{0}), 2500u);
  EXPECT_EQ(series.ops.front(), 3u);
}

TEST(RunParts, HaveRatesOfTheirOwn) {
  // 40 operations, of which every tenth is timed: 20 in 10 ms, then 20 in 40 ms.
  const Samples samples = {{SampleAt(0, 0), SampleAt(5, 1), SampleAt(10, 1), SampleAt(30, 1)}};
  const std::vector<RunPart> parts = PartsOf(PhaseOf(40, 50), samples, 10, kNsPerTick, {{20, 40}});
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(parts[0].ops, 20u);
  EXPECT_NEAR(parts[0].ops_per_second, 2000, 1e-6);
  EXPECT_EQ(parts[1].ops, 20u);
  EXPECT_NEAR(parts[1].ops_per_second, 500, 1e-6);
}

TEST(RunParts, HoldWhatWasDoneWhereTheRunWasCut) {
  // 31 of 60 operations, cut by the last sample: 20 in 10 ms, 11 of the next 20 in 20 ms.
  const Samples samples = {{SampleAt(0, 0), SampleAt(5, 1), SampleAt(10, 1), SampleAt(30, 1)}};
  const std::vector<RunPart> parts =
      PartsOf(PhaseOf(31, 30), samples, 10, kNsPerTick, {{20, 40, 60}});
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(parts[0].ops, 20u);
  EXPECT_EQ(parts[1].ops, 11u);
  EXPECT_NEAR(parts[1].ops_per_second, 550, 1e-6);
  EXPECT_EQ(parts[2].ops, 0u);
  EXPECT_EQ(parts[2].ops_per_second, 0);
}

}  // namespace
}  // namespace bwlab::experiment
