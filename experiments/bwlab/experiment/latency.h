#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "bwlab/experiment/histogram.h"
#include "bwlab/experiment/phase.h"
#include "bwlab/workload/op.h"

namespace bwlab::experiment {

/// Room for the samples of threads that do so many operations, touched already.
Samples RoomForSamples(std::span<const uint64_t> ops_of_threads, uint32_t sample_every,
                       bool open_loop);

/// Latencies in ticks by kind of operation. Large: its histograms hold their buckets.
using LatencyHistograms = std::array<Histogram, workload::kOpKindCount>;
std::unique_ptr<LatencyHistograms> HistogramsOf(const Samples& samples);

/// A phase cut into intervals of equal length, from its start on.
struct IntervalSeries {
  double interval_ms = 0;
  std::vector<uint64_t> ops;                  ///< done in each interval
  std::vector<std::optional<double>> p99_ns;  ///< of the samples that ended in it; none: no sample
};

/// More intervals than these become as many longer ones.
inline constexpr uint64_t kIntervalsMax = 1000;

/// How the operations of `phase` lay in time, as its samples tell: the operations between two
/// samples of a thread count where the later one ended. `sample_every` as the phase had it (1 in an
/// open loop).
IntervalSeries IntervalsOf(const PhaseResult& phase, const Samples& samples, uint32_t sample_every,
                           double ns_per_tick, uint32_t interval_ms);

/// The part of a run that belongs to one phase of a workload whose traffic changes over time.
struct RunPart {
  uint64_t ops = 0;
  double ops_per_second = 0;  ///< sum of the threads' own rates: they do not wait for each other
};

/// `part_ends` of each thread: the number of its first operation after each part, ascending. When
/// it came there is told by the next sample. What the phase did not come to counts nowhere.
std::vector<RunPart> PartsOf(const PhaseResult& phase, const Samples& samples,
                             uint32_t sample_every, double ns_per_tick,
                             const std::vector<std::vector<uint64_t>>& part_ends);

}  // namespace bwlab::experiment
