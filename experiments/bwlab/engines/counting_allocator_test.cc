#include "bwlab/engines/counting_allocator.h"

#include <gtest/gtest.h>

#include <map>
#include <thread>
#include <vector>

namespace bwlab::experiment {
namespace {

TEST(CountingAllocator, CountsWhatAContainerHoldsAndNothingAfterIt) {
  using Allocator = CountingAllocator<std::pair<const int, int>>;
  ByteCount count;
  {
    std::map<int, int, std::less<>, Allocator> map{Allocator(&count)};
    EXPECT_EQ(count.Sum(), 0u);
    map[1] = 1;
    const uint64_t node = count.Sum();
    EXPECT_GE(node, sizeof(std::pair<const int, int>));
    for (int i = 2; i <= 100; ++i) map[i] = i;
    EXPECT_EQ(count.Sum(), 100 * node);
    map.erase(50);
    EXPECT_EQ(count.Sum(), 99 * node);
  }
  EXPECT_EQ(count.Sum(), 0u);
}

TEST(CountingAllocator, SumsOverThreadsWhicheverFreesTheBlock) {
  ByteCount count;
  CountingAllocator<uint64_t> allocator(&count);
  std::vector<uint64_t*> blocks(200);
  std::vector<std::jthread> threads;
  for (size_t t = 0; t < 100; ++t) {  // more than there are stripes
    threads.emplace_back([&, t] {
      blocks[2 * t] = allocator.allocate(8);
      blocks[2 * t + 1] = allocator.allocate(8);
    });
  }
  threads.clear();
  EXPECT_EQ(count.Sum(), blocks.size() * 64);
  for (uint64_t* block : blocks) allocator.deallocate(block, 8);
  EXPECT_EQ(count.Sum(), 0u);
}

}  // namespace
}  // namespace bwlab::experiment
