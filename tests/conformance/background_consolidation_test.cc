// The background policy on a tree, with its workers on TBB. ThreadSanitizer, which cannot see into
// TBB, gets the same on threads of its own (stress/bw_tree_stress_test.cc, TinyWorkers).

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

#include "bwlab/bwtree/bw_tree.h"
#include "bwlab/policy/consolidation/background.h"
#include "bwlab/policy/default_traits.h"

namespace bwlab {
namespace {

struct Background : DefaultTraits {
  using Consolidation = BackgroundConsolidation;
  using Stats = CountingStats;
};
struct BackgroundBytes : Background {
  using Key = BytesKey;
};

TEST(BackgroundConsolidation, WorkersShortenChainsWhileOthersWrite) {
  constexpr uint64_t kKeys = 100000;
  auto tree = std::move(BwTree<Background>::Open()).value();
  const auto write = [&](uint64_t first) {
    auto session = std::move(tree->OpenSession()).value();
    for (uint64_t key = first; key < kKeys; key += 2) {
      ASSERT_EQ(session.Insert(key * 0x9e3779b97f4a7c15u, key), OpResult::kOk);
    }
  };
  std::thread other(write, 1);
  write(0);
  other.join();
  tree->WaitForWorkers();
  const TreeCounters counters = tree->Counters();
  EXPECT_GT(counters[TreeEvent::kConsolidationReported], 0u);
  EXPECT_GT(counters[TreeEvent::kAdvisedConsolidation], 0u);
  EXPECT_LE(counters[TreeEvent::kAdvisedConsolidation],
            counters[TreeEvent::kConsolidationReported]);
  EXPECT_EQ(tree->Size(), kKeys);
  EXPECT_TRUE(tree->Validate().ok()) << tree->Validate().message();
}

/// Leaves everything that is reported for the moment when somebody waits for it.
template <class Key>
class LazyWorkers {
 public:
  explicit LazyWorkers(const ConsolidationOptions&) {}
  void Start(std::function<void()> work) { work_ = std::move(work); }
  bool Offer(const Key& key) {
    reports_.push_back(key);
    return true;
  }
  bool Take(Key* key) {
    if (reports_.empty()) return false;
    *key = reports_.back();
    reports_.pop_back();
    return true;
  }
  void WaitUntilIdle() { work_(); }
  void Stop() { reports_.clear(); }

 private:
  std::function<void()> work_;
  std::vector<Key> reports_;
};
struct LazyConsolidation : BackgroundConsolidation {
  template <class Key>
  using Workers = LazyWorkers<Key>;
};
struct Lazy : Background {
  using Consolidation = LazyConsolidation;
};
TEST(BackgroundConsolidation, ValidateLetsTheWorkersFinish) {
  auto tree = std::move(BwTree<Lazy>::Open()).value();
  auto session = std::move(tree->OpenSession()).value();
  for (uint64_t key = 0; key < 1000; ++key) ASSERT_EQ(session.Insert(key, key), OpResult::kOk);
  EXPECT_GT(tree->Counters()[TreeEvent::kConsolidationReported], 0u);
  EXPECT_EQ(tree->Counters()[TreeEvent::kAdvisedConsolidation], 0u);
  EXPECT_TRUE(tree->Validate().ok());
  EXPECT_GT(tree->Counters()[TreeEvent::kAdvisedConsolidation], 0u);
}

TEST(BackgroundConsolidation, AFullQueueLeavesTheLeavesToTheirWriters) {
  TreeOptions options;
  options.background_queue_length = 1;
  auto tree = std::move(BwTree<BackgroundBytes>::Open(options)).value();
  auto session = std::move(tree->OpenSession()).value();
  for (uint64_t i = 0; i < 50000; ++i) {
    const uint64_t key = i * 0x9e3779b97f4a7c15u;
    ASSERT_EQ(session.Insert({reinterpret_cast<const char*>(&key), sizeof(key)}, i), OpResult::kOk);
  }
  tree->WaitForWorkers();
  EXPECT_GT(tree->Counters()[TreeEvent::kReportRefused], 0u);
  EXPECT_EQ(tree->Size(), 50000u);
  EXPECT_TRUE(tree->Validate().ok()) << tree->Validate().message();
}

TEST(BackgroundConsolidation, ATreeMayDieWhileReportsWait) {
  for (int round = 0; round < 20; ++round) {
    auto tree = std::move(BwTree<Background>::Open()).value();
    auto session = std::move(tree->OpenSession()).value();
    for (uint64_t key = 0; key < 5000; ++key) {
      ASSERT_EQ(session.Insert(key * 0x9e3779b97f4a7c15u, key), OpResult::kOk);
    }
  }
}

}  // namespace
}  // namespace bwlab
