#pragma once

#include <cstddef>

namespace bwlab {

/// Bytes that move between cores as one; also the alignment of every page, so that its six low
/// address bits are free.
inline constexpr std::size_t kCacheLineBytes = 64;

constexpr std::size_t RoundUp(std::size_t value, std::size_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

/// Asks for the cache line of `address`. In assembly, since g++ 12 takes __builtin_prefetch for
/// free of effects: a function that does nothing else counts as pure, and its calls are left out
/// where they are not inlined early enough.
inline void Prefetch(const void* address) {
#if defined(__x86_64__) || defined(__i386__)
  asm volatile("prefetcht0 %0" : : "m"(*static_cast<const char*>(address)));
#else
  __builtin_prefetch(address);
#endif
}

/// The same for a line that is to be written, and that no other core is to keep.
inline void PrefetchToWrite(const void* address) {
#if defined(__x86_64__) || defined(__i386__)
  asm volatile("prefetchw %0" : : "m"(*static_cast<const char*>(address)));
#else
  __builtin_prefetch(address, 1);
#endif
}

/// Asks for `lines` consecutive cache lines from `address` on, so that their misses overlap.
inline void PrefetchLines(const void* address, unsigned lines) {
  const char* at = static_cast<const char*>(address);
  for (unsigned i = 0; i < lines; ++i) Prefetch(at + i * kCacheLineBytes);
}

}  // namespace bwlab
