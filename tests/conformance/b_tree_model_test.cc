// Method: what any tree must answer (support/model_suite.h), on nodes of four and on those that are
// shipped; operations made of random bytes; then what is the B+-tree's alone: when nodes are split,
// merged and written anew, and what stays of them.

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "support/model_suite.h"
#include "support/op_model.h"
#include "support/stress.h"

namespace bwlab::test {
namespace {

template <class Base, class Key, class Value>
using TinyOf = OnBTree<WithRecords<Base, Key, Value>>;

using BTreeTraitsList =
    testing::Types<OnBTree<TinyTraits>, OnBTree<TinyCentralized>, OnBTree<TinyQsbr>,
                   OnBTree<TinyPooled>, OnDefaultBTree<Default>,
                   TinyOf<TinyScalar, BytesKey, U64Value>, TinyOf<TinyTraits, BytesKey, BytesValue>,
                   TinyOf<TinyBranchFree, U64Key, BytesValue>,
                   TinyOf<TinyTraits, FixedBytesKey<5>, U64Value>,
                   TinyOf<TinyTraits, FixedBytesKey<16>, BytesValue>,
                   OnDefaultBTree<WithRecords<Default, BytesKey, U64Value>>,
                   OnDefaultBTree<WithRecords<Default, BytesKey, BytesValue>>>;
INSTANTIATE_TYPED_TEST_SUITE_P(BTree, ModelTest, BTreeTraitsList, TraitsName);

template <class Traits>
class BTreeOperationsTest : public testing::Test {};
using OperationsTraits =
    testing::Types<OnBTree<TinyTraits>, TinyOf<TinyTraits, BytesKey, BytesValue>,
                   TinyOf<TinyScalar, BytesKey, U64Value>,
                   TinyOf<TinyBranchFree, U64Key, BytesValue>,
                   OnDefaultBTree<WithRecords<Default, BytesKey, BytesValue>>>;
TYPED_TEST_SUITE(BTreeOperationsTest, OperationsTraits, TraitsName);

TYPED_TEST(BTreeOperationsTest, OperationsReadFromBytesAnswerAsAMap) {
  const uint64_t seed = Seed();
  this->RecordProperty("seed", std::to_string(seed));
  std::mt19937_64 random(seed);
  const int rounds = Rounds(30);
  for (int round = 0; round < rounds; ++round) {
    std::vector<uint8_t> bytes(random() % 5000);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
    ASSERT_EQ(FaultOf<TypeParam>(OpsOf(bytes)), "") << "seed " << seed << ", round " << round;
  }
}

using IntegerTree = ModelFixture<OnDefaultBTree<Default>>;
using TinyIntegerTree = ModelFixture<OnBTree<TinyTraits>>;
using ByteTree = ModelFixture<TinyOf<TinyTraits, BytesKey, BytesValue>>;
using LargeByteTree = ModelFixture<OnDefaultBTree<WithRecords<Default, BytesKey, BytesValue>>>;

// A leaf of 4096 bytes has room for 232 records of two words.
TEST_F(IntegerTree, AscendingInsertsLeaveFullLeaves) {
  for (uint64_t key = 0; key < 23'200; ++key) Insert(key, key);
  const TreeCounters counters = tree_->Counters();
  EXPECT_EQ(counters[TreeEvent::kLeafSplit], 99u);
  EXPECT_EQ(counters[TreeEvent::kRootGrowth], 1u);
  ExpectSameAsModel();
}

TEST_F(IntegerTree, RandomInsertsLeaveLeavesMoreThanHalfFull) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 50'000; ++i) Insert(random(), 1);
  EXPECT_LT(tree_->Counters()[TreeEvent::kLeafSplit], 50'000u / 116);
  ExpectSameAsModel();
}

TEST_F(IntegerTree, MemoryIsGivenBackWhenRecordsAreDeleted) {
  const uint64_t before = tree_->Memory().live_bytes - tree_->Memory().retired_bytes;
  std::mt19937_64 random(4);
  for (int i = 0; i < 20'000; ++i) Insert(random(), 1);
  while (!model_.empty()) {
    auto at = model_.lower_bound(random());
    Delete(at == model_.end() ? model_.begin()->first : at->first);
  }
  EXPECT_EQ(tree_->Memory().live_bytes - tree_->Memory().retired_bytes, before);
  ExpectSameAsModel();
}

TEST_F(TinyIntegerTree, NothingIsLeftOfAnEmptyTreeButALeaf) {
  for (uint64_t key = 0; key < 1000; ++key) Insert(key, key);
  const TreeCounters full = tree_->Counters();
  EXPECT_GT(full[TreeEvent::kLeafSplit], 200u);
  EXPECT_GT(full[TreeEvent::kInnerSplit], 50u);
  EXPECT_GT(full[TreeEvent::kRootGrowth], 3u);
  EXPECT_EQ(full[TreeEvent::kLeafMerge], 0u);
  EXPECT_EQ(full[TreeEvent::kCasLost], 0u);
  for (uint64_t key = 0; key < 1000; ++key) Delete(key * 7 % 1000);
  const TreeCounters empty = tree_->Counters();
  EXPECT_EQ(empty[TreeEvent::kLeafMerge], empty[TreeEvent::kLeafSplit]);
  EXPECT_EQ(empty[TreeEvent::kRootShrink], empty[TreeEvent::kRootGrowth]);
  ExpectSameAsModel();
}

TEST_F(TinyIntegerTree, TheLeastAndGreatestKeysAndValuesAreOrdinary) {
  for (uint64_t key : {uint64_t{0}, UINT64_MAX, uint64_t{1} << 63, (uint64_t{1} << 63) - 1}) {
    for (uint64_t value : {uint64_t{0}, UINT64_MAX}) {
      Upsert(key, value);
      Get(key);
    }
  }
  ExpectSameAsModel();
}

TEST_F(ByteTree, NothingBeyondTheLimitsIsTaken) {
  const std::string longest_key(kKeyBytesMax, 'k');
  const std::string longest_value(kValueBytesMax, 'v');
  Insert(longest_key, longest_value);
  EXPECT_EQ(session_.Insert(longest_key + 'k', "v"), OpResult::kTooLarge);
  EXPECT_EQ(session_.Delete(longest_key + 'k'), OpResult::kTooLarge);
  EXPECT_EQ(session_.Insert("new", longest_value + 'v'), OpResult::kTooLarge);
  EXPECT_EQ(session_.Update(longest_key, longest_value + 'v'), OpResult::kTooLarge);
  Get(longest_key + 'k');
  Scan(longest_key + 'k', 10);
  ReverseScan(longest_key + 'k', 10);
  ExpectSameAsModel();
}

// Leaves of one record and inner nodes whose separators fill several of their pages.
template <class Fixture>
void GrowAndShrinkWithLargestRecords(Fixture& tree) {
  const auto long_key = [](uint64_t i) {
    std::string key(kKeyBytesMax, '=');
    key.replace(key.size() - 4, 4, std::to_string(1000 + i));
    return key;
  };
  for (uint64_t i = 0; i < 120; ++i) {
    tree.Insert(long_key(i * 7 % 120),
                std::string(kValueBytesMax, static_cast<char>('a' + i % 26)));
    if (i % 10 == 0) tree.ExpectSameAsModel();
  }
  for (uint64_t i = 0; i < 120; ++i) {
    tree.Delete(long_key(i * 11 % 120));
    if (i % 10 == 0) tree.ExpectSameAsModel();
  }
  tree.ExpectSameAsModel();
  const TreeCounters counters = tree.tree_->Counters();
  EXPECT_EQ(counters[TreeEvent::kLeafMerge], counters[TreeEvent::kLeafSplit]);
  EXPECT_EQ(counters[TreeEvent::kRootShrink], counters[TreeEvent::kRootGrowth]);
}

struct OpenByteTree : ByteTree {
  using ByteTree::Delete, ByteTree::ExpectSameAsModel, ByteTree::Insert, ByteTree::tree_;
};
struct OpenLargeByteTree : LargeByteTree {
  using LargeByteTree::Delete, LargeByteTree::ExpectSameAsModel, LargeByteTree::Insert,
      LargeByteTree::tree_;
};
TEST_F(OpenByteTree, RecordsOfTheLargestSize) { GrowAndShrinkWithLargestRecords(*this); }
TEST_F(OpenLargeByteTree, RecordsOfTheLargestSize) { GrowAndShrinkWithLargestRecords(*this); }

TEST_F(LargeByteTree, ValuesThatGrowAndShrinkInPlace) {
  std::mt19937_64 random(9);
  for (int i = 0; i < 20'000; ++i) {
    const std::string value(random() % 3 == 0 ? random() % (kValueBytesMax + 1) : random() % 20,
                            static_cast<char>(i));
    Upsert(KeyAt(random() % 40), value);
    Get(KeyAt(random() % 40));
    if (i % 500 == 0) ExpectSameAsModel();
    ASSERT_FALSE(HasFailure());
  }
}

// What updates leave behind in the heap is won back by writing the leaf anew, not by splitting it.
TEST_F(LargeByteTree, UpdatesThatGrowDoNotSplitLeavesForever) {
  for (uint64_t i = 0; i < 10; ++i) Insert(KeyAt(i), std::string(10, 'v'));
  for (uint64_t size = 11; size < 100; ++size) {
    for (uint64_t i = 0; i < 10; ++i) Update(KeyAt(i), std::string(size, 'w'));
  }
  const TreeCounters counters = tree_->Counters();
  EXPECT_EQ(counters[TreeEvent::kLeafSplit], 0u);
  EXPECT_GT(counters[TreeEvent::kLeafConsolidation], 5u);
  ExpectSameAsModel();
}

TEST(BTreeOpen, RefusesOptionsOutOfRange) {
  BTreeOptions options;
  options.leaf_bytes = 100;
  const auto tree = BTree<DefaultTraits>::Open(options);
  ASSERT_FALSE(tree.ok());
  EXPECT_EQ(tree.status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(tree.status().message(), "leaf_bytes is 100; allowed are 512 to 65536");
}

}  // namespace
}  // namespace bwlab::test
