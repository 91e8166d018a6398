#pragma once

#include <bit>
#include <cstdint>

#include "bwlab/base/cache_line.h"

namespace bwlab {

/// A head is a key's first eight bytes as a signed integer whose order is the order of the keys.
/// Signed, because AVX2 compares signed 64-bit integers in one instruction and unsigned ones in
/// several.
using Head = int64_t;

inline constexpr Head kHeadMin = INT64_MIN;
inline constexpr Head kHeadMax = INT64_MAX;

constexpr Head HeadOf(uint64_t key) { return static_cast<Head>(key ^ (uint64_t{1} << 63)); }
constexpr uint64_t KeyOf(Head head) { return static_cast<uint64_t>(head) ^ (uint64_t{1} << 63); }

/// Heads that share a hint; one cache line of them.
inline constexpr uint32_t kBlockHeads = 8;

/// Cache lines that the hints of a node of `count` heads take: one, two, four and so on. Nodes of
/// one kind mostly have equally many, so that the processor knows where a search of them ends.
constexpr uint32_t HintLines(uint32_t count) {
  constexpr uint32_t kHeadsOfALine = kBlockHeads * kBlockHeads;
  return std::bit_ceil((count + kHeadsOfALine - 1) / kHeadsOfALine);
}

/// The sorted heads of a node as a search policy sees them, by themselves.
/// Shape: `count` heads, ascending, equal ones possible where keys share a head, filled up with
/// kHeadMax to a multiple of kBlockHeads, on a cache-line boundary. `words`, where not null, are
/// what goes with the heads: a search that knows the block before it has looked into it may ask for
/// them together with the heads (Prefetch).
struct SortedHeads {
  const Head* heads;
  uint32_t count;
  const uint64_t* words = nullptr;

  /// Asks for the words of a block.
  void Prefetch(uint32_t first) const {
    if (words != nullptr) bwlab::Prefetch(words + first);
  }

  uint32_t blocks() const { return (count + kBlockHeads - 1) / kBlockHeads; }
};

/// With `hints[b] == heads[b * kBlockHeads]` for every block, filled up with kHeadMax to where the
/// heads begin, HintLines(count) behind. For nodes that change in place, or of byte strings; others
/// have shorter hints (short_hints.h).
struct HintedHeads : SortedHeads {
  const Head* hints;

  uint32_t hint_slots() const { return static_cast<uint32_t>(heads - hints); }
};

/// The same where a record is to be inserted in place: what stands behind it will be moved, so that
/// it is asked for too. Precondition: there are words.
struct HintedHeadsToMove : HintedHeads {
  void Prefetch(uint32_t first) const {
    for (; first < count; first += kBlockHeads) {
      bwlab::Prefetch(heads + first);
      bwlab::Prefetch(words + first);
    }
  }
};

}  // namespace bwlab
