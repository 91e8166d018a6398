#pragma once

// Method: threads work on a few neighbouring keys of a tree of tiny nodes, so that they meet on the
// same leaf and it is split and merged all the time, and write down when each operation began and
// ended and what it answered. Afterwards each key's history must have an order in which every
// answer is right (support/history.h). A scan counts as one read of every key that it passed, at
// some moment of its duration: that is what it promises. What is promised of the scan as a whole,
// its order, is checked while it runs.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "support/history.h"
#include "support/stress.h"
#include "support/test_records.h"
#include "support/test_traits.h"

namespace bwlab::test {

/// What threads saw of the keys of a round, in one order of time.
class HistoryLog {
 public:
  HistoryLog(int threads, uint64_t keys)
      : keys_(keys), threads_(static_cast<std::size_t>(threads)) {}

  /// Relaxed, so that the clock orders nothing that the tree does not.
  uint64_t Now() { return clock_.fetch_add(1, std::memory_order_relaxed); }
  void Add(int thread, uint64_t key, const HistoryEvent& event) {
    threads_[static_cast<std::size_t>(thread)].emplace_back(key, event);
  }

  /// Every key must have begun absent. @return how many histories were checked.
  uint64_t ExpectLinearizable() const {
    uint64_t checked = 0;
    for (uint64_t key = 0; key < keys_; ++key) {
      std::vector<HistoryEvent> events;
      for (const auto& thread : threads_) {
        for (const auto& [of, event] : thread) {
          if (of == key) events.push_back(event);
        }
      }
      const Verdict verdict = LinearizabilityChecker().Check(events, {});
      ++checked;
      EXPECT_NE(verdict, Verdict::kUndecided);
      if (verdict != Verdict::kNotLinearizable) continue;
      std::string text;
      std::sort(events.begin(), events.end(),
                [](const auto& a, const auto& b) { return a.begin < b.begin; });
      for (const HistoryEvent& event : events) text += ToString(event) + "\n";
      ADD_FAILURE() << "key " << key << " of the round:\n" << text;
    }
    return checked;
  }

 private:
  const uint64_t keys_;
  std::atomic<uint64_t> clock_{1};
  std::vector<std::vector<std::pair<uint64_t, HistoryEvent>>> threads_;
};

template <class Traits>
class HistoryTest : public StressFixture<Traits> {
 protected:
  using Fixture = StressFixture<Traits>;
  using Session = typename Fixture::Tree::Session;
  using KeyView = typename Fixture::Tree::Key;
  using ValueView = typename Fixture::Tree::Value;

  /// Threads that share `keys` keys, which were never used before.
  struct Round {
    uint64_t first;  // number of the first key
    uint64_t keys;
    HistoryLog& log;
  };

  static auto KeyAt(uint64_t number) { return KeyOfNumber<typename Traits::Key>(number); }
  static auto ValueAt(uint64_t number) { return ValueOfNumber<typename Traits::Value>(number); }

  static void DoWrite(const Round& round, int thread, Session& session, HistoryOp op, uint64_t key,
                      uint64_t number) {
    const auto tree_key = KeyAt(round.first + key);
    const auto value = ValueAt(number);
    HistoryEvent event{round.log.Now(), 0, op, false, number};
    OpResult result;
    switch (op) {
      case HistoryOp::kInsert:
        result = session.Insert(tree_key, value);
        event.present = result == OpResult::kExists;
        break;
      case HistoryOp::kUpsert:
        result = session.Upsert(tree_key, value);
        break;
      case HistoryOp::kUpdate:
        result = session.Update(tree_key, value);
        event.present = result == OpResult::kOk;
        break;
      default:
        result = session.Delete(tree_key);
        event.present = result == OpResult::kOk;
    }
    event.end = round.log.Now();
    ASSERT_TRUE(result == OpResult::kOk ||
                result == (op == HistoryOp::kInsert ? OpResult::kExists : OpResult::kNotFound));
    round.log.Add(thread, key, event);
  }

  static void DoGet(const Round& round, int thread, Session& session, uint64_t key) {
    auto value = ValueAt(0);
    HistoryEvent event{round.log.Now(), 0, HistoryOp::kGet, false, 0};
    event.present = session.Get(KeyAt(round.first + key), &value) == OpResult::kOk;
    event.end = round.log.Now();
    if (event.present) event.value = NumberOfValue<typename Traits::Value>(value);
    round.log.Add(thread, key, event);
  }

  /// From `key` on in either direction, over the round's keys, by visitor or by iterator.
  static void DoScan(const Round& round, int thread, Session& session, uint64_t key, bool forward,
                     bool by_iterator) {
    std::vector<HistoryEvent> seen(round.keys);
    const uint64_t begin = round.log.Now();
    uint64_t last = forward ? key : key + 1;  // where the next key may be found
    const auto visit = [&](const KeyView& tree_key, const ValueView& value) {
      const uint64_t number = NumberOfKey<typename Traits::Key>(tree_key);
      if (forward ? number >= round.first + round.keys : number < round.first) return false;
      const uint64_t at = number - round.first;
      EXPECT_TRUE(forward ? at >= last && at < round.keys : at < last) << "out of order";
      if (at >= round.keys) return false;
      last = forward ? at + 1 : at;
      seen[at].present = true;
      seen[at].value = NumberOfValue<typename Traits::Value>(value);
      return true;
    };
    const auto first = KeyAt(round.first + key);
    bool done = false;
    if constexpr (requires { session.NewIterator(); }) {
      done = by_iterator;
      if (by_iterator) {
        auto it = session.NewIterator();
        forward ? it.Seek(first) : it.SeekForPrev(first);
        for (; it.Valid() && visit(it.key(), it.value()); forward ? it.Next() : it.Prev()) {
        }
      }
    }
    if (done) {
    } else if (forward) {
      session.Scan(first, SIZE_MAX, visit);
    } else {
      session.ReverseScan(first, SIZE_MAX, visit);
    }
    const uint64_t end = round.log.Now();
    for (uint64_t at = forward ? key : 0; at < (forward ? round.keys : key + 1); ++at) {
      round.log.Add(thread, at, {begin, end, HistoryOp::kGet, seen[at].present, seen[at].value});
    }
  }

  static void DoRandomOperation(const Round& round, int thread, Session& session,
                                std::mt19937_64& random, uint64_t number) {
    const uint64_t key = random() % round.keys;
    switch (random() % 16) {
      case 0:
      case 1:
      case 2:
        return DoWrite(round, thread, session, HistoryOp::kInsert, key, number);
      case 3:
      case 4:
        return DoWrite(round, thread, session, HistoryOp::kUpsert, key, number);
      case 5:
      case 6:
        return DoWrite(round, thread, session, HistoryOp::kUpdate, key, number);
      case 7:
      case 8:
      case 9:
      case 10:
        return DoWrite(round, thread, session, HistoryOp::kDelete, key, number);
      case 11:
      case 12:
        return DoScan(round, thread, session, key, random() % 2 == 0, random() % 2 == 0);
      default:
        return DoGet(round, thread, session, key);
    }
  }
};

TYPED_TEST_SUITE_P(HistoryTest);

TYPED_TEST_P(HistoryTest, EveryKeysHistoryIsLinearizable) {
  std::mt19937_64 choices(this->seed_);
  uint64_t checked = 0;
  uint64_t first = 1000;
  const int rounds = Rounds(60);
  for (int round = 0; round < rounds && !this->HasFailure(); ++round) {
    const int threads = 2 + static_cast<int>(choices() % 7);
    const uint64_t keys = uint64_t{1} << choices() % 7;
    // A dozen of them that overlap are decided at once; hundreds on one key would not be.
    const uint64_t operations = keys < 8 ? 12 : 60;
    HistoryLog log(threads, keys);
    const typename TestFixture::Round now{first, keys, log};
    const uint64_t seed = choices();
    RunThreads(*this->tree_, threads, [&](int thread, auto& session) {
      std::mt19937_64 random(seed + static_cast<uint64_t>(thread));
      for (uint64_t i = 0; i < operations; ++i) {
        const uint64_t number = static_cast<uint64_t>(thread) << 32 | i;
        TestFixture::DoRandomOperation(now, thread, session, random, number);
      }
    });
    checked += log.ExpectLinearizable();
    first += keys;
    if (round % 8 == 7) {  // back to an empty tree now and then
      auto session = std::move(this->tree_->OpenSession()).value();
      for (uint64_t key = 1000; key < first; ++key) (void)session.Delete(this->KeyAt(key));
      ASSERT_EQ(this->tree_->Size(), 0u);
    }
  }
  this->ExpectValid();
  this->RecordProperty("histories", std::to_string(checked));
  std::printf("%llu histories\n", static_cast<unsigned long long>(checked));
}

REGISTER_TYPED_TEST_SUITE_P(HistoryTest, EveryKeysHistoryIsLinearizable);

}  // namespace bwlab::test
