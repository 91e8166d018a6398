// Method: random operations on one thread go to a tree and to a std::map; every answer must agree,
// and the tree's invariants are checked on the way. Tiny nodes make structure modifications common;
// the keys gather where they are hard to tell apart (support/test_records.h).

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "support/model_fixture.h"

namespace bwlab::test {
namespace {

template <class Traits>
class BwTreeModelTest : public ModelFixture<Traits> {};
TYPED_TEST_SUITE(BwTreeModelTest, ModelTraits, TraitsName);

TYPED_TEST(BwTreeModelTest, AnEmptyTreeHoldsNothing) {
  for (const auto& key : {this->KeyAt(0), this->KeyAt(5), this->KeyAt(UINT32_MAX)}) {
    this->Get(key);
    this->Delete(key);
    this->Update(key, this->ValueAt(1));
    this->Scan(key, 10);
    this->ReverseScan(key, 10);
  }
  this->ExpectSameAsModel();
}

TYPED_TEST(BwTreeModelTest, RandomOperationsOnKeysThatAreHardToTellApart) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20'000; ++i) {
    this->DoRandomOperation(random, HardKeys<typename TypeParam::Key>::Any(random));
    if (this->HasFailure()) FAIL() << "operation " << i;
    if (i % 1000 == 0) this->ExpectSameAsModel();
  }
  this->ExpectSameAsModel();
}

TYPED_TEST(BwTreeModelTest, RandomOperationsOnManyKeys) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 40'000; ++i) {
    this->DoRandomOperation(random, this->KeyAt(random() % 15'000 * 200'003 % (1u << 31)));
    if (this->HasFailure()) FAIL() << "operation " << i;
  }
  this->ExpectSameAsModel();
}

TYPED_TEST(BwTreeModelTest, AscendingDescendingAndAlternatingInsertsAreAllFound) {
  constexpr uint64_t kCount = 2000;
  for (uint64_t i = 0; i < kCount; ++i) {
    for (uint64_t number : {uint64_t{1'000'000} + i, uint64_t{1'000'000} - 1 - i,
                            i % 2 == 0 ? 2'000'000 + i : 3'000'000 - i}) {
      this->Insert(this->KeyAt(number), this->ValueAt(i));
      if (this->HasFailure()) return;
    }
  }
  this->ExpectSameAsModel();
}

TYPED_TEST(BwTreeModelTest, EverythingCanBeDeletedAndInsertedAgain) {
  for (int round = 0; round < 3; ++round) {
    for (uint64_t i = 0; i < 2000; ++i) this->Insert(this->KeyAt(i * 7 % 2000), this->ValueAt(i));
    ASSERT_EQ(this->tree_->Size(), 2000u);
    this->ExpectSameAsModel();
    for (uint64_t i = 0; i < 2000; ++i) this->Delete(this->KeyAt(i));
    this->ExpectSameAsModel();
    if (this->HasFailure()) return;
  }
}

TYPED_TEST(BwTreeModelTest, TheOrderOfDeletionDoesNotMatter) {
  constexpr uint64_t kCount = 2000;
  const std::vector<std::function<uint64_t(uint64_t)>> orders = {
      [](uint64_t i) { return i; }, [](uint64_t i) { return kCount - 1 - i; },
      [](uint64_t i) { return i * 1009 % kCount; },
      [](uint64_t i) { return i % 2 == 0 ? i / 2 : kCount - 1 - i / 2; }};
  for (const auto& order : orders) {
    for (uint64_t i = 0; i < kCount; ++i) {
      this->Insert(this->KeyAt(i * 11 % kCount), this->ValueAt(i));
    }
    for (uint64_t i = 0; i < kCount; ++i) {
      this->Delete(this->KeyAt(order(i)));
      if (i % 500 == 0) this->ExpectSameAsModel();
      if (this->HasFailure()) return;
    }
    this->ExpectSameAsModel();
  }
}

TYPED_TEST(BwTreeModelTest, AVisitorMayStopTheScanAndUseTheSession) {
  for (uint64_t i = 0; i < 100; ++i) this->Insert(this->KeyAt(i), this->ValueAt(i));
  uint64_t next = 10;
  const auto visit = [&](const auto& key, const auto& value) {
    const uint64_t number = NumberOfKey<typename TypeParam::Key>(key);
    EXPECT_EQ(number, next);
    EXPECT_EQ(value, this->ValueAt(number));
    this->Get(this->KeyAt(99 - number));
    // A value that does not fit where the old one was, so that the page in hand is replaced.
    EXPECT_EQ(this->session_.Update(this->KeyAt(number), this->ValueAt(61)), OpResult::kOk);
    this->model_[this->KeyAt(number)] = this->ValueAt(61);
    return true;
  };
  const std::size_t visited = this->session_.Scan(
      this->KeyAt(10), 50,
      [&](const auto& key, const auto& value) { return visit(key, value) && next++ < 29; });
  EXPECT_EQ(visited, 20u);
  next = 70;
  const std::size_t visited_back = this->session_.ReverseScan(
      this->KeyAt(70), 50,
      [&](const auto& key, const auto& value) { return visit(key, value) && next-- > 51; });
  EXPECT_EQ(visited_back, 20u);
  this->ExpectSameAsModel();
}

TYPED_TEST(BwTreeModelTest, SeveralSessionsOfOneThreadSeeOneTree) {
  auto other = std::move(this->tree_->OpenSession()).value();
  for (uint64_t i = 0; i < 500; ++i) {
    auto& writer = i % 2 == 0 ? this->session_ : other;
    auto& reader = i % 2 == 0 ? other : this->session_;
    ASSERT_EQ(writer.Insert(this->KeyAt(i), this->ValueAt(i)), OpResult::kOk);
    auto value = this->ValueAt(0);
    ASSERT_EQ(reader.Get(this->KeyAt(i), &value), OpResult::kOk);
    ASSERT_EQ(value, this->ValueAt(i));
    this->model_[this->KeyAt(i)] = this->ValueAt(i);
  }
  this->ExpectSameAsModel();
}

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
    options.inner_capacity = 1024;
    options.leaf_chain_length = 20;
    options.inner_chain_length = 20;
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
