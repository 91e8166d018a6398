#pragma once

#include <concepts>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "bwlab/base/pause.h"
#include "bwlab/experiment/engine.h"
#include "bwlab/experiment/tick_clock.h"
#include "bwlab/workload/value.h"

namespace bwlab::experiment {

/// What the typed loop needs of an engine's session; the Bw-tree's own sessions have this shape,
/// and the adapters of peers imitate it. Delete and Scan are needed where kCapabilities says so.
template <class S>
concept EngineSession = requires(S& session, uint64_t key, uint64_t* value) {
  { session.Insert(key, key) } -> std::same_as<OpResult>;
  { session.Upsert(key, key) } -> std::same_as<OpResult>;
  { session.Update(key, key) } -> std::same_as<OpResult>;
  { session.Get(key, value) } -> std::same_as<OpResult>;
};

/// Every kCheckEvery-th operation is checked where VerifyMode is kSample. Half a period off from
/// operation 0, so that the checked operations are not the timed ones.
inline constexpr uint64_t kCheckEvery = 64;
inline constexpr uint64_t kCheckOffset = 33;

inline void Count(OpResult result, OpCounts* counts) {
  switch (result) {
    case OpResult::kOk:
      ++counts->ok;
      return;
    case OpResult::kNotFound:
    case OpResult::kExists:
      ++counts->miss;
      return;
    case OpResult::kOutOfMemory:
    case OpResult::kOutOfPageIds:
    case OpResult::kTooLarge:
      ++counts->fail;
      return;
  }
}

/// The loop that all engines run, with their operations inlined into it.
template <class Session, Capabilities kCapabilities>
class StreamLoop {
 public:
  StreamLoop(Session& session, ThreadTally* tally) : session_(session), tally_(tally) {}

  void Run(const ThreadTask& task) {
    switch (task.verify) {
      case VerifyMode::kOff:
        return Run<VerifyMode::kOff>(task);
      case VerifyMode::kSample:
        return Run<VerifyMode::kSample>(task);
      case VerifyMode::kFull:
        return Run<VerifyMode::kFull>(task);
    }
  }

 private:
  template <VerifyMode kVerify>
  void Run(const ThreadTask& task) {
    if (!task.due_ticks.empty()) return RunWhenDue<kVerify>(task);
    if (task.latency_sample_every == 0) {
      for (uint64_t i = 0; i < task.ops.size(); ++i) {
        Execute(task.ops[i], IsChecked<kVerify>(i));
      }
      return;
    }
    uint64_t until_timed = 1;
    for (uint64_t i = 0; i < task.ops.size(); ++i) {
      const workload::Op& op = task.ops[i];
      const bool timed = --until_timed == 0;
      const uint64_t start = timed ? StartTicks() : 0;
      Execute(op, IsChecked<kVerify>(i));
      if (timed) {
        tally_->latency_ticks[workload::IndexOf(op.kind)].Record(EndTicks() - start);
        until_timed = task.latency_sample_every;
      }
    }
  }

  /// The open loop. What an operation waits because an earlier one took long counts as its latency,
  /// as it would for the user who sent it. Source: Tene, "How NOT to Measure Latency", 2013
  /// (coordinated omission).
  template <VerifyMode kVerify>
  void RunWhenDue(const ThreadTask& task) {
    const uint64_t start = EndTicks();
    for (uint64_t i = 0; i < task.ops.size(); ++i) {
      const uint64_t due = start + task.due_ticks[i];
      while (EndTicks() < due) CpuRelax();
      Execute(task.ops[i], IsChecked<kVerify>(i));
      tally_->latency_ticks[workload::IndexOf(task.ops[i].kind)].Record(EndTicks() - due);
    }
  }

  template <VerifyMode kVerify>
  static constexpr bool IsChecked(uint64_t index) {
    if constexpr (kVerify == VerifyMode::kSample) return index % kCheckEvery == kCheckOffset;
    return kVerify == VerifyMode::kFull;
  }

  void Execute(const workload::Op& op, bool checked) {
    OpCounts* counts = &tally_->ops[workload::IndexOf(op.kind)];
    switch (op.kind) {
      case workload::OpKind::kRead:
        return Count(Read(op, checked), counts);
      case workload::OpKind::kUpdate:
        return Count(session_.Update(op.key, workload::ValueOf(op.key, op.version)), counts);
      case workload::OpKind::kInsert:
        return Count(session_.Insert(op.key, workload::ValueOf(op.key, op.version)), counts);
      case workload::OpKind::kUpsert:
        return Count(session_.Upsert(op.key, workload::ValueOf(op.key, op.version)), counts);
      case workload::OpKind::kDelete:
        if constexpr (kCapabilities.erase) return Count(session_.Delete(op.key), counts);
        return;
      case workload::OpKind::kReadModifyWrite: {
        OpResult result = Read(op, checked);
        if (result == OpResult::kOk) {
          result = session_.Update(op.key, workload::ValueOf(op.key, op.version));
        }
        return Count(result, counts);
      }
      case workload::OpKind::kScan:
        if constexpr (kCapabilities.scan) {
          Scan(op, checked);
          ++counts->ok;
        }
        return;
    }
  }

  OpResult Read(const workload::Op& op, bool checked) {
    uint64_t value = 0;
    const OpResult result = session_.Get(op.key, &value);
    tally_->checksum += value;
    if (checked) {
      ++tally_->checked;
      if (result == OpResult::kOk && !workload::IsValueOf(op.key, value)) [[unlikely]] {
        NoteWrong("a read of key ", op.key, " returned a value that it never had: ", value);
      }
    }
    return result;
  }

  void Scan(const workload::Op& op, bool checked) {
    uint64_t sum = 0;
    if (!checked) {
      tally_->records_scanned +=
          session_.Scan(op.key, op.length, [&sum](uint64_t key, uint64_t value) {
            sum += key ^ value;
            return true;
          });
      tally_->checksum += sum;
      return;
    }
    ++tally_->checked;
    uint64_t next = op.key;  // the smallest key that may follow
    bool past_last_key = false;
    uint64_t visited = 0;
    bool is_right = true;
    const auto visit = [&](uint64_t key, uint64_t value) {
      if (key < next || past_last_key || !workload::IsValueOf(key, value)) is_right = false;
      next = key + 1;
      past_last_key = key == UINT64_MAX;
      ++visited;
      return true;
    };
    const uint64_t reported = session_.Scan(op.key, op.length, visit);
    tally_->records_scanned += reported;
    if (!is_right || visited != reported || visited > op.length) [[unlikely]] {
      NoteWrong("a scan from key ", op.key,
                " returned a record out of order, with a foreign value, or too many; last key: ",
                next - 1);
    }
  }

  void NoteWrong(const char* what, uint64_t key, const char* then, uint64_t value) {
    if (tally_->wrong++ != 0) return;
    tally_->first_wrong = what + std::to_string(key) + then + std::to_string(value);
  }

  Session& session_;
  ThreadTally* tally_;
};

/// The virtual face of a session.
template <class Session, Capabilities kCapabilities>
class TypedCheckSession final : public CheckSession {
 public:
  explicit TypedCheckSession(Session session) : session_(std::move(session)) {}

  OpResult Insert(uint64_t key, uint64_t value) override { return session_.Insert(key, value); }
  OpResult Upsert(uint64_t key, uint64_t value) override { return session_.Upsert(key, value); }
  OpResult Update(uint64_t key, uint64_t value) override { return session_.Update(key, value); }
  OpResult Get(uint64_t key, uint64_t* value) override { return session_.Get(key, value); }
  OpResult Delete([[maybe_unused]] uint64_t key) override {
    if constexpr (kCapabilities.erase) return session_.Delete(key);
    std::abort();
  }
  size_t Scan([[maybe_unused]] uint64_t first, [[maybe_unused]] size_t limit,
              [[maybe_unused]] const std::function<bool(uint64_t, uint64_t)>& visit) override {
    if constexpr (kCapabilities.scan) return session_.Scan(first, limit, visit);
    std::abort();
  }

 private:
  Session session_;
};

/// Makes an Engine of a type `Index` that has a Session and Result<Session> OpenSession(). Size,
/// LiveBytes and the rest come from the class that derives from this one.
template <class Index, Capabilities kCapabilities>
class TypedEngine : public Engine {
 public:
  using Session = typename Index::Session;
  static_assert(EngineSession<Session>);

  Status RunThread(const ThreadTask& task, ThreadTally* tally) final {
    Result<Session> session = index().OpenSession();
    task.wait_for_start();  // even without a session: the other threads wait for this one
    if (session.ok()) {
      StreamLoop<Session, kCapabilities>(session.value(), tally).Run(task);
    }
    task.note_end();
    return session.status();
  }

  Result<std::unique_ptr<CheckSession>> OpenCheckSession() final {
    Result<Session> session = index().OpenSession();
    if (!session.ok()) return session.status();
    using Typed = TypedCheckSession<Session, kCapabilities>;
    return std::unique_ptr<CheckSession>(std::make_unique<Typed>(std::move(session).value()));
  }

 protected:
  virtual Index& index() = 0;
};

}  // namespace bwlab::experiment
