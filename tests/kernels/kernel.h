#pragma once

// What tests of kernels share: how relacy is run, and how a test tells it that something is wrong.

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <ostream>
#include <source_location>
#include <streambuf>
#include <string_view>
#include <vector>

#include "bwlab/base/atomic.h"
#include "bwlab/policy/allocator/allocator_options.h"
#include "bwlab/policy/backoff/backoff_limits.h"
#include "support/stress.h"

namespace bwlab::kernels {

/// Ends the execution as a failure where `holds` is false. relacy then repeats it and logs its
/// accesses.
inline void Check(bool holds, const char* what,
                  std::source_location where = std::source_location::current()) {
  RL_ASSERT_IMPL(holds, rl::test_result_user_assert_failed, what, InfoOf(where));
}

/// A relacy test suite. `Execution` is what one execution of its kThreads threads consists of:
/// built before its threads start, Run(thread) by each of them, Finish() after the last.
template <class Execution>
struct Suite : rl::test_suite<Suite<Execution>, Execution::kThreads> {
  void before() {
    TheWorld().Begin();
    execution = std::make_unique<Execution>();
  }
  void thread(unsigned index) { execution->Run(index); }
  void after() {
    execution->Finish();
    execution.reset();
    TheWorld().End();
  }

  // relacy does not heed the alignment of a suite.
  std::unique_ptr<Execution> execution;
};

/// Takes text up to a bound, and no memory: relacy writes while it counts what is allocated.
class BoundedText : public std::streambuf {
 public:
  BoundedText() { setp(text_->data(), text_->data() + text_->size()); }
  std::string_view view() const { return {pbase(), pptr()}; }

 private:
  std::unique_ptr<std::array<char, 1 << 20>> text_ = std::make_unique<std::array<char, 1 << 20>>();
};

/// Tries `executions_short` schedules at random, a million in the long tier. The n-th is the same
/// in every run.
template <class Execution>
void Explore(uint64_t executions_short) {
  BoundedText text;
  std::ostream log(&text);
  BoundedText progress_text;
  std::ostream progress(&progress_text);
  rl::test_params params;
  params.iteration_count = test::IsLongTier() ? 1'000'000 : executions_short;
  params.execution_depth_limit = 1'000'000;
  params.output_stream = &log;
  params.progress_stream = &progress;
  EXPECT_TRUE(rl::simulate<Suite<Execution>>(params)) << text.view();
}

/// Pages whose every use after their freeing is seen.
struct ArenaAllocator {
  static constexpr std::string_view kName = "arena_of_the_tests";
  static constexpr std::string_view kSummary = "";

  class Shared {
   public:
    explicit Shared(const AllocatorOptions& /*options*/ = {}) {}
    std::size_t PooledBytes() const { return 0; }
    bool huge_pages() const { return false; }
    void Trim() {}
  };
  class Local {
   public:
    explicit Local(Shared& /*shared*/) {}
    void* Allocate(std::size_t bytes) {
      void* page = TheWorld().pages.Allocate(bytes);
      Check(page != nullptr, "the arena suffices");
      return page;
    }
    void Free(void* page, std::size_t bytes) { TheWorld().pages.Free(page, bytes); }
    std::size_t PooledBytes() const { return 0; }
    void Leave() {}
    void Trim() {}
  };
};

/// Lets another thread go on after a lost CAS.
struct YieldToOthers {
  static constexpr std::string_view kName = "yield_to_others";
  static constexpr std::string_view kSummary = "";
  struct Local {
    explicit Local(const BackoffLimits& /*limits*/) {}
  };
  explicit YieldToOthers(Local& /*local*/) {}
  void Pause() { rl::yield(1, InfoOf(std::source_location::current())); }
  uint64_t spins() const { return 0; }
};

}  // namespace bwlab::kernels
