#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>

#include "bwlab/base/assert.h"
#include "bwlab/base/cache_line.h"
#include "bwlab/base/sanitizer.h"
#include "bwlab/btree/racing.h"
#include "bwlab/btree/version_lock.h"
#include "bwlab/policy/reclamation/retired.h"
#include "bwlab/policy/search/finger.h"
#include "bwlab/policy/search/sorted_heads.h"
#include "bwlab/record/locator.h"
#include "bwlab/record/position.h"
#include "bwlab/record/record_types.h"

namespace bwlab {

/// What leaves and inner nodes of a B+-tree have in common.
struct BTreeNode : Retired {
  BTreeNode(uint32_t node_bytes, uint32_t node_level) : level(node_level) { bytes = node_bytes; }

  VersionLock lock;
  const uint32_t level;  // 0: a leaf
};

/// A node of a B+-tree: sorted heads with hints, as search policies want them, and beside them what
/// goes with each key.
///
/// Shape, in this order: header | hints | heads | locators | words | fences | heap. Hints and heads
/// begin cache lines; behind `count` records they are filled up with kHeadMax. Words are 64-bit
/// values or, in an inner node, the addresses of children. Keys that do not fit a head and values
/// of bytes stand in the heap, the rest of a key first; a locator says where, and the bytes of the
/// value in its upper part. New records go to the end of the heap; what a record leaves there is
/// dead until the page is written anew.
///
/// Byte-string keys: the prefix that both fences have in common is left out, and the next eight
/// bytes are the head, as in the Bw-tree's pages (bwtree/base_page.h).
///
/// Invariants: (P1) level, size, capacity and range never change: whatever would change them writes
/// new pages. (P2) Keys ascend, lie in [low, high), and have their own heads. (P3) Each hint is the
/// first head of its block; both are kHeadMax behind the last record. (P4) The heap holds the
/// records and dead_bytes_ more.
/// Thread safety: what never changes, and Read, CopyRecords and the View that they return, from any
/// thread that the page is kept for; everything else by the holder of the lock, or before others
/// know the page.
template <class R>
class BTreePage : public BTreeNode {
 public:
  using Key = typename R::PageKey;
  using Probe = typename R::Probe;
  using Payload = typename R::Payload;
  using RecordsType = R;

  static constexpr bool kHasHeap = !R::kWords;
  static constexpr bool kHasWords = std::same_as<Payload, uint64_t>;
  static constexpr uint32_t kHeaderBytes = kCacheLineBytes;
  /// No page is larger. With a heap: what one is asked for at most (b_tree_options.h), or what the
  /// largest records make of it (fit.h).
  static constexpr uint32_t kBytesMax = kHasHeap ? 1 << 17 : 1 << 16;
  static_assert(kBytesMax <= Locator::kPageBytesMax);
  /// Bytes that a record takes outside of the heap.
  static constexpr uint32_t kSlotBytes =
      sizeof(Head) + (kHasHeap ? sizeof(uint64_t) : 0) + (kHasWords ? sizeof(uint64_t) : 0);

  /// Offsets in a page for so many records.
  struct Geometry {
    explicit Geometry(uint32_t capacity)
        : heads(kHeaderBytes + HintLines(capacity) * kLine),
          locators(heads + LinesFor(capacity) * kLine),
          words(locators + (kHasHeap ? capacity * kWord : 0)),
          fences(words + (kHasWords ? capacity * kWord : 0)) {}

    static constexpr uint32_t kLine = kCacheLineBytes;
    static constexpr uint32_t kWord = sizeof(uint64_t);
    static constexpr uint32_t LinesFor(uint32_t count) {
      return (count + kBlockHeads - 1) / kBlockHeads;
    }

    uint32_t heads, locators, words, fences;
  };

  /// What never changes. `bytes` are whole cache lines.
  struct Shape {
    uint32_t level;
    uint32_t capacity;
    uint32_t bytes;
    Probe low;
    Probe high;  // means nothing where the page is not bounded
    bool bounded;
  };

  /// An empty page in `memory` of shape.bytes.
  static BTreePage* Make(void* memory, const Shape& shape) { return new (memory) BTreePage(shape); }
  BTreePage(const BTreePage&) = delete;
  BTreePage& operator=(const BTreePage&) = delete;

  /// Bytes that the fences take in a page.
  static uint32_t FenceBytes(const Probe& low, const Probe& high, bool bounded) {
    if constexpr (R::Key::kInHead) {
      return 0;
    } else {
      return static_cast<uint32_t>(low.size() + (bounded ? high.size() : 0));
    }
  }
  /// Bytes that every key of the range begins with.
  static uint32_t PrefixBytes(const Probe& low, const Probe& high, bool bounded) {
    if constexpr (R::Key::kInHead) {
      return 0;
    } else {
      return bounded ? CommonPrefixLength(low, high) : 0;
    }
  }
  /// Bytes of a record outside of its slot, with its entire key.
  static uint32_t EntireBytes(std::size_t key_bytes, const Payload& payload) {
    std::size_t sum = R::Key::kInHead ? 0 : key_bytes;
    if constexpr (!kHasWords) sum += R::Value::BytesOf(R::Value::FromPayload(payload));
    return static_cast<uint32_t>(sum);
  }

  uint32_t capacity() const { return capacity_; }
  bool bounded() const { return bounded_; }
  /// Least key of the range.
  Probe low() const {
    if constexpr (R::Key::kInHead) {
      return fences_.low;
    } else {
      return {fence_chars(), fences_.low_bytes};
    }
  }
  /// One past the greatest key of the range, where it is bounded.
  Probe high() const {
    if constexpr (R::Key::kInHead) {
      return fences_.high;
    } else {
      return {fence_chars() + fences_.low_bytes, fences_.high_bytes};
    }
  }
  std::string_view prefix() const {
    if constexpr (R::Key::kInHead) {
      return {};
    } else {
      return {fence_chars(), fences_.prefix_bytes};
    }
  }
  /// A key of [low, high] as this page sees it.
  Key InPage(const Probe& key) const {
    if constexpr (R::Key::kInHead) {
      return key;
    } else {
      BWLAB_ASSERT(key.substr(0, fences_.prefix_bytes) == prefix());
      const std::string_view suffix = key.substr(fences_.prefix_bytes);
      return {HeadOfBytes(suffix), suffix};
    }
  }

  /// The records as a reader finds them. They may be torn as long as the version is not validated:
  /// every answer is then some answer, and no memory outside of the page is touched.
  class View {
   public:
    uint32_t count() const { return count_; }

    /// `finger`: of a writer.
    template <class Search>
    [[gnu::always_inline]] Position Locate(const Key& key, Finger* finger = nullptr) const {
      return Locate<Search, HintedHeads>(key, finger);
    }
    /// The same for a key that is inserted where it is missing: asks early for what will be moved.
    template <class Search>
    [[gnu::always_inline]] Position LocateToInsert(const Key& key, Finger* finger) const {
      return Locate<Search, HintedHeadsToMove>(key, finger);
    }
    Key KeyAt(uint32_t at) const {
      if constexpr (R::Key::kInHead) {
        return LoadRacing(heads()[at]);
      } else {
        const Locator locator = LocatorAt(at);
        return {LoadRacing(heads()[at]), Slice(locator.offset(), locator.suffix_bytes())};
      }
    }
    Payload PayloadAt(uint32_t at) const {
      if constexpr (kHasWords) {
        return LoadRacing(At<uint64_t>(page_->words_offset())[at]);
      } else {
        const Locator locator = LocatorAt(at);
        return Payload(Slice(uint64_t{locator.offset()} + locator.suffix_bytes(), locator.upper()));
      }
    }
    /// Bytes of a record in the heap.
    uint32_t HeapBytesAt(uint32_t at) const {
      if constexpr (!kHasHeap) return 0;
      const Locator locator = LocatorAt(at);
      return locator.suffix_bytes() + static_cast<uint32_t>(locator.upper());
    }

    /// Without gaps, and for whoever copies runs of them.
    const Head* heads() const { return At<Head>(page_->heads_offset()); }
    const uint64_t* words() const { return At<uint64_t>(page_->words_offset()); }
    const BTreePage& page() const { return *page_; }

   private:
    friend class BTreePage;
    /// What goes with the heads.
    const uint64_t* beside() const {
      return At<uint64_t>(kHasHeap ? page_->locators_offset() : page_->words_offset());
    }
    View(const BTreePage& page, const char* base, uint32_t count)
        : page_(&page), base_(base), count_(count) {}

    template <class T>
    const T* At(uint32_t offset) const {
      return std::launder(reinterpret_cast<const T*>(base_ + offset));
    }
    template <class Search, class Heads>
    [[gnu::always_inline]] Position Locate(const Key& key, Finger* finger) const {
      const HintedHeads all{{heads(), count_, beside()}, At<Head>(kHeaderBytes)};
      const uint32_t upper = UpperBoundNear<Search>(finger, Heads{all}, HeadOf(key), page_->level);
      if (upper == 0 || heads()[upper - 1] != HeadOf(key)) return {upper, false};
      if constexpr (R::Key::kInHead) {
        return {upper, true};
      } else {
        return LocateAmongEqualHeads(heads(), upper, key,
                                     [this](uint32_t at) { return KeyAt(at); });
      }
    }
    Locator LocatorAt(uint32_t at) const {
      return Locator(LoadRacing(At<uint64_t>(page_->locators_offset())[at]));
    }
    std::string_view Slice(uint64_t offset, uint64_t size) const {
      if (offset + size > page_->bytes) [[unlikely]]
        return {};  // torn
      return {base_ + offset, size};
    }

    const BTreePage* page_;
    const char* base_;  // of the page, or of a copy of it
    uint32_t count_;
  };

  /// Where a reader puts what it cannot read in place.
  struct ReadBuffer {
#if BWLAB_TSAN
    alignas(kCacheLineBytes) char bytes[kBytesMax];
#endif
  };
  /// The page in place; under ThreadSanitizer a copy (racing.h).
  View Read([[maybe_unused]] ReadBuffer& buffer) const {
    const uint32_t seen = std::min<uint32_t>(LoadRacing(count_), capacity_);
#if BWLAB_TSAN
    // Hints, and heads up to the end of a line: what a search looks at.
    CopyPart(kHeaderBytes, heads_offset() + Geometry::LinesFor(seen) * Geometry::kLine,
             buffer.bytes);
    CopyPayloads(0, seen, buffer.bytes);
    return {*this, buffer.bytes, seen};
#else
    return {*this, chars(), seen};
#endif
  }

  struct CopyBuffer {
    alignas(kCacheLineBytes) char bytes[kBytesMax];
  };
  /// Copies `count` records from `first` on, which has seen them, to where they stand here. What
  /// the view says of others is no use.
  View CopyRecords(uint32_t first, uint32_t count, CopyBuffer& buffer) const {
    CopyColumn(heads_offset(), first, count, buffer.bytes);
    CopyPayloads(first, count, buffer.bytes);
    return {*this, buffer.bytes, first + count};
  }

  // ---- By the holder of the lock, or before others know the page.

  View Held() const { return {*this, chars(), count_}; }
  uint32_t count() const { return count_; }
  uint32_t dead_bytes() const { return dead_bytes_; }
  /// Bytes of the heap that the records take.
  uint32_t live_heap_bytes() const { return heap_end_ - heap_begin() - dead_bytes_; }
  bool HasRoomFor(uint32_t heap_bytes, uint32_t slots = 1) const {
    return count_ + slots <= capacity_ && heap_bytes <= bytes - heap_end_;
  }
  /// Bytes of the heap that a record takes here.
  static uint32_t HeapBytesOf(const Key& key, const Payload& payload) {
    if constexpr (R::Key::kInHead) {
      return EntireBytes(0, payload);
    } else {
      return EntireBytes(key.suffix.size(), payload);
    }
  }

  /// Precondition: there is room.
  void Insert(uint32_t at, const Key& key, const Payload& payload) {
    BWLAB_ASSERT(HasRoomFor(HeapBytesOf(key, payload)) && at <= count_);
    ForEachColumn([&](auto* column) { MoveRacing(column + at + 1, column + at, count_ - at); });
    if constexpr (R::Key::kInHead) {
      Write(at, key, {}, {}, payload);
    } else {
      Write(at, key.head, {}, key.suffix, payload);
    }
    StoreRacing(count_, count_ + 1);
    RenewHints(at, count_);
  }

  /// Gives a record another value. @return false, and changes nothing, where there is no room.
  bool Replace(uint32_t at, const Payload& payload) {
    if constexpr (kHasWords) {
      StoreRacing(words()[at], payload);
    } else {
      const Locator old = Locator(locators()[at]);
      const std::string_view value = R::Value::FromPayload(payload);
      if (value.size() <= old.upper()) {
        WriteRacing(chars() + old.offset() + old.suffix_bytes(), value);
        StoreRacing(locators()[at], Locator(old.offset(), old.suffix_bytes(), value.size()).raw());
        dead_bytes_ += static_cast<uint32_t>(old.upper() - value.size());
      } else {
        if (old.suffix_bytes() + value.size() > bytes - heap_end_) return false;
        dead_bytes_ += Held().HeapBytesAt(at);
        Write(at, heads()[at], {}, {chars() + old.offset(), old.suffix_bytes()}, payload);
      }
    }
    return true;
  }

  void Remove(uint32_t at) {
    BWLAB_ASSERT(at < count_);
    if constexpr (kHasHeap) dead_bytes_ += Held().HeapBytesAt(at);
    ForEachColumn([&](auto* column) { MoveRacing(column + at, column + at + 1, count_ - at - 1); });
    StoreRacing(heads()[count_ - 1], kHeadMax);
    RenewHints(at, count_);
    StoreRacing(count_, count_ - 1);
    if (count_ == 0) {
      StoreRacing(heap_end_, heap_begin());
      dead_bytes_ = 0;
    }
  }

  /// P2 to P4. @return what is wrong; empty where nothing is.
  std::string Check() const {
    const View view = Held();
    if (count_ > capacity_) return "P1: more records than the capacity";
    uint64_t heap_bytes = dead_bytes_;
    KeyBuffer<R> keys;
    keys.SetPrefix(prefix());
    for (uint32_t i = 0; i < count_; ++i) {
      if (i > 0 && view.KeyAt(i - 1) >= view.KeyAt(i)) {
        return "P2: keys " + std::to_string(i - 1) + " and " + std::to_string(i) +
               " are not ascending";
      }
      if (!HasItsOwnHead(view.KeyAt(i))) {
        return "P2: head " + std::to_string(i) + " is not that of its key";
      }
      const Probe key = keys.JoinProbe(view.KeyAt(i));
      if (key < low() || (bounded_ && key >= high())) return "P2: a key lies outside the range";
      heap_bytes += view.HeapBytesAt(i);
    }
    const uint32_t slots = Geometry::LinesFor(capacity_) * kBlockHeads;
    for (uint32_t i = count_; i < slots; ++i) {
      if (view.heads()[i] != kHeadMax) return "P3: a head behind the last record";
    }
    for (uint32_t i = 0; i < slots; i += kBlockHeads) {
      if (view.At<Head>(kHeaderBytes)[i / kBlockHeads] != view.heads()[i]) {
        return "P3: hint " + std::to_string(i / kBlockHeads) +
               " is not the first head of its block";
      }
    }
    if (kHasHeap && heap_begin() + heap_bytes != heap_end_) return "P4: the heap does not add up";
    return "";
  }

  /// Adds a record with its entire key behind all others.
  void Append(const Probe& key, const Payload& payload) {
    if constexpr (R::Key::kInHead) {
      AppendParts(key, {}, {}, payload);
    } else {
      AppendParts(0, {}, key.substr(fences_.prefix_bytes), payload);
    }
  }

  /// Adds `count` records of another page from `first` on behind all others.
  void Append(const View& from, uint32_t first, uint32_t count) {
    if constexpr (R::kWords) {
      MoveRacing(heads() + count_, from.heads() + first, count);
      MoveRacing(words() + count_, from.words() + first, count);
      const uint32_t begin = count_;
      StoreRacing(count_, count_ + count);
      RenewHints(begin, count_);
    } else {
      const std::string_view prefix = from.page().prefix();
      for (uint32_t at = first; at < first + count; ++at) {
        if constexpr (R::Key::kInHead) {
          AppendParts(from.KeyAt(at), {}, {}, from.PayloadAt(at));
        } else {
          // What this page leaves out is longer or shorter than what the other one does.
          const std::size_t left_out = fences_.prefix_bytes;
          const std::string_view suffix = from.KeyAt(at).suffix;
          if (left_out < prefix.size()) {
            AppendParts(0, prefix.substr(left_out), suffix, from.PayloadAt(at));
          } else {
            AppendParts(0, {}, suffix.substr(left_out - prefix.size()), from.PayloadAt(at));
          }
        }
      }
    }
  }

 private:
  struct HeadFences {
    Head low, high;
  };
  /// Low, then high, stand at the beginning of the heap.
  struct ByteFences {
    uint16_t low_bytes, high_bytes, prefix_bytes;
  };
  using Fences = std::conditional_t<R::Key::kInHead, HeadFences, ByteFences>;

  explicit BTreePage(const Shape& shape)
      : BTreeNode(shape.bytes, shape.level),
        capacity_(static_cast<uint16_t>(shape.capacity)),
        heads_line_(static_cast<uint16_t>(Geometry(shape.capacity).heads / kCacheLineBytes)),
        bounded_(shape.bounded) {
    static_assert(sizeof(BTreePage) <= kHeaderBytes);
    BWLAB_ASSERT(shape.bytes <= kBytesMax && shape.bytes % kCacheLineBytes == 0);
    if constexpr (R::Key::kInHead) {
      fences_ = {shape.low, shape.bounded ? shape.high : kHeadMax};
    } else {
      const std::string_view high = shape.bounded ? shape.high : std::string_view();
      fences_ = {static_cast<uint16_t>(shape.low.size()), static_cast<uint16_t>(high.size()),
                 static_cast<uint16_t>(PrefixBytes(shape.low, high, shape.bounded))};
      CopyBytes(CopyBytes(chars() + fences_offset(), shape.low), high);
    }
    heap_end_ = heap_begin();
    BWLAB_ASSERT(heap_end_ <= bytes);
    std::fill(hints(), heads() + Geometry::LinesFor(shape.capacity) * kBlockHeads, kHeadMax);
  }

  static constexpr uint32_t WholeWords(uint32_t size) {
    return static_cast<uint32_t>(RoundUp(size, Geometry::kWord));
  }
  uint32_t heads_offset() const { return heads_line_ * static_cast<uint32_t>(kCacheLineBytes); }
  uint32_t locators_offset() const {
    return heads_offset() + Geometry::LinesFor(capacity_) * Geometry::kLine;
  }
  uint32_t words_offset() const {
    return locators_offset() + (kHasHeap ? capacity_ * Geometry::kWord : 0);
  }
  uint32_t fences_offset() const {
    return words_offset() + (kHasWords ? capacity_ * Geometry::kWord : 0);
  }
  uint32_t heap_begin() const {
    if constexpr (R::Key::kInHead) {
      return fences_offset();
    } else {
      return fences_offset() + fences_.low_bytes + fences_.high_bytes;
    }
  }
  /// Copies a part of the page to where it stands in `to`.
  void CopyPart(uint32_t begin, uint32_t end, char* to) const {
    ReadRacing(to + begin, chars() + begin, end - begin);
  }
  void CopyColumn(uint32_t offset, uint32_t first, uint32_t count, char* to) const {
    CopyPart(offset + first * Geometry::kWord, offset + (first + count) * Geometry::kWord, to);
  }
  /// What goes with the heads of some records, and the heap that it stands in.
  void CopyPayloads(uint32_t first, uint32_t count, char* to) const {
    if constexpr (kHasWords) CopyColumn(words_offset(), first, count, to);
    if constexpr (kHasHeap) {
      CopyColumn(locators_offset(), first, count, to);
      const uint32_t end = std::min(LoadRacing(heap_end_), bytes);
      CopyPart(fences_offset(), std::max(fences_offset(), WholeWords(end)), to);
    }
  }
  const char* chars() const { return reinterpret_cast<const char*>(this); }
  const char* fence_chars() const { return chars() + fences_offset(); }
  char* chars() { return reinterpret_cast<char*>(this); }
  template <class T>
  T* At(uint32_t offset) {
    return std::launder(reinterpret_cast<T*>(chars() + offset));
  }
  Head* hints() { return At<Head>(kHeaderBytes); }
  Head* heads() { return At<Head>(heads_offset()); }
  uint64_t* locators() { return At<uint64_t>(locators_offset()); }
  uint64_t* words() { return At<uint64_t>(words_offset()); }

  template <class F>
  void ForEachColumn(F&& f) {
    f(heads());
    if constexpr (kHasHeap) f(locators());
    if constexpr (kHasWords) f(words());
  }

  /// Writes a record whose key is `head` where it fits one, and otherwise the two parts joined.
  void Write(uint32_t at, Head head, [[maybe_unused]] std::string_view first,
             [[maybe_unused]] std::string_view second, const Payload& payload) {
    if constexpr (kHasHeap) {
      const uint32_t begin = heap_end_;
      char* to = WriteRacing(WriteRacing(chars() + begin, first), second);
      const std::size_t suffix_bytes = first.size() + second.size();
      std::size_t value_bytes = 0;
      if constexpr (!kHasWords) {
        const std::string_view value = R::Value::FromPayload(payload);
        to = WriteRacing(to, value);
        value_bytes = value.size();
      }
      if constexpr (!R::Key::kInHead) head = HeadOfBytes({chars() + begin, suffix_bytes});
      StoreRacing(locators()[at], Locator(begin, suffix_bytes, value_bytes).raw());
      StoreRacing(heap_end_, static_cast<uint32_t>(to - chars()));
    }
    if constexpr (kHasWords) StoreRacing(words()[at], payload);
    StoreRacing(heads()[at], head);
  }
  void AppendParts(Head head, std::string_view first, std::string_view second,
                   const Payload& payload) {
    BWLAB_ASSERT(count_ < capacity_);
    Write(count_, head, first, second, payload);
    StoreRacing(count_, count_ + 1);
    RenewHints(count_ - 1, count_);
  }
  /// The hints of the blocks that begin within [first, last).
  void RenewHints(uint32_t first, uint32_t last) {
    for (uint32_t block = Geometry::LinesFor(first); block * kBlockHeads < last; ++block) {
      StoreRacing(hints()[block], heads()[block * kBlockHeads]);
    }
  }

  const uint16_t capacity_;
  const uint16_t heads_line_;
  uint32_t count_ = 0;
  uint32_t heap_end_ = 0;    // one past the last record in the heap, as an offset
  Fences fences_;            // (P1) holds for them too
  uint32_t dead_bytes_ = 0;  // of the heap; no reader looks at them
  const bool bounded_;
};

}  // namespace bwlab
