// Updates in place: when they are, what ends them, and that none is lost or seen out of order. The
// threads share one leaf or a few, and few restarts of all threads come along by chance, so that
// what a copy waits for is the restart of its own page.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "bwlab/base/restartable.h"
#include "bwlab/bwtree/bw_tree.h"
#include "bwlab/policy/default_traits.h"
#include "support/stress.h"

namespace bwlab::test {
namespace {

struct Counting : DefaultTraits {
  using Stats = CountingStats;
};

class BwTreeInPlaceTest : public testing::Test {
 protected:
  using Tree = BwTree<Counting>;
  using Session = Tree::Session;

  void SetUp() override {
    if (!RestartableAvailable()) GTEST_SKIP() << "the system has no restartable sequences";
  }

  /// A leaf with the even keys below `keys`, in its base node.
  void Open(uint64_t keys, TreeOptions options = {}) {
    tree_ = std::move(Tree::Open(options)).value();
    session_.emplace(std::move(tree_->OpenSession()).value());
    for (uint64_t key = 0; key < keys; key += 2) {
      ASSERT_EQ(session_->Insert(key, 0), OpResult::kOk);
    }
  }
  /// With updates in place as soon and as often as can be, and no other restarts.
  static TreeOptions Eager() {
    TreeOptions options;
    options.leaf_chain_length = 4;
    options.in_place_after = 1;
    options.in_place_wait_max = 0;
    options.epoch_batch_size = 65536;
    return options;
  }

  uint64_t Count(TreeEvent event) const { return tree_->Counters()[event]; }
  uint64_t InPlace() const { return Count(TreeEvent::kUpdatedInPlace); }
  uint64_t Restarts() const { return Count(TreeEvent::kPageRestart); }
  void ExpectValue(uint64_t key, uint64_t expected) {
    uint64_t value = ~uint64_t{0};
    ASSERT_EQ(session_->Get(key, &value), OpResult::kOk);
    EXPECT_EQ(value, expected) << "of " << key;
  }

  std::unique_ptr<Tree> tree_;
  std::optional<Session> session_;
};

TEST_F(BwTreeInPlaceTest, UpdatesAreInPlaceFromTheSecondOfALeafOn) {
  Open(64);
  for (uint64_t i = 1; i <= 100; ++i) {
    ASSERT_EQ(session_->Update(i % 32 * 2, i), OpResult::kOk);
    EXPECT_EQ(InPlace(), i < 2 ? 0 : i - 2) << "the first is a delta, the second opens the leaf";
    ExpectValue(i % 32 * 2, i);
  }
  EXPECT_EQ(Count(TreeEvent::kPublishedUpdate), 1u);
  EXPECT_EQ(session_->Upsert(2, 7), OpResult::kOk);
  EXPECT_EQ(InPlace(), 99u);
  EXPECT_EQ(session_->Update(3, 7), OpResult::kNotFound);
  EXPECT_EQ(session_->Upsert(3, 8), OpResult::kOk);  // an insert
  EXPECT_EQ(session_->Update(3, 9), OpResult::kOk);  // in its slot
  EXPECT_EQ(InPlace(), 100u);
  ExpectValue(3, 9);
  EXPECT_EQ(session_->Delete(3), OpResult::kOk);
  EXPECT_EQ(session_->Update(3, 7), OpResult::kNotFound);
  EXPECT_EQ(Restarts(), 0u);
  EXPECT_EQ(tree_->Size(), 32u);
  EXPECT_TRUE(tree_->Validate().ok());
}

TEST_F(BwTreeInPlaceTest, NoneIsWhereTheOptionSaysSo) {
  TreeOptions options;
  options.in_place_after = 0;
  Open(64, options);
  const uint64_t consolidations = Count(TreeEvent::kLeafConsolidation);
  for (uint64_t i = 0; i < 1000; ++i) ASSERT_EQ(session_->Update(i % 32 * 2, i), OpResult::kOk);
  EXPECT_EQ(InPlace(), 0u);
  // Each is a delta, or the reason of a consolidation.
  EXPECT_EQ(Count(TreeEvent::kPublishedUpdate) + Count(TreeEvent::kLeafConsolidation),
            1000u + consolidations);
}

// Deltas that are no updates fill the slots: the leaf is copied, for which its updates must end.
TEST_F(BwTreeInPlaceTest, ACopyOfAnOpenLeafTakesARestartUnlessOneHasComeAlong) {
  Open(64);
  const auto open = [&] {
    const uint64_t before = InPlace();
    for (uint64_t i = 0; InPlace() == before; ++i) {
      ASSERT_LT(i, 10'000u);
      ASSERT_EQ(session_->Update(i % 32 * 2, i), OpResult::kOk);
    }
  };
  const auto fill_slots = [&](bool restarts_come_along) {
    const uint64_t before = Count(TreeEvent::kLeafConsolidation);
    for (uint64_t i = 0; Count(TreeEvent::kLeafConsolidation) == before; ++i) {
      ASSERT_EQ(i % 2 == 0 ? session_->Insert(1, i) : session_->Delete(1), OpResult::kOk);
      if (restarts_come_along) RestartAllThreads();
    }
    (void)session_->Delete(1);
  };
  open();
  fill_slots(true);
  EXPECT_EQ(Restarts(), 0u);
  open();
  fill_slots(false);
  EXPECT_EQ(Restarts(), 1u);
  // That was dear: the leaf waits for a generation of updates alone.
  const uint64_t in_slots = Count(TreeEvent::kPublishedUpdate);
  open();
  EXPECT_GT(Count(TreeEvent::kPublishedUpdate), in_slots + 14);
  EXPECT_TRUE(tree_->Validate().ok());
}

TEST_F(BwTreeInPlaceTest, AScanEndsThemAndSeesTheLatestValues) {
  Open(64);
  for (const bool forward : {true, false}) {
    const uint64_t restarts = Restarts();
    for (uint64_t i = 0, before = InPlace(); InPlace() < before + 40; ++i) {
      ASSERT_EQ(session_->Update(i % 32 * 2, i % 32 + 100 * (forward ? 1 : 2)), OpResult::kOk);
    }
    uint64_t visited = 0;
    const auto visit = [&](uint64_t key, uint64_t value) {
      EXPECT_EQ(value, key / 2 + 100 * (forward ? 1 : 2));
      ++visited;
      return true;
    };
    forward ? session_->Scan(0, 1000, visit) : session_->ReverseScan(1000, visit);
    EXPECT_EQ(visited, 32u);
    EXPECT_EQ(Restarts(), restarts + 1);
    const uint64_t before = InPlace();
    ASSERT_EQ(session_->Update(0, 100 * (forward ? 1 : 2)), OpResult::kOk);
    EXPECT_EQ(InPlace(), before);
    auto iterator = session_->NewIterator();
    iterator.Seek(4);
    ASSERT_TRUE(iterator.Valid());
    EXPECT_EQ(Restarts(), restarts + 1);
  }
}

// Each updater owns a key and reads its own writes, while another thread fills the slots of the
// leaf, so that it is copied again and again.
TEST_F(BwTreeInPlaceTest, NoUpdateIsLostWhileTheLeafIsCopied) {
  Open(64, Eager());
  constexpr int kUpdaters = 2;
  const auto stop_at =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(IsLongTier() ? 20'000 : 1500);
  RunThreads(*tree_, kUpdaters + 1, [&](int thread, Session& session) {
    const auto key = static_cast<uint64_t>(thread);
    for (uint64_t i = 1; std::chrono::steady_clock::now() < stop_at && !HasFailure(); ++i) {
      if (thread == kUpdaters) {
        ASSERT_EQ(session.Upsert(33, i), OpResult::kOk);
        ASSERT_EQ(session.Delete(33), OpResult::kOk);
        continue;
      }
      for (uint64_t value = 16 * i; value < 16 * i + 16; ++value) {
        ASSERT_EQ(session.Update(2 * key, value), OpResult::kOk);
        uint64_t seen = 0;
        ASSERT_EQ(session.Get(2 * key, &seen), OpResult::kOk);
        ASSERT_EQ(seen, value);
      }
    }
  });
  EXPECT_GT(InPlace(), 1000u);
  EXPECT_GT(Restarts(), 10u);
  EXPECT_TRUE(tree_->Validate().ok());
}

// Two threads update a key each, then read the other's: one of them comes second, and reads what
// the first has written. (A store that is still on its way to the cache when its thread reads on
// would let both read the old values.)
TEST_F(BwTreeInPlaceTest, AnUpdateIsSeenBeforeItsThreadReadsOn) {
  Open(64, Eager());
  const uint64_t rounds = static_cast<uint64_t>(Rounds(100'000));
  std::atomic<uint64_t> arrived[2] = {};
  std::vector<uint64_t> seen[2];
  RunThreads(*tree_, 2, [&](int thread, Session& session) {
    const auto self = static_cast<std::size_t>(thread);
    seen[self].resize(rounds + 1);
    for (uint64_t round = 1; round <= rounds; ++round) {
      arrived[self].store(round);
      while (arrived[1 - self].load() < round) {
      }
      (void)session.Update(62 * self, round);
      (void)session.Get(62 * (1 - self), &seen[self][round]);
    }
  });
  for (uint64_t round = 1; round <= rounds; ++round) {
    ASSERT_TRUE(seen[0][round] == round || seen[1][round] == round) << round;
  }
  EXPECT_GT(InPlace(), rounds);
}

// One thread updates the first key of a leaf, then the last one, to the same number. Whoever reads
// the first before the last finds the last at most as large, if it reads both as of one moment.
TEST_F(BwTreeInPlaceTest, AScanSeesALeafAsItIsAtOneMoment) {
  Open(64, Eager());
  const auto stop_at =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(IsLongTier() ? 20'000 : 1500);
  RunThreads(*tree_, 2, [&](int thread, Session& session) {
    for (uint64_t i = 1; std::chrono::steady_clock::now() < stop_at && !HasFailure(); ++i) {
      if (thread == 0) {
        for (uint64_t value = 64 * i; value < 64 * i + 64; ++value) {
          ASSERT_EQ(session.Update(0, value), OpResult::kOk);
          ASSERT_EQ(session.Update(62, value), OpResult::kOk);
        }
        continue;
      }
      uint64_t first = 0;
      uint64_t last = 0;
      const auto visit = [&](uint64_t key, uint64_t value) {
        if (key == 0) first = value;
        if (key == 62) last = value;
        return true;
      };
      switch (i % 3) {
        case 0:
          session.Scan(0, 1000, visit);
          break;
        case 1:
          session.ReverseScan(1000, visit);
          break;
        default: {
          auto iterator = session.NewIterator();
          for (iterator.SeekToFirst(); iterator.Valid(); iterator.Next()) {
            visit(iterator.key(), iterator.value());
          }
        }
      }
      ASSERT_LE(last, first);
      if (last != 0) {
        ASSERT_LE(first, last + 1);
      }
    }
  });
  EXPECT_GT(InPlace(), 1000u);
  EXPECT_GT(Restarts(), 10u);
}

}  // namespace
}  // namespace bwlab::test
