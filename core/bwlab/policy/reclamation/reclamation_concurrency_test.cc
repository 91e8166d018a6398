// What all reclamation policies promise alike, with threads.

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <latch>
#include <memory>
#include <thread>
#include <type_traits>
#include <vector>

#include "bwlab/base/sanitizer.h"
#include "bwlab/policy/reclamation/reclamation_testing.h"

namespace bwlab::test {
namespace {

/// A page that tells its freeing and its reuse: its life is odd while it is free, and grows by
/// each. The plain word shows ThreadSanitizer whether a reader's section happens before the reuse;
/// the life shows the other builds whether it came before at all.
struct CanaryPage : Retired {
  std::atomic<uint64_t> life{0};
  uint64_t plain = 0;

  void BeginNextLife() {
    // Relaxed, and no read-modify-write: it must not order what the policy has to order.
    life.store(life.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
};

/// One thread's pages: freed ones are marked, poisoned for AddressSanitizer, and reused last in
/// first out, so that a page freed too early is overwritten as soon as possible.
class CanaryPool {
 public:
  CanaryPool() = default;
  CanaryPool(const CanaryPool&) = delete;
  CanaryPool& operator=(const CanaryPool&) = delete;
  ~CanaryPool() {
    for (CanaryPage* page : free_) {
      BWLAB_UNPOISON(page, sizeof(CanaryPage));
      delete page;
    }
  }

  CanaryPage* Take(uint64_t content) {
    CanaryPage* page;
    if (free_.empty()) {
      page = new CanaryPage;
      page->bytes = sizeof(CanaryPage);
    } else {
      page = free_.back();
      free_.pop_back();
      BWLAB_UNPOISON(page, sizeof(CanaryPage));
      page->BeginNextLife();
    }
    page->plain = content;
    return page;
  }

  auto Free() {
    return [this](Retired* retired) {
      auto* page = static_cast<CanaryPage*>(retired);
      page->BeginNextLife();
      BWLAB_POISON(page, sizeof(CanaryPage));
      free_.push_back(page);
      ++freed_;
    };
  }
  uint64_t freed() const { return freed_; }

 private:
  std::vector<CanaryPage*> free_;
  uint64_t freed_ = 0;
};

/// Set by an interruption, cleared by the next look.
thread_local volatile sig_atomic_t t_interrupted = 0;

/// Stops threads at arbitrary places for some microseconds, also between two loads that stand side
/// by side: what a preemption does, a thousand times as often. (ThreadSanitizer puts signals off to
/// the next system call, where they do no good.)
class Interrupter {
 public:
  Interrupter() {
    struct sigaction action = {};
    action.sa_handler = [](int) {
      const timespec pause{0, 20'000};
      ::nanosleep(&pause, nullptr);
      t_interrupted = 1;
    };
    action.sa_flags = SA_RESTART;
    ::sigaction(SIGUSR1, &action, &before_);
  }
  Interrupter(const Interrupter&) = delete;
  Interrupter& operator=(const Interrupter&) = delete;
  ~Interrupter() { ::sigaction(SIGUSR1, &before_, nullptr); }

  /// Precondition: nobody has joined the thread.
  static void Stop(std::thread& thread) { ::pthread_kill(thread.native_handle(), SIGUSR1); }

 private:
  struct sigaction before_ = {};
};

template <class Config>
class ReclamationConcurrencyTest : public testing::Test {
 protected:
  static constexpr int kReaders = 2;
  static constexpr int kWriters = 2;
  static constexpr int kRoundsPerWriter = BWLAB_TSAN ? 50'000 : 200'000;

  /// Looks at the page of a cell for a while, as a descent does; for long where the thread has just
  /// been interrupted, perhaps when it began the section. @return faults seen.
  static uint64_t Look(const std::atomic<CanaryPage*>& cell) {
    const CanaryPage* page = cell.load(std::memory_order_acquire);
    const uint64_t life = page->life.load(std::memory_order_relaxed);
    const uint64_t plain = page->plain;
    uint64_t faults = life % 2;
    const int looks = t_interrupted != 0 ? 20'000 : 200;
    t_interrupted = 0;
    for (int look = 0; look < looks; ++look) {
      if (page->life.load(std::memory_order_relaxed) != life) ++faults;
    }
    return faults + (page->plain != plain ? 1 : 0);
  }

  std::array<std::atomic<CanaryPage*>, 4> cells_{};
};

using AllPolicies =
    testing::Types<DecentralizedImmediate, DecentralizedFence, DecentralizedAmortised,
                   CentralizedImmediate, CentralizedAmortised, QsbrImmediate, QsbrAmortised,
                   LeakUntilTheEnd>;
TYPED_TEST_SUITE(ReclamationConcurrencyTest, AllPolicies, ReclaimingName);

// Method: writers replace the pages of a few cells and retire the old ones; readers look at the
// pages of the cells in sections, some of them nested, and now and then end their session and go
// on, or let others run in the middle of a section. All are interrupted all the time. Nobody may
// meet a page that was freed, and no page may be lost.
TYPED_TEST(ReclamationConcurrencyTest, NobodyMeetsAFreedPage) {
  using Participant = typename TypeParam::Policy::Participant;
  constexpr int kThreads = TestFixture::kReaders + TestFixture::kWriters;
  auto& cells = this->cells_;
  typename TypeParam::Policy::Domain domain(TypeParam::Options(/*batch_pages=*/1));
  std::vector<std::unique_ptr<Participant>> participants;  // live as long as the domain is used
  std::vector<std::unique_ptr<CanaryPool>> pools;
  for (int i = 0; i < kThreads; ++i) {
    participants.push_back(std::make_unique<Participant>(domain));
    pools.push_back(std::make_unique<CanaryPool>());
  }
  for (auto& cell : cells) cell.store(pools[0]->Take(0), std::memory_order_relaxed);

  std::latch start(kThreads);
  std::atomic<int> writers_left{TestFixture::kWriters};
  std::atomic<uint64_t> faults{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < TestFixture::kWriters; ++t) {
    threads.emplace_back([&, &self = *participants[t], &pool = *pools[t]] {
      uint64_t seen = 0;  // a shared counter would order the threads, and hide what is to be seen
      start.arrive_and_wait();
      for (int round = 0; round < TestFixture::kRoundsPerWriter; ++round) {
        auto& cell = cells[static_cast<std::size_t>(round) % cells.size()];
        self.Enter();
        seen += TestFixture::Look(cell);
        CanaryPage* page = pool.Take(static_cast<uint64_t>(round));
        self.Retire(cell.exchange(page, std::memory_order_acq_rel), pool.Free());
        self.Exit();
        if (round % 1024 == 0) self.Leave(pool.Free());
      }
      self.Leave(pool.Free());
      faults += seen;
      --writers_left;
    });
  }
  for (int t = TestFixture::kWriters; t < kThreads; ++t) {
    threads.emplace_back([&, &self = *participants[t], &pool = *pools[t]] {
      uint64_t seen = 0;
      start.arrive_and_wait();
      for (uint64_t round = 0; writers_left.load(std::memory_order_relaxed) != 0; ++round) {
        const auto& cell = cells[round % cells.size()];
        self.Enter();
        seen += TestFixture::Look(cell);
        self.Enter();
        const CanaryPage* held = cell.load(std::memory_order_acquire);
        const uint64_t life = held->life.load(std::memory_order_relaxed);
        self.Exit();
        if (round % 64 == 0) std::this_thread::yield();
        if (held->life.load(std::memory_order_relaxed) != life) ++seen;
        self.Exit();
        if (round % 256 == 0) self.Leave(pool.Free());
      }
      self.Leave(pool.Free());
      faults += seen;
    });
  }
  {
    const Interrupter interrupter;
    while (writers_left.load(std::memory_order_relaxed) != 0) {
      for (std::thread& thread : threads) Interrupter::Stop(thread);
      std::this_thread::sleep_for(std::chrono::microseconds(100));
    }
    for (std::thread& thread : threads) thread.join();
  }

  EXPECT_EQ(faults, 0u);
  uint64_t freed_early = 0;
  for (const auto& pool : pools) freed_early += pool->freed();
  constexpr uint64_t kRetired = uint64_t{TestFixture::kWriters} * TestFixture::kRoundsPerWriter;
  if constexpr (std::is_same_v<typename TypeParam::Policy, Leak>) {
    EXPECT_EQ(freed_early, 0u);
  } else {
    EXPECT_GT(freed_early, kRetired / 2);
  }
  int64_t retired_bytes = 0;
  uint64_t freed = 0;
  for (int t = 0; t < kThreads; ++t) participants[t]->Drain(pools[t]->Free());
  for (int t = 0; t < kThreads; ++t) {
    retired_bytes += participants[t]->RetiredBytes();
    freed += pools[t]->freed();
  }
  // Orphans were subtracted where they were left and added where they were adopted.
  EXPECT_EQ(retired_bytes, 0);
  EXPECT_EQ(freed, kRetired);
  for (auto& cell : cells) delete cell.load(std::memory_order_relaxed);
}

}  // namespace
}  // namespace bwlab::test
