#pragma once

// A tree beside a std::map: every answer of the one must be that of the other.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "support/test_records.h"
#include "support/test_traits.h"
#include "support/tested_tree.h"

namespace bwlab::test {

template <class Traits>
class ModelFixture : public testing::Test {
 protected:
  using Tree = TestedTree<Traits>;
  using KeyType = typename Traits::Key;
  using ValueType = typename Traits::Value;
  using Key = OwnedOf<typename Tree::Key>;
  using Value = OwnedOf<typename Tree::Value>;
  using Model = std::map<Key, Value>;
  using Record = std::pair<Key, Value>;

  std::unique_ptr<Tree> tree_ = std::move(Tree::Open(Traits::Options())).value();
  typename Tree::Session session_ = std::move(tree_->OpenSession()).value();
  Model model_;

  static Key KeyAt(uint64_t number) { return KeyOfNumber<KeyType>(number); }
  static Value ValueAt(uint64_t number) { return ValueOfNumber<ValueType>(number); }

  void Insert(const Key& key, const Value& value) {
    const bool present = model_.count(key) != 0;
    ASSERT_EQ(session_.Insert(key, value), present ? OpResult::kExists : OpResult::kOk);
    model_.emplace(key, value);
  }
  void Upsert(const Key& key, const Value& value) {
    ASSERT_EQ(session_.Upsert(key, value), OpResult::kOk);
    model_[key] = value;
  }
  void Update(const Key& key, const Value& value) {
    const bool present = model_.count(key) != 0;
    ASSERT_EQ(session_.Update(key, value), present ? OpResult::kOk : OpResult::kNotFound);
    if (present) model_[key] = value;
  }
  void Delete(const Key& key) {
    const bool present = model_.count(key) != 0;
    ASSERT_EQ(session_.Delete(key), present ? OpResult::kOk : OpResult::kNotFound);
    model_.erase(key);
  }

  /// Both forms of Get.
  void Get(const Key& key) {
    const auto expected = model_.find(key);
    const Value before = ValueAt(0x5A5A);
    const OpResult result = expected == model_.end() ? OpResult::kNotFound : OpResult::kOk;
    Value found = before;
    ASSERT_EQ(session_.Get(key, &found), result);
    ASSERT_EQ(found, expected == model_.end() ? before : expected->second);
    int calls = 0;
    ASSERT_EQ(session_.Get(key,
                           [&](const typename Tree::Value& value) {
                             ++calls;
                             EXPECT_EQ(value, expected->second);
                           }),
              result);
    ASSERT_EQ(calls, expected == model_.end() ? 0 : 1);
  }

  void MultiGet(const std::vector<Key>& keys) {
    const std::vector<typename Tree::Key> views(keys.begin(), keys.end());
    const Value before = ValueAt(0x5A5A);
    std::vector<Value> values(keys.size(), before);
    std::vector<OpResult> results(keys.size(), OpResult::kExists);
    const std::size_t found = session_.MultiGet(views, values, results);
    std::size_t expected_found = 0;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const auto expected = model_.find(keys[i]);
      const bool present = expected != model_.end();
      expected_found += present ? 1 : 0;
      ASSERT_EQ(results[i], present ? OpResult::kOk : OpResult::kNotFound);
      ASSERT_EQ(values[i], present ? expected->second : before);
    }
    ASSERT_EQ(found, expected_found);
  }

  std::vector<Record> Collect(const Key& first, std::size_t limit) {
    return Collected([&](auto visit) { return session_.Scan(first, limit, visit); });
  }
  /// Scan must visit what the model holds.
  void Scan(const Key& first, std::size_t limit) {
    ASSERT_EQ(Collect(first, limit), Expected(model_.lower_bound(first), model_.end(), limit));
  }
  void ReverseScan(const Key& first, std::size_t limit) {
    const auto visited =
        Collected([&](auto visit) { return session_.ReverseScan(first, limit, visit); });
    ASSERT_EQ(visited, Expected(std::make_reverse_iterator(model_.upper_bound(first)),
                                model_.rend(), limit));
  }
  void ReverseScanFromTheEnd(std::size_t limit) {
    const auto visited = Collected([&](auto visit) { return session_.ReverseScan(limit, visit); });
    ASSERT_EQ(visited, Expected(model_.rbegin(), model_.rend(), limit));
  }

  void ExpectSameAsModel() {
    const Status status = tree_->Validate();
    ASSERT_TRUE(status.ok()) << status.message();
    ASSERT_EQ(tree_->Size(), model_.size());
    Scan(Key{}, SIZE_MAX);
    ReverseScanFromTheEnd(SIZE_MAX);
  }

  /// A write, a read or a scan.
  void DoRandomOperation(std::mt19937_64& random, const Key& key) {
    switch (random() % 16) {
      case 0:
      case 1:
      case 2:
        return Insert(key, AnyValue<ValueType>(random));
      case 3:
      case 4:
        return Upsert(key, AnyValue<ValueType>(random));
      case 5:
      case 6:
        return Update(key, AnyValue<ValueType>(random));
      case 7:
      case 8:
      case 9:
        return Delete(key);
      case 10:
        return Scan(key, random() % 40);
      case 11:
        return ReverseScan(key, random() % 40);
      case 12:
        return random() % 4 == 0 ? ReverseScanFromTheEnd(random() % 40) : Get(key);
      default:
        return Get(key);
    }
  }

 private:
  template <class Scan>
  static std::vector<Record> Collected(Scan&& scan) {
    std::vector<Record> records;
    const std::size_t visited =
        scan([&](const typename Tree::Key& key, const typename Tree::Value& value) {
          records.emplace_back(Key(key), Value(value));
          return true;
        });
    EXPECT_EQ(visited, records.size());
    return records;
  }
  template <class It>
  static std::vector<Record> Expected(It it, It end, std::size_t limit) {
    std::vector<Record> records;
    for (; it != end && limit > 0; ++it, --limit) records.emplace_back(it->first, it->second);
    return records;
  }
};

/// Every record type, layout and policy on tiny nodes, and what is shipped. Without Leak, which
/// keeps memory that these tests want back.
using ModelTraits = testing::Types<
    TinyTraits, TinyCentralized, TinyQsbr, TinyFence, TinyLinked, TinyPreallocated,
    LongChains<LinkedDeltas>, Default, WithRecords<TinyScalar, BytesKey, U64Value>,
    WithRecords<TinyTraits, BytesKey, BytesValue>, WithRecords<TinyBranchFree, U64Key, BytesValue>,
    WithRecords<TinyTraits, FixedBytesKey<5>, U64Value>,
    WithRecords<TinyTraits, FixedBytesKey<16>, BytesValue>,
    WithRecords<TinyPooled, BytesKey, BytesValue>, WithRecords<TinyLinked, BytesKey, BytesValue>,
    WithRecords<LongChains<PreallocatedDeltas>, BytesKey, U64Value>,
    WithRecords<Default, BytesKey, BytesValue>>;

}  // namespace bwlab::test
