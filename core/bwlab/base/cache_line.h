#pragma once

#include <cstddef>

namespace bwlab {

/// Bytes that move between cores as one; also the alignment of every page, so that its six low
/// address bits are free.
inline constexpr std::size_t kCacheLineBytes = 64;

constexpr std::size_t RoundUp(std::size_t value, std::size_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

/// Asks for `lines` consecutive cache lines from `address` on, so that their misses overlap.
inline void PrefetchLines(const void* address, unsigned lines) {
  const char* at = static_cast<const char*>(address);
  for (unsigned i = 0; i < lines; ++i) __builtin_prefetch(at + i * kCacheLineBytes, 0, 3);
}

}  // namespace bwlab
