#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>

#include "bwlab/base/assert.h"
#include "bwlab/base/cache_line.h"
#include "bwlab/base/test_hooks.h"
#include "bwlab/bwtree/mapping_table.h"
#include "bwlab/policy/reclamation/retired.h"
#include "bwlab/policy/search/finger.h"
#include "bwlab/policy/search/short_hints.h"
#include "bwlab/policy/search/sorted_heads.h"
#include "bwlab/record/locator.h"
#include "bwlab/record/position.h"
#include "bwlab/record/record_types.h"

namespace bwlab {

/// An entry of an inner node: the child's page id. With the intent flag the child is to be merged
/// into the one before it.
struct IndexTerm {
  static constexpr uint64_t kIntentFlag = uint64_t{1} << 32;

  uint64_t word = kNoPage;

  PageId child() const { return static_cast<PageId>(word); }
  bool has_intent() const { return (word & kIntentFlag) != 0; }
  IndexTerm WithIntent() const { return {word | kIntentFlag}; }
  friend bool operator==(const IndexTerm&, const IndexTerm&) = default;
};

/// The range of a page: [low, high), in the form that the key type needs.
template <bool in_head>
struct PageRange {
  Head low = kHeadMin;
  Head high = kHeadMax;
};
/// Byte strings: low, then high, stand at the offset. Every key of the range begins with the first
/// `prefix_bytes` of low.
template <>
struct PageRange<false> {
  uint32_t offset = 0;
  uint16_t low_bytes = 0;
  uint16_t high_bytes = 0;
  uint16_t prefix_bytes = 0;
};

/// What a base node is to hold; its size and prefix follow from it.
template <class R>
struct PageShape {
  uint32_t level;
  uint32_t count;
  /// Sum of the bytes of all keys, entire, and values; 0 where a page has no heap.
  uint64_t record_bytes;
  typename R::Probe low;
  typename R::Probe high;  // means nothing where right is kNoPage
  PageId right;
};

/// The immutable part of a page, which both delta layouts share: sorted heads with hints, payloads,
/// range, right sibling and level, and for records that do not fit two words a heap behind them.
///
/// Shape, in cache lines: header | hints | heads | payloads | slots | heap. Header and hints are
/// needed at once and are fetched together, then one line of heads and one of payloads. A layout
/// that keeps deltas in the page puts them into slots of two words.
///
/// Byte-string keys: the prefix that low and high have in common is left out (prefix truncation),
/// and the next eight bytes are the head, so that the same SIMD search serves them. Records of one
/// head are told apart by their suffixes. Source: prefix truncation, Bayer and Unterauer, TODS
/// 1977; "poor man's normalized keys", Graefe, "Modern B-Tree Techniques", 2011, section 3.4.
/// Hints are short where the key is in the head; those of byte strings are heads: many begin alike,
/// and short ones could not tell them apart.
///
/// Where a locator points stands the value, then the suffix. Its upper part is the index term in an
/// inner node (which so needs no value in the heap), the bytes of the value in a leaf.
///
/// A layout derives its page from this and tells how many lines its own header takes.
/// Invariant (P1): nothing here changes after publication, but payloads of open pages
/// (PROTOCOL.md).
template <class R, uint32_t header_lines>
class BasePage : public Retired {
 public:
  using Key = typename R::PageKey;
  using Probe = typename R::Probe;
  using Payload = typename R::Payload;
  using RecordsType = R;

  static constexpr bool kHasHeap = !R::kWords;
  using Sorted = std::conditional_t<R::Key::kInHead, ShortHintedHeads, HintedHeads>;
  /// Lines that begin with the header and end with the hints of 232 records, or 128 byte strings.
  static constexpr uint32_t kLinesOfDescent = header_lines + (R::Key::kInHead ? 1 : 2);

  /// Where things lie. Lines are kCacheLineBytes.
  struct Geometry {
    /// `slot_heap_bytes`: room at the end of the heap for what slots refer to.
    Geometry(const PageShape<R>& shape, uint32_t slots, uint32_t slot_heap_bytes)
        : heads_line(HeadsLine(Lines(shape.count))) {
      const uint32_t heap_line = heads_line + 2 * Lines(shape.count) + Lines(2 * slots);
      heap_offset = heap_line * static_cast<uint32_t>(kCacheLineBytes);
      bytes = static_cast<uint32_t>(
          RoundUp(heap_offset + BaseHeapBytes(shape) + slot_heap_bytes, kCacheLineBytes));
    }

    static constexpr uint32_t Lines(uint32_t words) { return (words + 7) / 8; }
    /// The first line of heads where they take `head_lines`.
    static constexpr uint32_t HeadsLine(uint32_t head_lines) {
      const uint32_t heads = head_lines * kBlockHeads;
      return header_lines + (R::Key::kInHead ? ShortHintLines(heads) : HintLines(heads));
    }

    uint32_t heads_line, heap_offset, bytes;
  };

  /// Bytes of the prefix that a page of this shape leaves out.
  static uint32_t PrefixBytes(const PageShape<R>& shape) {
    if constexpr (R::Key::kInHead) {
      return 0;
    } else {
      if (shape.right == kNoPage) return 0;
      const uint32_t common = CommonPrefixLength(shape.low, shape.high);
      return BWLAB_MUTANT(PrefixTooLong) && common > 0 && common < shape.low.size() ? common + 1
                                                                                    : common;
    }
  }

  /// Bytes of range and records in the heap.
  static uint32_t BaseHeapBytes(const PageShape<R>& shape) {
    if constexpr (!kHasHeap) {
      return 0;
    } else if constexpr (R::Key::kInHead) {
      return static_cast<uint32_t>(shape.record_bytes);
    } else {
      const std::size_t high_bytes = shape.right == kNoPage ? 0 : shape.high.size();
      return static_cast<uint32_t>(shape.low.size() + high_bytes + shape.record_bytes -
                                   uint64_t{shape.count} * PrefixBytes(shape));
    }
  }

  /// Bytes that a record adds to PageShape::record_bytes.
  static uint64_t RecordBytes(uint32_t level, std::size_t key_bytes, const Payload& payload) {
    if constexpr (!kHasHeap) {
      return 0;
    } else {
      const uint64_t suffix = R::Key::kInHead ? 0 : key_bytes;
      return suffix + (level == 0 ? R::Value::BytesOf(R::Value::FromPayload(payload)) : 0);
    }
  }

  BasePage(const BasePage&) = delete;
  BasePage& operator=(const BasePage&) = delete;

  uint32_t level() const { return level_; }
  bool is_leaf() const { return level_ == 0; }
  uint32_t count() const { return count_; }
  uint32_t slot_count() const { return slot_count_; }
  PageId right() const { return right_; }

  /// Least key of the range.
  Probe low() const {
    if constexpr (R::Key::kInHead) {
      return range_.low;
    } else {
      return {chars() + range_.offset, range_.low_bytes};
    }
  }
  /// One past the greatest key of the range; means nothing where right() is kNoPage.
  Probe high() const {
    if constexpr (R::Key::kInHead) {
      return range_.high;
    } else {
      return {chars() + range_.offset + range_.low_bytes, range_.high_bytes};
    }
  }
  /// Whether `key`, which is not below the range, lies beyond it.
  bool IsBeyond(const Probe& key) const {
    // Of two integers the first comparison is seldom true; of byte strings it is the dearer one.
    if constexpr (R::Key::kInHead) {
      return key >= high() && right_ != kNoPage;
    } else {
      return right_ != kNoPage && key >= high();
    }
  }
  std::string_view prefix() const {
    if constexpr (R::Key::kInHead) {
      return {};
    } else {
      return {chars() + range_.offset, range_.prefix_bytes};
    }
  }
  /// A key of [low, high] as this page sees it.
  Key InPage(const Probe& key) const {
    if constexpr (R::Key::kInHead) {
      return key;
    } else {
      BWLAB_ASSERT(key.substr(0, range_.prefix_bytes) == prefix());
      const std::string_view suffix = key.substr(range_.prefix_bytes);
      return {HeadOfBytes(suffix), suffix};
    }
  }
  /// Bytes of an entire key of this page.
  std::size_t KeyBytes(const Key& key) const {
    if constexpr (R::Key::kInHead) {
      return sizeof(Head);
    } else {
      return range_.prefix_bytes + key.suffix.size();
    }
  }

  Sorted sorted() const {
    const SortedHeads all{heads(), count_, payload_words()};
    const auto* const hints = Line<Head>(header_lines);
    if constexpr (R::Key::kInHead) {
      return {all, Line<ShortHint>(header_lines), {*hints, hint_shift_}};
    } else {
      return {all, hints};
    }
  }
  const Head* heads() const { return Line<Head>(heads_line_); }
  /// Values and index terms, or locators.
  const uint64_t* payload_words() const {
    return Line<uint64_t>(heads_line_ + Geometry::Lines(count_));
  }

  Key KeyAt(uint32_t at) const { return DecodeKey(heads()[at], payload_words()[at]); }
  Record<R> RecordAt(uint32_t at) const { return Decode(heads()[at], payload_words()[at]); }
  IndexTerm TermAt(uint32_t at) const { return TermOf(payload_words()[at]); }

  /// What a head and its payload word mean in this page.
  Key DecodeKey(Head head, [[maybe_unused]] uint64_t word) const {
    if constexpr (R::Key::kInHead) {
      return head;
    } else {
      const Locator locator(word);
      return {head, {chars() + locator.offset() + ValueBytes(locator), locator.suffix_bytes()}};
    }
  }
  Record<R> Decode(Head head, uint64_t word) const {
    if constexpr (R::kWords) {
      return {head, word};
    } else {
      const Locator locator(word);
      if (!is_leaf()) return {DecodeKey(head, word), Payload(locator.upper())};
      const char* at = chars() + locator.offset();
      if constexpr (std::is_same_v<Payload, uint64_t>) {
        uint64_t value;
        std::memcpy(&value, at, sizeof(value));
        return {DecodeKey(head, word), value};
      } else {
        return {DecodeKey(head, word), Payload(std::string_view(at, locator.upper()))};
      }
    }
  }
  /// Of an inner node.
  static IndexTerm TermOf(uint64_t word) {
    if constexpr (R::kWords) {
      return {word};
    } else {
      return {Locator(word).upper()};
    }
  }
  /// One past the record in the heap.
  uint32_t RecordEnd(Locator locator) const {
    return locator.offset() + ValueBytes(locator) + locator.suffix_bytes();
  }
  /// Where the base records begin in the heap, as an offset in the page.
  uint32_t base_heap_begin() const {
    if constexpr (R::Key::kInHead) {
      return heap_offset();
    } else {
      return range_.offset + range_.low_bytes + range_.high_bytes;
    }
  }
  const char* chars() const { return reinterpret_cast<const char*>(this); }

  // For whoever fills a page, before publication, or a slot that is not published yet.
  char* chars() { return reinterpret_cast<char*>(this); }
  /// Writes what stands in front of the suffix. @return one past it.
  char* WriteValue(char* at, const Payload& payload) const {
    if (!is_leaf()) return at;
    if constexpr (std::is_same_v<Payload, uint64_t>) {
      std::memcpy(at, &payload, sizeof(payload));
      return at + sizeof(payload);
    } else {
      return CopyBytes(at, payload.bytes);
    }
  }
  Locator LocatorFor(std::size_t offset, std::size_t suffix_bytes, const Payload& payload) const {
    if (!is_leaf()) return {offset, suffix_bytes, R::Value::TermOf(payload)};
    return {offset, suffix_bytes, R::Value::BytesOf(R::Value::FromPayload(payload))};
  }
  /// Bytes of a record's value in the heap.
  uint32_t ValueBytes(Locator locator) const {
    if (!is_leaf()) return 0;
    if constexpr (std::is_same_v<Payload, uint64_t>) {
      return sizeof(uint64_t);
    } else {
      return static_cast<uint32_t>(locator.upper());
    }
  }

  /// Writes the hints of a page whose records are complete.
  void WriteHints() {
    const Sorted node = sorted();
    const uint32_t blocks = node.blocks();
    if constexpr (R::Key::kInHead) {
      const HintScale scale = HintScale::For(node.heads, count_);
      hint_shift_ = static_cast<uint8_t>(scale.shift);
      *const_cast<Head*>(Line<Head>(header_lines)) = scale.middle;
      auto* const lanes = const_cast<ShortHint*>(node.lanes);
      for (uint32_t block = 1; block < blocks; ++block) {
        lanes[Sorted::LaneOf(block)] = scale.Of(node.heads[block * kBlockHeads]);
      }
      std::fill(lanes + Sorted::LaneOf(std::max(blocks, 1u)), lanes + node.lane_count(),
                kShortHintMax);
    } else {
      auto* const hints = const_cast<Head*>(node.hints);
      for (uint32_t block = 0; block < blocks; ++block) {
        hints[block] = node.heads[block * kBlockHeads];
      }
      std::fill(hints + blocks, hints + node.hint_slots(), kHeadMax);
    }
  }

  /// Asks for the lines of heads and payloads among which `key` lies.
  void PrefetchRecords(const Key& key) const {
    const Sorted node = sorted();
    uint32_t block = 0;
    if constexpr (R::Key::kInHead) {
      const ShortHint hint = node.scale.Of(key);
      for (uint32_t i = 1; i < node.blocks(); ++i) block += node.HintOfBlock(i) <= hint ? 1 : 0;
    } else {
      for (uint32_t i = 1; i < node.blocks(); ++i) block += node.hints[i] <= key.head ? 1 : 0;
    }
    Prefetch(node.heads + block * kBlockHeads);
    Prefetch(payload_words() + block * kBlockHeads);
  }

  /// The same where all that is known is how many lines of heads there are, and what share of the
  /// range lies below the key: looks where it would be if the keys were spread evenly, and does not
  /// wait for the page's header. head_lines > 0. Source: interpolation, Perl, Itai and Avni,
  /// "Interpolation search", CACM 1978. Two lines, since random keys deviate from an even spread by
  /// a part of a line.
  void PrefetchEstimate(uint32_t head_lines, double share) const {
    PrefetchLines(EstimatedHeads(head_lines, share), 2);
    PrefetchLines(EstimatedHeads(head_lines, share) + head_lines * kBlockHeads, 2);
  }
  /// The heads alone.
  void PrefetchEstimatedHeads(uint32_t head_lines, double share) const {
    PrefetchLines(EstimatedHeads(head_lines, share), 2);
  }
  /// The first of the two, counted from the first line of heads.
  static uint32_t EstimatedLine(uint32_t head_lines, double share) {
    return static_cast<uint32_t>(std::clamp(share * head_lines - 0.5, 0.0, head_lines - 1.0));
  }

  /// Asks for all heads and payloads, of which a consolidation finds some and copies the rest.
  void PrefetchAll() const { PrefetchLines(heads(), 2 * Geometry::Lines(count_)); }

  /// Records that are at most `key`.
  template <class Search>
  [[gnu::always_inline]] uint32_t CountUpTo(const Key& key, Finger* finger = nullptr) const {
    const uint32_t upper = UpperBoundNear<Search>(finger, sorted(), HeadOf(key), level());
    if constexpr (R::Key::kInHead) {
      return upper;
    } else {
      return PositionOf(key, upper).upper;
    }
  }
  template <class Search>
  [[gnu::always_inline]] Position Locate(const Key& key) const {
    return PositionOf(key, Search::UpperBound(sorted(), HeadOf(key)));
  }
  /// Whether a record has `key`.
  template <class Search>
  [[gnu::always_inline]] bool Contains(const Key& key, Finger* finger) const {
    Sorted node = sorted();
    if constexpr (R::Key::kInHead) node.words = nullptr;  // nobody looks at them
    return PositionOf(key, UpperBoundNear<Search>(finger, node, HeadOf(key), level())).exact;
  }
  /// Locate for a key of which it is known that `first` records or more, and `last` or less, are at
  /// most the key.
  template <class Search>
  Position LocateWithin(const Key& key, uint32_t first, uint32_t last) const {
    return PositionOf(key, Search::UpperBoundWithin(sorted(), first,
                                                    std::min<uint32_t>(last, count_), HeadOf(key)));
  }

 protected:
  /// Begins a page in `memory` of geometry.bytes and writes its range; a PageFiller does the rest.
  BasePage(const PageShape<R>& shape, uint32_t slots, const Geometry& geometry)
      : right_(shape.right),
        count_(static_cast<uint16_t>(shape.count)),
        heads_line_(static_cast<uint8_t>(geometry.heads_line)),
        slot_count_(static_cast<uint8_t>(slots)),
        level_(static_cast<uint8_t>(shape.level)) {
    BWLAB_ASSERT(!kHasHeap || geometry.bytes <= Locator::kPageBytesMax);
    BWLAB_ASSERT(heads_line_ == geometry.heads_line);
    bytes = geometry.bytes;
    if constexpr (R::Key::kInHead) {
      range_ = {shape.low, shape.right == kNoPage ? kHeadMax : shape.high};
    } else {
      const std::string_view high = shape.right == kNoPage ? std::string_view() : shape.high;
      range_ = {geometry.heap_offset, static_cast<uint16_t>(shape.low.size()),
                static_cast<uint16_t>(high.size()), static_cast<uint16_t>(PrefixBytes(shape))};
      CopyBytes(CopyBytes(chars() + geometry.heap_offset, shape.low), high);
    }
  }
  ~BasePage() = default;

  uint32_t slots_line() const { return heads_line_ + 2 * Geometry::Lines(count_); }
  template <class T>
  const T* Line(uint32_t line) const {
    return std::launder(reinterpret_cast<const T*>(chars() + line * kCacheLineBytes));
  }

 private:
  uint32_t heap_offset() const {
    const uint32_t lines = slots_line() + Geometry::Lines(2 * slot_count_);
    return lines * static_cast<uint32_t>(kCacheLineBytes);
  }
  const Head* EstimatedHeads(uint32_t head_lines, double share) const {
    return Line<Head>(Geometry::HeadsLine(head_lines) + EstimatedLine(head_lines, share));
  }

  /// Where the first `upper` records have a head that is at most the key's, and the others are
  /// above the key.
  [[gnu::always_inline]] Position PositionOf(const Key& key, uint32_t upper) const {
    if (upper == 0 || heads()[upper - 1] != HeadOf(key)) return {upper, false};
    if constexpr (R::Key::kInHead) {
      return {upper, true};
    } else {
      return LocateAmongEqualHeads(heads(), upper, key, [this](uint32_t at) { return KeyAt(at); });
    }
  }

  PageId right_;
  PageRange<R::Key::kInHead> range_;
  const uint16_t count_;
  const uint8_t heads_line_;
  uint8_t hint_shift_ = 0;
  const uint8_t slot_count_;
  const uint8_t level_;
};

/// I1 and I2 of PROTOCOL.md for the base node of a page. @return what is wrong; empty where nothing
/// is.
template <class R, uint32_t header_lines>
std::string CheckBase(const BasePage<R, header_lines>& page) {
  const auto sorted = page.sorted();
  for (uint32_t i = 0; i < sorted.count; ++i) {
    if (i > 0 && page.KeyAt(i - 1) >= page.KeyAt(i)) {
      return "I1: keys " + std::to_string(i - 1) + " and " + std::to_string(i) +
             " are not ascending";
    }
    if (!HasItsOwnHead(page.KeyAt(i))) {
      return "I1: head " + std::to_string(i) + " is not that of its key";
    }
    if (i % kBlockHeads != 0) continue;
    const uint32_t block = i / kBlockHeads;
    bool right;
    if constexpr (R::Key::kInHead) {
      right = block == 0 || sorted.HintOfBlock(block) == sorted.scale.Of(sorted.heads[i]);
    } else {
      right = sorted.hints[block] == sorted.heads[i];
    }
    if (!right) {
      return "I1: hint " + std::to_string(block) + " is not that of the first head of its block";
    }
  }
  if constexpr (R::Key::kInHead) {
    if (sorted.scale != HintScale::For(sorted.heads, sorted.count)) {
      return "I1: the scale of the hints is not that of the heads";
    }
  }
  KeyBuffer<R> keys;
  keys.SetPrefix(page.prefix());
  for (const uint32_t at : {0u, sorted.count - 1}) {
    if (sorted.count == 0) break;
    const typename R::Probe key = keys.JoinProbe(page.KeyAt(at));
    if (key < page.low() || page.IsBeyond(key)) return "I2: a key lies outside the node's range";
  }
  return "";
}

}  // namespace bwlab
