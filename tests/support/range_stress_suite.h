#pragma once

// Method: writers insert and delete every third key, readers walk over the tree in every way there
// is. Of the keys, by number modulo three, the first are present from beginning to end, the second
// come and go, the third are never there. A walk must see its keys in strict order, each of the
// first kind exactly once, and none of the third; values carry their keys. Tiny nodes and more
// threads than cores, as in stress_suite.h.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <random>
#include <vector>

#include "support/stress.h"
#include "support/test_records.h"

namespace bwlab::test {

template <class Traits>
class RangeStressTest : public StressFixture<Traits> {
 protected:
  using Tree = TestedTree<Traits>;
  using KeyType = typename Traits::Key;
  using ValueType = typename Traits::Value;
  using Key = OwnedOf<typename Tree::Key>;
  using Value = OwnedOf<typename Tree::Value>;
  using Session = typename Tree::Session;

  static constexpr uint64_t kKeys = 3000;
  static bool IsStable(uint64_t number) { return number % 3 == 0; }
  static bool IsNeverThere(uint64_t number) { return number % 3 == 2; }
  /// Spread out, so that they differ in every digit.
  static Key KeyAt(uint64_t number) { return KeyOfNumber<KeyType>(number * 99'991); }
  static Value ValueAt(uint64_t number, uint64_t version) {
    return ValueOfNumber<ValueType>(number << 20 | version);
  }

  /// Follows a walk and checks every step.
  class Walk {
   public:
    /// From key `first` on, in either direction.
    Walk(uint64_t first, bool forward) : next_(static_cast<int64_t>(first)), forward_(forward) {}

    void Visit(const typename Tree::Key& key, const typename Tree::Value& value) {
      const uint64_t spread = NumberOfKey<KeyType>(key);
      const auto number = static_cast<int64_t>(spread / 99'991);
      ASSERT_EQ(spread % 99'991, 0u);
      ASSERT_FALSE(IsNeverThere(spread / 99'991)) << "a key that was never inserted";
      ASSERT_EQ(NumberOfValue<ValueType>(value) >> 20, spread / 99'991);
      ASSERT_TRUE(forward_ ? number >= next_ : number <= next_) << number << " out of order";
      SkipTo(number);
      next_ += forward_ ? 1 : -1;
    }
    /// The walk has come to the end of the tree.
    void End() { SkipTo(forward_ ? int64_t{kKeys} : -1); }

   private:
    void SkipTo(int64_t number) {
      for (; next_ != number; next_ += forward_ ? 1 : -1) {
        ASSERT_FALSE(IsStable(static_cast<uint64_t>(next_))) << "left out " << next_;
      }
    }
    int64_t next_;
    bool forward_;
  };

  void WriteAtRandom(Session& session, std::mt19937_64& random) {
    const uint64_t number = random() % kKeys;
    const Value value = ValueAt(number, random() % 1000);
    if (IsStable(number)) {
      ASSERT_EQ(session.Update(KeyAt(number), value), OpResult::kOk);
    } else if (!IsNeverThere(number)) {
      if (random() % 2 == 0) {
        ASSERT_EQ(session.Upsert(KeyAt(number), value), OpResult::kOk);
      } else {
        const OpResult result = session.Delete(KeyAt(number));
        ASSERT_TRUE(result == OpResult::kOk || result == OpResult::kNotFound);
      }
    }
  }
  /// Whole runs of keys come and go, so that leaves and inner nodes split and merge.
  void WriteARun(Session& session, std::mt19937_64& random) {
    const uint64_t first = random() % kKeys;
    const bool inserts = random() % 2 == 0;
    for (uint64_t number = first; number < std::min(first + 300, kKeys); ++number) {
      if (IsStable(number) || IsNeverThere(number)) continue;
      if (inserts) {
        ASSERT_EQ(session.Upsert(KeyAt(number), ValueAt(number, 0)), OpResult::kOk);
      } else {
        const OpResult result = session.Delete(KeyAt(number));
        ASSERT_TRUE(result == OpResult::kOk || result == OpResult::kNotFound);
      }
    }
  }

  void ScanOnce(Session& session, uint64_t first) {
    Walk walk(first, true);
    session.Scan(KeyAt(first), SIZE_MAX, [&](const auto& key, const auto& value) {
      walk.Visit(key, value);
      return !testing::Test::HasFatalFailure();
    });
    walk.End();
  }
  void ReverseScanOnce(Session& session, uint64_t first) {
    Walk walk(first, false);
    const auto visit = [&](const auto& key, const auto& value) {
      walk.Visit(key, value);
      return !testing::Test::HasFatalFailure();
    };
    if (first == kKeys - 1) {
      session.ReverseScan(SIZE_MAX, visit);
    } else {
      session.ReverseScan(KeyAt(first), SIZE_MAX, visit);
    }
    walk.End();
  }
  void IterateOnce(Session& session, uint64_t first, bool forward) {
    auto it = session.NewIterator();
    if (forward) {
      it.Seek(KeyAt(first));
    } else {
      it.SeekForPrev(KeyAt(first));
    }
    Walk walk(first, forward);
    while (it.Valid() && !testing::Test::HasFatalFailure()) {
      walk.Visit(it.key(), it.value());
      if (forward) {
        it.Next();
      } else {
        it.Prev();
      }
    }
    ASSERT_EQ(it.status(), OpResult::kOk);
    walk.End();
  }
  /// Up and down, with the turns anywhere in a leaf.
  void WanderOnce(Session& session, std::mt19937_64& random) {
    auto it = session.NewIterator();
    it.Seek(KeyAt(random() % (kKeys - 2)));  // the last key is stable or before one that is
    for (int leg = 0; leg < 10 && it.Valid() && !testing::Test::HasFatalFailure(); ++leg) {
      const bool forward = random() % 2 == 0;
      Walk walk(NumberOfKey<KeyType>(it.key()) / 99'991, forward);
      for (uint64_t steps = 1 + random() % 30; it.Valid(); --steps) {
        walk.Visit(it.key(), it.value());
        if (steps == 0) break;
        if (forward) {
          it.Next();
        } else {
          it.Prev();
        }
      }
      if (!it.Valid()) walk.End();
    }
    ASSERT_EQ(it.status(), OpResult::kOk);
  }
  void MultiGetOnce(Session& session, std::mt19937_64& random) {
    std::vector<uint64_t> numbers(random() % 40);
    std::vector<Key> keys;
    for (uint64_t& number : numbers) {
      number = random() % kKeys;
      keys.push_back(KeyAt(number));
    }
    const std::vector<typename Tree::Key> views(keys.begin(), keys.end());
    std::vector<Value> values(keys.size());
    std::vector<OpResult> results(keys.size());
    session.MultiGet(views, values, results);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const bool found = results[i] == OpResult::kOk;
      ASSERT_TRUE(found || !IsStable(numbers[i])) << numbers[i];
      ASSERT_FALSE(found && IsNeverThere(numbers[i])) << numbers[i];
      ASSERT_TRUE(!found || NumberOfValue<ValueType>(values[i]) >> 20 == numbers[i]);
    }
  }
};

TYPED_TEST_SUITE_P(RangeStressTest);

TYPED_TEST_P(RangeStressTest, WalksSeeWhatStaysAndNothingThatNeverWas) {
  {
    auto session = std::move(this->tree_->OpenSession()).value();
    for (uint64_t i = 0; i < this->kKeys; ++i) {
      const uint64_t number = i * 1009 % this->kKeys;
      if (this->IsNeverThere(number)) continue;
      ASSERT_EQ(session.Insert(this->KeyAt(number), this->ValueAt(number, 0)), OpResult::kOk);
    }
  }
  constexpr int kReaders = 3;
  constexpr int kWriters = 3;
  std::atomic<int> readers_left{kReaders};
  const int rounds = Rounds(120);
  RunThreads(*this->tree_, kReaders + kWriters, [&](int thread, auto& session) {
    std::mt19937_64 random(this->seed_ + static_cast<uint64_t>(thread));
    if (thread < kWriters) {
      while (readers_left.load() > 0 && !testing::Test::HasFatalFailure()) {
        if (random() % 50 == 0) {
          this->WriteARun(session, random);
        } else {
          this->WriteAtRandom(session, random);
        }
      }
      return;
    }
    for (int round = 0; round < rounds && !testing::Test::HasFatalFailure(); ++round) {
      const uint64_t first = random() % this->kKeys;
      if constexpr (requires { session.NewIterator(); }) {
        switch ((round + thread) % 6) {
          case 2:
            this->IterateOnce(session, first, true);
            continue;
          case 3:
            this->IterateOnce(session, first, false);
            continue;
          case 4:
            for (int i = 0; i < 10; ++i) this->WanderOnce(session, random);
            continue;
          case 5:
            for (int i = 0; i < 50; ++i) this->MultiGetOnce(session, random);
            continue;
          default:
            break;
        }
      }
      if ((round + thread) % 2 == 0) {
        this->ScanOnce(session, first);
      } else {
        this->ReverseScanOnce(session, random() % 4 == 0 ? this->kKeys - 1 : first);
      }
    }
    readers_left.fetch_sub(1);
  });
  this->ExpectValid();
  auto session = std::move(this->tree_->OpenSession()).value();
  this->ScanOnce(session, 0);
  this->ReverseScanOnce(session, this->kKeys - 1);
}

REGISTER_TYPED_TEST_SUITE_P(RangeStressTest, WalksSeeWhatStaysAndNothingThatNeverWas);

}  // namespace bwlab::test
