#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <new>
#include <shared_mutex>
#include <utility>

#include "bwlab/base/status.h"
#include "bwlab/engines/counting_allocator.h"
#include "bwlab/experiment/engine.h"

namespace bwlab::experiment {

/// std::map behind one reader-writer lock: what a program has that needs an ordered index and no
/// library. A scan holds the lock shared from its first record to its last, so that scans are
/// atomic.
class StdMapRwlock {
 public:
  static constexpr Capabilities kCapabilities{.scan = true, .erase = true};

  class Session {
   public:
    explicit Session(StdMapRwlock* index) : index_(index) {}

    OpResult Insert(uint64_t key, uint64_t value) {
      const std::unique_lock lock(index_->mutex_);
      return Guarded([&] {
        return index_->map_.try_emplace(key, value).second ? OpResult::kOk : OpResult::kExists;
      });
    }
    OpResult Upsert(uint64_t key, uint64_t value) {
      const std::unique_lock lock(index_->mutex_);
      return Guarded([&] {
        index_->map_.insert_or_assign(key, value);
        return OpResult::kOk;
      });
    }
    OpResult Update(uint64_t key, uint64_t value) {
      const std::unique_lock lock(index_->mutex_);
      const auto found = index_->map_.find(key);
      if (found == index_->map_.end()) return OpResult::kNotFound;
      found->second = value;
      return OpResult::kOk;
    }
    OpResult Delete(uint64_t key) {
      const std::unique_lock lock(index_->mutex_);
      return index_->map_.erase(key) == 1 ? OpResult::kOk : OpResult::kNotFound;
    }
    OpResult Get(uint64_t key, uint64_t* value) {
      const std::shared_lock lock(index_->mutex_);
      const auto found = index_->map_.find(key);
      if (found == index_->map_.end()) return OpResult::kNotFound;
      *value = found->second;
      return OpResult::kOk;
    }
    template <class Visitor>
    size_t Scan(uint64_t first, size_t limit, Visitor&& visit) {
      const std::shared_lock lock(index_->mutex_);
      size_t visited = 0;
      for (auto at = index_->map_.lower_bound(first); visited < limit && at != index_->map_.end();
           ++at) {
        ++visited;
        if (!visit(at->first, at->second)) break;
      }
      return visited;
    }

   private:
    template <class F>
    static OpResult Guarded(F&& write) {
      try {
        return write();
      } catch (const std::bad_alloc&) {
        return OpResult::kOutOfMemory;
      }
    }

    StdMapRwlock* index_;
  };

  StdMapRwlock() : map_(Allocator(&bytes_)) {}
  StdMapRwlock(const StdMapRwlock&) = delete;
  StdMapRwlock& operator=(const StdMapRwlock&) = delete;

  Result<Session> OpenSession() { return Session(this); }
  uint64_t Size() const { return map_.size(); }
  uint64_t LiveBytes() const { return bytes_.Sum(); }

 private:
  using Allocator = CountingAllocator<std::pair<const uint64_t, uint64_t>>;

  ByteCount bytes_;
  std::shared_mutex mutex_;
  std::map<uint64_t, uint64_t, std::less<>, Allocator> map_;
};

extern const EngineEntry kStdMapRwlockEntry;

}  // namespace bwlab::experiment
