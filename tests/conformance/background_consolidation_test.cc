// The background policy on a tree. By itself, since ThreadSanitizer cannot see into TBB.

#include <gtest/gtest.h>

#include <cstdint>
#include <thread>
#include <utility>

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
