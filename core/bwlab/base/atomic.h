#pragma once

// All that threads share in the engine goes through these names, so that a test can build the same
// code on atomics of its own: BWLAB_ATOMICS_HEADER names a header that defines them in place of
// this one (tests/kernels/relacy_atomics.h lets relacy explore the engine). Ordinary builds leave
// it undefined.

#ifdef BWLAB_ATOMICS_HEADER
#include BWLAB_ATOMICS_HEADER
#else

#include <atomic>

namespace bwlab {

template <class T>
using Atomic = std::atomic<T>;
template <class T>
using AtomicRef = std::atomic_ref<T>;

/// Keeps the compiler from moving memory accesses across; emits no instruction. The processor's
/// half of the barrier is the other side's membarrier.
inline void CompilerBarrier() { std::atomic_signal_fence(std::memory_order_seq_cst); }

/// A full barrier on this processor. ThreadSanitizer does not model standalone fences (g++ warns
/// so); code that uses this one must order every plain access through atomics as well, so that the
/// fence is needed for progress of the values seen, never for the absence of a data race.
inline void FullFence() {
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wtsan"
#endif
  std::atomic_thread_fence(std::memory_order_seq_cst);
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
}

/// For accesses that no atomic makes: btree/racing.h tells which, and does without under
/// ThreadSanitizer.
inline void AcquireFence() { std::atomic_thread_fence(std::memory_order_acquire); }
inline void ReleaseFence() { std::atomic_thread_fence(std::memory_order_release); }

}  // namespace bwlab

#endif
