#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bwlab/base/status.h"
#include "bwlab/experiment/engine.h"
#include "bwlab/experiment/perf_counters.h"
#include "bwlab/experiment/topology.h"
#include "bwlab/workload/op.h"

namespace bwlab::experiment {

/// What the threads of a phase do: one stream each, and its keys where these are byte strings. The
/// operations belong to somebody else.
struct Streams {
  std::vector<std::span<const workload::Op>> ops;
  std::vector<workload::KeyBytes> key_bytes;  ///< empty where keys are integers

  size_t threads() const { return ops.size(); }
  /// Operations of each thread.
  std::vector<uint64_t> Lengths() const {
    std::vector<uint64_t> lengths;
    for (const auto& of_thread : ops) lengths.push_back(of_thread.size());
    return lengths;
  }
};

/// What all threads together saw in one phase.
struct PhaseResult {
  double seconds = 0;  ///< from the moment all threads stood at the barrier to the end of the last
  ThreadTally tally;   ///< merged
  bool pinned = true;  ///< every thread stayed on a processor of its own choice
  std::vector<PerfCount> events;    ///< of all threads, from the start to the end of each
  uint64_t start_ticks = 0;         ///< when all threads stood at the barrier
  std::vector<uint64_t> end_ticks;  ///< of each thread
  std::vector<uint64_t> done;       ///< operations of each thread

  uint64_t Ops() const { return tally.done; }
  double OpsPerSecond() const { return static_cast<double>(Ops()) / seconds; }
};

/// Of each thread; see ThreadTask::due_ticks.
using Schedules = std::vector<std::vector<uint64_t>>;

/// Of each thread; see ThreadTask::samples.
using Samples = std::vector<std::vector<LatencySample>>;

struct PhaseOptions {
  workload::KeySpaceKind key_space = workload::KeySpaceKind::kRandInt;
  const workload::ValueBytes* values = nullptr;  ///< where values are byte strings
  VerifyMode verify = VerifyMode::kOff;
  uint32_t latency_sample_every = 0;
  /// Takes the samples, with room for them, and is cut to those that were taken; null: nothing is
  /// timed.
  Samples* samples = nullptr;
  uint64_t ticks_max = UINT64_MAX;  ///< see ThreadTask::ticks_max
  /// Events to count; nothing: all. They cost each thread some system calls when it starts and
  /// ends.
  std::optional<std::vector<std::string>> counters = std::vector<std::string>();
  const Schedules* due_ticks = nullptr;  ///< of the streams, for an open loop; null: closed
};

void AddTally(const ThreadTally& from, ThreadTally* into);

/// Runs stream t on pinned thread t, all from one barrier. Sessions are opened and tallies
/// allocated before the clock starts. Errors: what an engine's OpenSession says.
Result<PhaseResult> RunPhase(Engine& engine, const Streams& streams, const PhaseOptions& options,
                             const Topology& topology);

}  // namespace bwlab::experiment
