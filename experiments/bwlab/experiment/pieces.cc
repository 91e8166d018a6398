#include "bwlab/experiment/pieces.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "bwlab/experiment/latency.h"

namespace bwlab::experiment {
namespace {

uint64_t LastEnd(const PhaseResult& phase) {
  return *std::max_element(phase.end_ticks.begin(), phase.end_ticks.end());
}

/// Adds a piece to what went before it. `samples` of the piece go behind `taken` samples of each
/// thread in `into_samples`.
void Join(const PhaseResult& piece, const Samples& samples, PhaseResult* into,
          Samples* into_samples, std::vector<size_t>* taken) {
  const uint64_t pause = piece.start_ticks - LastEnd(*into);
  into->seconds += piece.seconds;
  AddTally(piece.tally, &into->tally);
  AddCounts(piece.events, &into->events);
  into->pinned = into->pinned && piece.pinned;
  for (size_t t = 0; t < piece.end_ticks.size(); ++t) {
    into->end_ticks[t] = piece.end_ticks[t] - pause;
    into->done[t] += piece.done[t];
  }
  for (size_t t = 0; t < samples.size(); ++t) {
    for (const LatencySample& sample : samples[t]) {
      (*into_samples)[t][(*taken)[t]++] = sample.EarlierBy(pause);
    }
  }
}

}  // namespace

Result<PhaseResult> RunPieces(Engine& engine, size_t pieces,
                              const std::function<const Streams&(size_t piece)>& piece,
                              const PhaseOptions& options, const Topology& topology) {
  if (pieces == 1) return RunPhase(engine, piece(0), options, topology);
  PhaseResult joined;
  std::vector<size_t> taken;
  uint64_t used = 0;  // ticks
  for (size_t p = 0; p < pieces && (p == 0 || used < options.ticks_max); ++p) {
    const Streams& streams = piece(p);
    PhaseOptions of_piece = options;
    of_piece.ticks_max -= used;
    Samples samples;
    if (options.samples != nullptr) {
      samples = RoomForSamples(streams.Lengths(), options.latency_sample_every, false);
      of_piece.samples = &samples;
    }
    Result<PhaseResult> ran = RunPhase(engine, streams, of_piece, topology);
    if (!ran.ok()) return ran.status();
    if (p == 0) {
      // The first one is joined to a phase in which nothing has happened yet.
      joined.start_ticks = ran.value().start_ticks;
      joined.end_ticks.assign(streams.threads(), joined.start_ticks);
      joined.done.resize(streams.threads());
      taken.resize(streams.threads());
    }
    Join(ran.value(), samples, &joined, options.samples, &taken);
    used = LastEnd(joined) - joined.start_ticks;
  }
  for (size_t t = 0; options.samples != nullptr && t < taken.size(); ++t) {
    (*options.samples)[t].resize(taken[t]);
  }
  return joined;
}

}  // namespace bwlab::experiment
