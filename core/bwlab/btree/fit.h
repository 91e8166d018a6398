#pragma once

#include <algorithm>
#include <cstdint>

#include "bwlab/base/cache_line.h"

namespace bwlab {

/// What a page of a level is to hold at most.
struct PageLimits {
  uint32_t records_max;
  uint32_t bytes;
};

/// The limits of pages of a type, from what the options ask for.
template <class Page>
PageLimits LimitsOf(uint32_t bytes, uint32_t capacity) {
  const auto fits = [bytes](uint32_t records) {
    return typename Page::Geometry(records).fences <= bytes;
  };
  uint32_t records = bytes / Page::kSlotBytes;
  while (!fits(records)) --records;
  return {std::min(records, capacity), bytes};
}

/// What a new page is to hold: so many records of a range, with so much in the heap.
template <class Page>
struct PageContent {
  uint32_t count;
  uint64_t heap_bytes;  // without the prefix that the page leaves out
  typename Page::Probe low;
  typename Page::Probe high;
  bool bounded;

  uint32_t fence_bytes() const { return Page::FenceBytes(low, high, bounded); }
  uint64_t BytesIn(uint32_t capacity) const {
    return typename Page::Geometry(capacity).fences + fence_bytes() + heap_bytes;
  }
  bool FitsIn(const PageLimits& limits) const {
    return count <= limits.records_max && (!Page::kHasHeap || BytesIn(count) <= limits.bytes);
  }

  /// A page of the limits' size, or a larger one where it must be, in which one record more finds
  /// room that takes `reserved_bytes` of the heap. With a heap, slots and heap are divided so that
  /// records of the same size as those that are there use up both at a time.
  typename Page::Shape ShapeFor(uint32_t level, const PageLimits& limits,
                                uint64_t reserved_bytes) const {
    uint32_t capacity = limits.records_max;
    uint64_t bytes = BytesIn(capacity);
    if constexpr (Page::kHasHeap) {
      const uint32_t least = count + 1;
      const uint64_t fixed = Page::kHeaderBytes + fence_bytes();
      const uint64_t left = limits.bytes > fixed ? limits.bytes - fixed : 0;
      const uint64_t each =
          Page::kSlotBytes + 1 + (count == 0 ? kBytesUnknown : heap_bytes / count);
      capacity = std::clamp(static_cast<uint32_t>(left / each), least,
                            std::max(limits.records_max, least));
      // Whole lines of hints and heads may take more than the average says.
      while (capacity > least && BytesIn(capacity) + reserved_bytes > limits.bytes) --capacity;
      bytes = std::max<uint64_t>(BytesIn(capacity) + reserved_bytes, limits.bytes);
    }
    return {level, capacity, static_cast<uint32_t>(RoundUp(bytes, kCacheLineBytes)),
            low,   high,     bounded};
  }

  /// What a record is taken to put into the heap where there is none to go by.
  static constexpr uint64_t kBytesUnknown = 32;
};

}  // namespace bwlab
