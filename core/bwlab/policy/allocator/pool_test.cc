#include "bwlab/policy/allocator/pool.h"

#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <vector>

namespace bwlab {
namespace {

TEST(PoolAllocator, AFreedPageIsTheNextOfItsSize) {
  PoolAllocator::Shared shared;
  PoolAllocator::Local pool(shared);
  void* first = pool.Allocate(256);
  void* second = pool.Allocate(320);
  pool.Free(first, 256);
  pool.Free(second, 320);
  EXPECT_EQ(pool.Allocate(320), second);
  EXPECT_EQ(pool.Allocate(256), first);
}

TEST(PoolAllocator, LivePagesNeverOverlapAcrossChunks) {
  PoolAllocator::Shared shared;
  PoolAllocator::Local pool(shared);
  std::set<std::pair<char*, char*>> pages;
  for (std::size_t i = 0; i < 3000; ++i) {
    const std::size_t bytes = 64 * (1 + i * 7 % 40);
    auto* page = static_cast<char*>(pool.Allocate(bytes));
    ASSERT_NE(page, nullptr);
    ASSERT_EQ(reinterpret_cast<uintptr_t>(page) % 64, 0u);
    std::memset(page, static_cast<int>(i), bytes);
    pages.emplace(page, page + bytes);
  }
  const char* end = nullptr;
  for (const auto& [from, to] : pages) {
    ASSERT_LE(end, from);
    end = to;
  }
}

TEST(PoolAllocator, CountsWhatIsFree) {
  PoolAllocator::Shared shared;
  PoolAllocator::Local pool(shared);
  EXPECT_EQ(pool.PooledBytes(), 0u);
  void* page = pool.Allocate(640);
  const std::size_t after_first = pool.PooledBytes();
  EXPECT_EQ(after_first, PoolAllocator::kChunkBytes - 64 - 640);
  pool.Free(page, 640);
  EXPECT_EQ(pool.PooledBytes(), after_first + 640);
  (void)pool.Allocate(640);
  EXPECT_EQ(pool.PooledBytes(), after_first);
}

TEST(PoolAllocator, PagesBeyondTheLargestClassGoToTheSystem) {
  PoolAllocator::Shared shared;
  PoolAllocator::Local pool(shared);
  void* page = pool.Allocate(PoolAllocator::kPooledBytesMax + 64);
  ASSERT_NE(page, nullptr);
  pool.Free(page, PoolAllocator::kPooledBytesMax + 64);
  EXPECT_EQ(pool.PooledBytes(), 0u);
}

TEST(PoolAllocator, APageMayBeFreedThroughAnotherSession) {
  PoolAllocator::Shared shared;
  PoolAllocator::Local one(shared);
  PoolAllocator::Local other(shared);
  void* page = one.Allocate(128);
  other.Free(page, 128);
  EXPECT_EQ(other.Allocate(128), page);
}

}  // namespace
}  // namespace bwlab
