#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bwlab/base/status.h"
#include "bwlab/experiment/histogram.h"
#include "bwlab/workload/op.h"

namespace bwlab::experiment {

/// How many of the reads and scans of a run are checked against what the workload must have stored.
enum class VerifyMode : uint8_t { kOff, kSample, kFull };

inline constexpr std::array<std::string_view, 3> kVerifyModeNames = {"off", "sample", "full"};

/// What an engine can do beyond reading, inserting and updating. A workload that needs more is
/// refused.
struct Capabilities {
  bool scan = false;
  bool erase = false;
};

/// What became of the operations of one kind.
struct OpCounts {
  uint64_t ok = 0;
  uint64_t miss = 0;  ///< the key was absent (present, for an insert)
  uint64_t fail = 0;  ///< the engine lacked memory or page ids, or refused the size
};

/// What one thread saw while it ran its stream. Large (its histograms hold their buckets): made
/// before the clock starts.
struct ThreadTally {
  std::array<OpCounts, workload::kOpKindCount> ops{};
  uint64_t records_scanned = 0;
  uint64_t checked = 0;  ///< reads and scans whose result was looked at
  uint64_t wrong = 0;    ///< of these, those that no correct engine could have returned
  std::string first_wrong;
  uint64_t checksum = 0;  ///< of what was read, so that no read can be optimised away
  std::array<Histogram, workload::kOpKindCount> latency_ticks{};
};

/// What one thread is to run.
struct ThreadTask {
  std::span<const workload::Op> ops;
  VerifyMode verify = VerifyMode::kOff;
  uint32_t latency_sample_every = 0;  ///< every n-th operation is timed; 0: none
  /// Open loop: ticks (tick_clock.h) from the start to the moment at which each operation is due;
  /// every operation is timed, from that moment on. Empty: closed loop.
  std::span<const uint64_t> due_ticks;
  /// Called once after the session is open, right before the first operation; returns when all
  /// threads are there.
  std::function<void()> wait_for_start;
  /// Called once right after the last operation, before the session closes.
  std::function<void()> note_end;
};

/// One thread's access to an engine with a virtual call an operation: for checks and tests, never
/// timed.
class CheckSession {
 public:
  virtual ~CheckSession() = default;
  virtual OpResult Insert(uint64_t key, uint64_t value) = 0;
  virtual OpResult Upsert(uint64_t key, uint64_t value) = 0;
  virtual OpResult Update(uint64_t key, uint64_t value) = 0;
  virtual OpResult Get(uint64_t key, uint64_t* value) = 0;
  /// Must not be called where the engine cannot erase.
  virtual OpResult Delete(uint64_t key) = 0;
  /// The visitor returns false to stop. @return records visited, in key order from `first` on.
  virtual size_t Scan(uint64_t first, size_t limit,
                      const std::function<bool(uint64_t, uint64_t)>& visit) = 0;
};

using Counters = std::vector<std::pair<std::string, uint64_t>>;

/// An open, empty index under measurement. RunThread and OpenCheckSession may be called from any
/// thread; the rest only while no thread runs.
class Engine {
 public:
  virtual ~Engine() = default;

  /// Runs the stream in one typed loop: the only virtual call of a phase and thread.
  virtual Status RunThread(const ThreadTask& task, ThreadTally* tally) = 0;
  virtual Result<std::unique_ptr<CheckSession>> OpenCheckSession() = 0;

  virtual uint64_t Size() const = 0;
  /// Bytes that the index has asked of its allocator and not given back.
  virtual uint64_t LiveBytes() const = 0;
  /// Nothing where the engine has no check of its own invariants.
  virtual std::optional<Status> Validate() const { return std::nullopt; }
  /// Sums since the engine was opened; nothing where it keeps none (EngineEntry says why).
  virtual std::optional<Counters> ReadCounters() const { return std::nullopt; }
};

/// An engine, or one variant of it, that experiments can name.
struct EngineEntry {
  std::string_view engine;
  std::string_view variant;          ///< empty where the engine has none
  std::string_view summary;          ///< what the engine is
  std::string_view variant_summary;  ///< what the variant changes; empty where the engine has none
  Capabilities capabilities;
  std::string_view no_counters_reason;    ///< empty where it keeps counters
  std::string_view no_validation_reason;  ///< empty where it validates itself
  bool hidden = false;                    ///< not listed: for tests of the harness

  /// The whole configuration: defaults overlaid with `options`. InvalidArgument names the key, its
  /// value and range.
  Result<nlohmann::json> (*resolve)(const nlohmann::json& options);
  /// Opens an empty index with a configuration that `resolve` returned. InvalidArgument or
  /// OutOfMemory.
  Result<std::unique_ptr<Engine>> (*open)(const nlohmann::json& config);

  std::string Label() const {
    std::string label(engine);
    if (!variant.empty()) label.append("/").append(variant);
    return label;
  }
};

}  // namespace bwlab::experiment
