#pragma once

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "bwlab/base/assert.h"
#include "bwlab/base/atomic.h"
#include "bwlab/base/cache_line.h"
#include "bwlab/base/test_hooks.h"
#include "bwlab/bwtree/base_page.h"
#include "bwlab/bwtree/delta.h"
#include "bwlab/policy/reclamation/retired.h"

namespace bwlab {

/// Deltas a chain may have at most, in units of TreeOptions' chain lengths.
inline constexpr uint32_t kLinkedChainLengthMax = 64;

/// A base page of the linked layout, with an area at its end from which the deltas on top of it are
/// cut where the layout pre-allocates them. What is cut is never given back: it goes with the page.
/// Source of the area: Wang et al., SIGMOD 2018, section 4.1.
template <class R>
class LinkedPage : public BasePage<R, 1> {
 public:
  using Base = BasePage<R, 1>;
  using Geometry = typename Base::Geometry;

  /// Begins a page in `memory` of geometry.bytes, which include the area; a PageFiller completes
  /// it.
  LinkedPage(const PageShape<R>& shape, uint32_t area_bytes, const Geometry& geometry)
      : Base(shape, 0, geometry), area_bytes_(area_bytes) {
    static_assert(sizeof(LinkedPage) <= kCacheLineBytes, "the heads begin on the second line");
    BWLAB_ASSERT(area_bytes % kCacheLineBytes == 0);
  }

  /// Memory for one delta; nullptr where the area does not suffice (any more).
  void* CutDelta(uint32_t delta_bytes) {
    // (S4) relaxed: cutting orders nothing; the delta reaches others through the CAS on the mapping
    // word (W1). The look before the increment bounds the counter when many writers meet a page
    // that nobody can replace.
    if (cut_bytes_.load(std::memory_order_relaxed) + delta_bytes > area_bytes_) return nullptr;
    const uint32_t at = cut_bytes_.fetch_add(delta_bytes, std::memory_order_relaxed);
    if (at + delta_bytes > area_bytes_) return nullptr;
    return this->chars() + (this->bytes - area_bytes_ + at);
  }
  /// Whether the delta was cut from this page's area.
  bool Holds(const void* delta) const {
    const char* at = static_cast<const char*>(delta);
    return at >= this->chars() && at < this->chars() + this->bytes;
  }

 private:
  const uint32_t area_bytes_;
  Atomic<uint32_t> cut_bytes_{0};
};

template <class R>
class LinkedDelta;

/// Of a delta that does not know where in its base page its key lies.
inline constexpr uint16_t kNoPosition = UINT16_MAX;

/// The first three quarters of a delta; see LinkedDelta.
template <class R>
struct LinkedDeltaFields {
  LinkedDelta<R>* older;  // the next delta of the chain; null where the base page follows
  LinkedPage<R>* base;    // at the end of the chain; begins at the node's low key
  const Retired* end;     // what the node's range ends with: a base page, or a split
  Head head = kHeadMin;   // of the key, without its first `left_out` bytes
  uint64_t word = 0;      // a value or an index term; split: right sibling; merge: the victim's
                          // removal; removal: how many chains own it (Owners)
  uint16_t count;         // records of the node with this delta
  uint16_t position = kNoPosition;  // base records below the key
  DeltaKind kind;
  uint8_t level;
  uint8_t depth;   // deltas from here to the base pages, those of an absorbed node included
  bool has_merge;  // whether one of them is a merge
};

/// Bounds of the number of base records that are at most a key, drawn from the deltas that a search
/// has met on its way down the chain. Source: search shortcuts, Wang et al., SIGMOD 2018, section
/// 4.4.
class SearchShortcut {
 public:
  /// `order` is that of the delta's key and the one that is looked for. A delta above a merge does
  /// not tell which of two base pages its position means; those below it mean their own chain's.
  template <class R>
  void Meet(std::strong_ordering order, const LinkedDeltaFields<R>& delta) {
    if (delta.position == kNoPosition || delta.has_merge) return;
    const uint32_t below = delta.position;
    if (order <= 0) first_ = std::max(first_, below + (BWLAB_MUTANT(ShortcutTooNarrow) ? 1 : 0));
    if (order >= 0) last_ = std::min(last_, below + (order == 0 ? 1 : 0));
  }

  template <class Search, class Page>
  Position Locate(const Page& page, const typename Page::Key& key) const {
    return page.template LocateWithin<Search>(key, first_, last_);
  }

 private:
  uint32_t first_ = 0;
  uint32_t last_ = UINT32_MAX;
};

/// Key and value of a delta stand behind it where they do not fit a word.
struct LinkedDeltaHeap {
  uint16_t key_bytes = 0;
  uint16_t value_bytes = 0;
  uint16_t left_out = 0;     // bytes of the key in front of those in the head
  uint32_t chain_bytes = 0;  // of keys and values from here to the base pages
};
struct NoLinkedDeltaHeap {};

/// One change of a node, linked to the changes before it; the last one leads to a base page. With
/// 64-bit keys and values it is one cache line.
///
/// Byte-string keys stand in deltas as a whole, since a merge may widen the range and shorten the
/// prefix while older deltas stay; the head leaves out the prefix that the node's keys had in
/// common when the delta was written, so that heads differ.
///
/// The chain of a node that has absorbed its right sibling forks: the merge leads to the older
/// deltas for keys below its own key, to the sibling's removal and the chain below that for the
/// others. There is at most one split or merge in a chain, and no merge below a removal.
///
/// Invariant (D1): nothing here changes after publication, but for the Retired part and dying_id,
/// which are for whoever unlinked the chain, and Owners. The Retired part stands at the end, so
/// that a retired delta does not begin a line and a retired page does: that tells them apart.
/// Source: Levandoski et al., ICDE 2013, sections III and IV; Wang et al., SIGMOD 2018, section 2.
/// Differs: a delta knows the number of records, and leads to base page and range directly; where
/// in the base page its key lies (P18, section 4.4), only where TreeOptions::search_shortcuts says
/// so.
template <class R>
class LinkedDelta : public LinkedDeltaFields<R>, public Retired {
 public:
  using Page = LinkedPage<R>;
  using Probe = typename R::Probe;
  using Payload = typename R::Payload;

  /// A delta on top of `below`, or of `page` where that is null, that changes neither range nor
  /// number of records.
  LinkedDelta(DeltaKind what, LinkedDelta* below, Page* page)
      : LinkedDeltaFields<R>{
            .older = below,
            .base = page,
            .end = below == nullptr ? page : below->end,
            .count = static_cast<uint16_t>(below == nullptr ? page->count() : below->count),
            .kind = what,
            .level = static_cast<uint8_t>(page->level()),
            .depth = static_cast<uint8_t>(below == nullptr ? 1 : below->depth + 1),
            .has_merge = below != nullptr && below->has_merge} {
    static_assert(!R::kWords || sizeof(LinkedDelta) == kCacheLineBytes);
    if constexpr (!R::kWords) heap_.chain_bytes = below == nullptr ? 0 : below->chain_bytes();
    BWLAB_ASSERT(AsDelta(this) == this && AsDelta(page) == nullptr);
  }
  LinkedDelta(const LinkedDelta&) = delete;
  LinkedDelta& operator=(const LinkedDelta&) = delete;

  /// What of a key, and of a key with its value, stands behind a delta.
  static std::size_t HeapBytesOf(const Probe& key) {
    return R::Key::kInHead ? 0 : R::Key::BytesOf(key);
  }
  static std::size_t HeapBytesOf(const Probe& key, const Payload& payload, uint32_t level) {
    std::size_t bytes = HeapBytesOf(key);
    if constexpr (kValueInHeap) bytes += level == 0 ? payload.bytes.size() : 0;
    return bytes;
  }
  /// Bytes to allocate for a delta with so much behind it.
  static uint32_t BytesFor(std::size_t heap_bytes) {
    return static_cast<uint32_t>(RoundUp(sizeof(LinkedDelta) + heap_bytes, kCacheLineBytes));
  }
  uint32_t allocated_bytes() const {
    if constexpr (R::kWords) {
      return BytesFor(0);
    } else {
      return BytesFor(std::size_t{heap_.key_bytes} + heap_.value_bytes);
    }
  }

  // Before publication; the key first. All keys of the node begin with the same `left_out` bytes.
  void SetKey(const Probe& key, [[maybe_unused]] std::size_t left_out) {
    if constexpr (R::Key::kInHead) {
      this->head = key;
    } else {
      heap_.key_bytes = static_cast<uint16_t>(key.size());
      AddChainBytes(heap_.key_bytes);
      heap_.left_out = static_cast<uint16_t>(left_out);
      this->head = HeadOfBytes(key.substr(left_out));
      CopyBytes(chars(), key);
    }
  }
  void SetPayload(const Payload& payload) {
    if constexpr (!kValueInHeap) {
      this->word = payload;
    } else if (this->level > 0) {
      this->word = payload.term;
    } else {
      heap_.value_bytes = static_cast<uint16_t>(payload.bytes.size());
      AddChainBytes(heap_.value_bytes);
      CopyBytes(chars() + heap_.key_bytes, payload.bytes);
    }
  }

  Probe key() const {
    if constexpr (R::Key::kInHead) {
      return this->head;
    } else {
      return {chars(), heap_.key_bytes};
    }
  }
  Payload payload() const {
    if constexpr (!kValueInHeap) {
      return this->word;
    } else if (this->level > 0) {
      return Payload(this->word);
    } else {
      return Payload(std::string_view(chars() + heap_.key_bytes, heap_.value_bytes));
    }
  }
  std::size_t left_out() const {
    if constexpr (R::Key::kInHead) {
      return 0;
    } else {
      return heap_.left_out;
    }
  }

  /// Bytes of keys and values from here to the base pages; 0 where they fit words.
  uint32_t chain_bytes() const {
    if constexpr (R::kWords) {
      return 0;
    } else {
      return heap_.chain_bytes;
    }
  }
  void AddChainBytes(uint32_t added) {
    if constexpr (!R::kWords) heap_.chain_bytes += added;
  }

  /// Of a split.
  PageId right() const { return static_cast<PageId>(this->word); }
  /// Of a merge: the removal on top of what was absorbed.
  LinkedDelta* victim() const { return reinterpret_cast<LinkedDelta*>(this->word); }
  void set_victim(LinkedDelta* removal) { this->word = reinterpret_cast<uintptr_t>(removal); }

  /// Of a removal: the chains to which it, and all below it, belong. One is the removed node's own,
  /// each merge that leads to it is another. Whoever gives up the last one frees them.
  class Owners {
   public:
    explicit Owners(LinkedDelta& removal) : count_(removal.word) {
      BWLAB_ASSERT(removal.kind == DeltaKind::kRemove);
    }
    /// (O1) relaxed: by a thread that is pinned and has read the removed node's word, so that the
    /// node itself is an owner for longer.
    void Add() { count_.fetch_add(1, std::memory_order_relaxed); }
    /// @return whether it was the last. (O2) acq_rel: pairs with itself, so that whoever frees
    /// comes after all that the other owners did.
    bool Drop() { return count_.fetch_sub(1, std::memory_order_acq_rel) == 1; }
    /// (O3) relaxed: for statistics.
    uint64_t count() const { return count_.load(std::memory_order_relaxed); }

   private:
    AtomicRef<uint64_t> count_;
  };

  /// The id that ends with a removal, when its grace period is over. For whoever unlinked the node.
  PageId dying_id = kNoPage;

  /// The delta whose Retired part this is; nullptr where it is a page's.
  static const LinkedDelta* AsDelta(const Retired* part) {
    if (reinterpret_cast<uintptr_t>(part) % kCacheLineBytes == 0) return nullptr;
    return static_cast<const LinkedDelta*>(part);
  }
  static LinkedDelta* AsDelta(Retired* part) {
    return const_cast<LinkedDelta*>(AsDelta(static_cast<const Retired*>(part)));
  }

 private:
  static constexpr bool kValueInHeap = !std::is_same_v<Payload, uint64_t>;

  char* chars() { return reinterpret_cast<char*>(this + 1); }
  const char* chars() const { return reinterpret_cast<const char*>(this + 1); }

  [[no_unique_address]] std::conditional_t<R::kWords, NoLinkedDeltaHeap, LinkedDeltaHeap> heap_;
};

/// The value of a mapping table entry: `address of the chain's top (47 bits) | zero (16) | whether
/// the top is a delta (1)`. The address is that of a line, so that six more bits are zero, among
/// them the one that marks free ids (mapping_table.h).
///
/// A word that comes back (A-B-A) is no danger and needs no version: what it names is written once,
/// and an address cannot come back while a thread that remembers it is pinned.
template <class R>
class LinkedWord {
 public:
  explicit LinkedWord(uint64_t raw) : raw_(raw) {}
  explicit LinkedWord(const LinkedPage<R>* page)
      : raw_(reinterpret_cast<uintptr_t>(page) << kAddressShift) {
    BWLAB_ASSERT(this->page() == page);
  }
  explicit LinkedWord(const LinkedDelta<R>* delta)
      : raw_(reinterpret_cast<uintptr_t>(delta) << kAddressShift | kIsDelta) {
    BWLAB_ASSERT(this->delta() == delta);
  }

  uint64_t raw() const { return raw_; }
  void* address() const { return reinterpret_cast<void*>(raw_ >> kAddressShift); }
  bool is_delta() const { return (raw_ & kIsDelta) != 0; }
  LinkedDelta<R>* delta() const {
    return is_delta() ? static_cast<LinkedDelta<R>*>(address()) : nullptr;
  }
  /// Where there is no delta.
  LinkedPage<R>* page() const {
    BWLAB_ASSERT(!is_delta());
    return static_cast<LinkedPage<R>*>(address());
  }

 private:
  static constexpr uint32_t kAddressShift = 17;
  static constexpr uint64_t kIsDelta = 1;

  uint64_t raw_;
};

/// A key that is looked for in chains.
template <class R>
class ChainKey {
 public:
  using Probe = typename R::Probe;

  explicit ChainKey(const Probe& probe) : probe_(probe) {
    if constexpr (!R::Key::kInHead) head_.of_rest = HeadOfBytes(probe);
  }

  const Probe& probe() const { return probe_; }

  /// The order of a delta's key and this one, which both lie in the node's range.
  std::strong_ordering Order(const LinkedDelta<R>& delta) {
    if constexpr (R::Key::kInHead) {
      return delta.head <=> probe_;
    } else {
      if (delta.left_out() != head_.left_out) [[unlikely]] {
        head_ = {delta.left_out(), HeadOfBytes(probe_.substr(delta.left_out()))};
      }
      if (delta.head != head_.of_rest) return delta.head <=> head_.of_rest;
      return delta.key().compare(probe_) <=> 0;
    }
  }

 private:
  struct Rest {
    std::size_t left_out = 0;
    Head of_rest = kHeadMin;
  };
  struct Nothing {};

  Probe probe_;
  [[no_unique_address]] std::conditional_t<R::Key::kInHead, Nothing, Rest> head_;
};

}  // namespace bwlab
