#include "bwlab/btree/version_lock.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace bwlab {
namespace {

TEST(VersionLock, AReadIsValidUntilSomethingChanges) {
  VersionLock lock;
  const VersionLock::Version version = lock.Load();
  EXPECT_TRUE(lock.Validate(version));
  ASSERT_TRUE(lock.TryLock(version));
  EXPECT_FALSE(lock.Validate(version)) << "somebody may be writing";
  EXPECT_TRUE(VersionLock::IsLocked(lock.Load()));
  lock.Unlock();
  EXPECT_FALSE(lock.Validate(version));
  EXPECT_FALSE(VersionLock::IsLocked(lock.Load()));
  EXPECT_TRUE(lock.Validate(lock.Load()));
}

TEST(VersionLock, AHolderWhoChangedNothingInvalidatesNothing) {
  VersionLock lock;
  const VersionLock::Version version = lock.Load();
  ASSERT_TRUE(lock.TryLock(version));
  lock.UnlockUnchanged();
  EXPECT_TRUE(lock.Validate(version));
}

TEST(VersionLock, OnlyThePresentVersionCanBeLocked) {
  VersionLock lock;
  const VersionLock::Version version = lock.Load();
  ASSERT_TRUE(lock.TryLock(version));
  EXPECT_FALSE(lock.TryLock(version)) << "it is locked";
  lock.Unlock();
  EXPECT_FALSE(lock.TryLock(version)) << "it has changed";
  EXPECT_TRUE(lock.TryLock(lock.Load()));
  lock.Unlock();
}

TEST(VersionLock, WhatIsObsoleteStaysSo) {
  VersionLock lock;
  const VersionLock::Version version = lock.Load();
  ASSERT_TRUE(lock.TryLock(version));
  lock.UnlockObsolete();
  EXPECT_TRUE(VersionLock::IsObsolete(lock.Load()));
  EXPECT_FALSE(VersionLock::IsLocked(lock.Load()));
  EXPECT_FALSE(lock.Validate(version));
  EXPECT_FALSE(lock.TryLock(version));
}

// Writers keep all words equal and count up; a valid read must have seen all of them equal.
TEST(VersionLock, WhatIsValidWasWhole) {
  constexpr int kWriters = 2;
  constexpr int kReaders = 2;
  constexpr uint64_t kWrites = 20'000;
  VersionLock lock;
  std::array<uint64_t, 16> words{};
  std::atomic<int> writers_left{kWriters};
  std::atomic<uint64_t> valid{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kWriters; ++i) {
    threads.emplace_back([&] {
      for (uint64_t done = 0; done < kWrites;) {
        const VersionLock::Version version = lock.Load();
        if (VersionLock::IsLocked(version) || !lock.TryLock(version)) {
          std::this_thread::yield();
          continue;
        }
        const uint64_t next = words[0] + 1;
        for (uint64_t& word : words) StoreRacing(word, next);
        lock.Unlock();
        ++done;
      }
      writers_left.fetch_sub(1);
    });
  }
  for (int i = 0; i < kReaders; ++i) {
    threads.emplace_back([&] {
      while (writers_left.load() > 0) {
        const VersionLock::Version version = lock.Load();
        if (VersionLock::IsLocked(version)) continue;
        std::array<uint64_t, 16> seen;
        ReadRacing(seen.data(), words.data(), sizeof(seen));
        if (!lock.Validate(version)) continue;
        valid.fetch_add(1);
        for (const uint64_t word : seen) ASSERT_EQ(word, seen[0]);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(words[0], kWriters * kWrites);
  EXPECT_EQ(words[15], kWriters * kWrites);
}

}  // namespace
}  // namespace bwlab
