#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <new>

#include "bwlab/base/assert.h"
#include "bwlab/base/cache_line.h"
#include "bwlab/bwtree/mapping_table.h"
#include "bwlab/policy/reclamation/retired.h"
#include "bwlab/policy/search/sorted_heads.h"

namespace bwlab {

/// What a delta does to its key.
enum class DeltaKind : uint8_t {
  kInsert,
  kUpdate,
  kDelete,
  kIndexTermInsert,
  kIndexTermDelete,
  kMergeIntent,  // replaces an index term by the same one with the intent flag
};

/// Slots a packed page may have at most: as many as a mapping word has member bits.
inline constexpr uint32_t kSlotsMax = 20;

/// A page of the packed layout: an immutable base node, and slots for the deltas on top of it in
/// the same allocation.
///
/// The mapping word is `page address / 64 (41 bits) | zero (2) | mark (1) | members (20)`: a member
/// bit says that the slot's delta is published and not superseded. At most one member holds a given
/// key, since whoever publishes a delta drops the older one of its key from the members in the same
/// CAS. So the word alone is the node's state: a reader needs neither a chain nor depths, one SIMD
/// comparison of all slots finds the delta of a key, and a word that comes back (A-B-A) means the
/// same records as before, so that a CAS that expects it is right to succeed.
///
/// Shape, in cache lines: header | slot heads | hints | heads | payloads | slot payloads. A lookup
/// needs the first three at once (fixed place, fetched together), then one line of heads and one of
/// payloads.
///
/// Invariants: (P1) heads, payloads, hints, range, right sibling and level never change after
/// publication.
///             (P2) a slot is filled by the one thread that claimed it, before its bit is
///             published, and never after. (P3) a slot's bit is set at most once.
///
/// Source: base node plus prepended deltas, Levandoski et al., ICDE 2013, section II-B; slots
/// beside the base node, Wang et al., SIGMOD 2018, section 4.1. Differs: no chain of pointers; the
/// members live in the mapping word.
class PackedPage : public Retired {
 public:
  /// Where things lie in a page of `count` records and `slots` slots. Lines are kCacheLineBytes.
  struct Geometry {
    Geometry(uint32_t count, uint32_t slots)
        : hints_line(1 + Lines(slots)),
          heads_line(hints_line + std::max(1u, Lines(Lines(count)))),
          payloads_line(heads_line + Lines(count)),
          slot_payloads_line(payloads_line + Lines(count)),
          bytes((slot_payloads_line + Lines(slots)) * static_cast<uint32_t>(kCacheLineBytes)) {}

    static constexpr uint32_t Lines(uint32_t words) { return (words + 7) / 8; }

    uint32_t hints_line, heads_line, payloads_line, slot_payloads_line, bytes;
  };

  /// Begins a page in `memory` of Geometry(count, slots).bytes; the builder fills heads and
  /// payloads, then calls Seal.
  PackedPage(uint32_t level, uint32_t count, uint32_t slots, const Geometry& geometry)
      : count_(static_cast<uint16_t>(count)),
        heads_line_(static_cast<uint16_t>(geometry.heads_line)),
        slot_count_(static_cast<uint8_t>(slots)),
        level_(static_cast<uint8_t>(level)) {
    bytes = geometry.bytes;
  }
  PackedPage(const PackedPage&) = delete;
  PackedPage& operator=(const PackedPage&) = delete;

  uint32_t level() const { return level_; }
  bool is_leaf() const { return level_ == 0; }
  uint32_t count() const { return count_; }
  uint32_t slot_count() const { return slot_count_; }
  /// Least head of the range.
  Head low() const { return low_; }
  /// One past the greatest head of the range; means nothing where right() is kNoPage.
  Head high() const { return high_; }
  PageId right() const { return right_; }
  /// Whether `head`, which is not below the range, lies beyond it.
  bool IsBeyond(Head head) const { return head >= high_ && right_ != kNoPage; }

  SortedHeads sorted() const { return {hints(), heads(), count_}; }
  const Head* heads() const { return Line<Head>(heads_line_); }
  const uint64_t* payloads() const { return Line<uint64_t>(heads_line_ + Geometry::Lines(count_)); }
  const Head* slot_heads() const { return Line<Head>(1); }

  // For the builder, before publication.
  Head* mutable_heads() { return const_cast<Head*>(heads()); }
  uint64_t* mutable_payloads() { return const_cast<uint64_t*>(payloads()); }

  /// Sets range and sibling, and derives hints and filling from the heads.
  void Seal(Head low, Head high, PageId right) {
    low_ = low;
    high_ = right == kNoPage ? kHeadMax : high;
    right_ = right;
    Head* head = mutable_heads();
    const uint32_t blocks = Geometry::Lines(count_);
    std::fill(head + count_, head + blocks * kBlockHeads, kHeadMax);
    Head* hint = const_cast<Head*>(hints());
    for (uint32_t b = 0; b < blocks; ++b) hint[b] = head[b * kBlockHeads];
    std::fill(hint + blocks, head, kHeadMax);  // the heads begin where the hints end
  }

  /// The id that ends with this page, when its grace period is over; kNoPage where the node lives
  /// on in another page.
  PageId dying_id() const { return dying_id_; }
  /// For the thread that unlinked the node; readers never look at it.
  void set_dying_id(PageId id) { dying_id_ = id; }

  /// A slot for the calling thread alone, or slot_count() or more when all are taken.
  uint32_t ClaimSlot() {
    // (S1) relaxed: claiming orders nothing; the slot reaches others through the CAS on the mapping
    // word (W1). The look before the increment bounds the counter when many writers meet a page
    // that nobody can replace.
    if (next_slot_.load(std::memory_order_relaxed) >= slot_count_) return slot_count_;
    return next_slot_.fetch_add(1, std::memory_order_relaxed);
  }

  bool SlotsExhausted() const {
    return next_slot_.load(std::memory_order_relaxed) >= slot_count_;  // (S1)
  }

  /// Fills a claimed slot. (S2) relaxed stores: published by (W1); atomic because searches that
  /// compare whole lines of slots load them at any time, and mask away what the members do not
  /// name.
  void FillSlot(uint32_t slot, Head head, uint64_t payload, DeltaKind kind) {
    BWLAB_ASSERT(slot < slot_count_);
    std::atomic_ref<Head>(const_cast<Head&>(slot_heads()[slot]))
        .store(head, std::memory_order_relaxed);
    std::atomic_ref<uint64_t>(const_cast<uint64_t&>(slot_payloads()[slot]))
        .store(payload, std::memory_order_relaxed);
    slot_kinds_[slot].store(kind, std::memory_order_relaxed);
  }

  // A member slot's delta. (S3) relaxed loads: ordered by the load of the mapping word that named
  // the member (R1).
  Head SlotHead(uint32_t slot) const {
    return std::atomic_ref<const Head>(slot_heads()[slot]).load(std::memory_order_relaxed);
  }
  uint64_t SlotPayload(uint32_t slot) const {
    return std::atomic_ref<const uint64_t>(slot_payloads()[slot]).load(std::memory_order_relaxed);
  }
  DeltaKind SlotKind(uint32_t slot) const {
    return slot_kinds_[slot].load(std::memory_order_relaxed);
  }

 private:
  template <class T>
  const T* Line(uint32_t line) const {
    return std::launder(
        reinterpret_cast<const T*>(reinterpret_cast<const char*>(this) + line * kCacheLineBytes));
  }
  const Head* hints() const { return Line<Head>(1 + Geometry::Lines(slot_count_)); }
  const uint64_t* slot_payloads() const {
    return Line<uint64_t>(heads_line_ + 2 * Geometry::Lines(count_));
  }

  PageId right_ = kNoPage;
  Head low_ = kHeadMin;
  Head high_ = kHeadMax;
  const uint16_t count_;
  const uint16_t heads_line_;
  std::atomic<uint16_t> next_slot_{0};
  const uint8_t slot_count_;
  const uint8_t level_;
  std::array<std::atomic<DeltaKind>, kSlotsMax> slot_kinds_{};
  PageId dying_id_ = kNoPage;
};
static_assert(sizeof(PackedPage) == kCacheLineBytes, "the header is the first line of a page");

/// The value of a mapping table entry; see PackedPage.
class PackedWord {
 public:
  explicit PackedWord(uint64_t raw) : raw_(raw) {}
  PackedWord(const PackedPage* page, uint32_t members)
      : raw_((reinterpret_cast<uintptr_t>(page) << kAddressShift) | members) {
    BWLAB_ASSERT(this->page() == page && this->members() == members);
  }

  uint64_t raw() const { return raw_; }
  PackedPage* page() const {
    return reinterpret_cast<PackedPage*>((raw_ >> kAddressShift) &
                                         ~(uintptr_t{kCacheLineBytes} - 1));
  }
  uint32_t members() const { return static_cast<uint32_t>(raw_) & kMembersMask; }

  /// A marked word never changes again: its node is about to be absorbed by its left sibling, or is
  /// a root that gives way to its only child. Page and members stay readable.
  bool marked() const { return (raw_ & kMark) != 0; }
  PackedWord WithMark() const { return PackedWord(raw_ | kMark); }

 private:
  /// User addresses have 47 bits, the low six of a page are zero: 41 bits remain, above 23 others.
  static constexpr uint32_t kAddressShift = 17;
  static constexpr uint32_t kMembersMask = (uint32_t{1} << kSlotsMax) - 1;
  static constexpr uint64_t kMark = uint64_t{1} << kSlotsMax;

  uint64_t raw_;
};

/// An entry of an inner node: where the child's range begins, and its id. With the intent flag the
/// child is to be merged into the one before it.
struct IndexTerm {
  static constexpr uint64_t kIntentFlag = uint64_t{1} << 32;

  Head separator;
  uint64_t payload;

  PageId child() const { return static_cast<PageId>(payload); }
  bool has_intent() const { return (payload & kIntentFlag) != 0; }
  IndexTerm WithIntent() const { return {separator, payload | kIntentFlag}; }
};

/// Calls f(slot) for every member, lowest first.
template <class F>
void ForEachMember(uint32_t members, F&& f) {
  for (; members != 0; members &= members - 1) f(static_cast<uint32_t>(std::countr_zero(members)));
}

}  // namespace bwlab
