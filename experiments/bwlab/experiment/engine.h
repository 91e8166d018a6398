#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
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
#include "bwlab/experiment/function_ref.h"
#include "bwlab/workload/key_bytes.h"
#include "bwlab/workload/key_space.h"
#include "bwlab/workload/op.h"
#include "bwlab/workload/value_bytes.h"

namespace bwlab::experiment {

/// How many of the reads and scans of a run are checked against what the workload must have stored.
enum class VerifyMode : uint8_t { kOff, kSample, kFull };

inline constexpr std::array<std::string_view, 3> kVerifyModeNames = {"off", "sample", "full"};

/// What an engine can do beyond reading, inserting and updating records of two integers. A cell
/// that needs more is refused.
struct Capabilities {
  bool scan = false;
  bool reverse_scan = false;
  bool erase = false;
  bool byte_keys = false;
  uint32_t value_bytes_max = 0;  ///< of byte-string values; 0: integers only
  bool keeps_records = true;     ///< false: it forgets everything, and nothing can be verified
  bool keeps_files = false;      ///< true: records are in files, in the folder that open gets
};

/// What records are made of: 64-bit integers, or byte strings.
struct RecordForm {
  bool byte_keys = false;
  bool byte_values = false;

  friend bool operator==(const RecordForm&, const RecordForm&) = default;
};

/// One timed operation; ticks as in tick_clock.h.
class LatencySample {
 public:
  LatencySample() = default;
  LatencySample(workload::OpKind kind, uint64_t start_ticks, uint64_t end_ticks)
      : end_ticks_(end_ticks),
        ticks_and_kind_((end_ticks - start_ticks) << kKindBits | workload::IndexOf(kind)) {}

  /// The same, had it been by so many ticks earlier.
  LatencySample EarlierBy(uint64_t shift) const {
    LatencySample sample = *this;
    sample.end_ticks_ -= shift;
    return sample;
  }

  uint64_t end_ticks() const { return end_ticks_; }
  uint64_t ticks() const { return ticks_and_kind_ >> kKindBits; }
  size_t kind_index() const { return ticks_and_kind_ % (size_t{1} << kKindBits); }

 private:
  static constexpr int kKindBits = 8;

  uint64_t end_ticks_ = 0;
  uint64_t ticks_and_kind_ = 0;
};
static_assert(sizeof(LatencySample) == 16);

/// What became of the operations of one kind.
struct OpCounts {
  uint64_t ok = 0;
  uint64_t miss = 0;  ///< the key was absent (present, for an insert)
  uint64_t fail = 0;  ///< no memory or page ids, a size that is refused, or files that failed
};

/// What one thread saw while it ran its stream.
struct ThreadTally {
  std::array<OpCounts, workload::kOpKindCount> ops{};
  uint64_t done = 0;  ///< operations of the stream; all, but where ThreadTask::ticks_max cut it
  uint64_t records_scanned = 0;
  uint64_t checked = 0;  ///< reads and scans whose result was looked at
  uint64_t wrong = 0;    ///< of these, those that no correct engine could have returned
  std::string first_wrong;
};

/// What one thread is to run.
struct ThreadTask {
  std::span<const workload::Op> ops;
  uint32_t thread = 0;
  workload::KeySpaceKind key_space = workload::KeySpaceKind::kRandInt;
  const workload::KeyBytes* key_bytes = nullptr;  ///< of the operations, where keys are bytes
  const workload::ValueBytes* values = nullptr;   ///< where values are bytes
  VerifyMode verify = VerifyMode::kOff;
  uint32_t latency_sample_every = 0;  ///< every n-th operation is timed; 0: none
  /// Takes a sample of each timed operation: as many as TimedOps says.
  std::span<LatencySample> samples;
  /// Ticks (tick_clock.h) from the start after which no operation begins, as far as those that are
  /// timed tell. Closed loops only.
  uint64_t ticks_max = UINT64_MAX;
  /// Open loop: ticks (tick_clock.h) from the start to the moment at which each operation is due;
  /// every operation is timed, from that moment on. Empty: closed loop.
  std::span<const uint64_t> due_ticks;
  /// Called once after the session is open, right before the first operation; returns when all
  /// threads are there.
  std::function<void()> wait_for_start;
  /// Called once right after the last operation, before the session closes.
  std::function<void()> note_end;
};

/// Operations of a task that are timed.
inline uint64_t TimedOps(uint64_t ops, uint32_t latency_sample_every, bool open_loop) {
  if (open_loop) return ops;
  if (latency_sample_every == 0) return 0;
  return (ops + latency_sample_every - 1) / latency_sample_every;
}

/// One thread's access to an engine with a virtual call an operation: for checks and tests, never
/// timed. Where records are byte strings they hold the eight bytes of the integers, in an order
/// that keeps theirs.
class CheckSession {
 public:
  using Visitor = std::function<bool(uint64_t key, uint64_t value)>;

  virtual ~CheckSession() = default;
  virtual OpResult Insert(uint64_t key, uint64_t value) = 0;
  virtual OpResult Upsert(uint64_t key, uint64_t value) = 0;
  virtual OpResult Update(uint64_t key, uint64_t value) = 0;
  virtual OpResult Get(uint64_t key, uint64_t* value) = 0;
  /// Must not be called where the engine cannot erase.
  virtual OpResult Delete(uint64_t key) = 0;
  /// The visitor returns false to stop. @return records visited, in key order from `first` on.
  virtual size_t Scan(uint64_t first, size_t limit, const Visitor& visit) = 0;
  /// As Scan downwards. Must not be called where the engine cannot.
  virtual size_t ReverseScan(uint64_t first, size_t limit, const Visitor& visit) = 0;
};

using Counters = std::vector<std::pair<std::string, uint64_t>>;

/// Bytes that went into an engine that keeps files, and out of it to these files, since it was
/// opened.
struct WrittenBytes {
  uint64_t by_user = 0;               ///< keys and values of the writes that succeeded
  std::optional<uint64_t> by_engine;  ///< as it counts itself; nothing where it does not
};

/// An open, empty index under measurement. RunThread and OpenCheckSession may be called from any
/// thread; the rest only while no thread runs.
class Engine {
 public:
  virtual ~Engine() = default;

  /// Runs the stream in one typed loop: the only virtual call of a phase and thread.
  virtual Status RunThread(const ThreadTask& task, ThreadTally* tally) = 0;
  /// Scans all records, as one operation that is checked. The engine must be able to scan.
  virtual Status CheckAllRecords(const ThreadTask& task, ThreadTally* tally) = 0;
  virtual Result<std::unique_ptr<CheckSession>> OpenCheckSession() = 0;

  /// Not read where EngineEntry::no_size_reason is not empty.
  virtual uint64_t Size() const = 0;
  /// Bytes that the index has asked of its allocator and not given back; nothing where it cannot
  /// tell (EngineEntry says why).
  virtual std::optional<uint64_t> LiveBytes() const = 0;
  /// Nothing where the engine has no check of its own invariants.
  virtual std::optional<Status> Validate() const { return std::nullopt; }
  /// Sums since the engine was opened; nothing where it keeps none (EngineEntry says why).
  virtual std::optional<Counters> ReadCounters() const { return std::nullopt; }

  /// The first operation that failed for another reason than memory, in the engine's own words.
  virtual Status FirstFailure() const { return Status::Ok(); }
  /// Brings what is still in memory into the files and waits for work in the background, as far as
  /// the engine can be asked to. For engines that keep files.
  virtual Status Settle() { return Status::Ok(); }
  /// Nothing where the engine keeps no files.
  virtual std::optional<WrittenBytes> ReadWrittenBytes() const { return std::nullopt; }
};

/// An engine, or one variant of it, that experiments can name.
struct EngineEntry {
  std::string_view engine;
  std::string_view variant;          ///< empty where the engine has none
  std::string_view summary;          ///< what the engine is
  std::string_view variant_summary;  ///< what the variant changes; empty where the engine has none
  Capabilities capabilities;
  std::string_view no_counters_reason;      ///< empty where it keeps counters
  std::string_view no_validation_reason;    ///< empty where it validates itself
  std::string_view no_size_reason{};        ///< empty where Size() is known
  std::string_view no_live_bytes_reason{};  ///< empty where LiveBytes() is known
  std::string_view plugin_path{};           ///< of the library that it comes from; empty: built in
  bool hidden = false;                      ///< not listed: for tests of the harness

  /// The whole configuration: defaults overlaid with `options`. InvalidArgument names the key, its
  /// value and range.
  FunctionRef<Result<nlohmann::json>(const nlohmann::json& options)> resolve;
  /// Opens an empty index with a configuration that `resolve` returned, for records of a form that
  /// its capabilities allow. Where these say that it keeps files, they go into `folder`, which is
  /// there and empty, and which the caller removes; other engines do not look at it.
  /// InvalidArgument, OutOfMemory or IoError.
  FunctionRef<Result<std::unique_ptr<Engine>>(const nlohmann::json& config, RecordForm form,
                                              const std::filesystem::path& folder)>
      open;

  bool is_plugin() const { return !plugin_path.empty(); }

  bool CanHold(RecordForm form) const {
    return (!form.byte_keys || capabilities.byte_keys) &&
           (!form.byte_values || capabilities.value_bytes_max > 0);
  }

  std::string Label() const {
    std::string label(engine);
    if (!variant.empty()) label.append("/").append(variant);
    return label;
  }
};

}  // namespace bwlab::experiment
