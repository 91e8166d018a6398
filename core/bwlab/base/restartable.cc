#include "bwlab/base/restartable.h"

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "bwlab/base/assert.h"
#include "bwlab/base/cache_line.h"

namespace bwlab {
namespace {

// Not bwlab::Atomic: what restarts is the processor. Each restart has a number. Sequentially
// consistent, as the changes of words that come before RestartsBegun are locked instructions: a
// restart with a later number than was read there begins after the change.
alignas(kCacheLineBytes) std::atomic<uint32_t> begun{0};
alignas(kCacheLineBytes) std::atomic<uint32_t> finished{0};  // the latest that is over

}  // namespace

uint32_t RestartsBegun() noexcept { return begun.load() & kRestartsMask; }

bool RestartedSince(uint32_t since) noexcept {
  // Where restarts are under way, `since` may be ahead of what is finished: half of the numbers
  // count as ahead.
  const uint32_t later = (finished.load() - since) & kRestartsMask;
  return later != 0 && later <= kRestartsMask / 2;
}

}  // namespace bwlab

#if defined(__x86_64__) && defined(__linux__) && __has_include(<sys/rseq.h>)
#include <linux/membarrier.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace bwlab {

bool RestartableAvailable() noexcept {
  static const bool available =
      __rseq_size > 0 &&
      ::syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ, 0, 0) == 0;
  return available;
}

StoreResult StoreWhileEqual(const uint64_t* word, uint64_t expected, uint64_t* target,
                            uint64_t value) noexcept {
  constexpr int kInterruptionsMax = 7;
  int interruptions = -1;
interrupted:
  if (++interruptions > kInterruptionsMax) [[unlikely]]
    return StoreResult::kInterrupted;
  // An exchange, since it is the last instruction that may be, and a barrier: without one the value
  // could still wait in the store buffer when the thread's next load is made. The descriptor (3)
  // names the sequence (1 to 2) and where to go when it is interrupted (4), in front of which the
  // system looks for the signature that the C library has registered.
  asm goto volatile(
      ".pushsection __rseq_cs, \"aw\"\n\t"
      ".balign 32\n\t"
      "3:\n\t"
      ".long 0, 0\n\t"
      ".quad 1f, 2f - 1f, 4f\n\t"
      ".popsection\n\t"
      "leaq 3b(%%rip), %%rax\n\t"
      "movq %%rax, %%fs:%c[descriptor](%[area])\n\t"
      "1:\n\t"
      "cmpq %[expected], %[word]\n\t"
      "jne %l[changed]\n\t"
      "movq %[value], %%rax\n\t"
      "xchgq %%rax, %[target]\n\t"
      "2:\n\t"
      ".pushsection __rseq_abort, \"ax\"\n\t"
      ".byte 0x0f, 0xb9, 0x3d\n\t"
      ".long %c[signature]\n\t"
      "4:\n\t"
      "jmp %l[interrupted]\n\t"
      ".popsection\n\t"
      :
      : [area] "r"(__rseq_offset), [descriptor] "i"(__builtin_offsetof(struct rseq, rseq_cs)),
        [signature] "i"(RSEQ_SIG), [word] "m"(*word), [expected] "r"(expected),
        [target] "m"(*target), [value] "r"(value)
      : "rax", "memory", "cc"
      : interrupted, changed);
  return StoreResult::kStored;
changed:
  return StoreResult::kChanged;
}

void RestartAllThreads() noexcept {
  const uint32_t number = begun.fetch_add(1) + 1;
  // The system's handler passes a full barrier before it restarts (ipi_rseq in
  // kernel/sched/membarrier.c).
  while (::syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, 0, 0) != 0) {
    if (errno == ENOMEM) continue;
    // It was granted when it was registered. Who goes on without it loses updates.
    std::perror("bwlab: membarrier");
    std::abort();
  }
  uint32_t latest = finished.load();
  while (static_cast<int32_t>(number - latest) > 0 &&
         !finished.compare_exchange_weak(latest, number)) {
  }
}

}  // namespace bwlab

#else

namespace bwlab {

bool RestartableAvailable() noexcept { return false; }

StoreResult StoreWhileEqual(const uint64_t*, uint64_t, uint64_t*, uint64_t) noexcept {
  return StoreResult::kInterrupted;
}

void RestartAllThreads() noexcept { BWLAB_ASSERT(false); }

}  // namespace bwlab

#endif
