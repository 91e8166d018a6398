#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "bwlab/base/status.h"
#include "bwlab/engines/counting_allocator.h"
#include "bwlab/engines/storage_options.h"
#include "bwlab/experiment/engine.h"
#include "bwlab/experiment/typed_engine.h"

namespace bwlab::experiment {

// What the adapters of storage engines share. An adapter is a class `Files`, derived from
// StorageFiles, with records of byte strings; StorageEngine makes an Engine of it for records of
// any form. Integers are stored as eight bytes, the most significant one first, so that their order
// is kept.

/// What all storage engines can do. Keys are at most 511 bytes long (LMDB's limit), which no key
/// space comes near to.
inline constexpr Capabilities kStorageCapabilities{.scan = true,
                                                   .reverse_scan = true,
                                                   .erase = true,
                                                   .byte_keys = true,
                                                   .value_bytes_max = workload::kValueBytesMax,
                                                   .keeps_files = true};

/// What the adapters have in common: the first failure, for whose text an OpResult has no room.
class StorageFiles {
 public:
  /// Notes what went wrong. Thread-safe. @return what the operation returns
  OpResult Fail(std::string_view operation, std::string_view why) const {
    const std::lock_guard lock(mutex_);
    if (failure_.ok()) {
      failure_ = Status::IoError(std::string(operation) + ": " + std::string(why));
    }
    return OpResult::kIoError;
  }
  Status FirstFailure() const {
    const std::lock_guard lock(mutex_);
    return failure_;
  }

  // What a derived class hides where it can do better.
  std::optional<uint64_t> LiveBytes() const { return std::nullopt; }
  std::optional<Counters> ReadCounters() const { return std::nullopt; }
  std::optional<uint64_t> BytesWritten() const { return std::nullopt; }

 private:
  mutable std::mutex mutex_;
  mutable Status failure_;
};

/// Makes each write sync on its own where that is wanted: the engines would let writes that come
/// together share one.
class CommitOrder {
 public:
  explicit CommitOrder(Durability durability) : one_by_one_(durability == Durability::kFsync) {}

  std::unique_lock<std::mutex> Enter() {
    std::unique_lock<std::mutex> lock(mutex_, std::defer_lock);
    if (one_by_one_) lock.lock();
    return lock;
  }

 private:
  const bool one_by_one_;
  std::mutex mutex_;
};

/// A key or a value of a record as the files have it.
template <bool kBytes>
struct StoredBytes;

template <>
struct StoredBytes<false> : CheckWord<true> {
  using View = uint64_t;
  using Owned = uint64_t;
  using CheckWord<true>::CheckWord;
};

template <>
struct StoredBytes<true> {
  using View = std::string_view;
  using Owned = std::string;

  explicit StoredBytes(View bytes) : view(bytes) {}
  static View Back(View bytes) { return bytes; }

  View view;
};

/// The bytes of a session's writes, added to those of all sessions when it ends.
class UserBytes {
 public:
  explicit UserBytes(ByteCount* total) : total_(total) {}
  UserBytes(UserBytes&& other) noexcept
      : total_(other.total_), bytes_(std::exchange(other.bytes_, 0)) {}
  UserBytes& operator=(UserBytes&&) = delete;
  ~UserBytes() { total_->Add(static_cast<int64_t>(bytes_)); }

  OpResult Count(OpResult result, std::string_view key, std::string_view value) {
    if (result == OpResult::kOk) bytes_ += key.size() + value.size();
    return result;
  }

 private:
  ByteCount* total_;
  uint64_t bytes_ = 0;
};

/// `Files` with records of a form.
template <class Files, RecordForm kForm>
class StoredRecords {
 public:
  using StoredKey = StoredBytes<kForm.byte_keys>;
  using StoredValue = StoredBytes<kForm.byte_values>;
  using Key = typename StoredKey::View;
  using Value = typename StoredValue::View;

  class Session {
   public:
    Session(typename Files::Session files, ByteCount* user_bytes)
        : files_(std::move(files)), user_bytes_(user_bytes) {}

    OpResult Insert(Key key, Value value) {
      const StoredKey k(key);
      const StoredValue v(value);
      return user_bytes_.Count(files_.Insert(k.view, v.view), k.view, v.view);
    }
    OpResult Upsert(Key key, Value value) {
      const StoredKey k(key);
      const StoredValue v(value);
      return user_bytes_.Count(files_.Upsert(k.view, v.view), k.view, v.view);
    }
    OpResult Update(Key key, Value value) {
      const StoredKey k(key);
      const StoredValue v(value);
      return user_bytes_.Count(files_.Update(k.view, v.view), k.view, v.view);
    }
    OpResult Delete(Key key) {
      const StoredKey k(key);
      return user_bytes_.Count(files_.Delete(k.view), k.view, {});
    }
    OpResult Get(Key key, typename StoredValue::Owned* value) {
      const StoredKey k(key);
      if constexpr (kForm.byte_values) {
        return files_.Get(k.view, value);
      } else {
        const OpResult result = files_.Get(k.view, &read_);
        if (result == OpResult::kOk) *value = StoredValue::Back(read_);
        return result;
      }
    }
    template <class Visitor>
    size_t Scan(Key first, size_t limit, Visitor&& visit) {
      return files_.Scan(StoredKey(first).view, limit, Translated(visit));
    }
    template <class Visitor>
    size_t ReverseScan(Key first, size_t limit, Visitor&& visit) {
      return files_.ReverseScan(StoredKey(first).view, limit, Translated(visit));
    }

   private:
    template <class Visitor>
    static auto Translated(Visitor& visit) {
      return [&visit](std::string_view key, std::string_view value) {
        return visit(StoredKey::Back(key), StoredValue::Back(value));
      };
    }

    typename Files::Session files_;
    UserBytes user_bytes_;
    std::string read_;
  };

  explicit StoredRecords(std::unique_ptr<Files> files) : files_(std::move(files)) {}

  Result<Session> OpenSession() {
    Result<typename Files::Session> session = files_->OpenSession();
    if (!session.ok()) return session.status();
    return Session(std::move(session).value(), &user_bytes_);
  }

  Files& files() const { return *files_; }
  uint64_t user_bytes() const { return user_bytes_.Sum(); }

 private:
  std::unique_ptr<Files> files_;
  ByteCount user_bytes_;
};

template <class Files, RecordForm kForm>
class StorageEngine final
    : public TypedEngine<StoredRecords<Files, kForm>, kStorageCapabilities, kForm> {
 public:
  explicit StorageEngine(std::unique_ptr<Files> files) : records_(std::move(files)) {}

  /// Counted where the records are, not kept beside them: what was lost would not be missed
  /// otherwise.
  uint64_t Size() const override { return records_.files().Size(); }
  std::optional<uint64_t> LiveBytes() const override { return records_.files().LiveBytes(); }
  std::optional<Counters> ReadCounters() const override { return records_.files().ReadCounters(); }
  Status FirstFailure() const override { return records_.files().FirstFailure(); }
  Status Settle() override { return records_.files().Settle(); }
  std::optional<WrittenBytes> ReadWrittenBytes() const override {
    return WrittenBytes{.by_user = records_.user_bytes(),
                        .by_engine = records_.files().BytesWritten()};
  }

 private:
  StoredRecords<Files, kForm>& index() override { return records_; }

  StoredRecords<Files, kForm> records_;
};

/// `open` of a storage engine. Files::Open takes the resolved options and an empty folder.
template <class Files>
Result<std::unique_ptr<Engine>> OpenStorage(const nlohmann::json& config, RecordForm form,
                                            const std::filesystem::path& folder) {
  Result<std::unique_ptr<Files>> opened = Files::Open(config.at("options"), folder);
  if (!opened.ok()) return opened.status();
  std::unique_ptr<Files> files = std::move(opened).value();
  const auto make = [&files]<bool kByteKeys, bool kByteValues>() -> std::unique_ptr<Engine> {
    using Made = StorageEngine<Files, RecordForm{kByteKeys, kByteValues}>;
    return std::make_unique<Made>(std::move(files));
  };
  if (form == RecordForm{true, true}) return make.template operator()<true, true>();
  if (form == RecordForm{true, false}) return make.template operator()<true, false>();
  if (form == RecordForm{false, true}) return make.template operator()<false, true>();
  return make.template operator()<false, false>();
}

}  // namespace bwlab::experiment
