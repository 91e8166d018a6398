#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "bwlab/base/status.h"
#include "bwlab/experiment/engine.h"
#include "bwlab/experiment/record_codec.h"
#include "bwlab/plugin/engine_plugin.h"

namespace bwlab::experiment {

/// An upsert of what has none. A round fails only where another thread inserts or deletes the key
/// meanwhile; what fails in all of them is no index.
template <class Session, class Key, class Value>
OpResult UpsertInSteps(Session& session, Key key, Value value) {
  constexpr int kRoundsMax = 1000;
  OpResult result = OpResult::kNotFound;
  for (int round = 0; round < kRoundsMax; ++round) {
    result = session.Update(key, value);
    if (result != OpResult::kNotFound) return result;
    result = session.Insert(key, value);
    if (result != OpResult::kExists) return result;
  }
  return result;
}

/// The index of a plug-in. An operation is one call through a pointer; integers go and come in
/// registers but for the value of a read, which passes through the stack.
template <RecordForm kForm>
class PluginIndex {
 public:
  /// What the loop is compiled for. What a plug-in really can do is in its EngineEntry, and cells
  /// that need more are refused.
  static constexpr Capabilities kCapabilities{.scan = true,
                                              .reverse_scan = true,
                                              .erase = true,
                                              .byte_keys = true,
                                              .value_bytes_max = workload::kValueBytesMax};
  using Key = typename KeyCodec<kForm.byte_keys>::View;
  using Value = typename ValueCodec<kForm.byte_values>::View;
  using OwnedValue = typename ValueCodec<kForm.byte_values>::Owned;

  class Session {
   public:
    Session(const PluginIndex* index, void* handle)
        : functions_(index->functions_), index_(index), handle_(handle) {
      if constexpr (kForm.byte_values) room_.resize(functions_->value_bytes_max);
    }
    ~Session() {
      if (index_ != nullptr && functions_->close_session != nullptr) {
        functions_->close_session(handle_);
      }
    }
    Session(Session&& other) noexcept
        : functions_(other.functions_),
          index_(std::exchange(other.index_, nullptr)),
          handle_(other.handle_),
          room_(std::move(other.room_)),
          failure_(std::move(other.failure_)) {}
    Session& operator=(Session&&) = delete;

    OpResult Insert(Key key, Value value) {
      return Answer(functions_->insert(handle_, Item(key), Item(value)));
    }
    OpResult Update(Key key, Value value) {
      return Answer(functions_->update(handle_, Item(key), Item(value)));
    }
    OpResult Upsert(Key key, Value value) {
      if (functions_->upsert == nullptr) return UpsertInSteps(*this, key, value);
      return Answer(functions_->upsert(handle_, Item(key), Item(value)));
    }
    OpResult Delete(Key key) { return Answer(functions_->remove(handle_, Item(key))); }

    OpResult Get(Key key, OwnedValue* value) {
      BwlabRoom room{0, room_.data(), room_.size()};
      const OpResult result = Answer(functions_->get(handle_, Item(key), &room));
      if (result != OpResult::kOk) return result;
      if constexpr (kForm.byte_values) {
        if (room.size > room_.size()) {
          return Fail(StatusCode::kCorruption,
                      "get says that it wrote " + std::to_string(room.size) +
                          " bytes, where there is room for " + std::to_string(room_.size()));
        }
        value->assign(room_.data(), room.size);
      } else {
        *value = room.word;
      }
      return result;
    }

    template <class Visitor>
    size_t Scan(Key first, size_t limit, Visitor&& visit) {
      return Visit(functions_->scan, first, limit, visit);
    }
    template <class Visitor>
    size_t ReverseScan(Key first, size_t limit, Visitor&& visit) {
      return Visit(functions_->reverse_scan, first, limit, visit);
    }

    /// The first thing that went wrong and is no OpResult.
    const Status& failure() const { return failure_; }

   private:
    static BwlabItem Item(uint64_t word) {
      BwlabItem item;
      item.as.word = word;
      item.size = sizeof(word);
      return item;
    }
    static BwlabItem Item(std::string_view bytes) {
      BwlabItem item;
      item.as.bytes = bytes.data();
      item.size = bytes.size();
      return item;
    }

    template <bool kBytes>
    static auto Back(const BwlabItem& item) {
      if constexpr (kBytes) {
        return std::string_view(item.as.bytes, item.size);
      } else {
        return item.as.word;
      }
    }

    OpResult Answer(int code) {
      if (code == kBwlabOk) return OpResult::kOk;
      if (code == kBwlabNotFound) return OpResult::kNotFound;
      if (code == kBwlabExists) return OpResult::kExists;
      return Unexpected(code);
    }

    [[gnu::noinline]] OpResult Unexpected(int code) {
      if (code == kBwlabOutOfMemory) return OpResult::kOutOfMemory;
      if (code == kBwlabTooLarge) return OpResult::kTooLarge;
      if (code == kBwlabError) {
        return Fail(StatusCode::kIoError, "an operation failed: " + index_->ErrorText());
      }
      return Fail(StatusCode::kCorruption, "an operation returned " + std::to_string(code) +
                                               ", which is none of the answers of engine_plugin.h");
    }

    OpResult Fail(StatusCode code, const std::string& what) {
      if (failure_.ok()) failure_ = Status(code, index_->file_ + ": " + what);
      return OpResult::kOutOfMemory;  // counted as a failure
    }

    template <class Visitor>
    size_t Visit(decltype(BwlabEnginePlugin::scan) scan, Key first, size_t limit, Visitor& visit) {
      struct Visits {
        Visitor& visit;
        size_t count;
      } visits{visit, 0};
      const auto take = [](void* context, BwlabItem key, BwlabItem value) -> int {
        auto& taken = *static_cast<Visits*>(context);
        ++taken.count;
        return taken.visit(Back<kForm.byte_keys>(key), Back<kForm.byte_values>(value)) ? 1 : 0;
      };
      const int code = scan(handle_, Item(first), limit, take, &visits);
      if (code != kBwlabOk) NoteFailedScan(code);
      return visits.count;
    }

    [[gnu::noinline]] void NoteFailedScan(int code) {
      if (code == kBwlabError) {
        Fail(StatusCode::kIoError, "a scan failed: " + index_->ErrorText());
      } else {
        Fail(StatusCode::kCorruption,
             "a scan returned " + std::to_string(code) + ", which is no answer of a scan");
      }
    }

    using Room = std::conditional_t<kForm.byte_values, std::vector<char>, std::array<char, 0>>;

    const BwlabEnginePlugin* functions_;
    const PluginIndex* index_;  // null where another Session has taken over
    void* handle_;
    Room room_;  // for a value that is read
    Status failure_;
  };

  /// `file` is for messages.
  PluginIndex(const BwlabEnginePlugin* functions, std::string file)
      : functions_(functions), file_(std::move(file)) {}
  ~PluginIndex() {
    if (index_ != nullptr) functions_->destroy(index_);
  }
  PluginIndex(const PluginIndex&) = delete;
  PluginIndex& operator=(const PluginIndex&) = delete;

  /// Call once, before all else. `options` in the order of the plug-in's own list.
  Status Create(const std::vector<uint64_t>& options) {
    const BwlabCreate how{sizeof(BwlabCreate), kForm.byte_keys, kForm.byte_values, options.data()};
    const int code = functions_->create(&how, &index_);
    if (code != kBwlabOk) return Refused("create", code);
    if (index_ != nullptr) return Status::Ok();
    return Status::Corruption(file_ + ": create returned no index");
  }

  Result<Session> OpenSession() {
    if (functions_->open_session == nullptr) return Session(this, index_);
    void* handle = nullptr;
    const int code = functions_->open_session(index_, &handle);
    if (code != kBwlabOk) return Refused("open_session", code);
    return Session(this, handle);
  }

  uint64_t Size() const { return functions_->size == nullptr ? 0 : functions_->size(index_); }
  std::optional<uint64_t> LiveBytes() const {
    if (functions_->live_bytes == nullptr) return std::nullopt;
    return functions_->live_bytes(index_);
  }

 private:
  Status Refused(const std::string& function, int code) const {
    if (code == kBwlabOutOfMemory) {
      return Status::OutOfMemory(file_ + ": " + function + " lacked memory");
    }
    return Status::Unsupported(
        file_ + ": " + function +
        (code == kBwlabError ? " failed: " + ErrorText() : " returned " + std::to_string(code)));
  }

  std::string ErrorText() const {
    const char* const text =
        functions_->error_text == nullptr ? nullptr : functions_->error_text(index_);
    return text == nullptr ? "it does not say why" : text;
  }

  const BwlabEnginePlugin* const functions_;
  const std::string file_;
  void* index_ = nullptr;
};

}  // namespace bwlab::experiment
