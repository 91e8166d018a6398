// Method: random operations on one thread go to a tree and to a std::map; every answer must agree,
// and the tree's invariants are checked on the way. Tiny nodes make structure modifications common;
// the keys gather around the ends of the key space as well as inside.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <vector>

#include "bwlab/bwtree/bw_tree.h"
#include "support/test_traits.h"

namespace bwlab::test {
namespace {

template <class Traits>
class BwTreeModelTest : public testing::Test {
 protected:
  using Tree = BwTree<Traits>;
  using Model = std::map<uint64_t, uint64_t>;

  std::unique_ptr<Tree> tree_ = std::move(Tree::Open()).value();
  typename Tree::Session session_ = std::move(tree_->OpenSession()).value();
  Model model_;

  std::vector<std::pair<uint64_t, uint64_t>> Collect(uint64_t first, std::size_t limit) {
    std::vector<std::pair<uint64_t, uint64_t>> records;
    const std::size_t visited = session_.Scan(first, limit, [&](uint64_t key, uint64_t value) {
      records.emplace_back(key, value);
      return true;
    });
    EXPECT_EQ(visited, records.size());
    return records;
  }

  void ExpectSameAsModel() {
    const Status status = tree_->Validate();
    ASSERT_TRUE(status.ok()) << status.message();
    ASSERT_EQ(tree_->Size(), model_.size());
    const auto records = Collect(0, SIZE_MAX);
    ASSERT_TRUE(std::equal(
        records.begin(), records.end(), model_.begin(), model_.end(),
        [](const auto& a, const auto& b) { return a.first == b.first && a.second == b.second; }));
  }

  void DoRandomOperation(std::mt19937_64& random, uint64_t key) {
    const uint64_t value = random();
    const bool present = model_.count(key) != 0;
    switch (random() % 8) {
      case 0:
      case 1:
        ASSERT_EQ(session_.Insert(key, value), present ? OpResult::kExists : OpResult::kOk);
        if (!present) model_[key] = value;
        break;
      case 2:
        ASSERT_EQ(session_.Upsert(key, value), OpResult::kOk);
        model_[key] = value;
        break;
      case 3:
        ASSERT_EQ(session_.Update(key, value), present ? OpResult::kOk : OpResult::kNotFound);
        if (present) model_[key] = value;
        break;
      case 4:
        ASSERT_EQ(session_.Delete(key), present ? OpResult::kOk : OpResult::kNotFound);
        model_.erase(key);
        break;
      case 5: {
        const std::size_t limit = random() % 40;
        auto expected = model_.lower_bound(key);
        for (const auto& [found_key, found_value] : Collect(key, limit)) {
          ASSERT_NE(expected, model_.end());
          ASSERT_EQ(found_key, expected->first);
          ASSERT_EQ(found_value, expected->second);
          ++expected;
        }
        break;
      }
      default: {
        uint64_t found = 0x5A5A;
        ASSERT_EQ(session_.Get(key, &found), present ? OpResult::kOk : OpResult::kNotFound);
        ASSERT_EQ(found, present ? model_[key] : 0x5A5A);
      }
    }
  }
};

using AllTraits = testing::Types<TinyTraits, TinyScalar, TinyBranchFree, TinyPooled, Default>;
TYPED_TEST_SUITE(BwTreeModelTest, AllTraits, TraitsName);

TYPED_TEST(BwTreeModelTest, AnEmptyTreeHoldsNothing) {
  uint64_t value;
  EXPECT_EQ(this->session_.Get(0, &value), OpResult::kNotFound);
  EXPECT_EQ(this->session_.Get(UINT64_MAX, &value), OpResult::kNotFound);
  EXPECT_EQ(this->session_.Delete(5), OpResult::kNotFound);
  EXPECT_EQ(this->session_.Update(5, 1), OpResult::kNotFound);
  this->ExpectSameAsModel();
}

TYPED_TEST(BwTreeModelTest, TheLeastAndGreatestKeysAndValuesAreOrdinary) {
  for (uint64_t key : {uint64_t{0}, UINT64_MAX, uint64_t{1} << 63, (uint64_t{1} << 63) - 1}) {
    for (uint64_t value : {uint64_t{0}, UINT64_MAX}) {
      ASSERT_EQ(this->session_.Upsert(key, value), OpResult::kOk);
      uint64_t found = value + 1;
      ASSERT_EQ(this->session_.Get(key, &found), OpResult::kOk);
      ASSERT_EQ(found, value);
      this->model_[key] = value;
    }
  }
  this->ExpectSameAsModel();
}

TYPED_TEST(BwTreeModelTest, RandomOperationsOnFewKeys) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20'000; ++i) {
    this->DoRandomOperation(random, random() % 64 * 0x0400'0000'0000'0000);
    if (this->HasFatalFailure()) return;
    if (i % 1000 == 0) this->ExpectSameAsModel();
  }
  this->ExpectSameAsModel();
}

TYPED_TEST(BwTreeModelTest, RandomOperationsOnManyKeysAndBothEndsOfTheKeySpace) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 60'000; ++i) {
    uint64_t key = random() % 20'000;
    if (random() % 4 == 0) key = UINT64_MAX - key;
    this->DoRandomOperation(random, key);
    if (this->HasFatalFailure()) return;
  }
  this->ExpectSameAsModel();
}

TYPED_TEST(BwTreeModelTest, AscendingDescendingAndAlternatingInsertsAreAllFound) {
  constexpr uint64_t kCount = 3000;
  for (uint64_t i = 0; i < kCount; ++i) {
    for (uint64_t key : {uint64_t{1'000'000} + i, uint64_t{1'000'000} - 1 - i,
                         i % 2 == 0 ? 2'000'000 + i : 3'000'000 - i}) {
      ASSERT_EQ(this->session_.Insert(key, i), OpResult::kOk);
      this->model_[key] = i;
    }
  }
  this->ExpectSameAsModel();
}

TYPED_TEST(BwTreeModelTest, EverythingCanBeDeletedAndInsertedAgain) {
  for (int round = 0; round < 3; ++round) {
    for (uint64_t key = 0; key < 2000; ++key) {
      ASSERT_EQ(this->session_.Insert(key * 7 % 2000, key), OpResult::kOk);
    }
    ASSERT_EQ(this->tree_->Size(), 2000u);
    for (uint64_t key = 0; key < 2000; ++key) ASSERT_EQ(this->session_.Delete(key), OpResult::kOk);
    this->ExpectSameAsModel();
  }
}

TYPED_TEST(BwTreeModelTest, TheOrderOfDeletionDoesNotMatter) {
  constexpr uint64_t kCount = 3000;
  const std::vector<std::function<uint64_t(uint64_t)>> orders = {
      [](uint64_t i) { return i; }, [](uint64_t i) { return kCount - 1 - i; },
      [](uint64_t i) { return i * 1009 % kCount; },
      [](uint64_t i) { return i % 2 == 0 ? i / 2 : kCount - 1 - i / 2; }};
  for (const auto& order : orders) {
    for (uint64_t i = 0; i < kCount; ++i) {
      ASSERT_EQ(this->session_.Insert(i * 11 % kCount, i), OpResult::kOk);
      this->model_[i * 11 % kCount] = i;
    }
    for (uint64_t i = 0; i < kCount; ++i) {
      ASSERT_EQ(this->session_.Delete(order(i)), OpResult::kOk);
      this->model_.erase(order(i));
      if (i % 500 == 0) this->ExpectSameAsModel();
    }
    this->ExpectSameAsModel();
  }
}

TYPED_TEST(BwTreeModelTest, ADeletedTreeIsAsSmallAsAnEmptyOneAndTenRoundsDoNotGrowIt) {
  const auto settle = [&] {  // retired pages come back when sessions end
    { auto session = std::move(this->tree_->OpenSession()).value(); }
    this->session_ = std::move(this->tree_->OpenSession()).value();
    return this->tree_->Memory();
  };
  constexpr uint64_t kCount = 20'000;
  std::vector<uint64_t> live_bytes;
  std::vector<uint64_t> pooled_bytes;
  std::vector<uint64_t> table_bytes;
  const uint64_t empty_bytes = settle().live_bytes;
  for (int round = 0; round < 10; ++round) {
    for (uint64_t i = 0; i < kCount; ++i) {
      ASSERT_EQ(this->session_.Insert(i * 0x9E3779B97F4A7C15, i), OpResult::kOk);
    }
    for (uint64_t i = 0; i < kCount; ++i) {
      ASSERT_EQ(this->session_.Delete((i * 7919 % kCount) * 0x9E3779B97F4A7C15), OpResult::kOk);
    }
    this->ExpectSameAsModel();
    const MemoryUsage memory = settle();
    live_bytes.push_back(memory.live_bytes - memory.retired_bytes);
    pooled_bytes.push_back(memory.pooled_bytes);
    table_bytes.push_back(memory.mapping_table_bytes);
  }
  for (uint64_t bytes : live_bytes) EXPECT_LE(bytes, empty_bytes + 4096);
  EXPECT_LE(pooled_bytes.back(), pooled_bytes[1] + pooled_bytes[1] / 8);
  EXPECT_LE(table_bytes.back(), table_bytes[1] + table_bytes[1] / 8);
}

TYPED_TEST(BwTreeModelTest, AVisitorMayStopTheScanAndUseTheSession) {
  for (uint64_t key = 0; key < 100; ++key)
    ASSERT_EQ(this->session_.Insert(key, key), OpResult::kOk);
  uint64_t next = 10;
  const std::size_t visited = this->session_.Scan(10, 50, [&](uint64_t key, uint64_t) {
    EXPECT_EQ(key, next++);
    uint64_t value = 0;
    EXPECT_EQ(this->session_.Get(99 - key, &value), OpResult::kOk);
    EXPECT_EQ(this->session_.Update(key, 1), OpResult::kOk);
    return key < 29;
  });
  EXPECT_EQ(visited, 20u);
}

TYPED_TEST(BwTreeModelTest, SeveralSessionsOfOneThreadSeeOneTree) {
  auto other = std::move(this->tree_->OpenSession()).value();
  for (uint64_t key = 0; key < 500; ++key) {
    auto& writer = key % 2 == 0 ? this->session_ : other;
    auto& reader = key % 2 == 0 ? other : this->session_;
    ASSERT_EQ(writer.Insert(key, key), OpResult::kOk);
    uint64_t value = 0;
    ASSERT_EQ(reader.Get(key, &value), OpResult::kOk);
    this->model_[key] = key;
  }
  this->ExpectSameAsModel();
}

TEST(BwTreeCounters, TellTheStructureModificationsOfALoad) {
  auto tree = std::move(BwTree<TinyTraits>::Open()).value();
  auto session = std::move(tree->OpenSession()).value();
  for (uint64_t key = 0; key < 1000; ++key) ASSERT_EQ(session.Insert(key, key), OpResult::kOk);
  const TreeCounters counters = tree->Counters();
  EXPECT_GT(counters[TreeEvent::kLeafConsolidation], 300u);
  EXPECT_GT(counters[TreeEvent::kLeafSplit], 200u);
  EXPECT_GT(counters[TreeEvent::kInnerSplit], 10u);
  EXPECT_GT(counters[TreeEvent::kRootGrowth], 3u);
  EXPECT_GE(counters[TreeEvent::kPageRetired], counters[TreeEvent::kPageFreed]);
  EXPECT_EQ(counters[TreeEvent::kCasLost], 0u);
  EXPECT_EQ(counters[TreeEvent::kLeafMerge], 0u);

  for (uint64_t key = 0; key < 1000; ++key) ASSERT_EQ(session.Delete(key), OpResult::kOk);
  const TreeCounters after = tree->Counters();
  // Every leaf but the last is merged away, and every level but the leaves.
  EXPECT_EQ(after[TreeEvent::kLeafMerge], after[TreeEvent::kLeafSplit]);
  EXPECT_EQ(after[TreeEvent::kRootShrink], after[TreeEvent::kRootGrowth]);
  EXPECT_GT(after[TreeEvent::kInnerMerge], 10u);
}

TEST(BwTreeMemory, AscendingInsertsFillLeavesRandomOnesDoNotWasteThem) {
  for (bool ascending : {true, false}) {
    auto tree = std::move(BwTree<DefaultTraits>::Open()).value();
    auto session = std::move(tree->OpenSession()).value();
    constexpr uint64_t kCount = 200'000;
    for (uint64_t i = 0; i < kCount; ++i) {
      const uint64_t key = ascending ? i : i * 0x9E3779B97F4A7C15;
      ASSERT_EQ(session.Insert(key, i), OpResult::kOk);
    }
    const double bytes_per_key = static_cast<double>(tree->Memory().live_bytes) / kCount;
    EXPECT_LT(bytes_per_key, 24.0) << (ascending ? "ascending" : "random");
    EXPECT_GT(bytes_per_key, 16.0);
  }
}

TEST(BwTreeOpen, RefusesOptionsOutOfRange) {
  TreeOptions options;
  options.leaf_capacity = 3;
  const auto tree = BwTree<DefaultTraits>::Open(options);
  ASSERT_FALSE(tree.ok());
  EXPECT_EQ(tree.status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(tree.status().message(), "leaf_capacity is 3; allowed are 4 to 1024");
}

}  // namespace
}  // namespace bwlab::test
