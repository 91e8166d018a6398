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
class LongPrefixMemoryTest : public testing::Test {
 protected:
  struct Traits : WithRecords<DefaultTraits, BytesKey, U64Value> {
    using Stats = CountingStats;
  };
  using Tree = BwTree<Traits>;
  static constexpr uint64_t kCount = 20'000;

  void Load(std::size_t prefix_bytes) {
    prefix_.assign(prefix_bytes, 'p');
    tree_ = std::move(Tree::Open()).value();
    auto session = std::move(tree_->OpenSession()).value();
    for (uint64_t i = 0; i < kCount; ++i) ASSERT_EQ(session.Insert(KeyAt(i), i), OpResult::kOk);
  }
  std::string KeyAt(uint64_t i) const {
    return prefix_ + std::to_string(10'000'000 + i * 7919 % kCount * 37);
  }

  std::string prefix_;
  std::unique_ptr<Tree> tree_;
};

TEST_F(LongPrefixMemoryTest, CostsAlmostNothing) {
  Load(0);
  const double without = static_cast<double>(tree_->Memory().live_bytes);
  Load(60);
  EXPECT_LT(static_cast<double>(tree_->Memory().live_bytes), without * 1.25);
}

// A page for two groups of keys that share nothing would have to hold them entire.
TEST_F(LongPrefixMemoryTest, LeavesThatWouldNotFitTogetherAreNotMerged) {
  constexpr uint64_t kGroups = 200;
  constexpr uint64_t kOfGroup = 120;
  const auto key_at = [](uint64_t group, uint64_t i) {
    return std::string(1000, static_cast<char>(' ' + group)) + std::to_string(i * 7919 % kOfGroup);
  };
  tree_ = std::move(Tree::Open()).value();
  auto session = std::move(tree_->OpenSession()).value();
  const auto for_each = [&](uint64_t first, uint64_t end, auto&& f) {
    for (uint64_t i = first; i < end; ++i) {
      for (uint64_t group = 0; group < kGroups; ++group) ASSERT_EQ(f(group, i), OpResult::kOk);
    }
  };
  for_each(0, kOfGroup,
           [&](uint64_t group, uint64_t i) { return session.Insert(key_at(group, i), i); });
  const TreeCounters loaded = tree_->Counters();
  for_each(0, kOfGroup / 2,
           [&](uint64_t group, uint64_t i) { return session.Delete(key_at(group, i)); });
  // A few that were due when the deletes began, not one for every second merge.
  EXPECT_LE(tree_->Counters()[TreeEvent::kLeafSplit], loaded[TreeEvent::kLeafSplit] + 10);
  for_each(kOfGroup / 2, kOfGroup,
           [&](uint64_t group, uint64_t i) { return session.Delete(key_at(group, i)); });
  EXPECT_GT(tree_->Counters()[TreeEvent::kLeafMerge], kGroups / 2);
}

// Half of a full leaf and its chain may be one record above the capacity; what only overwrites must
// not be copied then, but split.
TEST(BwTreeOverfullTest, ALeafAboveItsCapacityIsSplitByUpdatesToo) {
  struct Counted : DefaultTraits {
    using Stats = CountingStats;
  };
  constexpr uint32_t kCapacity = 16;
  TreeOptions options;
  options.leaf_capacity = kCapacity;
  options.leaf_chain_length = kCapacity;
  auto tree = std::move(BwTree<Counted>::Open(options)).value();
  auto session = std::move(tree->OpenSession()).value();
  const auto splits = [&] { return tree->Counters()[TreeEvent::kLeafSplit]; };
  constexpr uint64_t kRecords = 2 * kCapacity + 1;
  for (uint64_t key = kRecords; key > kCapacity + 1; --key) {
    ASSERT_EQ(session.Insert(key, 0), OpResult::kOk);
  }
  ASSERT_EQ(session.Update(kRecords, 0), OpResult::kOk);  // merges the full chain into the base
  for (uint64_t key = kCapacity + 1; key > 0; --key) {
    ASSERT_EQ(splits(), 0u);
    ASSERT_EQ(session.Insert(key, 0), OpResult::kOk);
  }
  ASSERT_EQ(splits(), 1u);
  for (uint64_t round = 0; round < 4; ++round) {
    for (uint64_t key = 1; key <= kRecords; ++key) {
      ASSERT_EQ(session.Update(key, round), OpResult::kOk);
    }
  }
  EXPECT_EQ(splits(), 2u);
}

}  // namespace
}  // namespace bwlab::test
