// Method: the engine calls the tests between any two steps that others may come between
// (bwlab/base/test_hooks.h). Each test here makes use of that in one way:
//   - a thread is parked at a point, in the middle of whatever it was doing, and all others must
//     finish their work while it stands there: no step may act as a latch;
//   - threads are held up at random at all points, and every point must be reached.
// Each thread owns the keys of one remainder and knows exactly what the tree holds of them; of the
// keys of others it knows that scans must show them in order. Needs a build with BWLAB_TEST_HOOKS.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bwlab/base/restartable.h"
#include "bwlab/bwtree/bw_tree.h"
#include "support/schedule.h"
#include "support/stress.h"
#include "support/test_records.h"
#include "support/test_traits.h"

namespace bwlab::test {
namespace {

constexpr uint64_t kThreads = 4;
constexpr uint64_t kKeys = 96;
/// Of a tree that is a leaf at one moment and has a root above it at the next.
constexpr uint64_t kFewKeys = 12;

/// A thread's work on its own keys, and what it knows of them.
template <class Traits>
class OwnKeys {
 public:
  using Tree = BwTree<Traits>;
  using Session = typename Tree::Session;

  OwnKeys(uint64_t thread, uint64_t seed, uint64_t keys)
      : thread_(thread), keys_(keys), random_(seed * kThreads + thread) {}

  /// A run of inserts and one of deletes take turns, so that the tree grows and shrinks whole.
  void DoRandomOperation(Session& session) {
    const uint64_t number = random_() % (keys_ / kThreads) * kThreads + thread_;
    const bool grows = ++operations_ / (2 * keys_) % 2 == 0;
    const auto key = KeyAt(number);
    const auto known = model_.find(number);
    const bool present = known != model_.end();
    switch (random_() % 8) {
      case 0:
        return Scan(session, number, true);
      case 1:
        return Scan(session, number, false);
      case 2: {
        auto value = ValueAt(0);
        ASSERT_EQ(session.Get(key, &value), present ? OpResult::kOk : OpResult::kNotFound);
        if (present) {
          ASSERT_EQ(value, ValueAt(known->second));
        }
        return;
      }
      case 3:
        ASSERT_EQ(session.Update(key, ValueAt(operations_)),
                  present ? OpResult::kOk : OpResult::kNotFound);
        if (present) known->second = operations_;
        return;
      default:
        break;
    }
    if (grows ? random_() % 8 == 0 : random_() % 8 != 0) {
      ASSERT_EQ(session.Delete(key), present ? OpResult::kOk : OpResult::kNotFound);
      if (present) model_.erase(known);
    } else {
      ASSERT_EQ(session.Insert(key, ValueAt(operations_)),
                present ? OpResult::kExists : OpResult::kOk);
      model_.emplace(number, operations_);
    }
  }

  const std::map<uint64_t, uint64_t>& model() const { return model_; }
  static auto KeyAt(uint64_t number) { return KeyOfNumber<typename Traits::Key>(number); }
  static auto ValueAt(uint64_t number) { return ValueOfNumber<typename Traits::Value>(number); }

 private:
  void Scan(Session& session, uint64_t first, bool forward) {
    std::map<uint64_t, uint64_t> own;
    std::optional<uint64_t> last;
    const auto visit = [&](const auto& key, const auto& value) {
      const uint64_t number = NumberOfKey<typename Traits::Key>(key);
      EXPECT_TRUE(!last || (forward ? number > *last : number < *last)) << "out of order";
      last = number;
      if (number % kThreads == thread_) own[number] = NumberOfValue<typename Traits::Value>(value);
      return true;
    };
    const auto key = KeyAt(first);
    if (forward) {
      session.Scan(key, SIZE_MAX, visit);
      ASSERT_TRUE(std::equal(own.begin(), own.end(), model_.lower_bound(first), model_.end()));
    } else {
      session.ReverseScan(key, SIZE_MAX, visit);
      ASSERT_TRUE(std::equal(own.begin(), own.end(), model_.begin(), model_.upper_bound(first)));
    }
  }

  const uint64_t thread_;
  const uint64_t keys_;
  std::mt19937_64 random_;
  uint64_t operations_ = 0;
  std::map<uint64_t, uint64_t> model_;
};

template <class Traits>
void ExpectHoldsAll(BwTree<Traits>& tree, const std::vector<OwnKeys<Traits>>& owners) {
  std::map<uint64_t, uint64_t> all;
  for (const auto& owner : owners) all.insert(owner.model().begin(), owner.model().end());
  std::map<uint64_t, uint64_t> held;
  auto session = std::move(tree.OpenSession()).value();
  session.Scan(OwnKeys<Traits>::KeyAt(0), SIZE_MAX, [&](const auto& key, const auto& value) {
    held[NumberOfKey<typename Traits::Key>(key)] = NumberOfValue<typename Traits::Value>(value);
    return true;
  });
  EXPECT_EQ(held, all);
  EXPECT_EQ(tree.Size(), all.size());
  const Status status = tree.Validate();
  EXPECT_TRUE(status.ok()) << status.message();
}

template <class Traits>
std::vector<OwnKeys<Traits>> Owners(uint64_t seed, uint64_t keys) {
  std::vector<OwnKeys<Traits>> owners;
  for (uint64_t thread = 0; thread < kThreads; ++thread) owners.emplace_back(thread, seed, keys);
  return owners;
}

using Clock = std::chrono::steady_clock;

/// Thread 0 is parked at `point` as soon as it gets there; the others then have work to finish.
/// @return false where it did not get there in the time.
template <class Traits>
bool OthersFinishWhileOneIsParked(TestPoint point, uint64_t keys,
                                  std::chrono::milliseconds patience) {
  constexpr int kWork = 600;  // operations of each of the others: the tree shrinks and grows
  auto tree = std::move(BwTree<Traits>::Open(Traits::Options())).value();
  auto owners = Owners<Traits>(Seed(), keys);
  Parking parking(point);
  std::atomic<uint64_t> finished{0};
  std::atomic<bool> given_up{false};
  const auto give_up_at = Clock::now() + patience;
  RunThreads(*tree, kThreads + 1, [&](int thread, auto& session) {
    const auto stop_waiting = [&] { return given_up.load() || testing::Test::HasFatalFailure(); };
    if (thread == 0) {
      parking.Offer();
      while (finished < kThreads - 1 && !stop_waiting()) owners[0].DoRandomOperation(session);
      Parking::Withdraw();
    } else if (thread < static_cast<int>(kThreads)) {
      auto& owner = owners[static_cast<std::size_t>(thread)];
      while (!parking.occupied() && !stop_waiting()) owner.DoRandomOperation(session);
      for (int i = 0; i < kWork && !stop_waiting(); ++i) owner.DoRandomOperation(session);
      ++finished;
    } else {  // who watches
      while (!parking.occupied() && Clock::now() < give_up_at) std::this_thread::yield();
      if (!parking.occupied()) given_up = true;
      const auto late = Clock::now() + std::chrono::seconds(60);
      while (finished < kThreads - 1 && Clock::now() < late) std::this_thread::yield();
      if (finished < kThreads - 1) {  // nothing to be saved: they cannot be stopped
        std::fprintf(stderr, "threads wait for one that is parked at %s\n",
                     std::string(ToString(point)).c_str());
        std::abort();
      }
      parking.Release();
    }
  });
  const bool parked = !given_up;
  ExpectHoldsAll(*tree, owners);
  return parked;
}

class BwTreeParkingTest : public testing::TestWithParam<TestPoint> {};

TEST_P(BwTreeParkingTest, OthersFinishWhileAThreadIsParked) {
  constexpr std::chrono::milliseconds kPatience(500);
  int reached = 0;
  const auto run = [&]<class Traits>(Traits) {
    if (HasFailure()) return;
    SCOPED_TRACE(std::string(Traits::kName));
    for (const uint64_t keys : {kKeys, kFewKeys}) {
      reached += OthersFinishWhileOneIsParked<Traits>(GetParam(), keys, kPatience) ? 1 : 0;
    }
  };
  run(TinyTraits{});
  run(TinyLinked{});
  run(WithRecords<TinyPreallocated, BytesKey, BytesValue>{});
  run(TinyCentralized{});
  EXPECT_GT(reached, 0) << "no configuration ever came to " << ToString(GetParam());
}

std::vector<TestPoint> AllPoints() {
  std::vector<TestPoint> points;
  for (std::size_t i = 0; i < kTestPointCount; ++i) points.push_back(static_cast<TestPoint>(i));
  return points;
}
INSTANTIATE_TEST_SUITE_P(At, BwTreeParkingTest, testing::ValuesIn(AllPoints()),
                         [](const auto& point) { return std::string(ToString(point.param)); });

/// Runs `work` in a thread of its own that may be parked, until it is.
class ParkedThread {
 public:
  ParkedThread(TestPoint point, std::function<void()> work)
      : parking_(point), thread_([this, work = std::move(work)] {
          parking_.Offer();
          work();
          done_ = true;
        }) {
    while (!parking_.occupied() && !done_) std::this_thread::yield();
  }
  ~ParkedThread() { Finish(); }
  ParkedThread(const ParkedThread&) = delete;
  ParkedThread& operator=(const ParkedThread&) = delete;

  bool parked() const { return parking_.occupied(); }
  /// Lets it go on, and waits for its end.
  void Finish() {
    parking_.Release();
    if (thread_.joinable()) thread_.join();
  }

 private:
  Parking parking_;
  std::atomic<bool> done_{false};
  std::thread thread_;
};

/// A writer has read the parent; the leaf splits, its right half is emptied and absorbed again, and
/// the index term of the half still stands when the writer goes on: it finds the leaf as wide as it
/// was, and writes. Whoever comes after it must not look into the half, whose page is frozen.
/// @return whether somebody was stopped between the absorption and the removal of the index term.
bool ReadAfterAbsorption(uint64_t inserts, bool descending) {
  using Tree = BwTree<TinyTraits>;
  auto tree = std::move(Tree::Open(TinyTraits::Options())).value();
  auto session = std::move(tree->OpenSession()).value();
  constexpr uint64_t kWritten = 99;
  for (const uint64_t key : {0, 300, 400, 500, 600, 700, 410, 420}) {
    EXPECT_EQ(session.Insert(key, key), OpResult::kOk);
  }
  EXPECT_EQ(session.Delete(300), OpResult::kOk);  // the first leaf holds key 0 alone
  ParkedThread writer(TestPoint::kNodeRead, [&] {
    auto own = std::move(tree->OpenSession()).value();
    EXPECT_EQ(own.Insert(kWritten, 1), OpResult::kOk);
  });
  EXPECT_TRUE(writer.parked());
  for (uint64_t i = 1; i <= inserts; ++i) EXPECT_EQ(session.Insert(10 * i, i), OpResult::kOk);
  ParkedThread merger(TestPoint::kVictimAbsorbed, [&] {
    auto own = std::move(tree->OpenSession()).value();
    for (uint64_t i = 1; i <= inserts; ++i) {
      EXPECT_EQ(own.Delete(10 * (descending ? inserts + 1 - i : i)), OpResult::kOk);
    }
  });
  const bool parked = merger.parked();
  writer.Finish();
  uint64_t value = 0;
  EXPECT_EQ(session.Get(kWritten, &value), OpResult::kOk);
  uint64_t found = 0;
  session.Scan(kWritten, 1, [&](uint64_t key, uint64_t) {
    found = key;
    return true;
  });
  EXPECT_EQ(found, kWritten);
  merger.Finish();
  EXPECT_TRUE(tree->Validate().ok());
  return parked;
}

TEST(BwTreeScheduleTest, ReadersDoNotLookIntoAnAbsorbedLeaf) {
  int parked = 0;
  for (uint64_t inserts = 2; inserts < 16; ++inserts) {
    for (const bool descending : {false, true}) {
      if (ReadAfterAbsorption(inserts, descending)) ++parked;
    }
  }
  EXPECT_GT(parked, 0);
}

/// A session has written twice to the last leaf. The leaf is merged away, and its id may become
/// that of the right half of a split whose writer is stopped before it publishes the left one: what
/// the session wrote there would be lost with the split, which another write makes fail.
/// @return whether a split was stopped.
bool WriteAfterTheLastLeafEnded(uint64_t inserts, uint64_t kept) {
  using Tree = BwTree<TinyTraits>;
  auto tree = std::move(Tree::Open(TinyTraits::Options())).value();
  auto session = std::move(tree->OpenSession()).value();
  auto other = std::move(tree->OpenSession()).value();
  for (uint64_t key = 1; key <= inserts; ++key) EXPECT_EQ(other.Insert(key, key), OpResult::kOk);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(session.Update(inserts, i), OpResult::kOk);
  for (uint64_t key = inserts; key > kept; --key) EXPECT_EQ(other.Delete(key), OpResult::kOk);
  for (int i = 0; i < 4; ++i) other.Trim();
  ParkedThread splitter(TestPoint::kRightHalfInstalled, [&] {
    auto own = std::move(tree->OpenSession()).value();
    for (uint64_t key = kept + 1; key <= inserts; ++key) {
      EXPECT_EQ(own.Insert(key, key), OpResult::kOk);
    }
  });
  const bool parked = splitter.parked();
  const uint64_t written = 2 * inserts;
  EXPECT_EQ(session.Insert(written, 1), OpResult::kOk);
  EXPECT_EQ(other.Insert(written + 1, 1), OpResult::kOk);
  splitter.Finish();
  uint64_t value = 0;
  EXPECT_EQ(session.Get(written, &value), OpResult::kOk);
  EXPECT_TRUE(tree->Validate().ok());
  return parked;
}

TEST(BwTreeScheduleTest, AWriteDoesNotFollowTheLastOneToALeafThatHasEnded) {
  int parked = 0;
  for (uint64_t inserts = 6; inserts < 40; ++inserts) {
    for (uint64_t kept = 0; kept < 5; ++kept) {
      if (WriteAfterTheLastLeafEnded(inserts, kept)) ++parked;
      if (HasFailure()) return;
    }
  }
  EXPECT_GT(parked, 0);
}

/// A scan has closed an open leaf, and stores to it may be under way. What is published meanwhile
/// may tell of values from before such a store: a scan that sees the store must see that, too.
TEST(BwTreeScheduleTest, AScanSeesWhatWasPublishedWhileALeafWasSettled) {
  if (!RestartableAvailable()) GTEST_SKIP() << "the system has no restartable sequences";
  using Tree = BwTree<TinyTraits>;
  auto tree = std::move(Tree::Open(TinyTraits::Options())).value();
  auto session = std::move(tree->OpenSession()).value();
  for (const uint64_t key : {1, 2, 3}) ASSERT_EQ(session.Insert(key, 0), OpResult::kOk);
  for (const uint64_t key : {1, 2, 3}) ASSERT_EQ(session.Update(key, 5), OpResult::kOk);
  std::map<uint64_t, uint64_t> scanned;
  ParkedThread scanner(TestPoint::kWordClosed, [&] {
    auto own = std::move(tree->OpenSession()).value();
    own.Scan(0, 10, [&](uint64_t key, uint64_t value) {
      scanned[key] = value;
      return true;
    });
  });
  ASSERT_TRUE(scanner.parked());
  ASSERT_EQ(session.Update(2, 6), OpResult::kOk);
  scanner.Finish();
  EXPECT_EQ(scanned, (std::map<uint64_t, uint64_t>{{1, 5}, {2, 6}, {3, 5}}));
}

TEST(BwTreeScheduleTest, EveryPointIsReachedOftenWhereThreadsAreHeldUpAtRandom) {
  const auto hits_wanted = static_cast<uint64_t>(Rounds(250));  // 1000 in the long tier
  const uint64_t seed = Seed();
  RecordProperty("seed", std::to_string(seed));
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  const auto all_reached = [&] {
    for (const TestPoint point : AllPoints()) {
      if (Perturbation::Hits(point) < hits_wanted) return false;
    }
    return true;
  };
  uint64_t round = 0;
  const auto run = [&]<class Traits>(Traits) {
    SCOPED_TRACE(std::string(Traits::kName));
    const Perturbation perturbation(seed + ++round);
    auto tree = std::move(BwTree<Traits>::Open(Traits::Options())).value();
    auto owners = Owners<Traits>(seed + round, round % 3 == 0 ? kKeys : kFewKeys);
    RunThreads(*tree, kThreads, [&](int thread, auto& session) {
      for (int i = 0; i < 2000 && !HasFatalFailure(); ++i) {
        owners[static_cast<std::size_t>(thread)].DoRandomOperation(session);
      }
    });
    ExpectHoldsAll(*tree, owners);
  };
  const auto stop_at = Clock::now() + std::chrono::seconds(IsLongTier() ? 240 : 60);
  for (int i = 0; i < Rounds(2) || (!all_reached() && Clock::now() < stop_at); ++i) {
    run(TinyTraits{});
    run(TinyPooled{});
    run(TinyLinked{});
    run(TinyPreallocated{});
    run(LongChains<LinkedDeltas>{});
    run(TinyCentralized{});
    run(TinyQsbr{});
    run(TinyWorkers{});
    run(WithRecords<TinyTraits, BytesKey, BytesValue>{});
    if (HasFailure()) return;
  }
  for (const TestPoint point : AllPoints()) {
    std::printf("%-20s %12llu\n", std::string(ToString(point)).c_str(),
                static_cast<unsigned long long>(Perturbation::Hits(point)));
    EXPECT_GE(Perturbation::Hits(point), hits_wanted) << ToString(point);
  }
}

}  // namespace
}  // namespace bwlab::test
