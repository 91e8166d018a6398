#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <new>
#include <random>
#include <set>
#include <vector>

#include "bwlab/policy/search/scalar.h"
#include "bwlab/policy/search/simd.h"
#include "bwlab/policy/search/slot_tags.h"

namespace bwlab {
namespace {

/// A node's arrays as a page lays them out.
class Node {
 public:
  explicit Node(std::vector<Head> sorted) : count_(static_cast<uint32_t>(sorted.size())) {
    const std::size_t blocks = (sorted.size() + kBlockHeads - 1) / kBlockHeads;
    lines_.assign(HintLines(count_) + std::max<std::size_t>(blocks, 1), Line{});
    Line* const heads = &lines_[HintLines(count_)];
    for (uint32_t i = 0; i < count_; ++i) heads[i / 8].at[i % 8] = sorted[i];
    for (std::size_t b = 0; b < blocks; ++b) lines_[b / 8].at[b % 8] = heads[b].at[0];
  }

  SortedHeads view() const { return {lines_[0].at, lines_[HintLines(count_)].at, count_}; }

 private:
  struct alignas(64) Line {
    Head at[8] = {kHeadMax, kHeadMax, kHeadMax, kHeadMax, kHeadMax, kHeadMax, kHeadMax, kHeadMax};
  };
  uint32_t count_;
  std::vector<Line> lines_;  // hints, then heads
};

template <class Search>
class SearchTest : public testing::Test {};

using Searches = testing::Types<LinearSearch, ScalarBinarySearch, BranchFreeSearch
#if XSIMD_WITH_SSE4_2
                                ,
                                SimdSearch<xsimd::sse4_2>
#endif
#if XSIMD_WITH_AVX2
                                ,
                                SimdSearch<xsimd::avx2>
#endif
#if XSIMD_WITH_AVX512F
                                ,
                                SimdSearch<xsimd::avx512f>
#endif
                                >;
TYPED_TEST_SUITE(SearchTest, Searches);

TYPED_TEST(SearchTest, UpperBoundIsThatOfTheStandardLibraryForEverySize) {
  std::mt19937_64 random(7);
  for (uint32_t size = 0; size <= 300; ++size) {
    std::set<Head> distinct;
    while (distinct.size() < size) distinct.insert(static_cast<Head>(random()));
    const std::vector<Head> sorted(distinct.begin(), distinct.end());
    const Node node(sorted);
    std::vector<Head> keys = {kHeadMin, kHeadMin + 1, -1, 0, 1, kHeadMax - 1, kHeadMax};
    for (Head head : sorted) {
      keys.push_back(head);
      if (head != kHeadMin) keys.push_back(head - 1);
      if (head != kHeadMax) keys.push_back(head + 1);
    }
    for (Head key : keys) {
      const auto expected = std::upper_bound(sorted.begin(), sorted.end(), key) - sorted.begin();
      ASSERT_EQ(TypeParam::UpperBound(node.view(), key), static_cast<uint32_t>(expected))
          << "size " << size << ", key " << key;
    }
  }
}

TYPED_TEST(SearchTest, TheExtremeHeadsAreOrdinaryKeys) {
  for (uint32_t size : {2u, 7u, 8u, 9u, 64u, 65u}) {
    std::vector<Head> sorted = {kHeadMin};
    for (uint32_t i = 1; i + 1 < size; ++i) sorted.push_back(static_cast<Head>(i));
    sorted.push_back(kHeadMax);
    const Node node(sorted);
    EXPECT_EQ(TypeParam::UpperBound(node.view(), kHeadMin), 1u);
    EXPECT_EQ(TypeParam::UpperBound(node.view(), kHeadMax), size);
    EXPECT_EQ(TypeParam::UpperBound(node.view(), kHeadMax - 1), size - 1);
  }
}

TYPED_TEST(SearchTest, EqualHeadsAreAllCounted) {
  // Runs of equal heads of every length that begin and end at, before and behind the edges of
  // blocks and of blocks of hints.
  std::mt19937_64 random(11);
  for (uint32_t size = 1; size <= 200; ++size) {
    for (uint32_t distinct : {1u, 2u, 3u, 7u, 40u}) {
      std::vector<Head> sorted(size);
      for (Head& head : sorted) head = static_cast<Head>(random() % distinct) * 10;
      std::sort(sorted.begin(), sorted.end());
      const Node node(sorted);
      for (Head value = 0; value < static_cast<Head>(distinct); ++value) {
        for (Head key : {value * 10 - 1, value * 10, value * 10 + 1}) {
          const auto expected = std::upper_bound(sorted.begin(), sorted.end(), key);
          ASSERT_EQ(TypeParam::UpperBound(node.view(), key),
                    static_cast<uint32_t>(expected - sorted.begin()))
              << "size " << size << ", distinct " << distinct << ", key " << key;
        }
      }
    }
  }
}

TYPED_TEST(SearchTest, WithinARangeOnlyItsHeadsAreCounted) {
  std::mt19937_64 random(12);
  for (int round = 0; round < 20'000; ++round) {
    std::vector<Head> sorted(random() % 130);
    for (Head& head : sorted) head = static_cast<Head>(random() % 50) * 10;
    if (random() % 4 == 0 && !sorted.empty()) sorted[0] = kHeadMax;
    std::sort(sorted.begin(), sorted.end());
    const Node node(sorted);
    const auto size = static_cast<uint32_t>(sorted.size());
    const auto last = static_cast<uint32_t>(random() % (size + 1));
    const auto first = static_cast<uint32_t>(random() % (last + 1));
    const Head key = random() % 8 == 0 ? kHeadMax : static_cast<Head>(random() % 520) - 5;
    const auto expected = std::upper_bound(sorted.begin() + first, sorted.begin() + last, key);
    ASSERT_EQ(TypeParam::UpperBoundWithin(node.view(), first, last, key),
              static_cast<uint32_t>(expected - sorted.begin()))
        << "[" << first << ", " << last << ") of " << size << ", key " << key;
  }
}

TYPED_TEST(SearchTest, EqualExtremeHeadsAreAllCounted) {
  for (uint32_t size : {1u, 8u, 9u, 64u, 65u, 71u}) {
    const Node least(std::vector<Head>(size, kHeadMin));
    EXPECT_EQ(TypeParam::UpperBound(least.view(), kHeadMin), size);
    const Node greatest(std::vector<Head>(size, kHeadMax));
    EXPECT_EQ(TypeParam::UpperBound(greatest.view(), kHeadMax - 1), 0u);
    EXPECT_EQ(TypeParam::UpperBound(greatest.view(), kHeadMax), size);
  }
}

TYPED_TEST(SearchTest, MatchTagsIgnoresFlagsAndSlotsThatAreNoMembers) {
  // Whatever stands in front of the tags is none.
  struct alignas(64) Header {
    std::array<uint8_t, 64 - sizeof(SlotTags)> others;
    SlotTags tags;
  } header;
  const auto tag_of = [](uint32_t slot) { return static_cast<uint8_t>(slot % 5 * 50 + slot % 2); };
  header.others.fill(tag_of(0));
  for (uint32_t slot = 0; slot < kTagsMax; ++slot) header.tags[slot] = tag_of(slot);
  for (uint32_t members : {0u, 1u, 0b10101u, 0xAAAAu, 0x8000u, 0xFFFFu}) {
    for (const uint8_t hash : std::array<uint8_t, 5>{0, 50, 100, 200, 210}) {
      uint32_t expected = 0;
      for (uint32_t slot = 0; slot < kTagsMax; ++slot) {
        if ((members >> slot & 1) != 0 && TagHash(tag_of(slot)) == hash) expected |= 1u << slot;
      }
      EXPECT_EQ(TypeParam::MatchTags(header.tags, members, hash), expected);
    }
  }
}

TEST(HeadOf, KeepsTheOrderOfUnsignedKeysAndComesBack) {
  const std::vector<uint64_t> keys = {0, 1, uint64_t{1} << 63, (uint64_t{1} << 63) - 1, UINT64_MAX};
  for (uint64_t a : keys) {
    EXPECT_EQ(KeyOf(HeadOf(a)), a);
    for (uint64_t b : keys) EXPECT_EQ(a < b, HeadOf(a) < HeadOf(b));
  }
}

}  // namespace
}  // namespace bwlab
