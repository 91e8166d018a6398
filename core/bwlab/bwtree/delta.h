#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "bwlab/base/assert.h"
#include "bwlab/base/cache_line.h"
#include "bwlab/bwtree/base_page.h"
#include "bwlab/policy/stats/stats.h"

namespace bwlab {

/// Bytes of entire keys and values that the deltas of a node hold at most, beside their number.
/// With page_bytes_max it bounds the page that the largest merge leads to (Locator::kPageBytesMax):
/// two nodes of page_bytes_max and so many bytes of deltas, halved by a split.
inline constexpr uint32_t kDeltaBytesMax = 64 << 10;

/// What a delta does. The events that count them stand in the same order (policy/stats/stats.h).
enum class DeltaKind : uint8_t {
  kInsert,
  kUpdate,
  kDelete,
  kSplit,  // linked layout: the upper half of the node lives in the right sibling
  kIndexTermInsert,
  kRemove,  // linked layout: the node ends; its left sibling takes its records
  kMerge,   // linked layout: the right sibling's records belong to this node
  kIndexTermDelete,
  kMergeIntent,  // replaces an index term by the same one with the intent flag
};

constexpr TreeEvent PublishedEvent(DeltaKind kind) {
  return static_cast<TreeEvent>(static_cast<std::size_t>(TreeEvent::kPublishedInsert) +
                                static_cast<std::size_t>(kind));
}
constexpr TreeEvent TraversedEvent(DeltaKind kind) {
  return static_cast<TreeEvent>(static_cast<std::size_t>(TreeEvent::kTraversedInsert) +
                                static_cast<std::size_t>(kind));
}
static_assert(PublishedEvent(DeltaKind::kMergeIntent) == TreeEvent::kPublishedMergeIntent &&
              TraversedEvent(DeltaKind::kMergeIntent) == TreeEvent::kTraversedMergeIntent);

constexpr bool Removes(DeltaKind kind) {
  return kind == DeltaKind::kDelete || kind == DeltaKind::kIndexTermDelete;
}
/// Whether it changes the structure of nodes; otherwise it changes the record of one key.
constexpr bool IsStructural(DeltaKind kind) {
  return kind == DeltaKind::kSplit || kind == DeltaKind::kRemove || kind == DeltaKind::kMerge;
}

/// A change to the records of a node, as the tree asks for it.
template <class R>
struct Delta {
  typename R::Probe key;
  typename R::Payload payload;
  DeltaKind kind;
};

/// A change to the records of a node, as a page that holds the node sees it.
template <class R>
struct PageDelta {
  typename R::PageKey key;
  typename R::Payload payload;
  bool removes;
};

/// Deltas of one page in key order, at most one a key. Fixed size: lives on the stack.
template <class R, uint32_t kMax>
class SortedDeltas {
 public:
  /// Sorts what visit(add) passes to add: deltas, no two of the same key.
  template <class Visit>
  static SortedDeltas OfDistinct(Visit&& visit) {
    SortedDeltas sorted;
    if constexpr (std::is_same_v<typename R::PageKey, Head>) {
      // By the number of keys below each: no branch depends on a key, and the compiler counts
      // several at a time.
      std::array<PageDelta<R>, kMax> deltas;
      alignas(kCacheLineBytes) std::array<Head, RoundUp(kMax, kBlockHeads)> heads;
      heads.fill(kHeadMax);
      uint32_t size = 0;
      visit([&](const PageDelta<R>& delta) {
        BWLAB_ASSERT(size < kMax);
        heads[size] = delta.key;
        deltas[size++] = delta;
      });
      [[maybe_unused]] uint64_t taken = 0;
      for (uint32_t i = 0; i < size; ++i) {
        int64_t below = 0;
        for (const Head head : heads) below += head < heads[i] ? 1 : 0;
        sorted.deltas_[static_cast<std::size_t>(below)] = deltas[i];
        BWLAB_ASSERT((std::exchange(taken, taken | uint64_t{1} << below) >> below & 1) == 0);
      }
      sorted.size_ = size;
    } else {
      visit([&](const PageDelta<R>& delta) { sorted.Insert(delta); });
    }
    return sorted;
  }

  /// Adds a delta of a key that no other has.
  void Insert(const PageDelta<R>& delta) {
    // Insertion sort: a few dozen deltas at most, most of them less.
    BWLAB_ASSERT(size_ < kMax);
    uint32_t at = size_++;
    for (; at > 0 && deltas_[at - 1].key > delta.key; --at) deltas_[at] = deltas_[at - 1];
    deltas_[at] = delta;
  }

  /// Adds a delta that replaces the one of its key, if there is one.
  void Supersede(const PageDelta<R>& delta) {
    if (PageDelta<R>* older = Find(delta.key)) {
      *older = delta;
    } else {
      Insert(delta);
    }
  }
  /// Adds a delta unless there is one of its key, which is newer.
  void InsertOlder(const PageDelta<R>& delta) {
    uint32_t at = size_;
    while (at > 0 && deltas_[at - 1].key > delta.key) --at;
    if (at > 0 && deltas_[at - 1].key == delta.key) return;
    BWLAB_ASSERT(size_ < kMax);
    std::move_backward(deltas_.begin() + at, deltas_.begin() + size_, deltas_.begin() + size_ + 1);
    deltas_[at] = delta;
    ++size_;
  }

  uint32_t size() const { return size_; }
  const PageDelta<R>& operator[](uint32_t i) const { return deltas_[i]; }
  const PageDelta<R>* begin() const { return deltas_.data(); }
  const PageDelta<R>* end() const { return deltas_.data() + size_; }

 private:
  PageDelta<R>* Find(const typename R::PageKey& key) {
    for (uint32_t i = 0; i < size_; ++i) {
      if (deltas_[i].key == key) return &deltas_[i];
    }
    return nullptr;
  }

  uint32_t size_ = 0;
  std::array<PageDelta<R>, kMax> deltas_;
};

}  // namespace bwlab
