#include "bwlab/policy/search/finger.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "bwlab/policy/search/scalar.h"

namespace bwlab {
namespace {

/// A search policy that counts how often it is asked.
struct CountingSearch {
  static inline uint32_t calls = 0;

  static uint32_t UpperBound(const SortedHeads& node, Head key) {
    ++calls;
    return ScalarBinarySearch::UpperBound(node, key);
  }
};

SortedHeads NodeOf(const std::vector<Head>& heads) {
  return {heads.data(), static_cast<uint32_t>(heads.size())};
}

uint32_t UpperBoundOf(const std::vector<Head>& heads, Head key) {
  return static_cast<uint32_t>(std::upper_bound(heads.begin(), heads.end(), key) - heads.begin());
}

// Nodes of all sizes, with equal heads, under a finger that points anywhere, mostly into another
// node.
TEST(FingerTest, AnswersAsTheSearchPolicyWhereverItPoints) {
  std::mt19937_64 random(7);
  Finger finger;
  for (int i = 0; i < 200000; ++i) {
    std::vector<Head> heads(random() % 12);
    for (Head& head : heads) head = static_cast<Head>(random() % 10);
    std::sort(heads.begin(), heads.end());
    const auto key = static_cast<Head>(random() % 12) - 1;
    finger.Arrive(random() % 2);
    ASSERT_EQ(finger.UpperBound<CountingSearch>(NodeOf(heads), key, 0), UpperBoundOf(heads, key))
        << "step " << i;
  }
}

TEST(FingerTest, KeysThatFollowEachOtherAreFoundWithoutASearch) {
  std::vector<Head> heads;
  Finger finger;
  for (Head head = 0; head < 3; ++head) {  // the second write finds it near, and searches once
    heads.push_back(head);
    finger.Arrive(1);
    finger.UpperBound<CountingSearch>(NodeOf(heads), head, 0);
  }
  CountingSearch::calls = 0;
  for (Head head = 3; head < 100; ++head) {
    finger.Arrive(1);
    EXPECT_EQ(finger.UpperBound<CountingSearch>(NodeOf(heads), head, 0), heads.size());
    heads.push_back(head);
  }
  EXPECT_EQ(CountingSearch::calls, 0u);
}

TEST(FingerTest, KeysInNoOrderAreSearched) {
  const std::vector<Head> heads{1, 2, 3};
  Finger finger;
  CountingSearch::calls = 0;
  for (uint64_t leaf = 1; leaf <= 100; ++leaf) {
    finger.Arrive(leaf);
    EXPECT_EQ(finger.UpperBound<CountingSearch>(NodeOf(heads), 2, 0), 2u);
  }
  EXPECT_EQ(CountingSearch::calls, 100u);
}

TEST(FingerTest, LevelsHavePositionsOfTheirOwn) {
  const std::vector<Head> leaf{1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  const std::vector<Head> inner{0, 20};
  Finger finger;
  finger.Arrive(1);
  for (int round = 0; round < 3; ++round) {
    CountingSearch::calls = 0;
    finger.Arrive(1);
    EXPECT_EQ(finger.UpperBound<CountingSearch>(NodeOf(inner), 9, 1), 1u);
    EXPECT_EQ(finger.UpperBound<CountingSearch>(NodeOf(leaf), 9, 0), 9u);
  }
  EXPECT_EQ(CountingSearch::calls, 0u);
}

}  // namespace
}  // namespace bwlab
