// No policy is an alias of another: each leaves a mark in a counter or in the number of
// instructions that a tree executes. Instructions are counted exactly
// (support/instruction_counter.h), so that the comparison needs no quiet machine.

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "bwlab/base/memory.h"
#include "bwlab/bwtree/bw_tree.h"
#include "bwlab/bwtree/linked_editor.h"
#include "bwlab/policy/allocator/system.h"
#include "bwlab/policy/backoff/backoff.h"
#include "bwlab/policy/default_traits.h"
#include "bwlab/policy/reclamation/epoch_centralized.h"
#include "bwlab/policy/reclamation/leak.h"
#include "bwlab/policy/reclamation/qsbr.h"
#include "bwlab/policy/search/scalar.h"
#include "bwlab/policy/search/simd.h"
#if BWLAB_WITH_TBB
#include "bwlab/policy/allocator/tbb_scalable.h"
#endif
#include "support/instruction_counter.h"

namespace bwlab {
namespace {

constexpr uint64_t kKeys = 3000;
constexpr uint64_t kOperations = 40;  // counted; an instruction takes up to 40 us to count
constexpr uint64_t KeyOf(uint64_t i) { return i * 0x9e3779b97f4a7c15u; }

template <class Traits>
struct Loaded {
  explicit Loaded(const TreeOptions& options = Traits::Options())
      : tree(std::move(BwTree<Traits>::Open(options)).value()),
        session(std::move(tree->OpenSession()).value()) {
    for (uint64_t i = 0; i < kKeys; ++i) EXPECT_EQ(session.Insert(KeyOf(i), i), OpResult::kOk);
  }
  std::unique_ptr<BwTree<Traits>> tree;
  typename BwTree<Traits>::Session session;
};

struct Counting : DefaultTraits {
  using Stats = CountingStats;
};

/// Instructions of kOperations reads and as many updates.
struct Cost {
  uint64_t reads;
  uint64_t updates;
  friend auto operator<=>(const Cost&, const Cost&) = default;
};
template <class Traits>
Cost CostOf(const TreeOptions& options = Traits::Options()) {
  if constexpr (test::kCountsInstructions) {
    Loaded<Traits> loaded(options);
    const auto reads = [&] {
      uint64_t value = 0;
      for (uint64_t i = 0; i < kOperations; ++i) (void)loaded.session.Get(KeyOf(i * 7), &value);
    };
    const auto updates = [&] {  // of one key, so that its leaf is consolidated
      for (uint64_t i = 0; i < kOperations; ++i) (void)loaded.session.Update(KeyOf(7), i);
    };
    reads();  // page faults and first uses lie behind
    return {test::CountInstructions(reads), test::CountInstructions(updates)};
  } else {
    return {};
  }
}

/// Adds a cost under a name, and fails where another name has the same.
class Distinct {
 public:
  void Add(std::string_view name, const Cost& cost) {
    const auto [at, added] = names_.emplace(cost, name);
    EXPECT_TRUE(added) << name << " costs exactly what " << at->second << " costs";
    RecordProperty(std::string(name), cost);
  }

 private:
  static void RecordProperty(const std::string& name, const Cost& cost) {
    testing::Test::RecordProperty(name + "_reads", std::to_string(cost.reads));
    testing::Test::RecordProperty(name + "_updates", std::to_string(cost.updates));
  }
  std::map<Cost, std::string_view> names_;
};

class PolicyInstructions : public testing::Test {
 protected:
  void SetUp() override {
    if (!test::kCountsInstructions) GTEST_SKIP() << "instructions of a sanitizer build say nothing";
  }
  Distinct costs_;
};

template <class Policy>
struct WithSearch : DefaultTraits {
  using Search = Policy;
};
TEST_F(PolicyInstructions, OfEachSearch) {
  costs_.Add("linear", CostOf<WithSearch<LinearSearch>>());
  costs_.Add("binary", CostOf<WithSearch<ScalarBinarySearch>>());
  costs_.Add("branch_free", CostOf<WithSearch<BranchFreeSearch>>());
#if XSIMD_WITH_SSE4_2
  costs_.Add("simd_sse42", CostOf<WithSearch<SimdSearch<xsimd::sse4_2>>>());
#endif
#if XSIMD_WITH_AVX2
  costs_.Add("simd_avx2", CostOf<WithSearch<SimdSearch<xsimd::avx2>>>());
#endif
#if XSIMD_WITH_AVX512F
  costs_.Add("simd_avx512", CostOf<WithSearch<SimdSearch<xsimd::avx512f>>>());
#endif
}

struct Linked : DefaultTraits {
  using DeltaLayout = LinkedDeltas;
};
TEST_F(PolicyInstructions, OfSearchesWithAndWithoutShortcuts) {
  TreeOptions options;
  costs_.Add("without shortcuts", CostOf<Linked>(options));
  options.search_shortcuts = 1;
  costs_.Add("with shortcuts", CostOf<Linked>(options));
}

template <class Policy>
struct WithReclamation : DefaultTraits {
  using Reclamation = Policy;
};
TEST_F(PolicyInstructions, OfEachReclamation) {
  TreeOptions fence;
  fence.membarrier = 0;
  // Chains and batches so short that a few updates free several batches.
  TreeOptions immediate;
  immediate.epoch_batch_size = 8;
  immediate.leaf_chain_length = 2;
  TreeOptions amortised = immediate;
  amortised.epoch_frees_per_retire_max = 2;
  costs_.Add("epoch_decentralized", CostOf<DefaultTraits>());
  costs_.Add("epoch_decentralized, fence", CostOf<DefaultTraits>(fence));
  costs_.Add("epoch_decentralized, batches of 8", CostOf<DefaultTraits>(immediate));
  costs_.Add("epoch_decentralized, batches of 8, amortised", CostOf<DefaultTraits>(amortised));
  costs_.Add("epoch_centralized", CostOf<WithReclamation<EpochCentralized>>());
  costs_.Add("qsbr", CostOf<WithReclamation<Qsbr>>());
  costs_.Add("leak", CostOf<WithReclamation<Leak>>());
}

template <class Policy>
struct WithAllocator : DefaultTraits {
  using Allocator = Policy;
};
TEST_F(PolicyInstructions, OfEachAllocator) {
  costs_.Add("pool", CostOf<DefaultTraits>());
  costs_.Add("system", CostOf<WithAllocator<SystemAllocator>>());
#if BWLAB_WITH_TBB
  costs_.Add("tbb_scalable", CostOf<WithAllocator<TbbScalableAllocator>>());
#endif
}

template <class Stats>
[[gnu::noinline]] void NoteAHundredTimes(Stats& stats) {
  for (int i = 0; i < 100; ++i) {
    stats.Add(TreeEvent::kCasLost);
    asm volatile("" : : : "memory");  // keeps the loop
  }
}
template <class Stats>
uint64_t CostOfNoting() {
  if constexpr (test::kCountsInstructions) {
    Stats stats;
    return test::CountInstructions([&stats] { NoteAHundredTimes(stats); });
  } else {
    return 0;
  }
}
TEST_F(PolicyInstructions, OfCountingAndNotCounting) {
  struct Nothing {
    void Add(TreeEvent) {}
  };
#ifdef __OPTIMIZE__
  EXPECT_EQ(CostOfNoting<NoStats>(), CostOfNoting<Nothing>()) << "off costs nothing";
#endif
  EXPECT_GE(CostOfNoting<CountingStats>(), CostOfNoting<NoStats>() + 100);
}

/// Ten operations that each lose three CASes and then win.
template <class Backoff>
Cost CostOfLosing() {
  if constexpr (test::kCountsInstructions) {
    typename Backoff::Local local(BackoffLimits{4, 64});
    const auto lose = [&local] {
      for (int i = 0; i < 10; ++i) {
        Backoff backoff(local);
        for (int lost = 0; lost < 3; ++lost) backoff.Pause();
      }
    };
    lose();
    // Twice, so that chance does not easily make random pauses cost what others do.
    const uint64_t first = test::CountInstructions(lose);
    return {first, test::CountInstructions(lose)};
  } else {
    return {};
  }
}
TEST_F(PolicyInstructions, OfEachBackoff) {
  costs_.Add("none", CostOfLosing<NoBackoff>());
  costs_.Add("pause", CostOfLosing<PauseBackoff>());
  costs_.Add("exponential", CostOfLosing<ExponentialBackoff>());
  costs_.Add("exponential_jitter", CostOfLosing<ExponentialJitterBackoff>());
  costs_.Add("yield", CostOfLosing<YieldBackoff>());
  costs_.Add("adaptive", CostOfLosing<AdaptiveBackoff>());
}

template <class Policy>
struct CountingReclamation : Counting {
  using Reclamation = Policy;
};
TEST(PolicyCounters, LeakFreesNothingAndTheOthersDo) {
  TreeOptions options;
  options.epoch_batch_size = 4;
  options.in_place_after = 0;  // each update is to count towards a page
  const auto freed = [&]<class Traits>(Traits) {
    Loaded<Traits> loaded(options);
    for (uint64_t i = 0; i < kKeys; ++i) (void)loaded.session.Update(KeyOf(i), 1);
    EXPECT_GT(loaded.tree->Counters()[TreeEvent::kPageRetired], 100u);
    return loaded.tree->Counters()[TreeEvent::kPageFreed];
  };
  EXPECT_EQ(freed(CountingReclamation<Leak>{}), 0u);
  EXPECT_GT(freed(CountingReclamation<EpochDecentralized>{}), 100u);
  EXPECT_GT(freed(CountingReclamation<EpochCentralized>{}), 100u);
  EXPECT_GT(freed(CountingReclamation<Qsbr>{}), 100u);
}

TEST(PolicyCounters, AnIdleSessionOfQsbrAloneHoldsPagesBackAndOnlyUntilItParks) {
  TreeOptions options;
  options.epoch_batch_size = 4;
  options.in_place_after = 0;  // each update is to count towards a page
  const auto freed = [&]<class Traits>(Traits, bool parks) {
    Loaded<Traits> loaded(options);
    auto idle = std::move(loaded.tree->OpenSession()).value();
    uint64_t value = 0;
    EXPECT_EQ(idle.Get(KeyOf(0), &value), OpResult::kOk);
    if (parks) idle.Park();
    const uint64_t before = loaded.tree->Counters()[TreeEvent::kPageFreed];
    for (uint64_t i = 0; i < kKeys; ++i) (void)loaded.session.Update(KeyOf(i), 1);
    EXPECT_EQ(idle.Get(KeyOf(0), &value), OpResult::kOk);
    EXPECT_EQ(value, 1u);
    return loaded.tree->Counters()[TreeEvent::kPageFreed] - before;
  };
  EXPECT_LE(freed(CountingReclamation<Qsbr>{}, false), 8u);  // what had been retired before
  EXPECT_GT(freed(CountingReclamation<Qsbr>{}, true), 100u);
  EXPECT_GT(freed(CountingReclamation<EpochDecentralized>{}, false), 100u);
  EXPECT_GT(freed(CountingReclamation<EpochDecentralized>{}, true), 100u);
}

TEST(PolicyCounters, LargeBatchesKeepPagesLonger) {
  const auto waiting = [](uint32_t batch) {
    TreeOptions options;
    options.epoch_batch_size = batch;
    Loaded<Counting> loaded(options);
    return loaded.tree->Memory().retired_bytes;
  };
  EXPECT_LT(waiting(1), waiting(64));
}

TEST(PolicyCounters, HugePagesAreAskedForWhereTheNumberSaysSo) {
  const auto accepted = [](uint32_t huge_pages) {
    TreeOptions options;
    options.huge_pages = huge_pages;
    return Loaded<DefaultTraits>(options).tree->Memory().huge_pages;
  };
  EXPECT_EQ(accepted(1), VirtualReservation(kHugePageBytes, true).huge_pages());
  EXPECT_FALSE(accepted(0));
  EXPECT_FALSE(accepted(2)) << "the tree is small";
}

/// Ten deltas on a leaf, then a thousand reads. @return consolidations that no write needed.
template <class Policy>
struct CountingConsolidation : Counting {
  using Consolidation = Policy;
};
template <class Policy>
uint64_t ConsolidationsByReads() {
  auto tree = std::move(BwTree<CountingConsolidation<Policy>>::Open()).value();
  auto session = std::move(tree->OpenSession()).value();
  for (uint64_t key = 0; key < 10; ++key) EXPECT_EQ(session.Insert(key, key), OpResult::kOk);
  EXPECT_EQ(tree->Counters()[TreeEvent::kAdvisedConsolidation], 0u);
  for (uint64_t i = 0; i < 1000; ++i) {
    uint64_t value = 0;
    EXPECT_EQ(session.Get(i % 10, &value), OpResult::kOk);
    EXPECT_EQ(value, i % 10);
  }
  EXPECT_TRUE(tree->Validate().ok());
  return tree->Counters()[TreeEvent::kAdvisedConsolidation];
}
TEST(PolicyCounters, AReaderConsolidatesALeafOnceAndOnlyWhereThePolicySaysSo) {
  EXPECT_EQ(ConsolidationsByReads<WriterConsolidation>(), 0u);
  EXPECT_EQ(ConsolidationsByReads<ReaderConsolidation>(), 1u);
  EXPECT_EQ(ConsolidationsByReads<AdaptiveConsolidation>(), 1u);
}
TEST(PolicyCounters, AnAdaptiveSessionOfBothConsolidatesEarlierThanAWriter) {
  const auto advised = []<class Policy>(Policy) {
    TreeOptions options;
    options.in_place_after = 0;  // updates in place leave nothing to consolidate
    Loaded<CountingConsolidation<Policy>> loaded(options);
    uint64_t value = 0;
    for (uint64_t i = 0; i < 20000; ++i) {
      if (i % 10 == 0) {
        (void)loaded.session.Update(KeyOf(i % kKeys), i);
      } else {
        (void)loaded.session.Get(KeyOf(i % kKeys), &value);
      }
    }
    return loaded.tree->Counters()[TreeEvent::kAdvisedConsolidation];
  };
  EXPECT_EQ(advised(WriterConsolidation{}), 0u);
  EXPECT_GT(advised(AdaptiveConsolidation{}), 20u);
  EXPECT_GT(advised(ReaderConsolidation{}), 20u);
}

}  // namespace
}  // namespace bwlab
