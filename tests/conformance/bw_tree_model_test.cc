// Method: what any tree must answer (support/model_suite.h), with every layout and policy; then
// what is the Bw-tree's alone.

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "support/model_suite.h"

namespace bwlab::test {
namespace {

INSTANTIATE_TYPED_TEST_SUITE_P(BwTree, ModelTest, ModelTraits, TraitsName);

using U64Tree = ModelFixture<TinyTraits>;

TEST_F(U64Tree, TheLeastAndGreatestKeysAndValuesAreOrdinary) {
  for (uint64_t key : {uint64_t{0}, UINT64_MAX, uint64_t{1} << 63, (uint64_t{1} << 63) - 1}) {
    for (uint64_t value : {uint64_t{0}, UINT64_MAX}) {
      Upsert(key, value);
      Get(key);
    }
  }
  ExpectSameAsModel();
}

struct LargeLeaves : TinyTraits {
  static TreeOptions Options() {
    TreeOptions options = TinyTraits::Options();
    options.leaf_capacity = 224;
    options.inner_capacity = 64;
    return options;
  }
};
using LargeLeavesTree = ModelFixture<LargeLeaves>;

// Neighbours far away from the next ones, as keys of (tenant, number) are: hints of leaves and of
// inner nodes cannot tell the blocks of a cluster apart.
TEST_F(LargeLeavesTree, KeysInClustersAreFoundAndThoseBesideThemAreNot) {
  std::mt19937_64 random(12);
  for (const uint64_t of_a_cluster : {7, 40, 3000}) {
    for (uint64_t i = 0; i < 9000; ++i) {
      const uint64_t cluster = random() % (9000 / of_a_cluster);
      const uint64_t key = cluster << 48 | 2 * (random() % of_a_cluster);
      Upsert(key, i);
      Get(key);
      Get(key + 1);
      Get((random() % (9000 / of_a_cluster)) << 48 | random() % (2 * of_a_cluster));
      ASSERT_FALSE(HasFailure());
    }
    ExpectSameAsModel();
  }
}

TEST(BwTreeOptions, LeavesOfByteStringsHaveACapacityOfTheirOwn) {
  const auto capacity_of = [](auto traits, TreeOptions options) {
    auto tree = std::move(BwTree<decltype(traits)>::Open(options)).value();
    return tree->options().leaf_capacity;
  };
  TreeOptions options;
  EXPECT_EQ(capacity_of(DefaultTraits(), options), options.leaf_capacity);
  using Bytes = WithRecords<DefaultTraits, U64Key, BytesValue>;
  EXPECT_EQ(capacity_of(Bytes(), options), options.heap_leaf_capacity);
  options.leaf_capacity = 20;
  EXPECT_EQ(capacity_of(Bytes(), options), 20u);
}

using BytesTree = ModelFixture<WithRecords<TinyTraits, BytesKey, BytesValue>>;

TEST_F(BytesTree, NothingBeyondTheLimitsIsTakenAndEverythingUpToThemIs) {
  const std::string longest_key(kKeyBytesMax, 'k');
  const std::string longest_value(kValueBytesMax, 'v');
  const std::string key = longest_key + '\0';
  const std::string value = longest_value + '\0';
  for (int round = 0; round < 20; ++round) {
    Upsert(KeyAt(static_cast<uint64_t>(round)), ValueAt(61));
    Upsert(longest_key.substr(static_cast<std::size_t>(round)), longest_value);
    EXPECT_EQ(session_.Insert(key, "v"), OpResult::kTooLarge);
    EXPECT_EQ(session_.Upsert(key, "v"), OpResult::kTooLarge);
    EXPECT_EQ(session_.Update(key, "v"), OpResult::kTooLarge);
    EXPECT_EQ(session_.Delete(key), OpResult::kTooLarge);
    EXPECT_EQ(session_.Insert("new", value), OpResult::kTooLarge);
    EXPECT_EQ(session_.Upsert(longest_key, value), OpResult::kTooLarge);
    EXPECT_EQ(session_.Update(longest_key, value), OpResult::kTooLarge);
    ExpectSameAsModel();
  }
  // Looking for what cannot be there is no error.
  Get(key);
  Scan(key, 10);
  ReverseScan(key, 10);
  MultiGet({key, longest_key});
}

// Every record of its largest size: pages split by their bytes, down to one record a leaf and two
// children an inner node.
TEST_F(BytesTree, RecordsOfTheLargestSizeSplitPagesByTheirBytes) {
  const auto long_key = [](uint64_t i) {
    std::string key(kKeyBytesMax, '=');
    key.replace(key.size() - 4, 4, std::to_string(1000 + i));
    return key;
  };
  for (uint64_t i = 0; i < 120; ++i) {
    Insert(long_key(i * 7 % 120), std::string(kValueBytesMax, static_cast<char>('a' + i % 26)));
    if (i % 10 == 0) ExpectSameAsModel();
    ASSERT_FALSE(HasFailure());
  }
  for (uint64_t i = 0; i < 120; ++i) {
    Delete(long_key(i * 11 % 120));
    if (i % 10 == 0) ExpectSameAsModel();
    ASSERT_FALSE(HasFailure());
  }
  ExpectSameAsModel();
  const TreeCounters counters = tree_->Counters();
  EXPECT_GT(counters[TreeEvent::kRootGrowth], 2u);
  // Nothing is left of it but a leaf.
  EXPECT_EQ(counters[TreeEvent::kLeafMerge], counters[TreeEvent::kLeafSplit]);
  EXPECT_EQ(counters[TreeEvent::kRootShrink], counters[TreeEvent::kRootGrowth]);
}

TEST_F(BytesTree, ValuesThatGrowAndShrinkInPlace) {
  std::mt19937_64 random(9);
  for (int i = 0; i < 5000; ++i) {
    const std::string value(random() % 3 == 0 ? random() % (kValueBytesMax + 1) : random() % 20,
                            static_cast<char>(i));
    Upsert(KeyAt(random() % 12), value);
    Get(KeyAt(random() % 12));
    if (i % 500 == 0) ExpectSameAsModel();
    ASSERT_FALSE(HasFailure());
  }
}

struct LargestPages : WithRecords<TinyTraits, BytesKey, BytesValue> {
  static TreeOptions Options() {
    TreeOptions options = TinyTraits::Options();
    options.leaf_capacity = 1024;
    options.heap_leaf_capacity = 1024;
    options.inner_capacity = 1024;
    options.leaf_chain_length = 16;
    options.inner_chain_length = 16;
    options.page_bytes_max = 65536;
    return options;
  }
};
using LargestPagesTree = ModelFixture<LargestPages>;

// Offsets, sizes and counts in a page come as near to their limits as the options allow.
TEST_F(LargestPagesTree, HoldSmallAndLargestRecordsSideBySide) {
  std::mt19937_64 random(10);
  const auto any_key = [&] {
    std::string key(random() % 4 == 0 ? kKeyBytesMax - random() % 3 : random() % 30, 'k');
    for (int i = 0; i < 2 && !key.empty(); ++i) {
      key[random() % 3 == 0 ? key.size() - 1 : random() % key.size()] = "jkl"[random() % 3];
    }
    return key;
  };
  std::vector<std::string> keys(3000);
  for (std::string& key : keys) key = any_key();
  for (int i = 0; i < 12'000; ++i) {
    const std::string& key = keys[random() % keys.size()];
    if (i % 6000 < 4000) {
      Upsert(key, std::string(random() % 3 == 0 ? kValueBytesMax : random() % 50, 'v'));
    } else {
      Delete(key);
    }
    if (i % 1000 == 0) ExpectSameAsModel();
    ASSERT_FALSE(HasFailure());
  }
  ExpectSameAsModel();
}

TEST(BwTreeCounters, TellTheStructureModificationsOfALoad) {
  auto tree = std::move(BwTree<TinyTraits>::Open(TinyTraits::Options())).value();
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

// With leaves and inner nodes of four, a root of at most `root_capacity` children.
template <class Layout>
struct LargeRoot : TinyTraits {
  using DeltaLayout = Layout;
};
template <class Layout>
void ARootHoldsMoreChildrenThanOtherNodesAndItsHalvesAreSplitOn() {
  const auto counters_of = [](uint32_t root_capacity, uint64_t records) {
    TreeOptions options = TinyTraits::Options();
    options.root_capacity = root_capacity;
    auto tree = std::move(BwTree<LargeRoot<Layout>>::Open(options)).value();
    auto session = std::move(tree->OpenSession()).value();
    for (uint64_t i = 0; i < records; ++i) {
      EXPECT_EQ(session.Insert(i * 7 % records, i), OpResult::kOk);
    }
    EXPECT_TRUE(tree->Validate().ok()) << tree->Validate().message();
    return tree->Counters();
  };
  // Leaves hold two records at least: at most 200 of them below one root.
  const TreeCounters flat = counters_of(200, 400);
  EXPECT_GT(flat[TreeEvent::kLeafSplit], 80u);
  EXPECT_EQ(flat[TreeEvent::kRootGrowth], 1u);
  EXPECT_EQ(flat[TreeEvent::kInnerSplit], 0u);
  EXPECT_GT(counters_of(4, 400)[TreeEvent::kRootGrowth], 2u);
  // The root of 200 is split, and then its halves, into nodes of four, as they get children.
  const TreeCounters high = counters_of(200, 4000);
  EXPECT_GE(high[TreeEvent::kRootGrowth], 2u);
  EXPECT_LT(high[TreeEvent::kRootGrowth], counters_of(4, 4000)[TreeEvent::kRootGrowth]);
  EXPECT_GT(high[TreeEvent::kInnerSplit], 30u);
}
TEST(BwTreeRoot, HoldsMoreChildrenThanOtherNodesAndItsHalvesAreSplitOn) {
  ARootHoldsMoreChildrenThanOtherNodesAndItsHalvesAreSplitOn<PackedDeltas>();
  ARootHoldsMoreChildrenThanOtherNodesAndItsHalvesAreSplitOn<LinkedDeltas>();
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
