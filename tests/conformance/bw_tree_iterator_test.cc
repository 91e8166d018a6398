// Method: iterators and batched reads beside a std::map (bw_tree_model_test.cc has the rest). While
// nothing changes an iterator must agree with the map exactly; where records come and go under it,
// with what its contract leaves open: it may show its copy of one leaf, and nothing older.

#include <gtest/gtest.h>

#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "support/model_fixture.h"

namespace bwlab::test {
namespace {

/// What each record was and when, in operations.
template <class Key, class Value>
class RecordHistory {
 public:
  /// No value means that the record was deleted.
  void Add(const Key& key, int now, std::optional<Value> value) {
    versions_[key].push_back({now, std::move(value)});
  }

  /// Whether `accept` holds for what the record was at some time from `since` on.
  template <class Accept>
  bool HadSince(const Key& key, int since, Accept&& accept) const {
    std::optional<Value> value;  // absent at first
    const auto found = versions_.find(key);
    if (found != versions_.end()) {
      for (const Version& version : found->second) {
        if (version.begin > since && accept(value)) return true;
        value = version.value;
      }
    }
    return accept(value);
  }

 private:
  struct Version {
    int begin;
    std::optional<Value> value;
  };
  std::map<Key, std::vector<Version>> versions_;
};

template <class Traits>
class BwTreeIteratorTest : public ModelFixture<Traits> {
 protected:
  using Base = ModelFixture<Traits>;
  using typename Base::Key;
  using typename Base::Model;
  using typename Base::Tree;
  using Iterator = typename Tree::Iterator;
  using ModelIterator = typename Model::const_iterator;

  static Key KeyOf(const Iterator& it) { return Key(it.key()); }

  /// `expected` may be the end: the iterator must not be valid then, without being at fault.
  void ExpectAt(const Iterator& it, ModelIterator expected) {
    ASSERT_EQ(it.status(), OpResult::kOk);
    ASSERT_EQ(it.Valid(), expected != this->model_.end());
    if (!it.Valid()) return;
    ASSERT_EQ(it.key(), expected->first);
    ASSERT_EQ(it.value(), expected->second);
  }
  /// The greatest record that is at most `key`, or the end.
  ModelIterator AtMost(const Key& key) {
    const auto above = this->model_.upper_bound(key);
    return above == this->model_.begin() ? this->model_.end() : std::prev(above);
  }
  ModelIterator Last() {
    return this->model_.empty() ? this->model_.end() : std::prev(this->model_.end());
  }
  void Fill(uint64_t count, uint64_t distance = 1) {
    for (uint64_t i = 0; i < count; ++i) {
      const uint64_t number = i * 7919 % count * distance;
      this->Insert(this->KeyAt(number), this->ValueAt(number));
    }
  }
};
TYPED_TEST_SUITE(BwTreeIteratorTest, ModelTraits, TraitsName);

TYPED_TEST(BwTreeIteratorTest, IsNotPositionedAtFirstAndFindsNothingInAnEmptyTree) {
  auto it = this->session_.NewIterator();
  EXPECT_FALSE(it.Valid());
  EXPECT_EQ(it.status(), OpResult::kOk);
  const auto end = this->model_.end();
  it.SeekToFirst();
  this->ExpectAt(it, end);
  it.SeekToLast();
  this->ExpectAt(it, end);
  it.Seek(this->KeyAt(3));
  this->ExpectAt(it, end);
  it.SeekForPrev(this->KeyAt(3));
  this->ExpectAt(it, end);
}

TYPED_TEST(BwTreeIteratorTest, WalksTheWholeTreeInBothDirections) {
  this->Fill(1500);
  auto it = this->session_.NewIterator();
  it.SeekToFirst();
  for (auto at = this->model_.cbegin(); at != this->model_.cend(); ++at, it.Next()) {
    this->ExpectAt(it, at);
    if (this->HasFailure()) return;
  }
  this->ExpectAt(it, this->model_.end());
  it.SeekToLast();
  for (auto at = this->model_.crbegin(); at != this->model_.crend(); ++at, it.Prev()) {
    this->ExpectAt(it, std::prev(at.base()));
    if (this->HasFailure()) return;
  }
  this->ExpectAt(it, this->model_.end());
}

TYPED_TEST(BwTreeIteratorTest, AgreesWithTheMapWhereverItIsSentWhileNothingChanges) {
  std::mt19937_64 random(3);
  using Hard = HardKeys<typename TypeParam::Key>;
  auto it = this->session_.NewIterator();
  for (int round = 0; round < 40; ++round) {
    for (int i = 0; i < 60; ++i) {
      const auto key = Hard::Any(random);
      if (random() % 3 == 0) {
        this->Delete(key);
      } else {
        this->Upsert(key, AnyValue<typename TypeParam::Value>(random));
      }
    }
    auto at = this->model_.cend();
    for (int i = 0; i < 200; ++i) {
      switch (const auto key = Hard::Any(random); random() % 12) {
        case 0:
        case 1:
          it.Seek(key);
          at = this->model_.lower_bound(key);
          break;
        case 2:
        case 3:
          it.SeekForPrev(key);
          at = this->AtMost(key);
          break;
        case 4:
          it.SeekToFirst();
          at = this->model_.cbegin();
          break;
        case 5:
          it.SeekToLast();
          at = this->Last();
          break;
        case 6:
        case 7:
        case 8:
          if (at == this->model_.cend()) break;
          it.Next();
          ++at;
          break;
        default:
          if (at == this->model_.cend()) break;
          it.Prev();
          at = at == this->model_.cbegin() ? this->model_.cend() : std::prev(at);
      }
      if (i == 0 && !(it.Valid() && at != this->model_.cend())) {
        it.SeekToFirst();  // the last round's position may be gone
        at = this->model_.cbegin();
      }
      this->ExpectAt(it, at);
      if (this->HasFailure()) FAIL() << "round " << round << ", step " << i;
    }
  }
}

// Its key lies in its copy of the leaf, which the seek replaces by one that has changed.
TYPED_TEST(BwTreeIteratorTest, MaySeekToItsOwnKey) {
  this->Fill(300);
  auto it = this->session_.NewIterator();
  uint64_t number = 1;
  for (it.Seek(this->KeyAt(number)); it.Valid(); it.Next()) {
    const auto at = this->model_.find(this->KeyOf(it));
    this->Delete(this->KeyAt(number - 1));
    it.Seek(it.key());
    this->ExpectAt(it, at);
    this->Insert(this->KeyAt(number - 1), this->ValueAt(61));
    it.SeekForPrev(it.key());
    this->ExpectAt(it, at);
    ++number;
    if (this->HasFailure()) return;
  }
}

// Iterators stay where they were while records come and go. What must hold of a step from a to b,
// with t the moment of the iterator's last seek: b lies on the right side of a; b was there at some
// time since t, with a value that it had since t; whatever lies between them and was there all the
// time since t is not left out.
TYPED_TEST(BwTreeIteratorTest, SeveralAtATimeGoOnWhileRecordsComeAndGo) {
  std::mt19937_64 random(4);
  RecordHistory<typename TestFixture::Key, typename TestFixture::Value> history;
  struct Walker {
    typename TestFixture::Iterator it;
    int since;
  };
  std::vector<Walker> walkers;
  for (int i = 0; i < 6; ++i) walkers.push_back({this->session_.NewIterator(), 0});

  constexpr uint64_t kKeys = 400;
  for (int now = 1; now < 30'000; ++now) {
    const auto key = this->KeyAt(random() % kKeys);
    if (random() % 3 == 0) {
      // Waves, so that the tree grows and shrinks.
      if (random() % 8 < (now / 4000 % 2 == 0 ? 6u : 2u)) {
        const auto value = this->ValueAt(random() % 1000);
        this->Upsert(key, value);
        history.Add(key, now, value);
      } else {
        this->Delete(key);
        history.Add(key, now, std::nullopt);
      }
      continue;
    }
    Walker& walker = walkers[random() % walkers.size()];
    if (!walker.it.Valid() || random() % 40 == 0) {
      walker.since = now;
      if (random() % 2 == 0) {
        walker.it.Seek(key);
        this->ExpectAt(walker.it, this->model_.lower_bound(key));
      } else {
        walker.it.SeekForPrev(key);
        this->ExpectAt(walker.it, this->AtMost(key));
      }
    } else {
      const auto from = this->KeyOf(walker.it);
      const bool forward = random() % 3 != 0;
      if (forward) {
        walker.it.Next();
      } else {
        walker.it.Prev();
      }
      ASSERT_EQ(walker.it.status(), OpResult::kOk);
      const bool valid = walker.it.Valid();
      if (valid) {
        const auto to = this->KeyOf(walker.it);
        ASSERT_TRUE(forward ? from < to : to < from);
        ASSERT_TRUE(history.HadSince(to, walker.since, [&](const auto& value) {
          return value.has_value() && *value == walker.it.value();
        }));
      }
      auto skipped = forward ? this->model_.upper_bound(from) : this->model_.begin();
      auto end = this->model_.end();
      if (forward && valid) end = this->model_.lower_bound(this->KeyOf(walker.it));
      if (!forward && valid) skipped = this->model_.upper_bound(this->KeyOf(walker.it));
      if (!forward) end = this->model_.lower_bound(from);
      for (; skipped != end; ++skipped) {
        ASSERT_TRUE(history.HadSince(skipped->first, walker.since, [](const auto& value) {
          return !value.has_value();
        })) << "left out a record that was there all the time";
      }
    }
    if (this->HasFailure()) FAIL() << "operation " << now;
  }
  this->ExpectSameAsModel();
}

// A leaf is copied when it is reached, not when the walk begins.
TYPED_TEST(BwTreeIteratorTest, ShowsLeavesAsTheyAreWhenItReachesThem) {
  constexpr uint64_t kCount = 3000;
  this->Fill(kCount);
  const TreeOptions& options = this->tree_->options();
  const uint64_t copied = options.leaf_capacity + 2 * options.leaf_chain_length;
  auto up = this->session_.NewIterator();
  auto down = this->session_.NewIterator();
  up.SeekToFirst();
  down.SeekToLast();
  for (uint64_t i = 0; i < kCount; ++i) this->Update(this->KeyAt(i), this->ValueAt(i + 1'000'000));
  uint64_t steps = 0;
  for (; up.Valid(); up.Next(), down.Prev(), ++steps) {
    ASSERT_TRUE(down.Valid());
    ASSERT_EQ(up.key(), this->KeyAt(steps));
    ASSERT_EQ(down.key(), this->KeyAt(kCount - 1 - steps));
    if (steps < copied) continue;
    ASSERT_EQ(up.value(), this->ValueAt(steps + 1'000'000));
    ASSERT_EQ(down.value(), this->ValueAt(kCount - 1 - steps + 1'000'000));
  }
  EXPECT_FALSE(down.Valid());
  EXPECT_EQ(steps, kCount);
}

TYPED_TEST(BwTreeIteratorTest, OutlivesEverythingItPointsToAndKeepsNothingFromBeingFreed) {
  constexpr uint64_t kCount = 2000;
  const uint64_t empty_bytes = this->tree_->Memory().live_bytes;
  this->Fill(kCount);
  auto it = this->session_.NewIterator();
  it.Seek(this->KeyAt(kCount / 2));
  const auto key = this->KeyOf(it);
  for (uint64_t i = 0; i < kCount; ++i) this->Delete(this->KeyAt(i));
  this->session_.Trim();
  EXPECT_EQ(this->tree_->Memory().retired_bytes, 0u);
  EXPECT_LE(this->tree_->Memory().live_bytes, empty_bytes + 4096);
  ASSERT_TRUE(it.Valid());
  EXPECT_EQ(it.key(), key);
  EXPECT_EQ(it.value(), this->ValueAt(kCount / 2));
  for (std::size_t steps = 0; it.Valid(); it.Next()) ASSERT_LT(steps++, kCount);
  it.SeekToFirst();
  EXPECT_FALSE(it.Valid());
}

TYPED_TEST(BwTreeIteratorTest, MultiGetAnswersAsGetsDo) {
  std::mt19937_64 random(6);
  using Hard = HardKeys<typename TypeParam::Key>;
  this->MultiGet({});
  for (int round = 0; round < 60; ++round) {
    for (int i = 0; i < 50; ++i) {
      const auto key = Hard::Any(random);
      if (random() % 3 == 0) {
        this->Delete(key);
      } else {
        this->Upsert(key, AnyValue<typename TypeParam::Value>(random));
      }
    }
    // Around the size of a group, and the same key more than once.
    std::vector<typename TestFixture::Key> keys;
    for (std::size_t i = random() % 50; i > 0; --i) {
      keys.push_back(random() % 8 == 0 && !keys.empty() ? keys[random() % keys.size()]
                                                        : Hard::Any(random));
    }
    this->MultiGet(keys);
    if (this->HasFailure()) FAIL() << "round " << round;
  }
}

}  // namespace
}  // namespace bwlab::test
