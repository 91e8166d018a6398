#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>

#include "bwlab/policy/search/sorted_heads.h"

namespace bwlab {

/// Where a head lies between the least and the greatest one of its node, in 2^16 steps. Signed,
/// because SSE and AVX2 compare signed integers alone.
using ShortHint = int16_t;

inline constexpr ShortHint kShortHintMin = std::numeric_limits<ShortHint>::min();
inline constexpr ShortHint kShortHintMax = std::numeric_limits<ShortHint>::max();
/// Short hints of a cache line; one line serves a node of 256 heads.
inline constexpr uint32_t kShortHintsOfALine = kCacheLineBytes / sizeof(ShortHint);

/// Cache lines that the short hints of a node take.
constexpr uint32_t ShortHintLines(uint32_t count) { return LinesOfHints(count, sizeof(ShortHint)); }

/// How the hints of a node follow from heads: the distance from `base`, without its lowest `shift`
/// bits, cut off at the greatest hint. Of heads that are not below base, a greater one never has
/// the smaller hint.
struct HintScale {
  Head base = kHeadMin;
  uint32_t shift = 0;

  /// With the smallest shift that keeps the hints of heads up to `last` apart from what is cut off.
  static HintScale For(Head base, Head last) {
    const uint64_t span = static_cast<uint64_t>(last) - static_cast<uint64_t>(base);
    constexpr int kHintBits = std::numeric_limits<ShortHint>::digits + 1;
    const int bits = std::numeric_limits<uint64_t>::digits - std::countl_zero(span);
    return {base, static_cast<uint32_t>(std::max(bits - kHintBits, 0))};
  }

  ShortHint Of(Head head) const {
    constexpr uint64_t kStepsMax = uint64_t{kShortHintMax} - kShortHintMin;
    const uint64_t distance = static_cast<uint64_t>(head) - static_cast<uint64_t>(base);
    const auto steps = static_cast<int32_t>(std::min(distance >> shift, kStepsMax));
    return static_cast<ShortHint>(kShortHintMin + steps);
  }
};

/// Sorted heads of a node that never changes, with a short hint for each block: that of the block's
/// first head, filled up with kShortHintMax to where the heads begin, ShortHintLines(count) behind.
/// No head is below scale.base; keys may be. Blocks may have equal hints although their first heads
/// differ: the hints then tell the last of them, and the heads tell that the key is not there.
///
/// Source: "poor man's normalized keys", Graefe, "Modern B-Tree Techniques", 2011, section 3.4.
/// Differs: relative to the range of the node, and one for a block.
struct ShortHintedHeads : SortedHeads {
  const ShortHint* hints;
  HintScale scale;

  uint32_t hint_slots() const {
    return static_cast<uint32_t>(reinterpret_cast<const ShortHint*>(heads) - hints);
  }
};

}  // namespace bwlab
