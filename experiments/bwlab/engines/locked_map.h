#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <mutex>
#include <new>
#include <shared_mutex>
#include <string_view>
#include <utility>

#include "bwlab/base/status.h"
#include "bwlab/engines/counting_allocator.h"
#include "bwlab/engines/stored.h"
#include "bwlab/experiment/engine.h"

namespace bwlab::experiment {

/// An ordered map of the standard library's interface behind one reader-writer lock. `MapOf` takes
/// key, value, order and allocator. A scan holds the lock shared from its first record to its last,
/// so that scans are atomic.
template <template <class...> class MapOf, RecordForm kForm>
class LockedMap {
 public:
  static constexpr Capabilities kCapabilities{.scan = true,
                                              .reverse_scan = true,
                                              .erase = true,
                                              .byte_keys = true,
                                              .value_bytes_max = workload::kValueBytesMax};
  using Key = typename Stored<kForm.byte_keys>::View;
  using Value = typename Stored<kForm.byte_values>::View;
  using OwnedValue = typename Stored<kForm.byte_values>::Owned;

  class Session {
   public:
    explicit Session(LockedMap* index) : index_(index) {}

    OpResult Insert(Key key, Value value) {
      const std::unique_lock lock(index_->mutex_);
      return Guarded([&] {
        const auto at = index_->map_.lower_bound(key);
        if (at != index_->map_.end() && at->first == key) return OpResult::kExists;
        index_->Add(at, key, value);
        return OpResult::kOk;
      });
    }
    OpResult Upsert(Key key, Value value) {
      const std::unique_lock lock(index_->mutex_);
      return Guarded([&] {
        const auto at = index_->map_.lower_bound(key);
        if (at != index_->map_.end() && at->first == key) {
          StoredValue::Assign(&at->second, value);
        } else {
          index_->Add(at, key, value);
        }
        return OpResult::kOk;
      });
    }
    OpResult Update(Key key, Value value) {
      const std::unique_lock lock(index_->mutex_);
      return Guarded([&] {
        const auto found = index_->map_.find(key);
        if (found == index_->map_.end()) return OpResult::kNotFound;
        StoredValue::Assign(&found->second, value);
        return OpResult::kOk;
      });
    }
    OpResult Delete(Key key) {
      const std::unique_lock lock(index_->mutex_);
      const auto found = index_->map_.find(key);
      if (found == index_->map_.end()) return OpResult::kNotFound;
      index_->map_.erase(found);
      return OpResult::kOk;
    }
    OpResult Get(Key key, OwnedValue* value) {
      const std::shared_lock lock(index_->mutex_);
      const auto found = index_->map_.find(key);
      if (found == index_->map_.end()) return OpResult::kNotFound;
      *value = found->second;
      return OpResult::kOk;
    }
    template <class Visitor>
    size_t Scan(Key first, size_t limit, Visitor&& visit) {
      const std::shared_lock lock(index_->mutex_);
      return Visit(index_->map_.lower_bound(first), index_->map_.end(), limit, visit);
    }
    template <class Visitor>
    size_t ReverseScan(Key first, size_t limit, Visitor&& visit) {
      const std::shared_lock lock(index_->mutex_);
      return Visit(std::make_reverse_iterator(index_->map_.upper_bound(first)), index_->map_.rend(),
                   limit, visit);
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
    template <class Iterator, class Visitor>
    static size_t Visit(Iterator at, Iterator end, size_t limit, Visitor& visit) {
      size_t visited = 0;
      for (; visited < limit && at != end; ++at) {
        ++visited;
        if (!visit(at->first, at->second)) break;
      }
      return visited;
    }

    LockedMap* index_;
  };

  LockedMap() : map_(Allocator(&bytes_)) {}
  LockedMap(const LockedMap&) = delete;
  LockedMap& operator=(const LockedMap&) = delete;

  Result<Session> OpenSession() { return Session(this); }
  uint64_t Size() const { return map_.size(); }
  uint64_t LiveBytes() const { return bytes_.Sum(); }

 private:
  using StoredKey = Stored<kForm.byte_keys>;
  using StoredValue = Stored<kForm.byte_values>;
  using Allocator =
      CountingAllocator<std::pair<const typename StoredKey::Type, typename StoredValue::Type>>;
  using Map = MapOf<typename StoredKey::Type, typename StoredValue::Type, std::less<>, Allocator>;

  void Add(typename Map::iterator before, Key key, Value value) {
    map_.emplace_hint(before, StoredKey::Make(key, &bytes_), StoredValue::Make(value, &bytes_));
  }

  ByteCount bytes_;
  std::shared_mutex mutex_;
  Map map_;
};

}  // namespace bwlab::experiment
