#include "bwlab/base/restartable.h"

#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <ctime>
#include <thread>

#include "bwlab/base/atomic.h"
#include "bwlab/base/memory.h"

namespace bwlab {
namespace {

class Restartable : public testing::Test {
 protected:
  void SetUp() override {
    if (!RestartableAvailable()) GTEST_SKIP() << "the system has no restartable sequences";
  }

  StoreResult Store(uint64_t expected, uint64_t value) {
    return StoreWhileEqual(reinterpret_cast<const uint64_t*>(&word_), expected, &target_, value);
  }
  uint64_t Target() { return AtomicRef<uint64_t>(target_).load(); }

  alignas(64) Atomic<uint64_t> word_{1};
  alignas(64) uint64_t target_ = 0;
};

TEST_F(Restartable, AStoreIsMadeWhereTheWordIsTheExpectedOneAlone) {
  EXPECT_EQ(Store(1, 10), StoreResult::kStored);
  EXPECT_EQ(Target(), 10u);
  EXPECT_EQ(Store(2, 20), StoreResult::kChanged);
  EXPECT_EQ(Target(), 10u);
}

TEST_F(Restartable, ARestartServesEverybodyWhoWaitsAndNoneThatCameLater) {
  const uint32_t before = RestartsBegun();
  EXPECT_FALSE(RestartedSince(before));
  RestartAllThreads();
  EXPECT_TRUE(RestartedSince(before));
  const uint32_t after = RestartsBegun();
  EXPECT_NE(after, before);
  EXPECT_FALSE(RestartedSince(after));
  // The barrier of the epochs is one, too.
  ASSERT_TRUE(MembarrierAvailable());
  MembarrierAllThreads();
  EXPECT_TRUE(RestartedSince(after));
  // One whose number is still ahead of what is finished does not count.
  EXPECT_FALSE(RestartedSince((RestartsBegun() + 1) & kRestartsMask));
}

// A thread stores as fast as it can while the word is odd; the other makes it even and restarts all
// threads. From then on nothing may change.
TEST_F(Restartable, NothingIsStoredAfterTheWordWasChangedAndAllThreadsRestarted) {
  constexpr int kRounds = 20'000;
  std::atomic<bool> over{false};
  std::atomic<uint64_t> stored{0};
  std::thread writer([&] {
    for (uint64_t value = 1; !over.load(std::memory_order_relaxed); ++value) {
      const uint64_t word = word_.load();
      if (word % 2 == 0 || Store(word, value) != StoreResult::kStored) continue;
      stored.fetch_add(1, std::memory_order_relaxed);
    }
  });
  for (int round = 0; round < kRounds && !HasFailure(); ++round) {
    const uint64_t begin = stored.load(std::memory_order_relaxed);
    while (stored.load(std::memory_order_relaxed) < begin + 3) std::this_thread::yield();
    word_.fetch_add(1);
    RestartAllThreads();
    const uint64_t settled = Target();
    for (int i = 0; i < 100; ++i) EXPECT_EQ(Target(), settled) << "in round " << round;
    word_.fetch_add(1);
  }
  over.store(true);
  writer.join();
}

// A signal interrupts a sequence as the loss of the processor does. The handler changes the word,
// and looks at the target: what is stored behind it would be a store that nobody waits for.
struct Interruption {
  Atomic<uint64_t>* word;
  uint64_t* target;
  volatile uint64_t target_seen;
};
Interruption interruption;

TEST_F(Restartable, AnInterruptedSequenceStartsAgain) {
  interruption = {&word_, &target_, 0};
  ASSERT_NE(std::signal(SIGALRM,
                        [](int) {
                          interruption.word->fetch_add(1);
                          interruption.target_seen =
                              AtomicRef<uint64_t>(*interruption.target).load();
                        }),
            SIG_ERR);
  timer_t timer;
  ASSERT_EQ(timer_create(CLOCK_MONOTONIC, nullptr, &timer), 0);
  const itimerspec every{{0, 20'000}, {0, 20'000}};
  ASSERT_EQ(timer_settime(timer, 0, &every, nullptr), 0);
  uint64_t value = 0;
  uint64_t interrupted = 0;
  while (interrupted < 1000) {
    const uint64_t word = word_.load();
    const StoreResult result = Store(word, ++value);
    if (word_.load() == word) continue;
    ++interrupted;
    // Stored before the signal, or not at all.
    const uint64_t seen = interruption.target_seen;
    ASSERT_EQ(result == StoreResult::kStored, seen == value) << seen << " where " << value;
  }
  timer_delete(timer);
  std::signal(SIGALRM, SIG_DFL);
}

}  // namespace
}  // namespace bwlab
