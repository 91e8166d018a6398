#pragma once

#include <tbb/concurrent_map.h>
#include <tbb/tbb_allocator.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <new>
#include <utility>

#include "bwlab/base/status.h"
#include "bwlab/engines/counting_allocator.h"
#include "bwlab/engines/stored.h"
#include "bwlab/experiment/engine.h"

namespace bwlab::experiment {

/// tbb::concurrent_map, a lock-free skip list, with its default allocator. Its values are atomics,
/// since updates of a value overlap with reads of it: integers only. It cannot erase while others
/// read (unsafe_erase) nor be walked backwards, so that it declares neither.
template <RecordForm kForm>
class TbbConcurrentMap {
 public:
  static_assert(!kForm.byte_values);
  static constexpr Capabilities kCapabilities{.scan = true, .byte_keys = true};
  using Key = typename Stored<kForm.byte_keys>::View;

  class Session {
   public:
    explicit Session(TbbConcurrentMap* index) : index_(index) {}

    OpResult Insert(Key key, uint64_t value) {
      try {
        return index_->map_.emplace(StoredKey::Make(key, &index_->bytes_), value).second
                   ? OpResult::kOk
                   : OpResult::kExists;
      } catch (const std::bad_alloc&) {
        return OpResult::kOutOfMemory;
      }
    }
    OpResult Upsert(Key key, uint64_t value) {
      const OpResult updated = Update(key, value);
      if (updated == OpResult::kOk) return updated;
      const OpResult inserted = Insert(key, value);
      return inserted == OpResult::kExists ? Update(key, value) : inserted;
    }
    OpResult Update(Key key, uint64_t value) {
      const auto found = index_->map_.find(key);
      if (found == index_->map_.end()) return OpResult::kNotFound;
      // (V1) relaxed: the value is the whole message; that the node is initialised is the map's
      // promise.
      found->second.store(value, std::memory_order_relaxed);
      return OpResult::kOk;
    }
    OpResult Get(Key key, uint64_t* value) {
      const auto found = index_->map_.find(key);
      if (found == index_->map_.end()) return OpResult::kNotFound;
      *value = found->second.load(std::memory_order_relaxed);  // V1
      return OpResult::kOk;
    }
    template <class Visitor>
    size_t Scan(Key first, size_t limit, Visitor&& visit) {
      size_t visited = 0;
      for (auto at = index_->map_.lower_bound(first); visited < limit && at != index_->map_.end();
           ++at) {
        ++visited;
        if (!visit(at->first, at->second.load(std::memory_order_relaxed))) break;  // V1
      }
      return visited;
    }

   private:
    TbbConcurrentMap* index_;
  };

  TbbConcurrentMap() : map_(std::less<>(), Allocator(&bytes_)) {}
  TbbConcurrentMap(const TbbConcurrentMap&) = delete;
  TbbConcurrentMap& operator=(const TbbConcurrentMap&) = delete;

  Result<Session> OpenSession() { return Session(this); }
  uint64_t Size() const { return map_.size(); }
  uint64_t LiveBytes() const { return bytes_.Sum(); }

 private:
  using StoredKey = Stored<kForm.byte_keys>;
  using Value = std::atomic<uint64_t>;
  using Allocator =
      CountingAllocator<std::pair<const typename StoredKey::Type, Value>, tbb::tbb_allocator>;

  ByteCount bytes_;
  tbb::concurrent_map<typename StoredKey::Type, Value, std::less<>, Allocator> map_;
};

extern const EngineEntry kTbbConcurrentMapEntry;

}  // namespace bwlab::experiment
