#pragma once

// Method: more threads than cores work on a tree of tiny nodes (leaf of 4, chain of 2), so that
// they are descheduled in the middle of structure modifications and nearly every operation meets
// one. Every read is checked while the threads run:
//   - a key that one thread alone writes must read back exactly what that thread wrote last;
//   - a key that others write must hold a value made for it, and versions must not go backwards for
//   one reader;
//   - a scan must be strictly ascending, miss none of the keys that are never deleted, and agree
//   with the own keys.
// At the end the tree must equal the union of what the threads wrote, and satisfy its invariants.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <map>
#include <random>
#include <vector>

#include "support/stress.h"
#include "support/test_records.h"

namespace bwlab::test {

/// Values carry their key and a version, so that any reader can tell a value that was never
/// written.
constexpr uint64_t Tag(uint64_t key) { return (key * 0x9E3779B97F4A7C15) >> 40 << 40; }
constexpr uint64_t MakeValue(uint64_t key, uint64_t version) { return Tag(key) | version; }
constexpr bool IsValueOf(uint64_t key, uint64_t value) { return value >> 40 << 40 == Tag(key); }
constexpr uint64_t VersionOf(uint64_t value) { return value & ((uint64_t{1} << 40) - 1); }

template <class Traits>
class StressTest : public StressFixture<Traits> {};

TYPED_TEST_SUITE_P(StressTest);

/// Where the test can do with any keys and values.
template <class Traits>
class RecordStressTest : public StressFixture<Traits> {
 protected:
  static auto KeyAt(uint64_t number) { return KeyOfNumber<typename Traits::Key>(number); }
  static auto ValueAt(uint64_t number) { return ValueOfNumber<typename Traits::Value>(number); }
};

TYPED_TEST_SUITE_P(RecordStressTest);

TYPED_TEST_P(RecordStressTest, EveryReadIsExplained) {
  constexpr int kThreads = 4;
  constexpr uint64_t kKeys = 2048;         // key % kThreads names the one writer
  constexpr uint64_t kStable = kKeys / 2;  // keys from here on are never deleted
  const int operations = Rounds(100'000);
  constexpr uint64_t kDistance = 99'991;  // so that keys differ in every digit
  const auto tree_key = [](uint64_t key) { return TestFixture::KeyAt(key * kDistance); };
  const auto tree_value = [](uint64_t value) { return TestFixture::ValueAt(value); };
  {
    auto session = std::move(this->tree_->OpenSession()).value();
    for (uint64_t key = kStable; key < kKeys; ++key) {
      ASSERT_EQ(session.Insert(tree_key(key), tree_value(MakeValue(key, 0))), OpResult::kOk);
    }
  }
  std::vector<std::map<uint64_t, uint64_t>> models(kThreads);
  for (uint64_t key = kStable; key < kKeys; ++key) models[key % kThreads][key] = MakeValue(key, 0);

  RunThreads(*this->tree_, kThreads, [&](int thread, auto& session) {
    std::mt19937_64 random(this->seed_ + static_cast<uint64_t>(thread));
    std::map<uint64_t, uint64_t>& mine = models[thread];
    std::vector<uint64_t> seen(kKeys, 0);  // newest version of the others' stable keys
    const auto check_other = [&](uint64_t key, uint64_t value) {
      ASSERT_TRUE(IsValueOf(key, value)) << key << " holds " << value;
      if (key < kStable) return;
      ASSERT_GE(VersionOf(value), seen[key]) << "an older value of " << key << " came back";
      seen[key] = VersionOf(value);
    };
    for (int i = 1; i <= operations && !testing::Test::HasFatalFailure(); ++i) {
      const uint64_t any = random() % kKeys;
      const uint64_t own = any / kThreads * kThreads + static_cast<uint64_t>(thread);
      const uint64_t new_value = MakeValue(own, static_cast<uint64_t>(i));
      const bool present = mine.count(own) != 0;
      switch (random() % 10) {
        case 0:
        case 1:
          ASSERT_EQ(session.Insert(tree_key(own), tree_value(new_value)),
                    present ? OpResult::kExists : OpResult::kOk);
          if (!present) mine[own] = new_value;
          break;
        case 2:
          ASSERT_EQ(session.Upsert(tree_key(own), tree_value(new_value)), OpResult::kOk);
          mine[own] = new_value;
          break;
        case 3:
          ASSERT_EQ(session.Update(tree_key(own), tree_value(new_value)),
                    present ? OpResult::kOk : OpResult::kNotFound);
          if (present) mine[own] = new_value;
          break;
        case 4:
        case 5:
          if (own >= kStable) break;
          ASSERT_EQ(session.Delete(tree_key(own)), present ? OpResult::kOk : OpResult::kNotFound);
          mine.erase(own);
          break;
        case 6: {
          uint64_t last = 0;
          uint64_t next_stable = std::max(any, kStable);
          bool first = true;
          session.Scan(tree_key(any), 100, [&](const auto& found_key, const auto& found_value) {
            const uint64_t key = NumberOfKey<typename TypeParam::Key>(found_key) / kDistance;
            const uint64_t value = NumberOfValue<typename TypeParam::Value>(found_value);
            EXPECT_EQ(tree_key(key), found_key);
            EXPECT_TRUE(first || key > last);
            if (key >= kStable) {
              EXPECT_EQ(key, next_stable++) << "a scan left out a stable key";
            }
            if (key % kThreads == static_cast<uint64_t>(thread)) {
              EXPECT_EQ(mine.count(key), 1u);
              EXPECT_EQ(mine[key], value);
            } else {
              check_other(key, value);
            }
            first = false;
            last = key;
            return !testing::Test::HasFailure();
          });
          break;
        }
        default: {
          uint64_t value = 0;
          const OpResult result = session.Get(tree_key(any), [&](const auto& found) {
            value = NumberOfValue<typename TypeParam::Value>(found);
          });
          if (any % kThreads == static_cast<uint64_t>(thread)) {
            ASSERT_EQ(result, mine.count(any) != 0 ? OpResult::kOk : OpResult::kNotFound);
            if (result == OpResult::kOk) {
              ASSERT_EQ(value, mine[any]);
            }
          } else if (result == OpResult::kOk) {
            check_other(any, value);
          } else {
            ASSERT_LT(any, kStable) << "a stable key was not found";
          }
        }
      }
    }
  });
  if (this->HasFailure()) return;

  std::map<uint64_t, uint64_t> all;
  for (const auto& model : models) all.insert(model.begin(), model.end());
  this->ExpectValid();
  EXPECT_EQ(this->tree_->Size(), all.size());
  auto session = std::move(this->tree_->OpenSession()).value();
  auto expected = all.begin();
  session.Scan(tree_key(0), SIZE_MAX, [&](const auto& key, const auto& value) {
    EXPECT_NE(expected, all.end());
    EXPECT_EQ(key, tree_key(expected->first));
    EXPECT_EQ(value, tree_value(expected->second));
    ++expected;
    return !testing::Test::HasFailure();
  });
  EXPECT_EQ(expected, all.end());
}

REGISTER_TYPED_TEST_SUITE_P(RecordStressTest, EveryReadIsExplained);

TYPED_TEST_P(StressTest, OfManyInsertsOrDeletesOfOneKeyExactlyOneWins) {
  constexpr int kThreads = 4;
  constexpr uint64_t kKeys = 400;
  for (int round = 0; round < Rounds(30); ++round) {
    std::atomic<uint64_t> inserted{0};
    RunThreads(*this->tree_, kThreads, [&](int thread, auto& session) {
      for (uint64_t key = 0; key < kKeys; ++key) {
        const OpResult result = session.Insert(key, MakeValue(key, static_cast<uint64_t>(thread)));
        ASSERT_TRUE(result == OpResult::kOk || result == OpResult::kExists);
        if (result == OpResult::kOk) inserted.fetch_add(1);
        uint64_t value = 0;
        ASSERT_EQ(session.Get(key, &value), OpResult::kOk);
        ASSERT_TRUE(IsValueOf(key, value));
      }
    });
    ASSERT_EQ(inserted, kKeys);
    ASSERT_EQ(this->tree_->Size(), kKeys);
    this->ExpectValid();

    std::atomic<uint64_t> deleted{0};
    RunThreads(*this->tree_, kThreads, [&](int, auto& session) {
      for (uint64_t key = 0; key < kKeys; ++key) {
        const OpResult result = session.Delete(key);
        ASSERT_TRUE(result == OpResult::kOk || result == OpResult::kNotFound);
        if (result == OpResult::kOk) deleted.fetch_add(1);
      }
    });
    ASSERT_EQ(deleted, kKeys);
    ASSERT_EQ(this->tree_->Size(), 0u);
    this->ExpectValid();
  }
}

// Paired inserts and deletes of the same keys by all threads, the test that the authors of
// OpenBw-Tree call "where most implementations break": what was inserted minus what was deleted
// must be what is there.
TYPED_TEST_P(StressTest, PairedInsertsAndDeletesBalance) {
  constexpr int kThreads = 8;
  constexpr uint64_t kKeys = 64;
  const int operations = Rounds(20'000);
  std::vector<std::atomic<int>> balance(kKeys);
  RunThreads(*this->tree_, kThreads, [&](int thread, auto& session) {
    std::mt19937_64 random(this->seed_ * 31 + static_cast<uint64_t>(thread));
    for (int i = 0; i < operations; ++i) {
      const uint64_t key = random() % kKeys;
      if (session.Insert(key, MakeValue(key, 1)) == OpResult::kOk) balance[key].fetch_add(1);
      if (session.Delete(key) == OpResult::kOk) balance[key].fetch_sub(1);
    }
  });
  this->ExpectValid();
  auto session = std::move(this->tree_->OpenSession()).value();
  uint64_t present = 0;
  for (uint64_t key = 0; key < kKeys; ++key) {
    uint64_t value = 0;
    const bool found = session.Get(key, &value) == OpResult::kOk;
    EXPECT_EQ(balance[key], found ? 1 : 0) << "key " << key;
    present += found ? 1 : 0;
  }
  EXPECT_EQ(this->tree_->Size(), present);
}

// All threads insert ascending keys at the right edge while readers ask for what is certainly
// there.
TYPED_TEST_P(StressTest, AscendingInsertsFromAllThreadsAreFoundAtOnce) {
  constexpr int kThreads = 4;
  const auto per_thread = static_cast<uint64_t>(Rounds(4'000));
  RunThreads(*this->tree_, kThreads, [&](int thread, auto& session) {
    for (uint64_t i = 0; i < per_thread; ++i) {
      const uint64_t key = i * kThreads + static_cast<uint64_t>(thread);
      ASSERT_EQ(session.Insert(key, MakeValue(key, 1)), OpResult::kOk);
      uint64_t value = 0;
      const uint64_t earlier = (i / 2) * kThreads + static_cast<uint64_t>(thread);
      ASSERT_EQ(session.Get(earlier, &value), OpResult::kOk);
      ASSERT_TRUE(IsValueOf(earlier, value));
    }
  });
  this->ExpectValid();
  EXPECT_EQ(this->tree_->Size(), per_thread * kThreads);
}

// Sessions come and go while others work, so that session states are reused and orphaned pages
// change hands.
TYPED_TEST_P(StressTest, SessionsMayComeAndGoAtAnyTime) {
  constexpr int kThreads = 4;
  const int sessions = Rounds(200);
  RunThreads(*this->tree_, kThreads, [&](int thread, auto&) {
    for (int i = 0; i < sessions; ++i) {
      auto session = std::move(this->tree_->OpenSession()).value();
      for (uint64_t key = 0; key < 20; ++key) {
        const uint64_t own = key * kThreads + static_cast<uint64_t>(thread);
        ASSERT_EQ(session.Upsert(own, MakeValue(own, static_cast<uint64_t>(i))), OpResult::kOk);
        uint64_t value = 0;
        ASSERT_EQ(session.Get(own, &value), OpResult::kOk);
        ASSERT_EQ(value, MakeValue(own, static_cast<uint64_t>(i)));
      }
    }
  });
  this->ExpectValid();
  EXPECT_EQ(this->tree_->Size(), 20u * kThreads);
}

REGISTER_TYPED_TEST_SUITE_P(StressTest, OfManyInsertsOrDeletesOfOneKeyExactlyOneWins,
                            PairedInsertsAndDeletesBalance,
                            AscendingInsertsFromAllThreadsAreFoundAtOnce,
                            SessionsMayComeAndGoAtAnyTime);

}  // namespace bwlab::test
