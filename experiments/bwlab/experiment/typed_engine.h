#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "bwlab/base/status.h"
#include "bwlab/experiment/engine.h"
#include "bwlab/experiment/engine_loop.h"

namespace bwlab::experiment {

/// An integer as a record of the given form has it. Byte strings: most significant byte first, so
/// that their order is that of the integers.
template <bool kBytes>
struct CheckWord;

template <>
struct CheckWord<false> {
  explicit CheckWord(uint64_t word) : view(word) {}
  static uint64_t Back(uint64_t word) { return word; }

  uint64_t view;
};

template <>
struct CheckWord<true> {
  explicit CheckWord(uint64_t word) {
    for (size_t i = 0; i < bytes.size(); ++i) {
      bytes[i] = static_cast<char>(word >> (8 * (bytes.size() - 1 - i)));
    }
  }
  CheckWord(const CheckWord&) = delete;
  CheckWord& operator=(const CheckWord&) = delete;
  static uint64_t Back(std::string_view bytes) {
    uint64_t word = 0;
    for (const char byte : bytes) word = word << 8 | static_cast<unsigned char>(byte);
    return word;
  }

  std::array<char, sizeof(uint64_t)> bytes;
  std::string_view view{bytes.data(), bytes.size()};
};

/// The virtual face of a session.
template <class Session, Capabilities kCapabilities, RecordForm kForm>
class TypedCheckSession final : public CheckSession {
 public:
  explicit TypedCheckSession(Session session) : session_(std::move(session)) {}

  OpResult Insert(uint64_t key, uint64_t value) override {
    return session_.Insert(Key(key).view, Value(value).view);
  }
  OpResult Upsert(uint64_t key, uint64_t value) override {
    return session_.Upsert(Key(key).view, Value(value).view);
  }
  OpResult Update(uint64_t key, uint64_t value) override {
    return session_.Update(Key(key).view, Value(value).view);
  }
  OpResult Get(uint64_t key, uint64_t* value) override {
    typename ValueCodec<kForm.byte_values>::Owned owned{};
    const OpResult result = session_.Get(Key(key).view, &owned);
    if (result == OpResult::kOk) *value = Value::Back(owned);
    return result;
  }
  OpResult Delete([[maybe_unused]] uint64_t key) override {
    if constexpr (kCapabilities.erase) return session_.Delete(Key(key).view);
    std::abort();
  }
  size_t Scan([[maybe_unused]] uint64_t first, [[maybe_unused]] size_t limit,
              [[maybe_unused]] const Visitor& visit) override {
    if constexpr (kCapabilities.scan) {
      return session_.Scan(Key(first).view, limit, Translated(visit));
    }
    std::abort();
  }
  size_t ReverseScan([[maybe_unused]] uint64_t first, [[maybe_unused]] size_t limit,
                     [[maybe_unused]] const Visitor& visit) override {
    if constexpr (kCapabilities.reverse_scan) {
      return session_.ReverseScan(Key(first).view, limit, Translated(visit));
    }
    std::abort();
  }

 private:
  using Key = CheckWord<kForm.byte_keys>;
  using Value = CheckWord<kForm.byte_values>;

  static auto Translated(const Visitor& visit) {
    return [&visit](const auto& key, const auto& value) {
      return visit(Key::Back(key), Value::Back(value));
    };
  }

  Session session_;
};

/// Makes an Engine of a type `Index` that has a Session and Result<Session> OpenSession(). Size,
/// LiveBytes and the rest come from the class that derives from this one.
template <class Index, Capabilities kCapabilities, RecordForm kForm>
class TypedEngine : public Engine {
 public:
  using Session = typename Index::Session;
  static_assert(EngineSession<Session, kForm>);

  Status RunThread(const ThreadTask& task, ThreadTally* tally) final {
    Result<Session> session = index().OpenSession();
    if (!session.ok()) {
      task.wait_for_start();  // the other threads wait for this one
      task.note_end();
      return session.status();
    }
    StreamLoop<Session, kCapabilities, kForm> loop(session.value(), task, tally);
    task.wait_for_start();
    loop.Run();
    task.note_end();
    loop.CountSuccesses();
    return FailureOf(session.value());
  }

  Status CheckAllRecords(const ThreadTask& task, ThreadTally* tally) final {
    Result<Session> session = index().OpenSession();
    if (!session.ok()) return session.status();
    StreamLoop<Session, kCapabilities, kForm>(session.value(), task, tally).CheckAllRecords();
    return FailureOf(session.value());
  }

  Result<std::unique_ptr<CheckSession>> OpenCheckSession() final {
    Result<Session> session = index().OpenSession();
    if (!session.ok()) return session.status();
    using Typed = TypedCheckSession<Session, kCapabilities, kForm>;
    return std::unique_ptr<CheckSession>(std::make_unique<Typed>(std::move(session).value()));
  }

 protected:
  virtual Index& index() = 0;

 private:
  /// What went wrong in a session that is no OpResult, where its type can tell.
  static Status FailureOf(const Session& session) {
    if constexpr (requires { session.failure(); }) return session.failure();
    return Status::Ok();
  }
};

}  // namespace bwlab::experiment
