#pragma once

#include <cstdint>

namespace bwlab {

/// Whether this processor and system have what StoreWhileEqual and RestartAllThreads need: x86-64,
/// Linux 5.10 or later, and a C library that registers each of its threads (glibc 2.35 or later).
/// All threads that store must be of that library, and the code must not be unloaded while they
/// live.
bool RestartableAvailable() noexcept;

enum class StoreResult : uint8_t {
  kStored,
  kChanged,      // the word differs; nothing is stored
  kInterrupted,  // again and again, as by a debugger's single steps; nothing is stored
};

/// Stores `value` in `*target` if `*word` is `expected`, as one restartable sequence: a thread that
/// is interrupted between the comparison and the store starts again with the comparison. So,
/// whoever has changed the word and then called RestartAllThreads knows that each such store has
/// become visible or is not made. The store is sequentially consistent: visible before the function
/// returns. Source: Desnoyers, "Restartable sequences", Linux 4.18.
StoreResult StoreWhileEqual(const uint64_t* word, uint64_t expected, uint64_t* target,
                            uint64_t value) noexcept;

/// Has every other thread of the process that is in a restartable sequence start it again, and
/// passes a full memory barrier on each, as MembarrierAllThreads does, which is this where it is
/// available. As dear: 16 us on a virtual machine whose other processor is busy.
void RestartAllThreads() noexcept;

/// Restarts of all threads are counted, so that one serves everybody who waits for one.
/// RestartsBegun is to be called after the word was changed; RestartedSince(begun) then says
/// whether all threads have been restarted since. Counts are kept modulo 2^15: after more than half
/// as many restarts the answer may be false, but it is never true too early.
uint32_t RestartsBegun() noexcept;
bool RestartedSince(uint32_t begun) noexcept;
inline constexpr uint32_t kRestartsMask = (1u << 15) - 1;

}  // namespace bwlab
