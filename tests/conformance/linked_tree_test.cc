// What takes a whole tree in the linked layouts: that every kind of delta is in use, and that
// chains keep no node alive.

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>

#include "bwlab/bwtree/bw_tree.h"
#include "bwlab/bwtree/linked_editor.h"
#include "bwlab/policy/default_traits.h"
#include "support/test_traits.h"

namespace bwlab::test {
namespace {

template <class Layout>
class LinkedTreeTest : public testing::Test {};
using Layouts = testing::Types<LinkedDeltas, PreallocatedDeltas>;
struct LayoutName {
  template <class Layout>
  static std::string GetName(int) {
    return std::string(Layout::kName);
  }
};
TYPED_TEST_SUITE(LinkedTreeTest, Layouts, LayoutName);

TYPED_TEST(LinkedTreeTest, EveryKindOfDeltaIsPublishedAndMetByReaders) {
  using Traits = LongChains<TypeParam>;
  auto tree = std::move(BwTree<Traits>::Open(Traits::Options())).value();
  auto session = std::move(tree->OpenSession()).value();
  std::mt19937_64 random(1);
  uint64_t value;
  // Growing, then shrinking: splits, then merges.
  for (const uint64_t deletes_of_ten : {2u, 7u}) {
    for (int i = 0; i < 4000; ++i) {
      const uint64_t key = random() % 600;
      if (random() % 10 < deletes_of_ten) {
        session.Delete(key);
      } else {
        session.Upsert(key, key);
        session.Insert(random() % 600, key);
      }
      session.Get(random() % 600, &value);
    }
  }
  const TreeCounters counters = tree->Counters();
  for (int kind = 0; kind <= static_cast<int>(DeltaKind::kMergeIntent); ++kind) {
    const auto published = PublishedEvent(static_cast<DeltaKind>(kind));
    const auto traversed = TraversedEvent(static_cast<DeltaKind>(kind));
    EXPECT_GT(counters[published], 0u) << kTreeEventNames[static_cast<std::size_t>(published)];
    EXPECT_GT(counters[traversed], 0u) << kTreeEventNames[static_cast<std::size_t>(traversed)];
  }
  EXPECT_EQ(counters[TreeEvent::kPublishedRemove], counters[TreeEvent::kLeafMerge] +
                                                       counters[TreeEvent::kInnerMerge] +
                                                       counters[TreeEvent::kRootShrink]);
  EXPECT_TRUE(tree->Validate().ok()) << tree->Validate().message();
}

// Whatever deltas are left in chains, nodes that have become empty are found and merged.
TYPED_TEST(LinkedTreeTest, NothingIsLeftOfADeletedTreeButALeaf) {
  using Traits = LongChains<TypeParam>;
  TreeOptions options = Traits::Options();
  options.leaf_capacity = 8;
  options.inner_capacity = 8;
  for (const uint64_t step : {1u, 7u, 1009u, 1999u}) {
    auto tree = std::move(BwTree<Traits>::Open(options)).value();
    auto session = std::move(tree->OpenSession()).value();
    for (uint64_t i = 0; i < 2000; ++i) {
      ASSERT_EQ(session.Insert(i * 11 % 2000, i), OpResult::kOk);
    }
    for (uint64_t i = 0; i < 2000; ++i) {
      ASSERT_EQ(session.Delete(i * step % 2000), OpResult::kOk);
    }
    const TreeCounters counters = tree->Counters();
    EXPECT_GT(counters[TreeEvent::kLeafSplit], 200u);
    EXPECT_GT(counters[TreeEvent::kInnerMerge], 20u);
    EXPECT_EQ(counters[TreeEvent::kLeafMerge], counters[TreeEvent::kLeafSplit]) << step;
    EXPECT_EQ(counters[TreeEvent::kRootShrink], counters[TreeEvent::kRootGrowth]) << step;
    EXPECT_LE(tree->Memory().live_bytes - tree->Memory().retired_bytes, 4096u) << step;
  }
}

TYPED_TEST(LinkedTreeTest, ChainsMayBeLongerThanThoseOfThePackedLayout) {
  using Traits = LongChains<TypeParam>;
  TreeOptions options = Traits::Options();
  options.leaf_capacity = 128;
  options.inner_capacity = 128;
  options.leaf_chain_length = 64;
  options.inner_chain_length = 64;
  auto tree = std::move(BwTree<Traits>::Open(options)).value();
  auto session = std::move(tree->OpenSession()).value();
  for (int round = 0; round < 3; ++round) {
    for (uint64_t i = 0; i < 30'000; ++i) {
      ASSERT_EQ(session.Insert(i * 7919 % 30'000, i), OpResult::kOk);
    }
    ASSERT_TRUE(tree->Validate().ok()) << tree->Validate().message();
    for (uint64_t i = 0; i < 30'000; ++i) {
      ASSERT_EQ(session.Delete(i * 104'729 % 30'000), OpResult::kOk);
    }
    ASSERT_TRUE(tree->Validate().ok()) << tree->Validate().message();
    ASSERT_EQ(tree->Size(), 0u);
  }
  const auto packed = BwTree<DefaultTraits>::Open(options);
  EXPECT_EQ(packed.status().message(),
            "leaf_chain_length is 64; the delta layout packed takes at most 16");
}

}  // namespace
}  // namespace bwlab::test
