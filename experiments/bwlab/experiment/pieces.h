#pragma once

#include <cstddef>
#include <functional>

#include "bwlab/base/status.h"
#include "bwlab/experiment/engine.h"
#include "bwlab/experiment/phase.h"
#include "bwlab/experiment/topology.h"

namespace bwlab::experiment {

/// A phase whose streams come in pieces: runs one after the other and joins what they tell, as if
/// nothing had been between them. `piece` is called from 0 on and makes what is run next, while no
/// clock runs. Each piece but the last one has a multiple of options.latency_sample_every
/// operations a thread. Threads wait for each other where a piece ends. Where options.ticks_max
/// cuts a piece, it is the last one. Errors: those of RunPhase.
Result<PhaseResult> RunPieces(Engine& engine, size_t pieces,
                              const std::function<const Streams&(size_t piece)>& piece,
                              const PhaseOptions& options, const Topology& topology);

}  // namespace bwlab::experiment
