#pragma once

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace bwlab {

/// Tells the processor that this is a spin-wait loop.
inline void CpuRelax() {
#if defined(__x86_64__)
  _mm_pause();
#else
  __asm__ __volatile__("yield" ::: "memory");
#endif
}

}  // namespace bwlab
