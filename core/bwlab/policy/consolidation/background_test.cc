#include "bwlab/policy/consolidation/background.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <thread>

namespace bwlab {
namespace {

TEST(BackgroundWorkers, EverythingOfferedIsTakenOnce) {
  // Two reporters and one worker, a thousand times idle in between: a report that meets a worker on
  // its way out must not stay behind.
  constexpr uint64_t kReports = 20000;
  std::atomic<uint64_t> taken{0};
  std::atomic<uint64_t> sum{0};
  BackgroundWorkers<uint64_t> workers({.workers = 1, .queue_length = 1 << 20});
  workers.Start([&] {
    uint64_t key = 0;
    while (workers.Take(&key)) {
      ++taken;
      sum += key;
    }
  });
  const auto report = [&](uint64_t first) {
    for (uint64_t key = first; key < kReports; key += 2) {
      ASSERT_TRUE(workers.Offer(key));
      if (key % 20 == first) workers.WaitUntilIdle();
    }
  };
  std::thread other(report, 1);
  report(0);
  other.join();
  workers.WaitUntilIdle();
  EXPECT_EQ(taken, kReports);
  EXPECT_EQ(sum, kReports * (kReports - 1) / 2);
}

TEST(BackgroundWorkers, AFullQueueRefuses) {
  std::atomic<bool> go_on{false};
  BackgroundWorkers<uint64_t> workers({.workers = 1, .queue_length = 4});
  workers.Start([&] {
    go_on.wait(false);
    uint64_t key = 0;
    while (workers.Take(&key)) {
    }
  });
  int accepted = 0;
  for (uint64_t key = 0; key < 100; ++key) accepted += workers.Offer(key) ? 1 : 0;
  EXPECT_EQ(accepted, 4);
  go_on = true;
  go_on.notify_all();
  workers.WaitUntilIdle();
  EXPECT_TRUE(workers.Offer(1));
}

TEST(BackgroundWorkers, StopDropsWhatWaits) {
  std::atomic<int> taken{0};
  {
    BackgroundWorkers<uint64_t> workers({.workers = 1, .queue_length = 1024});
    std::atomic<bool> stopping{false};
    workers.Start([&] {
      uint64_t key;
      while (workers.Take(&key)) {
        ++taken;
        stopping.wait(false);
      }
    });
    for (uint64_t key = 0; key < 1000; ++key) (void)workers.Offer(key);
    std::thread stopper([&] { workers.Stop(); });
    while (!workers.stopping()) std::this_thread::yield();
    stopping = true;
    stopping.notify_all();
    stopper.join();
  }
  EXPECT_LE(taken, 1);
}

}  // namespace
}  // namespace bwlab
