#pragma once

#include <array>
#include <cstdint>

#include "bwlab/base/atomic.h"
#include "bwlab/policy/search/sorted_heads.h"

namespace bwlab {

/// A tag stands for a slot in one byte: seven bits of the hash of its key's head, and a flag that
/// the layout has a use for. Of the slots of other keys, one in 128 has a key's hash.
/// Source: fingerprints, Oukid et al., "FPTree", SIGMOD 2016, section 4.1.
inline constexpr uint8_t kTagFlag = 1;

constexpr uint8_t TagHashOf(Head head) {
  return static_cast<uint8_t>(static_cast<uint64_t>(head) * 0x9E3779B97F4A7C15 >> 56) &
         static_cast<uint8_t>(~kTagFlag);
}
constexpr uint8_t TagHash(uint8_t tag) { return tag & static_cast<uint8_t>(~kTagFlag); }

inline constexpr uint32_t kTagsMax = 16;

/// The tags of a page's slots. They must end on a cache-line boundary: a search may read the 32
/// bytes up to there at once, whatever the tags are that others are writing.
using SlotTags = std::array<Atomic<uint8_t>, kTagsMax>;

}  // namespace bwlab
