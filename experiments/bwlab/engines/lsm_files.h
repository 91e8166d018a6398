#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "bwlab/engines/storage_engine.h"

namespace bwlab::experiment {

/// Mutexes that keys share. A write that depends on whether its key is there holds the key's from
/// the look to the write.
class KeyLocks {
 public:
  std::unique_lock<std::mutex> Lock(std::string_view key) {
    return std::unique_lock(stripes_[std::hash<std::string_view>{}(key) % kStripes].mutex);
  }

 private:
  static constexpr size_t kStripes = 1024;  // two threads meet on 1 in 1024 keys

  struct alignas(kCacheLineBytes) Stripe {
    std::mutex mutex;
  };
  std::array<Stripe, kStripes> stripes_;
};

/// The bytes that a log-structured merge tree keeps in memory, of `cache_bytes`: an eighth in each
/// of two write buffers (the one that fills and the one that is written), the rest in blocks that
/// were read.
constexpr uint64_t WriteBufferBytes(uint64_t cache_bytes) { return cache_bytes / 8; }
constexpr uint64_t BlockCacheBytes(uint64_t cache_bytes) {
  return cache_bytes - 2 * WriteBufferBytes(cache_bytes);
}

/// Bits a key of the Bloom filters, which spare an insert the look into tables that lack its key.
inline constexpr int kBloomBitsPerKey = 10;

/// RocksDB or LevelDB, whose interfaces are alike where records are concerned. `Api` names the
/// types of one of them. Neither can insert or update on a condition outside of a transaction:
/// KeyLocks make the look and the write one step among the sessions of this process.
template <class Api>
class LsmFiles : public StorageFiles {
 public:
  using Slice = typename Api::Slice;
  using EngineStatus = typename Api::Status;

  class Session {
   public:
    explicit Session(LsmFiles* files) : files_(files) {}

    OpResult Insert(std::string_view key, std::string_view value) {
      const auto lock = files_->locks_.Lock(key);
      const OpResult found = Get(key, &found_);
      if (found == OpResult::kOk) return OpResult::kExists;
      return found == OpResult::kNotFound ? Put(key, value) : found;
    }
    OpResult Upsert(std::string_view key, std::string_view value) {
      const auto lock = files_->locks_.Lock(key);
      return Put(key, value);
    }
    OpResult Update(std::string_view key, std::string_view value) {
      const auto lock = files_->locks_.Lock(key);
      const OpResult found = Get(key, &found_);
      return found == OpResult::kOk ? Put(key, value) : found;
    }
    OpResult Delete(std::string_view key) {
      const auto lock = files_->locks_.Lock(key);
      const OpResult found = Get(key, &found_);
      if (found != OpResult::kOk) return found;
      const auto turn = files_->order_.Enter();
      return files_->Done("delete", files_->db_->Delete(files_->write_, SliceOf(key)));
    }
    OpResult Get(std::string_view key, std::string* value) {
      const EngineStatus status = files_->db_->Get(files_->read_, SliceOf(key), value);
      return status.IsNotFound() ? OpResult::kNotFound : files_->Done("get", status);
    }

    /// Iterators see the records as they were when the iterator was made.
    template <class Visitor>
    size_t Scan(std::string_view first, size_t limit, Visitor&& visit) {
      if (limit == 0) return 0;
      const auto at = files_->Iterate();
      at->Seek(SliceOf(first));
      return Visit(*at, limit, visit, [&at] { at->Next(); });
    }
    template <class Visitor>
    size_t ReverseScan(std::string_view first, size_t limit, Visitor&& visit) {
      if (limit == 0) return 0;
      const auto at = files_->Iterate();
      at->Seek(SliceOf(first));
      if (!at->Valid()) {
        at->SeekToLast();
      } else if (ViewOf(at->key()) != first) {
        at->Prev();
      }
      return Visit(*at, limit, visit, [&at] { at->Prev(); });
    }

   private:
    static Slice SliceOf(std::string_view view) { return Slice(view.data(), view.size()); }
    static std::string_view ViewOf(const Slice& slice) { return {slice.data(), slice.size()}; }

    OpResult Put(std::string_view key, std::string_view value) {
      const auto turn = files_->order_.Enter();
      return files_->Done("put", files_->db_->Put(files_->write_, SliceOf(key), SliceOf(value)));
    }

    template <class Visitor, class Step>
    size_t Visit(typename Api::Iterator& at, size_t limit, Visitor& visit, const Step& step) {
      size_t visited = 0;
      for (; visited < limit && at.Valid(); step()) {
        ++visited;
        if (!visit(ViewOf(at.key()), ViewOf(at.value()))) break;
      }
      if (!at.status().ok()) files_->Done("scan", at.status());
      return visited;
    }

    LsmFiles* files_;
    std::string found_;
  };

  LsmFiles(Durability durability, typename Api::ReadOptions read, typename Api::WriteOptions write)
      : read_(std::move(read)), write_(std::move(write)), order_(durability) {}
  LsmFiles(const LsmFiles&) = delete;
  LsmFiles& operator=(const LsmFiles&) = delete;

  Result<Session> OpenSession() { return Session(this); }

  uint64_t Size() const {
    uint64_t records = 0;
    const auto at = Iterate();
    for (at->SeekToFirst(); at->Valid(); at->Next()) ++records;
    if (!at->status().ok()) Fail("count", at->status().ToString());
    return records;
  }

 protected:
  using Database = typename Api::DB;

  void Take(Database* db) { db_.reset(db); }
  Database& db() const { return *db_; }
  /// Ends the engine's threads. A derived class calls it before what they use goes.
  void Close() { db_.reset(); }

 private:
  std::unique_ptr<typename Api::Iterator> Iterate() const {
    return std::unique_ptr<typename Api::Iterator>(db_->NewIterator(read_));
  }
  OpResult Done(std::string_view operation, const EngineStatus& status) const {
    return status.ok() ? OpResult::kOk : Fail(operation, status.ToString());
  }

  const typename Api::ReadOptions read_;
  const typename Api::WriteOptions write_;
  KeyLocks locks_;
  CommitOrder order_;
  std::unique_ptr<Database> db_;
};

}  // namespace bwlab::experiment
