#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <new>
#include <random>
#include <set>
#include <vector>

#include "bwlab/policy/search/scalar.h"
#include "bwlab/policy/search/short_hints.h"
#include "bwlab/policy/search/simd.h"
#include "bwlab/policy/search/slot_tags.h"

namespace bwlab {
namespace {

/// A node's arrays as a page lays them out.
class Node {
 public:
  explicit Node(std::vector<Head> sorted)
      : count_(static_cast<uint32_t>(sorted.size())),
        hint_lines_(HintLines(count_)),
        short_hint_lines_(ShortHintLines(count_)),
        scale_(HintScale::For(sorted.data(), count_)) {
    const std::size_t blocks = (sorted.size() + kBlockHeads - 1) / kBlockHeads;
    const std::size_t heads_lines = std::max<std::size_t>(blocks, 1);
    long_.assign(hint_lines_ + heads_lines, Line{});
    short_.assign(short_hint_lines_ + heads_lines, Line{});
    auto* const lanes = reinterpret_cast<ShortHint*>(short_.data());
    std::fill(lanes, lanes + short_hint_lines_ * kShortHintLanes, kShortHintMax);
    for (uint32_t i = 0; i < count_; ++i) {
      long_[hint_lines_ + i / 8].at[i % 8] = sorted[i];
      short_[short_hint_lines_ + i / 8].at[i % 8] = sorted[i];
      if (i % 8 != 0) continue;
      long_[i / 64].at[i / 8 % 8] = sorted[i];
      if (i > 0) lanes[ShortHintedHeads::LaneOf(i / 8)] = scale_.Of(sorted[i]);
    }
  }

  HintedHeads hinted() const { return {{long_[hint_lines_].at, count_}, long_[0].at}; }
  ShortHintedHeads short_hinted() const {
    return {{short_[short_hint_lines_].at, count_},
            reinterpret_cast<const ShortHint*>(short_.data()),
            scale_};
  }

 private:
  struct alignas(64) Line {
    Head at[8] = {kHeadMax, kHeadMax, kHeadMax, kHeadMax, kHeadMax, kHeadMax, kHeadMax, kHeadMax};
  };
  uint32_t count_;
  uint32_t hint_lines_;
  uint32_t short_hint_lines_;
  HintScale scale_;
  std::vector<Line> long_;   // hints, then heads
  std::vector<Line> short_;  // short hints, then heads
};

/// UpperBound with both kinds of hints, which must agree.
template <class Search>
uint32_t UpperBound(const Node& node, Head key) {
  const uint32_t upper = Search::UpperBound(node.hinted(), key);
  EXPECT_EQ(Search::UpperBound(node.short_hinted(), key), upper) << "key " << key;
  return upper;
}
template <class Search>
uint32_t UpperBoundWithin(const Node& node, uint32_t first, uint32_t last, Head key) {
  const uint32_t upper = Search::UpperBoundWithin(node.hinted(), first, last, key);
  EXPECT_EQ(Search::UpperBoundWithin(node.short_hinted(), first, last, key), upper);
  return upper;
}

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
  for (uint32_t size = 0; size <= 1100; size += size < 300 ? 1 : 67) {
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
      ASSERT_EQ(UpperBound<TypeParam>(node, key), static_cast<uint32_t>(expected))
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
    EXPECT_EQ(UpperBound<TypeParam>(node, kHeadMin), 1u);
    EXPECT_EQ(UpperBound<TypeParam>(node, kHeadMax), size);
    EXPECT_EQ(UpperBound<TypeParam>(node, kHeadMax - 1), size - 1);
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
          ASSERT_EQ(UpperBound<TypeParam>(node, key),
                    static_cast<uint32_t>(expected - sorted.begin()))
              << "size " << size << ", distinct " << distinct << ", key " << key;
        }
      }
    }
  }
}

TYPED_TEST(SearchTest, HintsThatCannotTellBlocksApartAreNoHarm) {
  // Clusters of neighbours far apart, of every size around that of blocks: all hints of a cluster
  // are equal, and the key may lie in any of its blocks.
  std::mt19937_64 random(13);
  for (uint32_t clusters : {1u, 2u, 3u, 10u}) {
    for (uint32_t size = 1; size <= 70; size += 3) {
      std::set<Head> distinct;
      for (uint32_t i = 0; i < clusters; ++i) {
        const Head begin = static_cast<Head>(random()) / 2;
        for (uint32_t k = 0; k < size; ++k) distinct.insert(begin + static_cast<Head>(2 * k));
      }
      const std::vector<Head> sorted(distinct.begin(), distinct.end());
      const Node node(sorted);
      for (Head head : sorted) {
        for (Head key : {head - 1, head, head + 1}) {
          const auto expected = std::upper_bound(sorted.begin(), sorted.end(), key);
          ASSERT_EQ(UpperBound<TypeParam>(node, key),
                    static_cast<uint32_t>(expected - sorted.begin()))
              << clusters << " clusters of " << size;
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
    ASSERT_EQ(UpperBoundWithin<TypeParam>(node, first, last, key),
              static_cast<uint32_t>(expected - sorted.begin()))
        << "[" << first << ", " << last << ") of " << size << ", key " << key;
  }
}

TYPED_TEST(SearchTest, EqualExtremeHeadsAreAllCounted) {
  for (uint32_t size : {1u, 8u, 9u, 64u, 65u, 71u}) {
    const Node least(std::vector<Head>(size, kHeadMin));
    EXPECT_EQ(UpperBound<TypeParam>(least, kHeadMin), size);
    const Node greatest(std::vector<Head>(size, kHeadMax));
    EXPECT_EQ(UpperBound<TypeParam>(greatest, kHeadMax - 1), 0u);
    EXPECT_EQ(UpperBound<TypeParam>(greatest, kHeadMax), size);
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

TEST(HintScale, KeepsTheOrderAndUsesMostOfItsRange) {
  const std::vector<Head> ends = {kHeadMin, kHeadMin + 4, -1000,        -4,      0,
                                  4,        70'000,       kHeadMax - 4, kHeadMax};
  for (Head first : ends) {
    for (Head last : ends) {
      if (last < first) continue;
      const HintScale scale = HintScale::For(first, last);
      EXPECT_EQ(scale.Of(first), kShortHintMin + 1);
      const auto span = static_cast<uint64_t>(last) - static_cast<uint64_t>(first);
      const int steps = scale.Of(last) - scale.Of(first);
      EXPECT_GE(static_cast<uint64_t>(steps), std::min<uint64_t>(span / 4, 32'766)) << span;
      for (Head a : ends) {
        EXPECT_EQ(scale.Of(a) == kShortHintMin, a < first);
        for (Head b : ends) {
          if (a <= b) {
            EXPECT_LE(scale.Of(a), scale.Of(b)) << a << ", " << b;
          }
        }
      }
    }
  }
  EXPECT_EQ(HintScale::For(8, 8 + 4 * 65'533).shift, 0u);
  EXPECT_EQ(HintScale::For(8, 8 + 4 * 65'534).shift, 1u);
  EXPECT_EQ(HintScale::For(kHeadMin, kHeadMax).shift, 47u);
}

// As the low key of a leftmost node is to its other separators, and a greatest key to others.
TEST(HintScale, HeadsFarAwayAtTheEndsTakeNothingFromTheOthers) {
  std::vector<Head> heads = {kHeadMin};
  for (Head i = 1; i < 999; ++i) heads.push_back((Head{7} << 48) + i * 100);
  heads.push_back(kHeadMax);
  const HintScale scale = HintScale::For(heads.data(), static_cast<uint32_t>(heads.size()));
  for (std::size_t at = 2 * kBlockHeads; at < heads.size(); at += kBlockHeads) {
    EXPECT_GT(scale.Of(heads[at]), scale.Of(heads[at - kBlockHeads]));
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
