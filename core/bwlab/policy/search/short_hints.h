#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>

#include "bwlab/policy/search/sorted_heads.h"

namespace bwlab {

/// Where the first head of a block lies among those of its node, in 2^16 steps. Signed, because SSE
/// and AVX2 compare signed integers alone.
using ShortHint = int16_t;

inline constexpr ShortHint kShortHintMin = std::numeric_limits<ShortHint>::min();
inline constexpr ShortHint kShortHintMax = std::numeric_limits<ShortHint>::max();
/// Lanes of a cache line. The first lanes of a node's hold the middle of its scale; its first block
/// needs no hint, so that one line serves 232 heads.
inline constexpr uint32_t kShortHintLanes = kCacheLineBytes / sizeof(ShortHint);
inline constexpr uint32_t kShortHintScaleLanes = sizeof(Head) / sizeof(ShortHint);

/// Cache lines that the short hints of a node take: one, two, four and so on.
constexpr uint32_t ShortHintLines(uint32_t count) {
  const uint32_t blocks = (count + kBlockHeads - 1) / kBlockHeads;
  const uint32_t lanes = kShortHintScaleLanes + (blocks == 0 ? 0 : blocks - 1);
  return std::bit_ceil((lanes + kShortHintLanes - 1) / kShortHintLanes);
}

/// How the hints of a node follow from heads: the distance of a quarter of the head from `middle`,
/// without its lowest `shift` bits, cut off at the least and the greatest hint. A greater head
/// never has the smaller hint. Quarters, since no difference of them overflows; what is lost does
/// not matter between blocks of different integers.
struct HintScale {
  Head middle = 0;
  uint32_t shift = 0;

  /// For blocks whose first heads begin with `first` and end with `last`: the smallest shift with
  /// which none is cut off, and the least hint is left to heads below.
  static HintScale For(Head first, Head last) {
    const auto span = static_cast<uint64_t>(Quarter(last) - Quarter(first));
    const int bits = std::numeric_limits<uint64_t>::digits - std::countl_zero(span);
    auto shift = static_cast<uint32_t>(std::max(bits - kStepBits, 0));
    if (span >> shift > kStepsMax) ++shift;
    return {Quarter(first) - (Head{kShortHintMin + 1} * (Head{1} << shift)), shift};
  }
  /// For a node of so many heads.
  static HintScale For(const Head* heads, uint32_t count) {
    if (count <= kBlockHeads) return {};
    return For(heads[kBlockHeads], heads[(count - 1) / kBlockHeads * kBlockHeads]);
  }

  ShortHint Of(Head head) const {
    const Head distance = Quarter(head) - middle;
    const Head steps = distance >> shift;
    const auto hint = static_cast<ShortHint>(steps);
    // Not a clamp, of which g++ makes vectors: two moves between registers of different kinds.
    const auto cut_off = static_cast<ShortHint>(distance >> 63 ^ kShortHintMax);
    return hint == steps ? hint : cut_off;
  }
  friend bool operator==(const HintScale&, const HintScale&) = default;

 private:
  static constexpr Head Quarter(Head head) { return head >> 2; }

  static constexpr int kStepBits = std::numeric_limits<ShortHint>::digits + 1;
  static constexpr uint64_t kStepsMax = uint64_t{kShortHintMax} - kShortHintMin - 2;
};

/// Sorted heads of a node that never changes, with short hints. Shape: the middle of the scale, the
/// hint of the first head of each block but the first, filled up with kShortHintMax to where the
/// heads begin, ShortHintLines(count) behind. Blocks may have equal hints although their first
/// heads differ: the hints then tell the last of them, and the heads tell that the key is not
/// there.
///
/// The scale goes from the second block's first head to the last block's, so that a single head far
/// away at either end, as the low key of a leftmost node is, takes nothing from the others.
///
/// Source: "poor man's normalized keys", Graefe, "Modern B-Tree Techniques", 2011, section 3.4.
/// Differs: relative to the heads of the node, and one for a block.
struct ShortHintedHeads : SortedHeads {
  const ShortHint* lanes;
  HintScale scale;

  uint32_t lane_count() const {
    return static_cast<uint32_t>(reinterpret_cast<const ShortHint*>(heads) - lanes);
  }
  /// Where the hint of a block stands; block > 0.
  static constexpr uint32_t LaneOf(uint32_t block) { return kShortHintScaleLanes + block - 1; }
  ShortHint HintOfBlock(uint32_t block) const { return lanes[LaneOf(block)]; }
};

}  // namespace bwlab
