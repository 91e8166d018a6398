#pragma once

#include <cds/container/skip_list_map_hp.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

#include "bwlab/base/status.h"
#include "bwlab/engines/counting_allocator.h"
#include "bwlab/engines/stored.h"
#include "bwlab/experiment/engine.h"

namespace bwlab::experiment {

/// What libcds keeps once for a process.
namespace libcds {

/// Threads that may be attached at a time; the default of libcds. Twice as many, each with all its
/// hazard pointers in use, would fill the list of retired nodes of a thread.
inline constexpr size_t kThreadsMax = 100;

/// Bytes of the nodes of all maps: allocators of libcds have no state that could tell one map from
/// another. A cell has one map.
inline constinit ByteCount node_bytes;

template <class T>
struct NodeAllocator {
  using value_type = T;

  NodeAllocator() = default;
  template <class U>
  NodeAllocator(const NodeAllocator<U>&) {}  // NOLINT(google-explicit-constructor)

  T* allocate(size_t n) { return CountingAllocator<T>(&node_bytes).allocate(n); }
  void deallocate(T* block, size_t n) { CountingAllocator<T>(&node_bytes).deallocate(block, n); }
};

/// In place of the one atomic number for all threads that libcds offers, and without which its
/// size() is 0.
class RecordCount {
 public:
  using counter_type = size_t;

  void operator++() { count_.Add(1); }
  void operator--() { count_.Add(-1); }
  operator counter_type() const { return count_.Sum(); }  // NOLINT(google-explicit-constructor)

 private:
  StripedCount count_;
};

/// Sets the library up with `hazard_pointers` a thread, the first time that it is called.
void SetUp(size_t hazard_pointers);
/// Gives the calling thread its hazard pointers, which it keeps until it ends. After SetUp.
/// Unsupported beyond kThreadsMax.
Status AttachThread();
/// Frees the retired nodes that no thread reads any more, where the calling thread is attached.
void FreeRetired();

}  // namespace libcds

/// cds::container::SkipListMap, a lock-free skip list, with hazard pointers: each operation
/// announces the nodes that it passes. Its values are atomics, since updates of a value overlap
/// with reads of it: integers only.
///
/// It cannot scan. Its iterators begin at the first record and nowhere else, are "for debugging
/// purpose only", and may crash while others delete, since a node's successor can be freed in
/// between (issue 43 of libcds). Maps with RCU have the same iterators, and sets have no others.
///
/// Updates go through find() and inserts through emplace(): update() and insert() show others the
/// record before they have given it its value.
template <RecordForm kForm>
class LibcdsSkiplist {
 public:
  static_assert(!kForm.byte_values);
  static constexpr Capabilities kCapabilities{.erase = true, .byte_keys = true};
  using Key = typename Stored<kForm.byte_keys>::View;

  /// To be used by the thread that opened it; closed by any.
  class Session {
   public:
    explicit Session(LibcdsSkiplist* index) : index_(index) {}

    OpResult Insert(Key key, uint64_t value) {
      try {
        return index_->map_.emplace(StoredKey::Make(key, &libcds::node_bytes), uint64_t{value})
                   ? OpResult::kOk
                   : OpResult::kExists;
      } catch (const std::bad_alloc&) {
        return OpResult::kOutOfMemory;
      }
    }
    OpResult Upsert(Key key, uint64_t value) {
      for (;;) {  // again where another thread deletes or inserts the key in between
        if (Update(key, value) == OpResult::kOk) return OpResult::kOk;
        const OpResult inserted = Insert(key, value);
        if (inserted != OpResult::kExists) return inserted;
      }
    }
    OpResult Update(Key key, uint64_t value) {
      return Find(key, [value](auto& record) { record.second.Store(value); });
    }
    OpResult Delete(Key key) {
      return index_->map_.erase(key) ? OpResult::kOk : OpResult::kNotFound;
    }
    OpResult Get(Key key, uint64_t* value) {
      return Find(key, [value](const auto& record) { *value = record.second.Load(); });
    }

   private:
    template <class F>
    OpResult Find(Key key, F&& use) {
      return index_->map_.find(key, use) ? OpResult::kOk : OpResult::kNotFound;
    }

    LibcdsSkiplist* index_;
  };

  LibcdsSkiplist() = default;
  LibcdsSkiplist(const LibcdsSkiplist&) = delete;
  LibcdsSkiplist& operator=(const LibcdsSkiplist&) = delete;

  Result<Session> OpenSession() {
    if (Status status = libcds::AttachThread(); !status.ok()) return status;
    return Session(this);
  }
  uint64_t Size() const { return map_.size(); }
  uint64_t LiveBytes() const { return libcds::node_bytes.Sum(); }

 private:
  using StoredKey = Stored<kForm.byte_keys>;

  /// An atomic that a node can be made with.
  class Value {
   public:
    explicit Value(uint64_t value) : value_(value) {}
    Value(const Value& other) : value_(other.Load()) {}

    // (V1) relaxed: the value is the whole message; that the node is initialised is the map's
    // promise.
    void Store(uint64_t value) { value_.store(value, std::memory_order_relaxed); }
    uint64_t Load() const { return value_.load(std::memory_order_relaxed); }  // V1

   private:
    std::atomic<uint64_t> value_;
  };

  struct ThreeWay {
    int operator()(Key a, Key b) const {
      const auto order = a <=> b;
      return order < 0 ? -1 : order > 0;
    }
  };

  struct MapTraits : cds::container::skip_list::traits {
    using compare = ThreeWay;
    using item_counter = libcds::RecordCount;
    using allocator = libcds::NodeAllocator<int>;
  };
  using Map = cds::container::SkipListMap<cds::gc::HP, typename StoredKey::Type, Value, MapTraits>;

  /// Before the map is made and after it is gone.
  struct Library {
    Library() { libcds::SetUp(Map::c_nHazardPtrCount); }
    ~Library() { libcds::FreeRetired(); }
  };

  Library library_;
  Map map_;
};

extern const EngineEntry kLibcdsSkiplistEntry;

}  // namespace bwlab::experiment
