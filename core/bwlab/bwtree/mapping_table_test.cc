#include "bwlab/bwtree/mapping_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <thread>
#include <vector>

namespace bwlab {
namespace {

TEST(MappingTable, HandsOutEachIdOnceAndStopsAtTheLimit) {
  MappingTable table(1000);
  ASSERT_TRUE(table.ok());
  std::vector<std::vector<PageId>> ids(4);
  std::vector<std::thread> threads;
  for (auto& mine : ids) {
    threads.emplace_back([&] {
      for (PageId id = table.AllocateId(); id != kNoPage; id = table.AllocateId())
        mine.push_back(id);
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<PageId> distinct;
  std::size_t total = 0;
  for (const auto& mine : ids) {
    distinct.insert(mine.begin(), mine.end());
    total += mine.size();
  }
  EXPECT_EQ(total, 999u);  // id 0 is no page
  EXPECT_EQ(distinct.size(), total);
  EXPECT_EQ(distinct.count(kNoPage), 0u);
  EXPECT_EQ(table.AllocateId(), kNoPage);
}

TEST(MappingTable, ALostCompareExchangeTellsThePresentWord) {
  MappingTable table(16);
  const PageId id = table.AllocateId();
  table.Install(id, 10);
  uint64_t expected = 10;
  EXPECT_TRUE(table.CompareExchange(id, expected, 20));
  expected = 10;
  EXPECT_FALSE(table.CompareExchange(id, expected, 30));
  EXPECT_EQ(expected, 20u);
  EXPECT_EQ(table.Load(id), 20u);
}

TEST(MappingTable, AReservationOfAllIdsCostsNothingUntilTouched) {
  MappingTable table(uint64_t{1} << 32);
  ASSERT_TRUE(table.ok());
  EXPECT_EQ(table.Load(UINT32_MAX), 0u);
}

TEST(MappingTable, WithHugePagesIsTheSameTableAndTellsWhetherTheSystemAgreed) {
  MappingTable table(100'000, true);
  ASSERT_TRUE(table.ok());
  EXPECT_EQ(table.huge_pages(), VirtualReservation(kHugePageBytes, true).huge_pages());
  EXPECT_FALSE(MappingTable(16).huge_pages());
  for (PageId n = 1; n < 100'000; ++n) {
    const PageId id = table.AllocateId();
    ASSERT_EQ(table.Load(id), 0u);
    table.Install(id, uint64_t{id} << 23);
  }
  EXPECT_EQ(table.AllocateId(), kNoPage);
  for (PageId id = 1; id < 100'000; ++id) ASSERT_EQ(table.Load(id), uint64_t{id} << 23);
}

TEST(MappingTable, FreeIdsAreHandedOutBeforeNewOnes) {
  MappingTable table(1000);
  std::vector<PageId> ids(500);
  for (PageId& id : ids) id = table.AllocateId();
  for (const PageId id : ids) table.FreeId(id);
  const uint64_t bytes_used = table.bytes_used();
  std::reverse(ids.begin(), ids.end());
  for (const PageId id : ids) ASSERT_EQ(table.AllocateId(), id);
  EXPECT_EQ(table.bytes_used(), bytes_used);
}

TEST(MappingTable, IdsHandedOutInARowHaveTheirWordsOnDifferentLines) {
  MappingTable table(1000);
  std::vector<PageId> ids(7);  // id 0 is the first word of its line
  for (int round = 0; round < 100; ++round) {
    std::set<PageId> lines;
    for (PageId& id : ids) id = table.AllocateId();
    for (const PageId id : ids) {
      ASSERT_LT(id, table.ids_used());
      lines.insert(id / 8);
    }
    ASSERT_EQ(lines.size(), ids.size());
    table.AllocateId();
  }
}

}  // namespace
}  // namespace bwlab
