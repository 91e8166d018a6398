#pragma once

#include <cstdint>
#include <optional>

#include "bwlab/base/status.h"
#include "bwlab/experiment/cell.h"
#include "bwlab/experiment/engine.h"

namespace bwlab::experiment {

/// Records that must be in the index after the run: loaded, plus what was added, minus what was
/// deleted. Upserts touch only records that are there, so that they add none, unless deletes run
/// beside them: then the number depends on the schedule, and there is nothing to expect.
std::optional<uint64_t> ExpectedSize(const Cell& cell, const ThreadTally& run);

/// The load must have inserted every record. Errors: OutOfMemory where the engine failed on some,
/// Corruption where it took a new key for one that is there.
Status CheckLoad(const Cell& cell, const ThreadTally& load);

/// Whether operations found what they must, as far as that shows in their counts: no failure, no
/// wrong read, no miss where the workload cannot miss.
Status CheckAnswers(const Cell& cell, const ThreadTally& tally);

/// Whether what the run returned is what a correct engine returns: no wrong read, no miss where the
/// workload cannot miss, the right number of records; with VerifyMode::kFull also one pass over all
/// records. `task` says of what form these are. Corruption names the first fault. Always Ok with
/// VerifyMode::kOff.
Status CheckRun(const Cell& cell, const ThreadTally& run, const ThreadTask& task, Engine& engine);

}  // namespace bwlab::experiment
