#include "bwlab/policy/allocator/pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "bwlab/base/full_address_space_test.h"
#include "bwlab/base/memory.h"
#include "bwlab/policy/allocator/allocator_policy_test.h"

namespace bwlab::test {
namespace {

using Shared = PoolAllocator::Shared;
using Local = PoolAllocator::Local;

AllocatorOptions Bound(uint64_t pooled_bytes_max) { return {.pooled_bytes_max = pooled_bytes_max}; }

/// `count` pages of `bytes`.
std::vector<void*> AllocateMany(Local& pool, std::size_t count, std::size_t bytes) {
  std::vector<void*> pages(count);
  for (void*& page : pages) page = pool.Allocate(bytes);
  return pages;
}

TEST(PoolAllocator, AFreedPageIsTheNextOfItsSize) {
  Shared shared;
  Local pool(shared);
  void* first = pool.Allocate(256);
  void* second = pool.Allocate(320);
  pool.Free(first, 256);
  pool.Free(second, 320);
  EXPECT_EQ(pool.Allocate(320), second);
  EXPECT_EQ(pool.Allocate(256), first);
}

TEST(PoolAllocator, APageFreedThroughAnotherSessionServesThatSession) {
  Shared shared;
  Local one(shared);
  Local other(shared);
  void* page = one.Allocate(128);
  other.Free(page, 128);
  EXPECT_EQ(other.Allocate(128), page);
}

TEST(PoolAllocator, PagesBeyondTheLargestSizeGoToTheCLibrary) {
  Shared shared;
  Local pool(shared);
  void* page = pool.Allocate(PoolAllocator::kPageBytesMax + 64);
  ASSERT_NE(page, nullptr);
  pool.Free(page, PoolAllocator::kPageBytesMax + 64);
  EXPECT_EQ(pool.PooledBytes(), 0u);
  EXPECT_EQ(shared.chunk_count(), 0u);
}

TEST(PoolAllocator, CountsWhatIsFree) {
  Shared shared;
  Local pool(shared);
  EXPECT_EQ(pool.PooledBytes(), 0u);
  EXPECT_EQ(shared.PooledBytes(), 0u);
  void* page = pool.Allocate(640);
  EXPECT_EQ(pool.PooledBytes(), shared.run_bytes() - 640);
  EXPECT_EQ(shared.PooledBytes(), shared.chunk_bytes() - shared.run_bytes());
  pool.Free(page, 640);
  EXPECT_EQ(pool.PooledBytes(), shared.run_bytes());
  (void)pool.Allocate(640);
  EXPECT_EQ(pool.PooledBytes(), shared.run_bytes() - 640);
}

TEST(PoolAllocator, LivePagesAndPooledBytesAddUpToTheChunksWhateverHappens) {
  Shared shared(Bound(64 << 10));
  Local one(shared);
  Local other(shared);
  std::mt19937_64 random(2);
  std::vector<std::pair<void*, std::size_t>> live;
  std::size_t live_bytes = 0;
  std::size_t depot_bytes_seen = 0;
  for (int i = 0; i < 40'000; ++i) {
    Local& pool = random() % 2 == 0 ? one : other;
    if (live.empty() || random() % 2 == 0) {
      const std::size_t bytes = 64 * (1 + random() % 512);
      live.emplace_back(pool.Allocate(bytes), bytes);
      live_bytes += bytes;
    } else {
      std::swap(live[random() % live.size()], live.back());
      pool.Free(live.back().first, live.back().second);
      live_bytes -= live.back().second;
      live.pop_back();
    }
    if (i % 2'000 == 0) pool.Leave();
    if (i % 5'000 == 0) pool.Trim();
    depot_bytes_seen = std::max(depot_bytes_seen, shared.PooledBytes());
    ASSERT_EQ(live_bytes + one.PooledBytes() + other.PooledBytes() + shared.PooledBytes(),
              shared.chunk_count() * shared.chunk_bytes())
        << "step " << i;
  }
  EXPECT_GT(depot_bytes_seen, 64u << 10) << "the depot was meant to be used";
}

TEST(PoolAllocator, ASessionKeepsTheYoungestPagesAndOthersGetTheRest) {
  Shared shared(Bound(64 << 10));
  Local pool(shared);
  Local other(shared);
  const std::vector<void*> pages = AllocateMany(pool, 33, 2048);
  for (void* page : pages) pool.Free(page, 2048);  // the last one goes beyond the bound
  for (std::size_t i = 0; i < 16; ++i) {           // half the bound
    EXPECT_EQ(pool.Allocate(2048), pages[32 - i]);
  }
  std::set<void*> rest(pages.begin(), pages.begin() + 17);
  for (std::size_t i = 0; i < 17; ++i) EXPECT_EQ(rest.erase(other.Allocate(2048)), 1u);
  EXPECT_EQ(shared.chunk_count(), 1u);
}

TEST(PoolAllocator, ASessionHoldsNoMoreThanItsBoundWhateverSizesItFrees) {
  constexpr std::size_t kBound = 256 << 10;
  Shared shared(Bound(kBound));
  Local pool(shared);
  std::mt19937_64 random(3);
  std::vector<std::pair<void*, std::size_t>> live;
  std::size_t chunks_after_ten = 0;
  for (int round = 0; round < 40; ++round) {
    for (int i = 0; i < 1000; ++i) {
      const std::size_t bytes = AnyPageBytes(random);
      live.emplace_back(pool.Allocate(bytes), bytes);
    }
    std::shuffle(live.begin(), live.end(), random);
    for (const auto& [page, bytes] : live) {
      pool.Free(page, bytes);
      ASSERT_LE(pool.PooledBytes(), kBound + shared.run_bytes());
    }
    live.clear();
    if (round == 10) chunks_after_ten = shared.chunk_count();
  }
  EXPECT_LE(shared.chunk_count(), chunks_after_ten + 1);
}

// Sizes that grow and shrink for good leave free pages of sizes that nobody wants. Without joining
// and cutting up the chunks come to three times the live pages.
TEST(PoolAllocator, MemoryStaysBoundedWhileThePagesSizesDrift) {
  constexpr std::size_t kLiveBytes = 16 << 20;
  constexpr std::size_t kBound = 256 << 10;
  Shared shared(Bound(kBound));
  Local pool(shared);
  std::mt19937_64 random(4);
  std::vector<StampedPage*> live;
  std::size_t live_bytes = 0;
  for (const std::size_t lines : {8, 16, 30, 8, 4, 20, 8}) {  // the least of the phase
    for (int i = 0; i < 60'000; ++i) {
      const std::size_t bytes = 64 * (lines + random() % lines);
      live.push_back(StampedPage::Write(pool.Allocate(bytes), bytes, random()));
      live_bytes += bytes;
      while (live_bytes > kLiveBytes) {
        std::swap(live[random() % live.size()], live.back());
        ASSERT_TRUE(live.back()->IsWhole());
        live_bytes -= live.back()->bytes;
        pool.Free(live.back(), live.back()->bytes);
        live.pop_back();
      }
    }
    EXPECT_LE(shared.chunk_count() * shared.chunk_bytes(), kLiveBytes + kLiveBytes / 2) << lines;
  }
}

TEST(PoolAllocator, TrimJoinsNeighbours) {
  Shared shared;
  Local pool(shared);
  std::vector<void*> pages = AllocateMany(pool, shared.run_bytes() / 1024, 1024);
  StampedPage* kept = StampedPage::Write(pages[100], 1024, 5);
  pages.erase(pages.begin() + 100);
  for (void* page : pages) pool.Free(page, 1024);
  pool.Trim();
  for (void* page : AllocateMany(pool, pages.size() / 4 - 16, 4096)) {
    StampedPage::Write(page, 4096, 6);
  }
  EXPECT_EQ(shared.chunk_count(), 1u);
  EXPECT_TRUE(kept->IsWhole());
}

TEST(PoolAllocator, WithABoundOfZeroASessionKeepsNoPage) {
  Shared shared(Bound(0));
  Local pool(shared);
  for (void* page : AllocateMany(pool, 1000, 2048)) {
    pool.Free(page, 2048);
    ASSERT_LT(pool.PooledBytes(), shared.chunk_bytes());  // the run
  }
  EXPECT_LE(shared.chunk_count(), 2u);
}

// One thread allocates what another frees: without a way back each page would be cut anew.
TEST(PoolAllocator, PagesThatFlowFromOneSessionToAnotherComeBack) {
  constexpr std::size_t kBound = 256 << 10;
  Shared shared(Bound(kBound));
  Local producer(shared);
  Local consumer(shared);
  for (int i = 0; i < 100'000; ++i) {
    const std::size_t bytes = 64 * (8 + static_cast<std::size_t>(i) % 24);
    consumer.Free(producer.Allocate(bytes), bytes);
  }
  const std::size_t in_use = kBound + PoolDepot::kDepotFactor * kBound;
  EXPECT_LE(shared.chunk_count(), 2 + in_use / shared.chunk_bytes());
}

// Every other page is live, so that Trim can neither give a chunk back nor join pages.
TEST(PoolAllocator, AnOverfullDepotIsCutUpBeforeAChunkIsMapped) {
  Shared shared(Bound(64 << 10));
  Local pool(shared);
  std::vector<void*> pages = AllocateMany(pool, 64 * 40, 4096);
  for (std::size_t i = 0; i < pages.size(); i += 2) pool.Free(pages[i], 4096);
  pool.Leave();
  const std::size_t chunks = shared.chunk_count();
  ASSERT_TRUE(shared.IsOverfull());
  ASSERT_GE(chunks, 40u);
  std::set<char*> cut;
  for (int i = 0; i < 2'000; ++i) {
    auto* page = static_cast<char*>(pool.Allocate(2048));
    std::memset(page, 0x5A, 2048);
    EXPECT_TRUE(cut.insert(page).second);
  }
  EXPECT_EQ(shared.chunk_count(), chunks);
}

TEST(PoolAllocator, ADepotWithinItsBoundIsNotCutUp) {
  Shared shared;
  Local pool(shared);
  for (void* page : AllocateMany(pool, 63, 4096)) pool.Free(page, 4096);
  pool.Leave();
  (void)pool.Allocate(2048);  // from the rest of the chunk
  (void)pool.Allocate(2048);  // from a new one
  EXPECT_EQ(shared.chunk_count(), 2u);
  (void)AllocateMany(pool, 63, 4096);
  EXPECT_EQ(shared.chunk_count(), 2u) << "the pages of 4096 bytes were still whole";
}

TEST(PoolAllocator, WhatALeftSessionHeldServesTheNext) {
  Shared shared;
  Local first(shared);
  const std::vector<void*> pages = AllocateMany(first, 20, 1024);
  for (void* page : pages) first.Free(page, 1024);
  first.Leave();
  EXPECT_EQ(first.PooledBytes(), 0u);
  EXPECT_EQ(shared.PooledBytes(), shared.chunk_bytes());
  Local second(shared);
  std::set<void*> expected(pages.begin(), pages.end());
  for (int i = 0; i < 20; ++i) EXPECT_EQ(expected.erase(second.Allocate(1024)), 1u);
  EXPECT_NE(second.Allocate(192), nullptr);  // from the uncut rest of the chunk
  EXPECT_EQ(shared.chunk_count(), 1u);
}

TEST(PoolAllocator, TrimUnmapsEveryChunkOnceAllIsFree) {
  Shared shared;
  Local one(shared);
  Local other(shared);
  const std::vector<void*> pages = AllocateMany(one, 5000, 1984);
  ASSERT_GT(shared.chunk_count(), 30u);
  for (std::size_t i = 0; i < pages.size(); ++i) (i % 2 == 0 ? one : other).Free(pages[i], 1984);
  one.Trim();  // what the other session holds lies in all chunks but the last
  EXPECT_GT(shared.chunk_count(), 30u);
  other.Trim();
  EXPECT_EQ(shared.chunk_count(), 0u);
  EXPECT_EQ(one.PooledBytes() + other.PooledBytes() + shared.PooledBytes(), 0u);
}

TEST(PoolAllocator, TrimKeepsTheChunksThatHoldALivePage) {
  Shared shared;
  Local pool(shared);
  std::vector<void*> pages = AllocateMany(pool, 5000, 1984);
  StampedPage* kept = StampedPage::Write(pages[2500], 1984, 77);
  pages[2500] = nullptr;
  for (void* page : pages) {
    if (page != nullptr) pool.Free(page, 1984);
  }
  pool.Trim();
  EXPECT_EQ(shared.chunk_count(), 1u);
  EXPECT_TRUE(kept->IsWhole());
  for (void* page : AllocateMany(pool, 100, 1984)) std::memset(page, 1, 1984);
  EXPECT_EQ(shared.chunk_count(), 1u) << "the pages beside the live one serve again";
  EXPECT_TRUE(kept->IsWhole());
  pool.Free(kept, 1984);
}

TEST(PoolAllocator, AnOverfullDepotTrimsItself) {
  Shared shared(Bound(64 << 10));
  Local pool(shared);
  const std::vector<void*> pages = AllocateMany(pool, 5000, 1984);
  const std::size_t chunks = shared.chunk_count();
  for (void* page : pages) pool.Free(page, 1984);
  EXPECT_LT(shared.chunk_count(), chunks / 4);
}

TEST(PoolAllocator, MemoryIsBoundedWhileSessionsTrimEachOthersPagesAway) {
  constexpr std::size_t kBound = 128 << 10;
  constexpr int kThreads = 3;
  Shared shared(Bound(kBound));
  std::atomic<bool> bounded{true};
  std::vector<std::thread> threads;
  std::vector<std::unique_ptr<Local>> locals;
  for (int t = 0; t < kThreads; ++t) locals.push_back(std::make_unique<Local>(shared));
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      Local& pool = *locals[static_cast<std::size_t>(t)];
      std::mt19937_64 random(static_cast<uint64_t>(t));
      std::vector<std::pair<void*, std::size_t>> live;
      for (int round = 0; round < 150; ++round) {
        for (int i = 0; i < 100; ++i) {
          const std::size_t bytes = 64 * (8 + random() % 24);
          live.emplace_back(pool.Allocate(bytes), bytes);
        }
        for (const auto& [page, bytes] : live) pool.Free(page, bytes);
        live.clear();
        if (pool.PooledBytes() > kBound + shared.run_bytes()) bounded = false;
        if (round % 8 == t) pool.Trim();
      }
      pool.Leave();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(bounded);
  shared.Trim();
  EXPECT_EQ(shared.chunk_count(), 0u);
}

/// Whether the system accepts the advice to use huge pages.
bool HugePagesAccepted() {
  void* probe = MapAligned(kHugePageBytes, kHugePageBytes);
  const bool accepts = AdviseHugePages(probe, kHugePageBytes);
  Unmap(probe, kHugePageBytes);
  return accepts;
}

TEST(PoolAllocator, HugeChunksBeginAtHugePagesAndTellWhetherTheSystemAgreed) {
  Shared shared(AllocatorOptions{.huge_pages = HugePages::kYes});
  Local pool(shared);
  EXPECT_EQ(shared.chunk_bytes(), kHugePageBytes);
  EXPECT_FALSE(shared.huge_pages()) << "there is no chunk yet";
  auto* page = static_cast<char*>(pool.Allocate(2048));
  EXPECT_EQ(reinterpret_cast<uintptr_t>(page) % kHugePageBytes,
            kHugePageBytes - shared.run_bytes());
  EXPECT_EQ(shared.huge_pages(), HugePagesAccepted());
  std::vector<void*> pages = AllocateMany(pool, 2000, 2048);
  EXPECT_EQ(shared.chunk_count(), 2u);
  pool.Free(page, 2048);
  for (void* other : pages) pool.Free(other, 2048);
  pool.Trim();
  EXPECT_EQ(shared.chunk_count(), 0u);
}

TEST(PoolAllocator, WhenLargeItMapsHugePagesAndStillGivesBackSmallChunks) {
  Shared shared(AllocatorOptions{.huge_pages = HugePages::kWhenLarge});
  Local pool(shared);
  EXPECT_EQ(shared.chunk_bytes(), PoolDepot::kChunkBytes);
  constexpr std::size_t kChunksOfOne = kHugePageBytes / PoolDepot::kChunkBytes;
  constexpr std::size_t kSmall = PoolDepot::kLargeBytes / PoolDepot::kChunkBytes;
  constexpr std::size_t kPageBytes = PoolDepot::kPageBytesMax;
  std::vector<void*> pages;
  const auto allocate_until = [&](std::size_t chunks) {
    while (shared.chunk_count() < chunks) {
      pages.push_back(pool.Allocate(kPageBytes));
      ASSERT_NE(pages.back(), nullptr);
      std::memset(pages.back(), 1, sizeof(void*));
    }
  };
  allocate_until(kSmall);
  EXPECT_FALSE(shared.huge_pages());
  allocate_until(kSmall + 1);
  EXPECT_EQ(shared.huge_pages(), HugePagesAccepted());
  EXPECT_EQ(shared.chunk_count(), kSmall + kChunksOfOne);
  const uintptr_t first = reinterpret_cast<uintptr_t>(pages.back()) & ~(kHugePageBytes - 1);
  allocate_until(kSmall + kChunksOfOne + 1);
  // The pages between are those of all chunks of the first huge page.
  const std::size_t in_first =
      static_cast<std::size_t>(std::count_if(pages.begin(), pages.end(), [first](const void* page) {
        return reinterpret_cast<uintptr_t>(page) - first < kHugePageBytes;
      }));
  EXPECT_EQ(in_first, kChunksOfOne * (shared.run_bytes() / kPageBytes));
  std::sort(pages.begin(), pages.end());
  for (std::size_t i = 1; i < pages.size(); ++i) {
    ASSERT_GE(static_cast<char*>(pages[i]) - static_cast<char*>(pages[i - 1]),
              static_cast<std::ptrdiff_t>(kPageBytes));
  }
  // All but one page: the chunks around it go back, those beside it in its huge page too.
  for (std::size_t i = 1; i < pages.size(); ++i) pool.Free(pages[i], kPageBytes);
  pool.Trim();
  EXPECT_EQ(shared.chunk_count(), 1u);
  pool.Free(pages[0], kPageBytes);
  pool.Trim();
  EXPECT_EQ(shared.chunk_count(), 0u);
}

#if BWLAB_ASAN
TEST(PoolAllocatorDeathTest, TouchingAPageThatIsNotHandedOutIsReported) {
  Shared shared;
  Local pool(shared);
  auto* page = static_cast<char*>(pool.Allocate(1024));
  EXPECT_DEATH(page[1024] = 1, "use-after-poison");  // not cut yet
  pool.Free(page, 1024);
  EXPECT_DEATH(page[100] = 1, "use-after-poison");  // in a list
  pool.Leave();
  EXPECT_DEATH(page[100] = 1, "use-after-poison");  // in the depot
}
#endif

#if !BWLAB_ASAN && !BWLAB_TSAN
TEST(PoolAllocator, WithoutMemoryForAChunkLargerPagesAreCutUp) {
  Shared shared;
  Local pool(shared);
  std::vector<void*> pages = AllocateMany(pool, 63, 4096);
  (void)pool.Allocate(shared.run_bytes() - 63 * 4096);  // the rest of the chunk
  for (void* page : pages) pool.Free(page, 4096);
  const NoNewMappings full;
  for (int i = 0; i < 126; ++i) {
    void* page = pool.Allocate(2048);
    ASSERT_NE(page, nullptr) << i;
    std::memset(page, 1, 2048);
  }
  EXPECT_EQ(pool.Allocate(2048), nullptr);
  EXPECT_EQ(pool.Allocate(8192), nullptr);
}

TEST(PoolAllocator, AChunkThatTheSystemDoesNotTakeBackServesAgain) {
  constexpr std::size_t kChunks = 40;
  Shared shared;
  Local pool(shared);
  const std::size_t a_chunk = shared.run_bytes() / 4096;
  std::vector<char*> pages;
  for (void* page : AllocateMany(pool, kChunks * a_chunk, 4096)) {
    pages.push_back(static_cast<char*>(page));
  }
  ASSERT_EQ(shared.chunk_count(), kChunks);
  // The chunk in the middle of three that lie side by side, and so are one mapping, cannot be
  // unmapped without a mapping to spare.
  std::sort(pages.begin(), pages.end());
  std::size_t middle = a_chunk;
  const auto lies_amid = [&](std::size_t i) {
    return pages[i] - pages[i - a_chunk] == static_cast<std::ptrdiff_t>(shared.chunk_bytes()) &&
           pages[i + a_chunk] - pages[i] == static_cast<std::ptrdiff_t>(shared.chunk_bytes());
  };
  while (middle + a_chunk < pages.size() && !lies_amid(middle)) middle += a_chunk;
  ASSERT_LT(middle + a_chunk, pages.size()) << "no three chunks lie side by side";
  for (std::size_t i = middle; i < middle + a_chunk; ++i) pool.Free(pages[i], 4096);
  {
    const NoSpareMappings full;
    ASSERT_TRUE(full.ok());
    pool.Trim();
    EXPECT_EQ(shared.chunk_count(), kChunks);
  }
  for (void* page : AllocateMany(pool, shared.run_bytes() / 2048, 2048)) {
    StampedPage::Write(page, 2048, 1);
    pool.Free(page, 2048);
  }
  EXPECT_EQ(shared.chunk_count(), kChunks);
  pool.Trim();
  EXPECT_EQ(shared.chunk_count(), kChunks - 1);
}
#endif

INSTANTIATE_TYPED_TEST_SUITE_P(Pool, AllocatorPolicyTest, PoolAllocator);

}  // namespace
}  // namespace bwlab::test
