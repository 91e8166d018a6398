#pragma once

#include <algorithm>
#include <array>
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
#include "bwlab/experiment/kind_pair.h"
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

/// For how many operations a pair of kinds is kept: workloads change in the course of a stream.
inline constexpr uint64_t kOpsOfPair = 4096;

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
    checks_ = task_.verify == VerifyMode::kFull;
    tally_->done = task_.ops.size();
    task_.due_ticks.empty() ? RunAtOnce() : RunWhenDue();
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

  /// Does an operation of one kind.
  using Step = void (*)(StreamLoop&, const workload::Op&, Key);

  /// The closed loop: in groups, but for operations that are timed or checked.
  void RunAtOnce() {
    const uint64_t size = task_.ops.size();
    const uint64_t began = EndTicks();
    LatencySample* sample = task_.samples.data();
    uint64_t timed = task_.latency_sample_every == 0 ? size : 0;
    uint64_t checked = task_.verify == VerifyMode::kSample ? kCheckOffset : size;
    for (uint64_t i = 0;; ++i) {
      const uint64_t apart = std::min({timed, checked, size});
      DoInGroups(i, apart);
      i = apart;
      if (i == size) return;
      const workload::Op& op = task_.ops[i];
      const Key key = NextKey(op);
      if (i == checked) checked += kCheckEvery;
      if (i != timed) {
        DoApart(i, key);
        continue;
      }
      timed += task_.latency_sample_every;
      const uint64_t start = StartTicks();
      DoApart(i, key);
      const uint64_t end = EndTicks();
      *sample++ = LatencySample(op.kind, start, end);
      if (end - began > task_.ticks_max) [[unlikely]] {
        tally_->done = i + 1;
        return;
      }
    }
  }

  /// The open loop. What an operation waits because an earlier one took long counts as its latency,
  /// as it would for the user who sent it. Source: Tene, "How NOT to Measure Latency", 2013
  /// (coordinated omission).
  void RunWhenDue() {
    const uint64_t start = EndTicks();
    for (uint64_t i = 0; i < task_.ops.size(); ++i) {
      const workload::Op& op = task_.ops[i];
      const Key key = NextKey(op);
      const uint64_t due = start + task_.due_ticks[i];
      while (EndTicks() < due) CpuRelax();
      DoApart(i, key);
      task_.samples[i] = LatencySample(op.kind, due, EndTicks());
    }
  }

  /// One operation, which is checked if all are or its number says so.
  void DoApart(uint64_t index, Key key) {
    const workload::Op& op = task_.ops[index];
    const bool is_sample =
        task_.verify == VerifyMode::kSample && index % kCheckEvery == kCheckOffset;
    if (is_sample) checks_ = true;
    StepOf(op.kind)(*this, op, key);
    if (is_sample) checks_ = false;
  }

  /// The operations from `begin` to before `end`, which are not timed.
  void DoInGroups(uint64_t begin, uint64_t end) {
    while (begin < end) {
      if (begin >= pair_end_) {
        pair_ = KindPair(task_.ops.subspan(begin));
        pair_end_ = begin + kOpsOfPair;
      }
      const uint64_t stop = std::min(end, pair_end_);
      DoInGroups(task_.ops.subspan(begin, stop - begin));
      begin = stop;
    }
  }

  void DoInGroups(std::span<const workload::Op> ops) {
    const Step first = StepOf(pair_.first());
    const Step second = StepOf(pair_.second());
    // A pattern is made a group before it is needed, so that a wrong guess is noticed at once.
    unsigned next = ops.size() < kGroupOps ? 0 : pair_.PatternOf(ops.data());
    while (ops.size() >= kGroupOps) {
      const std::span<const workload::Op> group = ops.first(kGroupOps);
      const unsigned pattern = next;
      ops = ops.subspan(kGroupOps);
      if (ops.size() >= kGroupOps) next = pair_.PatternOf(ops.data());
      if (pattern < KindPair::kPatterns) [[likely]] {
        PrefetchAhead(group.data());
        GroupOf(pattern)(*this, group.data(), first, second);
      } else {
        DoEach(group);
      }
    }
    DoEach(ops);
  }

  void DoEach(std::span<const workload::Op> ops) {
    for (const workload::Op& op : ops) StepOf(op.kind)(*this, op, NextKey(op));
  }

  using Group = void (*)(StreamLoop&, const workload::Op* group, Step first, Step second);

  /// Does a group of that pattern of two kinds. Each of its calls has one target for as long as the
  /// pair stays, and is predicted.
  static Group GroupOf(unsigned pattern) {
    static constexpr auto kGroups =
        []<unsigned... kPattern>(std::integer_sequence<unsigned, kPattern...>) {
      return std::array<Group, sizeof...(kPattern)>{DoGroup<kPattern>...};
    }
    (std::make_integer_sequence<unsigned, KindPair::kPatterns>());
    return kGroups[pattern];
  }

  template <unsigned kPattern>
  static void DoGroup(StreamLoop& loop, const workload::Op* group, Step first, Step second) {
    [&]<size_t... kIndex>(std::index_sequence<kIndex...>) {
      ((kPattern >> kIndex & 1 ? second : first)(loop, group[kIndex], loop.KeyOf(group[kIndex])),
       ...);
    }
    (std::make_index_sequence<kGroupOps>());
  }

  static Step StepOf(workload::OpKind kind) {
    static constexpr auto kSteps = []<size_t... kIndex>(std::index_sequence<kIndex...>) {
      return std::array<Step, sizeof...(kIndex)>{Do<workload::kAllOpKinds[kIndex]>...};
    }
    (std::make_index_sequence<workload::kOpKindCount>());
    return kSteps[workload::IndexOf(kind)];
  }

  Key NextKey(const workload::Op& op) {
    PrefetchAhead(&op);
    return KeyOf(op);
  }

  /// Call it once for each operation, in their order.
  Key KeyOf(const workload::Op& op) {
    const Key key = keys_.Next(op);
    if constexpr (kForm.byte_keys) PrefetchAhead(key.data());
    return key;
  }

  template <workload::OpKind kKind>
  static void Do(StreamLoop& loop, const workload::Op& op, Key key) {
    using enum workload::OpKind;
    if constexpr (kKind == kRead) {
      loop.Note(loop.Read(op, key), op);
    } else if constexpr (kKind == kUpdate) {
      loop.Note(loop.session_.Update(key, loop.NewValue(op, key)), op);
    } else if constexpr (kKind == kInsert) {
      loop.Note(loop.session_.Insert(key, loop.NewValue(op, key)), op);
    } else if constexpr (kKind == kUpsert) {
      loop.Note(loop.session_.Upsert(key, loop.NewValue(op, key)), op);
    } else if constexpr (kKind == kDelete && kCapabilities.erase) {
      loop.Note(loop.session_.Delete(key), op);
    } else if constexpr (kKind == kReadModifyWrite) {
      OpResult result = loop.Read(op, key);
      if (result == OpResult::kOk) result = loop.session_.Update(key, loop.NewValue(op, key));
      loop.Note(result, op);
    } else if constexpr (kKind == kScan && kCapabilities.scan) {
      loop.Scan<false>(op, key);
    } else if constexpr (kKind == kReverseScan && kCapabilities.reverse_scan) {
      loop.Scan<true>(op, key);
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

  OpResult Read(const workload::Op& op, Key key) {
    const OpResult result = session_.Get(key, &read_);
    Keep(read_);
    if (checks_) {
      ++tally_->checked;
      if (result == OpResult::kOk && !values_.IsOf(keys_.NumberOf(op, key), read_)) [[unlikely]] {
        NoteWrong("a read of key " + ShownKey(key) +
                  " returned a value that it never had: " + ShownKey(read_));
      }
    }
    return result;
  }

  template <bool kReverse>
  void Scan(const workload::Op& op, Key first) {
    if (checks_) return CheckedScan<kReverse>(first, op.length);
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
  bool checks_ = false;  // what the next operation returns
  KindPair pair_;
  uint64_t pair_end_ = 0;  // the operation at which the next pair is looked for
};

}  // namespace bwlab::experiment
