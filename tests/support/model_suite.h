#pragma once

// What any tree answers as a std::map does. Method: random operations on one thread go to a tree
// and to a std::map; every answer must agree, and the tree's invariants are checked on the way.
// Tiny nodes make structure modifications common; the keys gather where they are hard to tell apart
// (test_records.h).

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <random>
#include <vector>

#include "support/model_fixture.h"

namespace bwlab::test {

template <class Traits>
class ModelTest : public ModelFixture<Traits> {};
TYPED_TEST_SUITE_P(ModelTest);

TYPED_TEST_P(ModelTest, AnEmptyTreeHoldsNothing) {
  for (const auto& key : {this->KeyAt(0), this->KeyAt(5), this->KeyAt(UINT32_MAX)}) {
    this->Get(key);
    this->Delete(key);
    this->Update(key, this->ValueAt(1));
    this->Scan(key, 10);
    this->ReverseScan(key, 10);
  }
  this->ExpectSameAsModel();
}

TYPED_TEST_P(ModelTest, RandomOperationsOnKeysThatAreHardToTellApart) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20'000; ++i) {
    this->DoRandomOperation(random, HardKeys<typename TypeParam::Key>::Any(random));
    if (this->HasFailure()) FAIL() << "operation " << i;
    if (i % 1000 == 0) this->ExpectSameAsModel();
  }
  this->ExpectSameAsModel();
}

TYPED_TEST_P(ModelTest, RandomOperationsOnManyKeys) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 40'000; ++i) {
    this->DoRandomOperation(random, this->KeyAt(random() % 15'000 * 200'003 % (1u << 31)));
    if (this->HasFailure()) FAIL() << "operation " << i;
  }
  this->ExpectSameAsModel();
}

TYPED_TEST_P(ModelTest, AscendingDescendingAndAlternatingInsertsAreAllFound) {
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

TYPED_TEST_P(ModelTest, EverythingCanBeDeletedAndInsertedAgain) {
  for (int round = 0; round < 3; ++round) {
    for (uint64_t i = 0; i < 2000; ++i) this->Insert(this->KeyAt(i * 7 % 2000), this->ValueAt(i));
    ASSERT_EQ(this->tree_->Size(), 2000u);
    this->ExpectSameAsModel();
    for (uint64_t i = 0; i < 2000; ++i) this->Delete(this->KeyAt(i));
    this->ExpectSameAsModel();
    if (this->HasFailure()) return;
  }
}

TYPED_TEST_P(ModelTest, TheOrderOfDeletionDoesNotMatter) {
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

TYPED_TEST_P(ModelTest, AVisitorMayStopTheScanAndUseTheSession) {
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

TYPED_TEST_P(ModelTest, SeveralSessionsOfOneThreadSeeOneTree) {
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

REGISTER_TYPED_TEST_SUITE_P(ModelTest, AnEmptyTreeHoldsNothing,
                            RandomOperationsOnKeysThatAreHardToTellApart,
                            RandomOperationsOnManyKeys,
                            AscendingDescendingAndAlternatingInsertsAreAllFound,
                            EverythingCanBeDeletedAndInsertedAgain, TheOrderOfDeletionDoesNotMatter,
                            AVisitorMayStopTheScanAndUseTheSession,
                            SeveralSessionsOfOneThreadSeeOneTree);

}  // namespace bwlab::test
