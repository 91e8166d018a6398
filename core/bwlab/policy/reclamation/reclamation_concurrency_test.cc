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
#include "bwlab/policy/reclamation/reclamation_policy_test.h"

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

constexpr int kRounds = BWLAB_TSAN ? 50'000 : 200'000;

/// Who takes part in a run, and how.
struct Scenario {
  int readers;
  int writers;
  uint32_t batch_pages;
  bool interrupted;
  int rounds_per_writer;
};

/// Writers replace the pages of a few cells and retire the old ones; readers look at the pages of
/// the cells in sections, some of them nested, and now and then end their session and go on, or let
/// others run in the middle of a section. Nobody may meet a page that was freed, and no page may be
/// lost.
template <class Config>
class ReclamationConcurrencyTest : public testing::Test {
 protected:
  using Policy = typename Config::Policy;

  void Run(const Scenario& scenario) {
    typename Policy::Domain domain(Config::Options(scenario.batch_pages));
    const int thread_count = scenario.readers + scenario.writers;
    std::vector<std::unique_ptr<Worker>> workers;  // live as long as the domain is used
    for (int i = 0; i < thread_count; ++i) workers.push_back(std::make_unique<Worker>(domain));
    for (auto& cell : cells_) cell.store(workers[0]->pool.Take(0), std::memory_order_relaxed);

    writers_left_ = scenario.writers;
    std::latch start(thread_count);
    std::vector<std::thread> threads;
    for (int i = 0; i < thread_count; ++i) {
      threads.emplace_back([&, &self = *workers[static_cast<std::size_t>(i)], i] {
        start.arrive_and_wait();
        if (i < scenario.writers) {
          Write(self, scenario.rounds_per_writer);
        } else {
          Read(self);
        }
      });
    }
    {
      const Interrupter interrupter;
      while (scenario.interrupted && writers_left_.load(std::memory_order_relaxed) != 0) {
        for (std::thread& thread : threads) Interrupter::Stop(thread);
        std::this_thread::sleep_for(std::chrono::microseconds(100));
      }
      for (std::thread& thread : threads) thread.join();
    }

    const uint64_t retired = uint64_t(scenario.writers) * uint64_t(scenario.rounds_per_writer);
    uint64_t faults = 0;
    uint64_t freed_while_running = 0;
    for (const auto& worker : workers) {
      faults += worker->faults;
      freed_while_running += worker->pool.freed();
    }
    EXPECT_EQ(faults, 0u);
    EXPECT_EQ(freed_while_running == 0, (std::is_same_v<Policy, Leak>));

    for (auto& worker : workers) worker->participant.Drain(worker->pool.Free());
    int64_t retired_bytes = 0;
    uint64_t freed = 0;
    for (const auto& worker : workers) {
      retired_bytes += worker->participant.RetiredBytes();
      freed += worker->pool.freed();
    }
    EXPECT_EQ(retired_bytes, 0);
    EXPECT_EQ(freed, retired);
    for (auto& cell : cells_) delete cell.load(std::memory_order_relaxed);
  }

 private:
  /// What a thread has for itself. Nothing is shared but the cells, lest the test order what the
  /// policy has to order.
  struct Worker {
    explicit Worker(typename Policy::Domain& domain) : participant(domain) {}

    void EndSession() { participant.Leave(pool.Free()); }

    typename Policy::Participant participant;
    CanaryPool pool;
    uint64_t faults = 0;
  };

  void Write(Worker& self, int rounds) {
    for (int round = 0; round < rounds; ++round) {
      auto& cell = cells_[static_cast<std::size_t>(round) % cells_.size()];
      self.participant.Enter();
      self.faults += Look(cell);
      CanaryPage* page = self.pool.Take(static_cast<uint64_t>(round));
      CanaryPage* replaced = cell.exchange(page, std::memory_order_acq_rel);
      self.participant.Retire(replaced, self.pool.Free());
      self.participant.Exit();
      if (round % 1024 == 0) self.EndSession();
    }
    self.EndSession();
    writers_left_.fetch_sub(1, std::memory_order_relaxed);
  }

  void Read(Worker& self) {
    for (uint64_t round = 0; writers_left_.load(std::memory_order_relaxed) != 0; ++round) {
      const auto& cell = cells_[round % cells_.size()];
      self.participant.Enter();
      self.faults += Look(cell);
      if (round % 64 == 0) {
        const CanaryPage* held = cell.load(std::memory_order_acquire);
        const uint64_t life = held->life.load(std::memory_order_relaxed);
        self.participant.Enter();
        std::this_thread::yield();
        self.participant.Exit();
        if (held->life.load(std::memory_order_relaxed) != life) ++self.faults;
      }
      self.participant.Exit();
      if (round % 256 == 0) self.EndSession();
    }
    self.EndSession();
  }

  /// Looks at the page of a cell for a while, as a descent does; for long where the thread has just
  /// been interrupted, perhaps when it began the section. @return faults seen.
  static uint64_t Look(const std::atomic<CanaryPage*>& cell) {
    const CanaryPage* page = cell.load(std::memory_order_acquire);
    const uint64_t life = page->life.load(std::memory_order_relaxed);
    const uint64_t plain = page->plain;
    uint64_t faults = life % 2;
    const int looks = t_interrupted != 0 ? 20'000 : 100;
    t_interrupted = 0;
    for (int look = 0; look < looks; ++look) {
      if (page->life.load(std::memory_order_relaxed) != life) ++faults;
    }
    return faults + (page->plain != plain ? 1 : 0);
  }

  std::array<std::atomic<CanaryPage*>, 4> cells_{};
  std::atomic<int> writers_left_{0};
};

using AllPolicies =
    testing::Types<DecentralizedImmediate, DecentralizedFence, DecentralizedAmortised,
                   CentralizedImmediate, CentralizedAmortised, QsbrImmediate, QsbrAmortised,
                   LeakUntilTheEnd>;
TYPED_TEST_SUITE(ReclamationConcurrencyTest, AllPolicies, ReclaimingName);

TYPED_TEST(ReclamationConcurrencyTest, NobodyMeetsAFreedPageWhereverThreadsAreInterrupted) {
  this->Run({.readers = 2,
             .writers = 2,
             .batch_pages = 4,
             .interrupted = true,
             .rounds_per_writer = kRounds});
}

// A collection for every page, so that most sections begin beside one.
TYPED_TEST(ReclamationConcurrencyTest, ASectionThatBeginsBesideACollectionIsSeenByIt) {
  this->Run({.readers = 1,
             .writers = 1,
             .batch_pages = 1,
             .interrupted = false,
             .rounds_per_writer = kRounds});
}

}  // namespace
}  // namespace bwlab::test
