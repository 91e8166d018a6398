#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "bwlab/policy/search/slot_tags.h"
#include "bwlab/policy/search/sorted_heads.h"

namespace bwlab {

/// The members whose tag has this hash, as a bit mask. Loads tags of members only, so that it never
/// touches one which another thread is writing.
inline uint32_t MatchTagsOneByOne(const SlotTags& tags, uint32_t members, uint8_t hash) {
  uint32_t matches = 0;
  for (uint32_t rest = members; rest != 0; rest &= rest - 1) {
    const int slot = std::countr_zero(rest);
    // (M1) relaxed: the acquire load of the mapping word that yielded `members` (R1 in
    // mapping_table.h) ordered it.
    const uint8_t tag = tags[static_cast<std::size_t>(slot)].load(std::memory_order_relaxed);
    if (TagHash(tag) == hash) matches |= uint32_t{1} << slot;
  }
  return matches;
}

/// Looks at one head after the other until one is above the key. The naive baseline, which shows
/// what any other search is worth; choose it for nothing else.
struct LinearSearch {
  static constexpr std::string_view kName = "linear";
  static constexpr std::string_view kSummary =
      "one head after the other; the naive baseline that shows what the others are worth";

  static uint32_t UpperBound(const SortedHeads& node, Head key) {
    return UpperBoundWithin(node, 0, node.count, key);
  }
  static uint32_t UpperBoundWithin(const SortedHeads& node, uint32_t first, uint32_t last,
                                   Head key) {
    while (first < last && node.heads[first] <= key) ++first;
    return first;
  }
  static uint32_t MatchTags(const SlotTags& tags, uint32_t members, uint8_t hash) {
    return MatchTagsOneByOne(tags, members, hash);
  }
};

/// std::upper_bound over the whole node. Its mispredicted branches prefetch both ways, which makes
/// it the best of the scalar searches on nodes that are not in the cache. Choose it as the scalar
/// baseline.
struct ScalarBinarySearch {
  static constexpr std::string_view kName = "binary";
  static constexpr std::string_view kSummary =
      "std::upper_bound; the scalar baseline, and the best scalar choice for nodes out of cache";

  static uint32_t UpperBound(const SortedHeads& node, Head key) {
    return UpperBoundWithin(node, 0, node.count, key);
  }
  static uint32_t UpperBoundWithin(const SortedHeads& node, uint32_t first, uint32_t last,
                                   Head key) {
    return static_cast<uint32_t>(std::upper_bound(node.heads + first, node.heads + last, key) -
                                 node.heads);
  }
  static uint32_t MatchTags(const SlotTags& tags, uint32_t members, uint8_t hash) {
    return MatchTagsOneByOne(tags, members, hash);
  }
};

/// Binary search by conditional moves. Choose it for nodes that stay in L1 or L2 where no SIMD is
/// to be had; each step waits for the load before it, so that it is the slowest of all on nodes out
/// of cache.
struct BranchFreeSearch {
  static constexpr std::string_view kName = "branch_free";
  static constexpr std::string_view kSummary =
      "binary search by conditional moves; for nodes in cache on machines without SIMD";

  static uint32_t UpperBound(const SortedHeads& node, Head key) {
    return UpperBoundWithin(node, 0, node.count, key);
  }
  static uint32_t UpperBoundWithin(const SortedHeads& node, uint32_t first, uint32_t last,
                                   Head key) {
    const Head* base = node.heads + first;
    uint32_t length = last - first;
    while (length > 1) {
      const uint32_t half = length / 2;
      // A mask, since g++ 12 turns the conditional expression into a jump: 25 ns instead of 7 on 64
      // hot heads.
      base += half & (0u - static_cast<uint32_t>(base[half - 1] <= key));
      length -= half;
    }
    return static_cast<uint32_t>(base - node.heads) + (length == 1 && *base <= key ? 1u : 0u);
  }
  static uint32_t MatchTags(const SlotTags& tags, uint32_t members, uint8_t hash) {
    return MatchTagsOneByOne(tags, members, hash);
  }
};

}  // namespace bwlab
