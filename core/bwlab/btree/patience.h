#pragma once

#include <cstdint>
#include <thread>

#include "bwlab/base/pause.h"

namespace bwlab {

/// What an operation does where a node is locked or has changed under it, before it looks again:
/// what the backoff policy says, and now and then it gives the processor away, since whoever holds
/// the lock may be waiting for one.
template <class Backoff>
class Patience {
 public:
  explicit Patience(typename Backoff::Local& local) : backoff_(local) {}

  /// Kept out of line: what nobody waits for shall not be paid for.
  [[gnu::noinline, gnu::cold]] void Pause() {
    backoff_.Pause();
    CpuRelax();
    if (++pauses_ % kPausesBeforeYield == 0) std::this_thread::yield();
  }

 private:
  /// A lock is held for a microsecond at most by a thread that runs; a pause takes some 20 ns.
  static constexpr uint32_t kPausesBeforeYield = 64;

  Backoff backoff_;
  uint32_t pauses_ = 0;
};

}  // namespace bwlab
