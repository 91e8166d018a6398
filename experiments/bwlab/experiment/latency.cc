#include "bwlab/experiment/latency.h"

#include <algorithm>
#include <cmath>

namespace bwlab::experiment {

Samples RoomForSamples(std::span<const uint64_t> ops_of_threads, uint32_t sample_every,
                       bool open_loop) {
  Samples samples;
  for (const uint64_t ops : ops_of_threads) {
    samples.emplace_back(TimedOps(ops, sample_every, open_loop));
  }
  return samples;
}

std::unique_ptr<LatencyHistograms> HistogramsOf(const Samples& samples) {
  auto histograms = std::make_unique<LatencyHistograms>();
  for (const std::vector<LatencySample>& of_thread : samples) {
    for (const LatencySample& sample : of_thread)
      (*histograms)[sample.kind_index()].Record(sample.ticks());
  }
  return histograms;
}

IntervalSeries IntervalsOf(const PhaseResult& phase, const Samples& samples, uint32_t sample_every,
                           double ns_per_tick, uint32_t interval_ms) {
  constexpr double kNsPerMs = 1e6;
  uint64_t last_end = phase.start_ticks + 1;
  for (const uint64_t end : phase.end_ticks) last_end = std::max(last_end, end);
  const double ticks_per_interval = interval_ms * kNsPerMs / ns_per_tick;
  const double intervals =
      std::ceil(static_cast<double>(last_end - phase.start_ticks) / ticks_per_interval);
  const double stretch = std::ceil(intervals / static_cast<double>(kIntervalsMax));
  const auto count = static_cast<size_t>(std::ceil(intervals / stretch));
  const auto interval_of = [&](uint64_t ticks) {
    const double since =
        ticks > phase.start_ticks ? static_cast<double>(ticks - phase.start_ticks) : 0;
    return std::min(count - 1, static_cast<size_t>(since / (ticks_per_interval * stretch)));
  };

  IntervalSeries series{interval_ms * stretch, std::vector<uint64_t>(count), {}};
  std::vector<std::vector<uint64_t>> latencies(count);
  uint64_t seen = 0;
  for (const std::vector<LatencySample>& of_thread : samples) {
    for (const LatencySample& sample : of_thread) {
      // A sample stands for itself and for what came since the one before it.
      const uint64_t ops = &sample == of_thread.data() ? 1 : sample_every;
      const size_t interval = interval_of(sample.end_ticks());
      series.ops[interval] += ops;
      latencies[interval].push_back(sample.ticks());
      seen += ops;
    }
  }
  series.ops.back() +=
      phase.Ops() - std::min(phase.Ops(), seen);  // after each thread's last sample
  for (std::vector<uint64_t>& ticks : latencies) {
    if (ticks.empty()) {
      series.p99_ns.emplace_back();
      continue;
    }
    const auto rank =
        static_cast<ptrdiff_t>(std::ceil(0.99 * static_cast<double>(ticks.size()))) - 1;
    std::nth_element(ticks.begin(), ticks.begin() + rank, ticks.end());
    series.p99_ns.emplace_back(static_cast<double>(ticks[static_cast<size_t>(rank)]) * ns_per_tick);
  }
  return series;
}

std::vector<RunPart> PartsOf(const PhaseResult& phase, const Samples& samples,
                             uint32_t sample_every, double ns_per_tick,
                             const std::vector<std::vector<uint64_t>>& part_ends) {
  constexpr double kNsPerSecond = 1e9;
  std::vector<RunPart> parts(part_ends.front().size());
  for (size_t t = 0; t < samples.size(); ++t) {
    uint64_t begin_op = 0;
    uint64_t begin_ticks = phase.start_ticks;
    for (size_t p = 0; p < parts.size(); ++p) {
      const uint64_t end_op = std::min(part_ends[t][p], phase.done[t]);
      const uint64_t sample = (end_op + sample_every - 1) / sample_every;
      const uint64_t end_ticks =
          sample < samples[t].size() ? samples[t][sample].end_ticks() : phase.end_ticks[t];
      const uint64_t ops = end_op - begin_op;
      parts[p].ops += ops;
      if (end_ticks > begin_ticks) {
        parts[p].ops_per_second += static_cast<double>(ops) * kNsPerSecond /
                                   (static_cast<double>(end_ticks - begin_ticks) * ns_per_tick);
      }
      begin_op = end_op;
      begin_ticks = end_ticks;
    }
  }
  return parts;
}

}  // namespace bwlab::experiment
