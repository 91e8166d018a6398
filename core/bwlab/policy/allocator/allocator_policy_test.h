#pragma once

// What every allocator policy promises. A policy's test instantiates the suite with it:
//   INSTANTIATE_TYPED_TEST_SUITE_P(Pool, AllocatorPolicyTest, PoolAllocator);

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "bwlab/base/sanitizer.h"
#include "bwlab/policy/concepts.h"

namespace bwlab::test {

/// A page filled with a pattern of its own, so that a byte written by somebody else shows.
struct StampedPage {
  std::size_t bytes;
  uint64_t stamp;

  static StampedPage* Write(void* memory, std::size_t bytes, uint64_t stamp) {
    auto* page = new (memory) StampedPage{bytes, stamp};
    for (uint64_t* word = page->words(); word != page->end(); ++word) *word = stamp;
    return page;
  }
  bool IsWhole() {
    for (const uint64_t* word = words(); word != end(); ++word) {
      if (*word != stamp) return false;
    }
    return true;
  }

 private:
  uint64_t* words() { return reinterpret_cast<uint64_t*>(this + 1); }
  uint64_t* end() { return reinterpret_cast<uint64_t*>(this) + bytes / sizeof(uint64_t); }
};

/// Resident memory of this process in bytes.
inline std::size_t ResidentBytes() {
  std::size_t total_pages = 0;
  std::size_t resident_pages = 0;
  std::ifstream("/proc/self/statm") >> total_pages >> resident_pages;
  return resident_pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

/// A size of a page, 64 bytes to 4 KiB, and seldom one that no pool keeps.
template <class Random>
std::size_t AnyPageBytes(Random& random) {
  return random() % 512 == 0 ? std::size_t{40} << 10 : 64 * (1 + random() % 64);
}

template <class Policy>
class AllocatorPolicyTest : public testing::Test {
 protected:
  using Shared = typename Policy::Shared;
  using Local = typename Policy::Local;
  static_assert(AllocatorPolicy<Policy>);
};
TYPED_TEST_SUITE_P(AllocatorPolicyTest);

TYPED_TEST_P(AllocatorPolicyTest, LivePagesBeginOnACacheLineAndKeepWhatIsWritten) {
  typename TestFixture::Shared shared(AllocatorOptions{.pooled_bytes_max = 64 << 10});
  typename TestFixture::Local local(shared);
  std::mt19937_64 random(1);
  std::vector<StampedPage*> live;
  for (uint64_t i = 0; i < 30'000; ++i) {
    const bool grows = i / 5000 % 2 == 0;
    if (live.empty() || random() % 3 < (grows ? 2 : 1)) {
      const std::size_t bytes = AnyPageBytes(random);
      void* memory = local.Allocate(bytes);
      ASSERT_NE(memory, nullptr);
      ASSERT_EQ(reinterpret_cast<uintptr_t>(memory) % 64, 0u);
      ASSERT_LT(reinterpret_cast<uintptr_t>(memory), uintptr_t{1} << 47);
      live.push_back(StampedPage::Write(memory, bytes, i));
    } else {
      std::swap(live[random() % live.size()], live.back());
      ASSERT_TRUE(live.back()->IsWhole());
      local.Free(live.back(), live.back()->bytes);
      live.pop_back();
    }
    if (i % 1000 == 0) local.Trim();
  }
  for (StampedPage* page : live) {
    ASSERT_TRUE(page->IsWhole());
    local.Free(page, page->bytes);
  }
}

TYPED_TEST_P(AllocatorPolicyTest, PagesChangeHandsWhileOthersTrimAndLeave) {
  // Small bounds, so that pages go through whatever the policy shares.
  typename TestFixture::Shared shared(AllocatorOptions{.pooled_bytes_max = 32 << 10});
  constexpr int kThreads = 4;
  constexpr int kRounds = 30'000;
  std::array<std::atomic<StampedPage*>, 256> table{};
  std::vector<std::unique_ptr<typename TestFixture::Local>> locals;
  for (int t = 0; t < kThreads; ++t) {
    locals.push_back(std::make_unique<typename TestFixture::Local>(shared));
  }
  std::atomic<int> broken{0};
  std::atomic<int> running{kThreads};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      auto& local = *locals[static_cast<std::size_t>(t)];
      std::mt19937_64 random(static_cast<uint64_t>(t));
      for (int i = 0; i < kRounds; ++i) {
        const std::size_t bytes = AnyPageBytes(random);
        void* memory = local.Allocate(bytes);
        if (memory == nullptr) {
          ++broken;
          break;
        }
        StampedPage* page = StampedPage::Write(memory, bytes, random());
        page = table[random() % table.size()].exchange(page, std::memory_order_acq_rel);
        if (page != nullptr) {
          if (!page->IsWhole()) ++broken;
          local.Free(page, page->bytes);
        }
        if (i % 2000 == 500 * t) local.Trim();
        if (i % 2000 == 1000 + 200 * t) local.Leave();
      }
      running.fetch_sub(1);
    });
  }
  std::thread trimmer([&] {
    while (running.load() > 0) {
      shared.Trim();
      std::this_thread::yield();
    }
  });
  for (std::thread& thread : threads) thread.join();
  trimmer.join();
  EXPECT_EQ(broken.load(), 0);
  for (auto& slot : table) {
    if (StampedPage* page = slot.load(); page != nullptr) {
      EXPECT_TRUE(page->IsWhole());
      locals[0]->Free(page, page->bytes);
    }
  }
  for (auto& local : locals) {
    local->Leave();
    EXPECT_EQ(local->PooledBytes(), 0u);
  }
  shared.Trim();
  EXPECT_EQ(shared.PooledBytes(), 0u) << "every page was freed, so that every chunk was whole";
}

TYPED_TEST_P(AllocatorPolicyTest, TrimGivesTheMemoryOfFreedPagesBack) {
  if (BWLAB_ASAN || BWLAB_TSAN) GTEST_SKIP() << "the sanitizer keeps freed memory and shadows";
  constexpr std::size_t kBytes = std::size_t{128} << 20;
  typename TestFixture::Shared shared(AllocatorOptions{});
  typename TestFixture::Local local(shared);
  std::vector<StampedPage*> pages;
  pages.reserve(kBytes / 1024);
  const std::size_t before = ResidentBytes();
  std::size_t live = 0;
  for (std::mt19937_64 random(1); live < kBytes; live += pages.back()->bytes) {
    const std::size_t bytes = 64 * (16 + random() % 24);
    pages.push_back(StampedPage::Write(local.Allocate(bytes), bytes, live));
  }
  EXPECT_GE(ResidentBytes(), before + kBytes);
  for (StampedPage* page : pages) local.Free(page, page->bytes);
  local.Trim();
  EXPECT_LE(ResidentBytes(), before + kBytes / 16);
}

TYPED_TEST_P(AllocatorPolicyTest, HugePagesAreNotClaimedWhereNobodyAskedForThem) {
  typename TestFixture::Shared shared(AllocatorOptions{.huge_pages = HugePages::kNo});
  typename TestFixture::Local local(shared);
  void* page = local.Allocate(1024);
  EXPECT_FALSE(shared.huge_pages());
  local.Free(page, 1024);
}

REGISTER_TYPED_TEST_SUITE_P(AllocatorPolicyTest, LivePagesBeginOnACacheLineAndKeepWhatIsWritten,
                            PagesChangeHandsWhileOthersTrimAndLeave,
                            TrimGivesTheMemoryOfFreedPagesBack,
                            HugePagesAreNotClaimedWhereNobodyAskedForThem);

}  // namespace bwlab::test
