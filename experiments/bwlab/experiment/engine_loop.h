#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "bwlab/base/cache_line.h"
#include "bwlab/base/pause.h"
#include "bwlab/experiment/engine.h"
#include "bwlab/experiment/record_codec.h"
#include "bwlab/experiment/tick_clock.h"

namespace bwlab::experiment {

/// What the typed loop needs of an engine's session; the Bw-tree's own sessions have this shape,
/// and the adapters of peers imitate it. Delete, Scan and ReverseScan are needed where
/// kCapabilities says so.
template <class S, RecordForm kForm>
concept EngineSession = requires(S& session, typename KeyCodec<kForm.byte_keys>::View key,
                                 typename ValueCodec<kForm.byte_values>::View value,
                                 typename ValueCodec<kForm.byte_values>::Owned* owned) {
  { session.Insert(key, value) } -> std::same_as<OpResult>;
  { session.Upsert(key, value) } -> std::same_as<OpResult>;
  { session.Update(key, value) } -> std::same_as<OpResult>;
  { session.Get(key, owned) } -> std::same_as<OpResult>;
};

/// Every kCheckEvery-th operation is checked where VerifyMode is kSample. Half a period off from
/// operation 0, so that the checked operations are not the timed ones.
inline constexpr uint64_t kCheckEvery = 64;
inline constexpr uint64_t kCheckOffset = 33;

/// Asks for what a stream holds further on. Streams are read once, mostly from memory, and what the
/// processor asks for by itself ends with each page of 4 KB: without this an operation costs up to
/// 5 ns more. 2 KB are 0.3 us of an engine that does nothing.
inline void PrefetchAhead(const void* at) {
  constexpr uintptr_t kAheadBytes = 2 << 10;
  Prefetch(reinterpret_cast<const void*>(reinterpret_cast<uintptr_t>(at) + kAheadBytes));
}

/// Keeps the compiler from dropping the work that made `value`.
inline void Keep(uint64_t value) { asm volatile("" : : "r"(value)); }
inline void Keep(std::string_view value) {
  asm volatile("" : : "r"(value.data()), "r"(value.size()));
}

/// The loop that all engines run, with their operations inlined into it.
template <class Session, Capabilities kCapabilities, RecordForm kForm>
class StreamLoop {
 public:
  StreamLoop(Session& session, const ThreadTask& task, ThreadTally* tally)
      : session_(session), task_(task), tally_(tally), keys_(task), values_(task) {}

  /// All of the stream, or as much of it as task.ticks_max allows. Of how it went, this counts only
  /// what did not go well: the rest is known from the stream, and CountSuccesses counts it when
  /// nothing is timed any more.
  void Run() {
    switch (task_.verify) {
      case VerifyMode::kOff:
        return Run<VerifyMode::kOff>();
      case VerifyMode::kSample:
        return Run<VerifyMode::kSample>();
      case VerifyMode::kFull:
        return Run<VerifyMode::kFull>();
    }
  }

  /// Call once, after Run.
  void CountSuccesses() {
    for (const workload::Op& op : task_.ops.first(tally_->done)) ++CountsOf(op).ok;
    for (OpCounts& counts : tally_->ops) counts.ok -= counts.miss + counts.fail;
  }

  /// One checked scan of all records.
  void CheckAllRecords() {
    if constexpr (kCapabilities.scan) {
      CheckedScan<false>(Keys::kLeast, SIZE_MAX);
    } else {
      std::abort();
    }
  }

 private:
  using Keys = KeyCodec<kForm.byte_keys>;
  using Values = ValueCodec<kForm.byte_values>;
  using Key = typename Keys::View;
  using Value = typename Values::View;

  template <VerifyMode kVerify>
  void Run() {
    if (!task_.due_ticks.empty()) return RunWhenDue<kVerify>();
    const std::span<const workload::Op> ops = task_.ops;
    tally_->done = ops.size();
    if (task_.latency_sample_every == 0) {
      for (uint64_t i = 0; i < ops.size(); ++i) {
        const workload::Op& op = ops[i];
        Execute(op, NextKey(op), IsChecked<kVerify>(i));
      }
      return;
    }
    const uint64_t began = EndTicks();
    uint64_t until_timed = 1;
    LatencySample* sample = task_.samples.data();
    for (uint64_t i = 0; i < ops.size(); ++i) {
      const workload::Op& op = ops[i];
      const Key key = NextKey(op);
      if (--until_timed != 0) {
        Execute(op, key, IsChecked<kVerify>(i));
        continue;
      }
      const uint64_t start = StartTicks();
      Execute(op, key, IsChecked<kVerify>(i));
      const uint64_t end = EndTicks();
      *sample++ = LatencySample(op.kind, start, end);
      if (end - began > task_.ticks_max) [[unlikely]] {
        tally_->done = i + 1;
        return;
      }
      until_timed = task_.latency_sample_every;
    }
  }

  /// The open loop. What an operation waits because an earlier one took long counts as its latency,
  /// as it would for the user who sent it. Source: Tene, "How NOT to Measure Latency", 2013
  /// (coordinated omission).
  template <VerifyMode kVerify>
  void RunWhenDue() {
    tally_->done = task_.ops.size();
    const uint64_t start = EndTicks();
    for (uint64_t i = 0; i < task_.ops.size(); ++i) {
      const workload::Op& op = task_.ops[i];
      const Key key = NextKey(op);
      const uint64_t due = start + task_.due_ticks[i];
      while (EndTicks() < due) CpuRelax();
      Execute(op, key, IsChecked<kVerify>(i));
      task_.samples[i] = LatencySample(op.kind, due, EndTicks());
    }
  }

  template <VerifyMode kVerify>
  static constexpr bool IsChecked(uint64_t index) {
    if constexpr (kVerify == VerifyMode::kSample) return index % kCheckEvery == kCheckOffset;
    return kVerify == VerifyMode::kFull;
  }

  Key NextKey(const workload::Op& op) {
    PrefetchAhead(&op);
    const Key key = keys_.Next(op);
    if constexpr (kForm.byte_keys) PrefetchAhead(key.data());
    return key;
  }

  void Execute(const workload::Op& op, Key key, bool checked) {
    // The kind is random, and a wrong guess at a branch costs less than one at the switch's table:
    // the kinds that most workloads mix come first.
    if (op.kind == workload::OpKind::kRead) return Note(Read(op, key, checked), op);
    if (op.kind == workload::OpKind::kUpdate) {
      return Note(session_.Update(key, NewValue(op, key)), op);
    }
    switch (op.kind) {
      case workload::OpKind::kRead:
      case workload::OpKind::kUpdate:
        return;  // done above
      case workload::OpKind::kInsert:
        return Note(session_.Insert(key, NewValue(op, key)), op);
      case workload::OpKind::kUpsert:
        return Note(session_.Upsert(key, NewValue(op, key)), op);
      case workload::OpKind::kDelete:
        if constexpr (kCapabilities.erase) return Note(session_.Delete(key), op);
        return;
      case workload::OpKind::kReadModifyWrite: {
        OpResult result = Read(op, key, checked);
        if (result == OpResult::kOk) result = session_.Update(key, NewValue(op, key));
        return Note(result, op);
      }
      case workload::OpKind::kScan:
        if constexpr (kCapabilities.scan) Scan<false>(op, key, checked);
        return;
      case workload::OpKind::kReverseScan:
        if constexpr (kCapabilities.reverse_scan) Scan<true>(op, key, checked);
        return;
    }
  }

  void Note(OpResult result, const workload::Op& op) {
    if (result != OpResult::kOk) [[unlikely]]
      NoteUnsuccessful(result, op);
  }

  [[gnu::noinline]] void NoteUnsuccessful(OpResult result, const workload::Op& op) {
    const bool is_miss = result == OpResult::kNotFound || result == OpResult::kExists;
    ++(is_miss ? CountsOf(op).miss : CountsOf(op).fail);
  }

  OpCounts& CountsOf(const workload::Op& op) { return tally_->ops[workload::IndexOf(op.kind)]; }

  Value NewValue(const workload::Op& op, Key key) {
    return values_.Of(keys_.NumberOf(op, key), op.version);
  }

  OpResult Read(const workload::Op& op, Key key, bool checked) {
    const OpResult result = session_.Get(key, &read_);
    Keep(read_);
    if (checked) {
      ++tally_->checked;
      if (result == OpResult::kOk && !values_.IsOf(keys_.NumberOf(op, key), read_)) [[unlikely]] {
        NoteWrong("a read of key " + ShownKey(key) +
                  " returned a value that it never had: " + ShownKey(read_));
      }
    }
    return result;
  }

  template <bool kReverse>
  void Scan(const workload::Op& op, Key first, bool checked) {
    if (checked) return CheckedScan<kReverse>(first, op.length);
    tally_->records_scanned += Visit<kReverse>(first, op.length, [](Key key, Value value) {
      Keep(key);
      Keep(value);
      return true;
    });
  }

  template <bool kReverse>
  void CheckedScan(Key first, size_t limit) {
    ++tally_->checked;
    typename Keys::Owned last(first);
    uint64_t visited = 0;
    bool is_right = true;
    const auto visit = [&](Key key, Value value) {
      const bool at_first = visited == 0 && key == last;
      const bool follows = kReverse ? key < last : key > last;
      if (!(at_first || follows) || !values_.IsOf(keys_.NumberOf(key), value)) is_right = false;
      last = key;
      ++visited;
      return true;
    };
    const uint64_t reported = Visit<kReverse>(first, limit, visit);
    tally_->records_scanned += reported;
    if (!is_right || visited != reported || visited > limit) [[unlikely]] {
      NoteWrong("a scan from key " + ShownKey(first) +
                " returned a record out of order, with a foreign value, or too many; last key: " +
                ShownKey(last));
    }
  }

  template <bool kReverse, class Visitor>
  size_t Visit(Key first, size_t limit, Visitor&& visit) {
    if constexpr (kReverse) {
      return session_.ReverseScan(first, limit, std::forward<Visitor>(visit));
    } else {
      return session_.Scan(first, limit, std::forward<Visitor>(visit));
    }
  }

  void NoteWrong(std::string what) {
    if (tally_->wrong++ == 0) tally_->first_wrong = std::move(what);
  }

  Session& session_;
  const ThreadTask& task_;
  ThreadTally* tally_;
  Keys keys_;
  Values values_;
  typename Values::Owned read_{};
};

}  // namespace bwlab::experiment
