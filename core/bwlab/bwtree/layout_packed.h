#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <string>
#include <type_traits>

#include "bwlab/base/assert.h"
#include "bwlab/base/atomic.h"
#include "bwlab/base/cache_line.h"
#include "bwlab/base/status.h"
#include "bwlab/bwtree/base_page.h"
#include "bwlab/bwtree/delta.h"
#include "bwlab/bwtree/in_place.h"
#include "bwlab/bwtree/mapping_table.h"
#include "bwlab/bwtree/merge_plan.h"
#include "bwlab/bwtree/node_change.h"
#include "bwlab/policy/search/slot_tags.h"

namespace bwlab {

/// Slots a packed page may have at most: as many as a mapping word has member bits.
inline constexpr uint32_t kSlotsMax = 16;
static_assert(kSlotsMax <= kTagsMax);

/// Header lines of a packed page. Integer keys with values in the heap need room in the header for
/// the range in heads and for the heap's counters, which is a little more than a line.
template <class R>
inline constexpr uint32_t kPackedHeaderLines = R::Key::kInHead && !R::kWords ? 2 : 1;

/// Calls f(slot) for every member, lowest first.
template <class F>
void ForEachMember(uint32_t members, F&& f) {
  for (; members != 0; members &= members - 1) f(static_cast<uint32_t>(std::countr_zero(members)));
}

/// A page of the packed layout: an immutable base node, and slots for the deltas on top of it in
/// the same allocation.
///
/// The mapping word is `page address / 64 (41 bits) | open (1) | lines of heads (5) | mark (1) |
/// members (16)`: a member bit says that the slot's delta is published and not superseded. At most
/// one member holds a given key, since whoever publishes a delta drops the older one of its key
/// from the members in the same CAS. So the word alone is the node's state: a reader needs neither
/// a chain nor depths, and a word that comes back (A-B-A) means the same keys as before, so that a
/// CAS that expects it is right to succeed. While it is open, updates store into payloads in place.
///
/// A slot is a head and a payload word, side by side. Its tag stands in the header: one SIMD
/// comparison of all tags tells which slots may hold a key, mostly none or the right one, so that
/// a search reads the line of no other.
///
/// Where records have a heap, a slot comes with a piece of the heap's end, claimed together with
/// it.
///
/// Invariants: (P2) a slot is filled by the one thread that claimed it, before its bit is
///             published, and never after, but for updates in place. (P3) a slot's bit is set at
///             most once.
///
/// Source: base node plus prepended deltas, Levandoski et al., ICDE 2013, section II-B; slots
/// beside the base node, Wang et al., SIGMOD 2018, section 4.1. Differs: no chain of pointers; the
/// members live in the mapping word.
template <class R>
class PackedPage : public BasePage<R, kPackedHeaderLines<R>> {
 public:
  using Base = BasePage<R, kPackedHeaderLines<R>>;
  using Key = typename Base::Key;
  using Geometry = typename Base::Geometry;

  /// Room at the heap's end for the records of slots: what the slots need for records of the
  /// average size, a quarter more; but no more than the base node's records take, so that a page of
  /// few large records is not mostly room, and than kSlotHeapBytesMax.
  static uint32_t SlotHeapBytes(const PageShape<R>& shape, uint32_t slots) {
    if constexpr (!Base::kHasHeap) {
      return 0;
    } else {
      const uint64_t base_bytes = Base::BaseHeapBytes(shape);
      const uint64_t average = shape.count == 0 ? 0 : base_bytes / shape.count;
      const uint64_t wanted = slots * (std::max<uint64_t>(average, kSlotRecordBytesMin) * 5 / 4);
      return static_cast<uint32_t>(
          std::min(wanted, std::clamp(base_bytes, kSlotHeapBytesMin, kSlotHeapBytesMax)));
    }
  }
  static Geometry GeometryOf(const PageShape<R>& shape, uint32_t slots) {
    return Geometry(shape, slots, SlotHeapBytes(shape, slots));
  }

  /// Begins a page in `memory` of geometry.bytes; a PageFiller completes it.
  PackedPage(const PageShape<R>& shape, uint32_t slots, const Geometry& geometry)
      : Base(shape, slots, geometry) {
    static_assert(sizeof(PackedPage) == kPackedHeaderLines<R> * kCacheLineBytes,
                  "the header takes whole lines");
    BWLAB_ASSERT(reinterpret_cast<const char*>(&tags_ + 1) == this->chars() + sizeof(*this));
    if constexpr (Base::kHasHeap) {
      extra_.slot_bytes =
          static_cast<uint16_t>(geometry.bytes - geometry.heap_offset - Base::BaseHeapBytes(shape));
    }
  }

  /// Bytes of the page without the part of the heap that no slot has claimed.
  uint32_t filled_bytes() const {
    if constexpr (!Base::kHasHeap) {
      return this->bytes;
    } else {
      const uint32_t claimed = claims_.load(std::memory_order_relaxed) & kClaimedBytesMask;  // (S1)
      return this->bytes - extra_.slot_bytes + std::min<uint32_t>(claimed, extra_.slot_bytes);
    }
  }

  /// The id that ends with this page, when its grace period is over; kNoPage where the node lives
  /// on in another page.
  PageId dying_id() const { return dying_id_; }
  /// For the thread that unlinked the node; readers never look at it (but for searches of the tags,
  /// which load it with them and mask it away).
  void set_dying_id(PageId id) { dying_id_ = id; }

  /// How updates of this page are made. (V1) relaxed: what matters of it was there before the page
  /// was published.
  InPlace in_place() const {
    if constexpr (Base::kHasHeap) {
      return {};
    } else {
      return InPlace::OfBits(extra_.load(std::memory_order_relaxed));
    }
  }
  /// For a page that no other thread can reach.
  void set_in_place([[maybe_unused]] InPlace in_place) {
    if constexpr (!Base::kHasHeap) extra_.store(in_place.bits(), std::memory_order_relaxed);
  }

  /// For the thread that has closed the word, behind its CAS: notes the restarts begun by then.
  void StampClosed() { Set(kStamped | RestartsBegun() << kStampShift, std::memory_order_relaxed); }
  /// For whoever has restarted all threads because of this page, with its word closed.
  void SetRestarted() { Set(kRestarted, std::memory_order_release); }  // (V2)
  bool restarted() const {
    return (claims_.load(std::memory_order_acquire) & kRestarted) != 0;  // (V3) pairs with (V2)
  }
  /// Whether no payload changes any more, as far as the page can tell. Its word must be closed.
  bool IsSettled() const {
    const uint32_t claims = claims_.load(std::memory_order_acquire);  // (V3)
    if ((claims & kRestarted) != 0) return true;
    return (claims & kStamped) != 0 && RestartedSince(claims >> kStampShift & kRestartsMask);
  }

  /// Whether so many slots are used up that the page will soon be replaced.
  bool IsNearlyFull(uint32_t claimed) const { return claimed >= this->slot_count() * 3 / 4; }
  /// Slots claimed, those in vain included.
  uint32_t claimed_slots() const {
    return claims_.load(std::memory_order_relaxed) & kClaimedSlotsMask;  // (S1)
  }
  // Where the payload of a member stands, and that of a base record, which an update in place may
  // be storing at any time; of records of two words.
  uint64_t* SlotPayload(uint32_t slot) { return &const_cast<Slot&>(slots()[slot]).word; }
  uint64_t* BasePayload(uint32_t at) { return const_cast<uint64_t*>(this->payload_words() + at); }
  /// (V5) acquire: pairs with the store of an update in place (V4).
  uint64_t LoadBasePayload(uint32_t at) const {
    return AtomicRef<const uint64_t>(this->payload_words()[at]).load(std::memory_order_acquire);
  }

  /// A slot for one thread alone, with its piece of the heap.
  struct Claim {
    uint32_t slot = kSlotsMax;
    uint32_t heap_end = 0;  // one past the piece, as a distance from the page's end

    bool valid() const { return slot != kSlotsMax; }
  };
  /// A claim that is not valid where the slots, or their heap, do not suffice. `updates`: the key
  /// is present.
  Claim ClaimSlot(const Key& key, const typename R::Payload& payload,
                  [[maybe_unused]] bool updates = false) {
    // (S1) relaxed: claiming orders nothing; the slot reaches others through the CAS on the mapping
    // word (W1). The look before the increment bounds the counter when many writers meet a page
    // that nobody can replace.
    if constexpr (!Base::kHasHeap) {
      if (claimed_slots() >= this->slot_count()) return {};
      const uint32_t slot = claims_.fetch_add(1, std::memory_order_relaxed) & kClaimedSlotsMask;
      if (slot >= this->slot_count()) return {};
      if (updates) extra_.store(in_place().OneMoreInSlots().bits(), std::memory_order_relaxed);
      return {slot, 0};
    } else {
      const uint32_t need = HeapBytes(key, payload);
      const auto fits = [&](uint32_t claims) {
        const uint32_t slots = claims >> kClaimedSlotShift;
        const uint32_t heap_bytes = (claims & kClaimedBytesMask) + need;
        return slots < this->slot_count() && heap_bytes <= extra_.slot_bytes &&
               heap_bytes + (slots + 1) * this->prefix().size() <= kDeltaBytesMax;
      };
      if (!fits(claims_.load(std::memory_order_relaxed))) return {};
      const uint32_t claims =
          claims_.fetch_add((1u << kClaimedSlotShift) + need, std::memory_order_relaxed);
      if (!fits(claims)) return {};
      return {claims >> kClaimedSlotShift, claims & kClaimedBytesMask};
    }
  }

  /// Fills a claimed slot. (S2) relaxed stores: published by (W1); atomic because searches that
  /// compare all tags at once load them at any time, and mask away what the members do not name.
  /// The heap is read through members only, so that plain stores do.
  void FillSlot(const Claim& claim, const Key& key, const typename R::Payload& payload,
                DeltaKind kind) {
    BWLAB_ASSERT(claim.slot < this->slot_count());
    uint64_t word;
    if constexpr (!Base::kHasHeap) {
      word = payload;
    } else {
      const uint32_t offset = this->bytes - claim.heap_end - HeapBytes(key, payload);
      char* const suffix = this->WriteValue(this->chars() + offset, payload);
      std::size_t suffix_bytes = 0;
      if constexpr (!R::Key::kInHead) {
        CopyBytes(suffix, key.suffix);
        suffix_bytes = key.suffix.size();
      }
      word = this->LocatorFor(offset, suffix_bytes, payload).raw();
    }
    Slot& slot = const_cast<Slot&>(slots()[claim.slot]);
    AtomicRef<Head>(slot.head).store(HeadOf(key), std::memory_order_relaxed);
    AtomicRef<uint64_t>(slot.word).store(word, std::memory_order_relaxed);
    const uint8_t tag = TagHashOf(HeadOf(key)) | (Removes(kind) ? kTagFlag : 0);
    tags_[claim.slot].store(tag, std::memory_order_relaxed);
  }

  // A member slot's delta. (S3) relaxed loads: ordered by the load of the mapping word that named
  // the member (R1).
  Record<R> SlotRecord(uint32_t slot) const { return RecordIn(slots()[slot]); }
  Key SlotKey(uint32_t slot) const { return KeyIn(slots()[slot]); }
  IndexTerm SlotTerm(uint32_t slot) const { return this->TermOf(WordIn(slots()[slot])); }
  bool SlotRemoves(uint32_t slot) const {
    return (tags_[slot].load(std::memory_order_relaxed) & kTagFlag) != 0;
  }

  bool HasTagOf(uint32_t slot, const Key& key) const {
    return TagHash(tags_[slot].load(std::memory_order_relaxed)) == TagHashOf(HeadOf(key));
  }

  /// Calls f(PageDelta) -> bool for those of `members` of whose key wanted(key) is true, in no
  /// order, until it returns false. @return false if it did.
  template <class Wanted, class F>
  bool VisitSlots(uint32_t members, Wanted&& wanted, F&& f) const {
    // Found once: after an atomic load the compiler would look for them again.
    const Slot* const all = slots();
    for (; members != 0; members &= members - 1) {
      const auto slot = static_cast<uint32_t>(std::countr_zero(members));
      if (!wanted(KeyIn(all[slot]))) continue;
      const Record<R> record = RecordIn(all[slot]);
      if (!f(PageDelta<R>{record.key, record.payload, SlotRemoves(slot)})) return false;
    }
    return true;
  }

  /// The member that holds `key`, as a bit; 0 where there is none.
  template <class Search>
  [[gnu::always_inline]] uint32_t MatchSlots(uint32_t members, const Key& key) const {
    for (uint32_t rest = Search::MatchTags(tags_, members, TagHashOf(HeadOf(key))); rest != 0;
         rest &= rest - 1) {
      const auto slot = static_cast<uint32_t>(std::countr_zero(rest));
      if (SlotKey(slot) == key || BWLAB_MUTANT(TagTakenForKey)) return uint32_t{1} << slot;
    }
    return 0;
  }
  /// Asks for the line of a slot that is to be written, where all that is known is how many lines
  /// the heads take.
  void PrefetchSlot(uint32_t head_lines, uint32_t slot) const {
    const uint32_t first = Geometry::HeadsLine(head_lines) + 2 * head_lines;
    PrefetchToWrite(this->template Line<Slot>(first) + slot);
  }
  /// Asks for the lines of the members that have the key's tag.
  template <class Search>
  [[gnu::always_inline]] void PrefetchSlots(uint32_t members, const Key& key) const {
    ForEachMember(Search::MatchTags(tags_, members, TagHashOf(HeadOf(key))),
                  [this](uint32_t slot) { Prefetch(&slots()[slot]); });
  }

 private:
  static constexpr uint64_t kSlotRecordBytesMin = 32;
  static constexpr uint64_t kSlotHeapBytesMin = 1 << 10;
  static constexpr uint64_t kSlotHeapBytesMax = 16 << 10;
  static constexpr uint32_t kClaimedSlotsMask = (1u << 15) - 1;
  static constexpr uint32_t kRestarted = 1u << 15;
  static constexpr uint32_t kStampShift = 16;
  static constexpr uint32_t kStamped = 1u << 31;
  static constexpr uint32_t kClaimedSlotShift = 24;
  static constexpr uint32_t kClaimedBytesMask = (1u << kClaimedSlotShift) - 1;

  struct Slot {
    Head head;
    uint64_t word;
  };
  struct Nothing {};
  struct SlotHeap {
    uint16_t slot_bytes;
  };
  /// What the header lacks where there is a heap, so that the tags are its end.
  struct Padding {
    std::array<char, kPackedHeaderLines<R> == 1 ? 4 : kCacheLineBytes> bytes;
  };

  uint32_t HeapBytes(const Key& key, const typename R::Payload& payload) const {
    uint32_t value_bytes = 0;
    if (this->is_leaf()) {
      value_bytes = static_cast<uint32_t>(R::Value::BytesOf(R::Value::FromPayload(payload)));
    }
    if constexpr (R::Key::kInHead) {
      return value_bytes;
    } else {
      return value_bytes + static_cast<uint32_t>(key.suffix.size());
    }
  }

  void Set(uint32_t flags, std::memory_order order) {
    uint32_t claims = claims_.load(std::memory_order_relaxed);
    while (
        !claims_.compare_exchange_weak(claims, claims | flags, order, std::memory_order_relaxed)) {
    }
  }

  const Slot* slots() const { return this->template Line<Slot>(this->slots_line()); }
  static Head HeadIn(const Slot& slot) {
    return AtomicRef<const Head>(slot.head).load(std::memory_order_relaxed);
  }
  static uint64_t WordIn(const Slot& slot) {
    return AtomicRef<const uint64_t>(slot.word).load(std::memory_order_acquire);  // (V5)
  }
  Record<R> RecordIn(const Slot& slot) const { return this->Decode(HeadIn(slot), WordIn(slot)); }
  Key KeyIn(const Slot& slot) const {
    if constexpr (R::Key::kInHead) {
      return HeadIn(slot);
    } else {
      return this->DecodeKey(HeadIn(slot), WordIn(slot));
    }
  }

  // Records of two words have no heap, and others are not updated in place.
  std::conditional_t<Base::kHasHeap, SlotHeap, Atomic<uint16_t>> extra_{};
  // Where there is a heap, slots claimed (8 bits) | bytes of their heap (24). Where there is none,
  // stamped (1) | stamp (15) | restarted (1) | slots (15, more than threads that claim at once).
  Atomic<uint32_t> claims_{0};
  PageId dying_id_ = kNoPage;
  [[no_unique_address]] std::conditional_t<Base::kHasHeap, Padding, Nothing> padding_;
  SlotTags tags_{};  // the end of the header
};

/// The value of a mapping table entry; see PackedPage.
template <class R>
class PackedWord {
 public:
  explicit PackedWord(uint64_t raw) : raw_(raw) {}
  /// `head_lines`: those of the page; larger numbers than the word has room for are not kept.
  PackedWord(const PackedPage<R>* page, uint32_t head_lines, uint32_t members)
      : raw_(reinterpret_cast<uintptr_t>(page) << kAddressShift |
             (head_lines <= kHeadLinesMask ? head_lines : 0) << kHeadLinesShift | members) {
    BWLAB_ASSERT(this->page() == page && this->members() == members);
  }

  uint64_t raw() const { return raw_; }
  PackedPage<R>* page() const {
    return reinterpret_cast<PackedPage<R>*>((raw_ >> kAddressShift) &
                                            ~(uintptr_t{kCacheLineBytes} - 1));
  }
  /// Lines of heads in the base node; 0 where it is not known.
  uint32_t head_lines() const {
    return static_cast<uint32_t>(raw_) >> kHeadLinesShift & kHeadLinesMask;
  }
  uint32_t members() const { return static_cast<uint32_t>(raw_) & kMembersMask; }
  PackedWord WithMembers(uint32_t members) const {
    return PackedWord((raw_ & ~uint64_t{kMembersMask}) | members);
  }

  /// A marked word never changes again: its node is about to be absorbed by its left sibling, or is
  /// a root that gives way to its only child. Page and members stay readable.
  bool marked() const { return (raw_ & kMark) != 0; }
  PackedWord WithMark() const { return PackedWord((raw_ & ~kOpen) | kMark); }

  /// Of an open word's page, payloads may be stored into in place. A word is open from the page's
  /// beginning on if at all, and closed once.
  bool open() const { return (raw_ & kOpen) != 0; }
  PackedWord Opened() const { return PackedWord(raw_ | kOpen); }
  PackedWord Closed() const { return PackedWord(raw_ & ~kOpen); }
  /// Pages of other sizes are not opened: lines of heads tell an open word from a free id's.
  static bool MayBeOpen(uint32_t head_lines) {
    return head_lines > 0 && head_lines <= kHeadLinesMask;
  }

 private:
  /// User addresses have 47 bits, the low six of a page are zero: 41 bits remain, above 23 others.
  static constexpr uint32_t kAddressShift = 17;
  static constexpr uint32_t kMembersMask = (uint32_t{1} << kSlotsMax) - 1;
  static constexpr uint64_t kMark = uint64_t{1} << kSlotsMax;
  static constexpr uint32_t kHeadLinesShift = kSlotsMax + 1;
  static constexpr uint32_t kHeadLinesMask = 31;
  static constexpr uint64_t kOpen = MappingTable::kLinkFlag;
  static_assert(MappingTable::kLinkZeros == uint64_t{kHeadLinesMask} << kHeadLinesShift);

  uint64_t raw_;
};

/// A node as one load of its mapping word saw it; what a CAS on it expects. Keys that are passed in
/// lie in the node's range, unless said otherwise.
template <class R, class Search>
class PackedNode {
 public:
  using Page = PackedPage<R>;
  using Word = PackedWord<R>;
  using Key = typename R::PageKey;
  using Probe = typename R::Probe;
  using Deltas = SortedDeltas<R, kSlotsMax + 1>;

  PackedNode() = default;
  PackedNode(PageId id, uint64_t raw) : id_(id), word_(raw) {}

  PageId id() const { return id_; }
  Word word() const { return word_; }
  uint64_t raw() const { return word_.raw(); }
  Page& page() const { return *word_.page(); }

  /// Asks for header and hints, together.
  void Prefetch() const { PrefetchLines(word_.page(), Page::kLinesOfDescent); }

  /// Asks for what lies where the `share` of the range below a key suggests it.
  void PrefetchEstimate(double share) const {
    if constexpr (R::Key::kInHead) {
      if (const uint32_t lines = word_.head_lines(); lines > 0) {
        word_.page()->PrefetchEstimate(lines, share);
      }
    }
  }
  /// The same for a write. In place it wants the payload, as a read does; a delta wants the head
  /// and the slot that is claimed next, or near that one where slots are superseded.
  void PrefetchForWrite(double share) const {
    if (open()) return PrefetchEstimate(share);
    if constexpr (R::Key::kInHead) {
      if (const uint32_t lines = word_.head_lines(); lines > 0) {
        word_.page()->PrefetchEstimatedHeads(lines, share);
        // Behind the last one another page may begin.
        if (delta_count() < kSlotsMax) word_.page()->PrefetchSlot(lines, delta_count());
      }
    }
  }
  /// Asks for the lines in which `probe` is to be looked for.
  void PrefetchRecords(const Probe& probe) const {
    if (IsBeyond(probe)) return;
    const Key key = InPage(probe);
    page().template PrefetchSlots<Search>(word_.members(), key);
    page().PrefetchRecords(key);
  }

  uint32_t level() const { return page().level(); }
  bool is_leaf() const { return page().is_leaf(); }
  Probe low() const { return page().low(); }
  Probe high() const { return page().high(); }
  PageId right() const { return page().right(); }
  bool IsBeyond(const Probe& key) const { return page().IsBeyond(key); }
  bool marked() const { return word_.marked(); }
  /// Whether payloads of the page may be stored into in place.
  bool open() const { return word_.open(); }
  static bool MayHaveEnded(uint64_t raw) { return Word(raw).marked(); }
  std::string_view prefix() const { return page().prefix(); }
  Key InPage(const Probe& key) const { return page().InPage(key); }

  /// Records of the base node, and deltas on top of it.
  uint32_t base_count() const { return page().count(); }
  uint32_t delta_count() const { return static_cast<uint32_t>(std::popcount(word_.members())); }
  /// Records at most, and the bytes of the page, without its room for deltas to come.
  uint32_t records_at_most() const { return page().count() + delta_count(); }
  uint32_t bytes() const { return page().filled_bytes(); }

  /// Of a leaf: stores the value of `key` in `*payload` and returns true where it is present.
  template <class Stats>
  [[gnu::always_inline]] bool Find(const Probe& probe, typename R::Payload* payload,
                                   Stats& /*stats*/) const {
    const Page& node = page();
    const Key key = node.InPage(probe);
    const uint32_t match = node.template MatchSlots<Search>(word_.members(), key);
    if (match != 0) {
      const auto slot = static_cast<uint32_t>(std::countr_zero(match));
      if (node.SlotRemoves(slot)) return false;
      *payload = node.SlotRecord(slot).payload;
      return true;
    }
    const auto position = node.template Locate<Search>(key);
    if (!position.exact) return false;
    if constexpr (R::kWords) {
      *payload = node.LoadBasePayload(position.upper - 1);
    } else {
      *payload = node.RecordAt(position.upper - 1).payload;
    }
    return true;
  }

  /// Of an inner node: the index term whose child's range holds `probe`: that of the greatest
  /// separator not above it. `*exact`, where wanted, says whether the separator equals it.
  template <class Stats>
  [[gnu::always_inline]] IndexTerm TermFor(const Probe& probe, Stats& /*stats*/,
                                           bool* exact = nullptr, Finger* finger = nullptr,
                                           uint32_t* at = nullptr) const {
    const Page& node = page();
    const Key key = node.InPage(probe);
    const uint32_t upper = node.template CountUpTo<Search>(key, finger);
    BWLAB_ASSERT(upper > 0);  // I4: the first separator is the low key
    if (at != nullptr) *at = upper - 1;
    if (word_.members() == 0 && exact == nullptr) return node.TermAt(upper - 1);
    return NewestTerm(upper - 1, key, true, exact);
  }

  /// Of an inner node: the term with the greatest separator below `probe`, which lies above the
  /// node's low key and may lie beyond its range.
  IndexTerm TermBefore(const Probe& probe) const {
    const Page& node = page();
    const Key key = node.InPage(node.IsBeyond(probe) ? node.high() : probe);
    const auto position = node.template Locate<Search>(key);
    BWLAB_ASSERT(position.lower() > 0);
    return NewestTerm(position.lower() - 1, key, false, nullptr);
  }

  /// Of an inner node: the term with the greatest separator.
  IndexTerm LastTerm() const {
    IndexTerm term;
    VisitBackward(nullptr, false, [&](const Record<R>& record) {
      term = {R::Value::TermOf(record.payload)};
      return false;
    });
    return term;
  }

  /// Calls f(Record) -> bool for every record in key order until it returns false. @return false if
  /// it did.
  template <class F>
  bool Visit(F&& f) const {
    return VisitMerged(page(), AllDeltas(), 0, f);
  }
  /// Visit from the first record that is not below `from` on. Inlined, with what it calls, so that
  /// a scan keeps its counters in registers.
  template <class F>
  [[gnu::always_inline]] bool VisitFrom(const Probe& from, F&& f) const {
    const Page& node = page();
    const bool all = from == node.low();
    const Key key = node.InPage(from);
    // First, so that its misses overlap those of the slots.
    const uint32_t at = all ? 0 : node.template Locate<Search>(key).lower();
    const Deltas deltas = DeltasWhere([&](const Key& other) { return all || other >= key; });
    return VisitMerged(node, deltas, at, f);
  }
  /// Calls f(Record) -> bool in descending order until it returns false: for every record below
  /// `end`, or at `end` where `inclusive`. `end` may lie beyond the range; null means no end.
  template <class F>
  bool VisitBackward(const Probe* end, bool inclusive, F&& f) const {
    const Page& node = page();
    if (end == nullptr || node.IsBeyond(*end)) {
      return VisitMergedBackward(node, AllDeltas(), node.count(), f);
    }
    const Key key = node.InPage(*end);
    const Deltas deltas =
        DeltasWhere([&](const Key& other) { return other < key || (inclusive && other == key); });
    const auto position = node.template Locate<Search>(key);
    return VisitMergedBackward(node, deltas, inclusive ? position.upper : position.lower(), f);
  }

  /// Calls f(PageDelta) -> bool for every delta on top of the base node, in no order, until it
  /// returns false. @return false if it did.
  template <class F>
  bool VisitDeltas(F&& f) const {
    return page().VisitSlots(
        word_.members(), [](const Key&) { return true; }, f);
  }

  Deltas AllDeltas() const {
    return DeltasWhere([](const Key&) { return true; });
  }

  /// I1, I2 and I5 of PROTOCOL.md. @return what is wrong; empty where nothing is.
  std::string Check() const;

  /// How much of the range between base position `at` and the next one lies below `key`; means
  /// nothing for byte strings.
  double ShareBelow(uint32_t at, const Probe& key) const {
    if constexpr (!R::Key::kInHead) {
      return 0;
    } else {
      const Page& node = page();
      const auto low = static_cast<uint64_t>(node.heads()[at]);
      const auto end =
          static_cast<uint64_t>(at + 1 < node.count() ? node.heads()[at + 1] : node.high());
      // Half of each, since only integers with a sign become floating point in one instruction.
      const auto below = static_cast<int64_t>((static_cast<uint64_t>(key) - low) >> 1);
      const auto all = static_cast<int64_t>((end - low) >> 1 | 1);
      return static_cast<double>(below) / static_cast<double>(all);
    }
  }

 private:
  template <class Wanted>
  Deltas DeltasWhere(Wanted&& wanted) const {
    return Deltas::OfDistinct([&](auto&& add) {
      page().VisitSlots(word_.members(), wanted, [&](const PageDelta<R>& delta) {
        add(delta);
        return true;
      });
    });
  }

  /// The newest term among base position `at` and the members between it and `key`, which counts
  /// where `inclusive`.
  IndexTerm NewestTerm(uint32_t at, const Key& key, bool inclusive, bool* exact) const {
    const Page& node = page();
    IndexTerm term = node.TermAt(at);
    Key separator = node.KeyAt(at);
    ForEachMember(word_.members(), [&](uint32_t slot) {
      const Key other = node.SlotKey(slot);
      if ((other < key || (inclusive && other == key)) && other >= separator) {
        separator = other;
        term = node.SlotTerm(slot);
      }
    });
    if (exact != nullptr) *exact = separator == key;
    return term;
  }

  PageId id_ = kNoPage;
  Word word_{0};
};

template <class R, class Search>
std::string PackedNode<R, Search>::Check() const {
  const Page& node = page();
  if (std::string fault = CheckBase(node); !fault.empty()) return fault;
  KeyBuffer<R> keys;
  keys.SetPrefix(node.prefix());
  const auto in_range = [&](const Key& key) {
    const Probe probe = keys.JoinProbe(key);
    return probe >= node.low() && !node.IsBeyond(probe);
  };
  if (uint64_t{word_.members()} >> node.slot_count() != 0) return "I5: a member beyond the slots";
  if (word_.open() && (!node.is_leaf() || word_.head_lines() == 0 || !node.in_place().opened())) {
    return "I11: the word is open, and its page is not one for updates in place";
  }
  if (word_.head_lines() != 0 && word_.head_lines() != Page::Geometry::Lines(node.count())) {
    return "I5: the word tells a wrong number of lines of heads";
  }
  for (uint32_t rest = word_.members(); rest != 0; rest &= rest - 1) {
    const auto slot = static_cast<uint32_t>(std::countr_zero(rest));
    const Key key = node.SlotKey(slot);
    if (!HasItsOwnHead(key)) return "I5: the head of a member is not that of its key";
    if (!node.HasTagOf(slot, key)) return "I5: the tag of a member is not that of its key";
    if (!in_range(key)) return "I2: a delta lies outside the node's range";
    for (uint32_t others = rest & (rest - 1); others != 0; others &= others - 1) {
      if (node.SlotKey(static_cast<uint32_t>(std::countr_zero(others))) == key) {
        return "I5: two members hold the same key";
      }
    }
  }
  return "";
}

}  // namespace bwlab
