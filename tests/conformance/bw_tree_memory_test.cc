// Method: fill and empty a tree again and again, and look at what it says it holds: what is deleted
// must be given back, to the pools and, when trimmed, to the system.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bwlab/base/sanitizer.h"
#include "bwlab/bwtree/bw_tree.h"
#include "support/test_records.h"
#include "support/test_traits.h"

namespace bwlab::test {
namespace {

/// Records of the long tests. Sanitizers make each operation ten times as long and the tiny nodes
/// of other tests reach the same states with fewer records.
constexpr uint64_t ScaledDown(uint64_t count) {
  return BWLAB_ASAN || BWLAB_TSAN ? count / 20 : count;
}

/// An emptied tree is a leaf or a few, and what they are reached by.
constexpr uint64_t kAlmostEmptyBytes = 4096;
/// A few chunks, which are in use by a page or two each.
constexpr uint64_t kTrimmedBytes = uint64_t{2} << 20;

template <class Traits>
class BwTreeMemoryTest : public testing::Test {
 protected:
  using Tree = BwTree<Traits>;
  static auto KeyAt(uint64_t number) { return KeyOfNumber<typename Traits::Key>(number); }
  static auto ValueAt(uint64_t number) { return ValueOfNumber<typename Traits::Value>(number); }

  /// Records in a fixed order that looks random: a bijection of [0, count) for count prime to it.
  static uint64_t Shuffled(uint64_t i, uint64_t count) { return i * 7'368'787 % count; }

  void Fill(uint64_t count) {
    for (uint64_t i = 0; i < count; ++i) {
      const uint64_t number = Shuffled(i, count);
      ASSERT_EQ(session_.Insert(KeyAt(number), ValueAt(i)), OpResult::kOk);
    }
  }
  /// In another order than Fill's.
  void Empty(uint64_t count) {
    for (uint64_t i = 0; i < count; ++i) {
      ASSERT_EQ(session_.Delete(KeyAt(Shuffled(Shuffled(i, count), count))), OpResult::kOk);
    }
  }

  /// Ten rounds of filling and emptying.
  void ExpectTenRoundsDoNotGrow(uint64_t count) {
    const uint64_t empty_bytes = tree_->Memory().live_bytes;
    std::vector<MemoryUsage> usage;
    for (int round = 0; round < 10; ++round) {
      Fill(count);
      if (this->HasFatalFailure()) return;
      ASSERT_EQ(tree_->Size(), count);
      Empty(count);
      if (this->HasFatalFailure()) return;
      ASSERT_EQ(tree_->Size(), 0u);
      usage.push_back(tree_->Memory());
      EXPECT_LE(usage.back().live_bytes - usage.back().retired_bytes,
                empty_bytes + kAlmostEmptyBytes);
      // What the session keeps for itself, and what the depot may hold (pool_depot.h).
      EXPECT_LE(usage.back().pooled_bytes, 8 * tree_->options().pooled_bytes_max);
    }
    // Ids wait for their grace period in batches: the slack is for trees of a few nodes.
    EXPECT_LE(usage.back().mapping_table_bytes, usage[1].mapping_table_bytes * 9 / 8 + 4096);
    const Status status = tree_->Validate();
    ASSERT_TRUE(status.ok()) << status.message();

    session_.Trim();
    const MemoryUsage trimmed = tree_->Memory();
    EXPECT_EQ(trimmed.retired_bytes, 0u);
    EXPECT_LE(trimmed.live_bytes, empty_bytes + kAlmostEmptyBytes);
    EXPECT_LE(trimmed.pooled_bytes, kTrimmedBytes);
  }

  std::unique_ptr<Tree> tree_ = std::move(Tree::Open(Traits::Options())).value();
  typename Tree::Session session_ = std::move(tree_->OpenSession()).value();
};

using AllTraits =
    testing::Types<TinyTraits, TinyLinked, Default, WithRecords<TinyPooled, BytesKey, BytesValue>,
                   WithRecords<Default, BytesKey, BytesValue>>;
TYPED_TEST_SUITE(BwTreeMemoryTest, AllTraits, TraitsName);

TYPED_TEST(BwTreeMemoryTest, TenRoundsOfFillingAndEmptyingDoNotGrowTheTree) {
  this->ExpectTenRoundsDoNotGrow(ScaledDown(30'000));
}

using DefaultMemoryTest = BwTreeMemoryTest<DefaultTraits>;

TEST_F(DefaultMemoryTest, TenRoundsWithAMillionRecordsDoNotGrowTheTree) {
  ExpectTenRoundsDoNotGrow(ScaledDown(1'000'000));
}

TEST_F(DefaultMemoryTest, AscendingInsertsFillLeavesAndRandomOnesDoNotWasteThem) {
  constexpr uint64_t kCount = 200'000;
  for (bool ascending : {true, false}) {
    auto tree = std::move(Tree::Open()).value();
    auto session = std::move(tree->OpenSession()).value();
    for (uint64_t i = 0; i < kCount; ++i) {
      const uint64_t key = ascending ? i : i * 0x9E3779B97F4A7C15;
      ASSERT_EQ(session.Insert(key, i), OpResult::kOk);
    }
    const double bytes_per_key = static_cast<double>(tree->Memory().live_bytes) / kCount;
    EXPECT_LT(bytes_per_key, 24.0) << (ascending ? "ascending" : "random");
    EXPECT_GT(bytes_per_key, 16.0);
  }
}

// A leaf of large values is most of its page, and so is the room that it keeps for new ones: both
// must follow the records down.
template <class Layout>
class LargeValueMemoryTest : public testing::Test {
 protected:
  struct Large : DefaultTraits {
    using Key = BytesKey;
    using Value = BytesValue;
    using DeltaLayout = Layout;
  };
};
using LargeValueLayouts = testing::Types<PackedDeltas, LinkedDeltas>;
TYPED_TEST_SUITE(LargeValueMemoryTest, LargeValueLayouts);

TYPED_TEST(LargeValueMemoryTest, AFewThatAreLeftDoNotKeepTheMemoryOfTheOthers) {
  constexpr uint64_t kCount = 10'000;
  constexpr uint64_t kLeft = kCount / 20;
  const std::string value(1000, 'v');
  auto tree = std::move(BwTree<typename TestFixture::Large>::Open()).value();
  auto session = std::move(tree->OpenSession()).value();
  const auto key_at = [](uint64_t i) { return std::to_string(i * 7'368'787 % kCount); };
  for (uint64_t i = 0; i < kCount; ++i) ASSERT_EQ(session.Insert(key_at(i), value), OpResult::kOk);
  for (uint64_t i = kLeft; i < kCount; ++i) ASSERT_EQ(session.Delete(key_at(i)), OpResult::kOk);
  const MemoryUsage usage = tree->Memory();
  EXPECT_LE(usage.live_bytes - usage.retired_bytes, 4 * kLeft * value.size());
}

// What all keys of a page share is stored once: eight bytes a record for the head, as many for the
// locator, the value, and what the heads do not hold.
TEST(BytesMemoryTest, ALongPrefixThatAllKeysShareCostsAlmostNothing) {
  const auto bytes_with_prefix = [](std::size_t prefix_bytes) {
    using Tree = BwTree<WithRecords<DefaultTraits, BytesKey, U64Value>>;
    auto tree = std::move(Tree::Open()).value();
    auto session = std::move(tree->OpenSession()).value();
    for (uint64_t i = 0; i < 20'000; ++i) {
      const std::string digits = std::to_string(10'000'000 + i * 7919 % 20'000 * 37);
      EXPECT_EQ(session.Insert(std::string(prefix_bytes, 'p') + digits, i), OpResult::kOk);
    }
    return tree->Memory().live_bytes;
  };
  EXPECT_LT(bytes_with_prefix(60), bytes_with_prefix(0) * 5 / 4);
}

}  // namespace
}  // namespace bwlab::test
