#pragma once

#include <csignal>
#include <cstdint>
#include <utility>

#include "bwlab/base/sanitizer.h"

namespace bwlab::test {

/// Whether CountInstructions works here: it needs the processor's single-step flag, and a build
/// whose instructions are the engine's own.
#if defined(__x86_64__) && !BWLAB_ASAN && !BWLAB_TSAN
inline constexpr bool kCountsInstructions = true;
#else
inline constexpr bool kCountsInstructions = false;
#endif

inline volatile uint64_t single_steps = 0;

/// Instructions that f() executes on this thread outside the kernel, exactly, whatever else the
/// machine does: the processor traps after each one, which takes about a microsecond. Hardware
/// counters would be faster, but virtual machines often have none.
template <class F>
uint64_t CountInstructions(F&& f) {
  static_assert(sizeof(F) > 0 && kCountsInstructions, "see kCountsInstructions");
  struct sigaction count = {};
  struct sigaction before;
  // Counting is all that the handler does; the kernel clears the flag for it and sets it again.
  count.sa_handler = [](int) { single_steps = single_steps + 1; };
  sigaction(SIGTRAP, &count, &before);
  single_steps = 0;
  // Below the red zone, which belongs to the function around.
  asm volatile(
      "lea -128(%%rsp), %%rsp\n\tpushfq\n\torq $0x100, (%%rsp)\n\tpopfq\n\tlea 128(%%rsp), %%rsp" ::
          : "memory", "cc");
  std::forward<F>(f)();
  asm volatile(
      "lea -128(%%rsp), %%rsp\n\tpushfq\n\tandq $~0x100, (%%rsp)\n\tpopfq\n\tlea 128(%%rsp), "
      "%%rsp" ::
          : "memory", "cc");
  sigaction(SIGTRAP, &before, nullptr);
  return single_steps;
}

}  // namespace bwlab::test
