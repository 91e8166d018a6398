// Method: relacy runs whole trees of tiny nodes, the engine's own code, in random schedules with
// every value that the memory model lets a load return. Each execution draws the operations of its
// threads. What they answered must have an order (support/history.h), and what remains must be
// valid. Pages come from an arena that never gives an address twice, so that a page used after its
// freeing is seen.
//
// The clock of a history orders what does not overlap, as time does on a machine: otherwise an
// operation might rightly answer from before another one that ended long ago.

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bwlab/bwtree/bw_tree.h"
#include "kernels/kernel.h"
#include "support/history.h"
#include "support/test_traits.h"

namespace bwlab::kernels {
namespace {

template <class Layout, class Policy>
struct KernelTraits : test::TinyTraits {
  static constexpr std::string_view kName = "kernel";
  using DeltaLayout = Layout;
  using Reclamation = Policy;
  using Search = ScalarBinarySearch;
  using Allocator = ArenaAllocator;
  using Backoff = YieldToOthers;
  using Stats = NoStats;
  static TreeOptions Options() {
    TreeOptions options = TinyTraits::Options();
    options.pages_max = 64;
    options.membarrier = 0;  // relacy knows no other process' barriers
    return options;
  }
};

using PackedTraits = KernelTraits<PackedDeltas, EpochDecentralized>;
using LinkedTraits = KernelTraits<LinkedDeltas, EpochDecentralized>;
using CentralizedTraits = KernelTraits<PackedDeltas, EpochCentralized>;
using QsbrTraits = KernelTraits<LinkedDeltas, Qsbr>;

/// What an execution begins with and draws from: keys 1..keys, of which the first `loaded` are
/// there, and deletes for `deletes` of 8 writes.
struct Plan {
  uint64_t keys;
  uint64_t loaded;
  unsigned deletes;
};
/// Room for all: deltas meet deltas.
inline constexpr Plan kAppend{2, 1, 2};
/// A leaf about to be full: consolidations and splits, of the root as well.
inline constexpr Plan kSplit{7, 3, 1};
/// Two levels: separators are posted.
inline constexpr Plan kPost{12, 8, 1};
/// Leaves with little in them: they merge, and the root gives way to its child.
inline constexpr Plan kMerge{6, 5, 7};
/// Three levels come and go.
inline constexpr Plan kDeep{24, 20, 6};

template <class Traits, const Plan& kPlan, unsigned kWriters, unsigned kReaders>
class TreeExecution {
 public:
  static constexpr unsigned kThreads = kWriters + kReaders;

  TreeExecution() : tree_(std::move(Tree::Open()).value()) {
    auto session = std::move(tree_->OpenSession()).value();
    for (uint64_t key = 1; key <= kPlan.loaded; ++key) {
      Check(session.Insert(key, key) == OpResult::kOk, "the first records are loaded");
    }
  }

  void Run(unsigned thread) {
    auto session = std::move(tree_->OpenSession()).value();
    for (unsigned i = 0; i < kOperations; ++i) {
      if (thread >= kWriters) {
        Read(thread, session);
      } else {
        Write(thread, session, 100 * (thread + 1) + i);
      }
    }
  }

  void Finish() {
    const Status status = tree_->Validate();
    Check(status.ok(), status.ok() ? "" : std::string(status.message()).c_str());
    uint64_t records = 0;
    {
      auto session = std::move(tree_->OpenSession()).value();
      for (uint64_t key = 1; key <= kPlan.keys; ++key) {
        uint64_t value = 0;
        const uint64_t begin = Now();
        const bool present = session.Get(key, &value) == OpResult::kOk;
        if (present) ++records;
        Log(0, key, {begin, Now(), test::HistoryOp::kGet, present, value});
      }
    }
    Check(tree_->Size() == records, "Size is exact");
    for (uint64_t key = 1; key <= kPlan.keys; ++key) {
      std::vector<test::HistoryEvent> events;
      for (const auto& log : logs_) {
        for (const auto& [of, event] : log) {
          if (of == key) events.push_back(event);
        }
      }
      test::KeyState state;
      if (key <= kPlan.loaded) state = key;
      Check(test::LinearizabilityChecker().Check(events, state) == test::Verdict::kLinearizable,
            "the answers have an order");
    }
    tree_.reset();
  }

 private:
  using Tree = BwTree<Traits>;
  static constexpr unsigned kOperations = 3;

  uint64_t Now() { return clock_.fetch_add(1, std::memory_order_acq_rel); }
  void Log(unsigned thread, uint64_t key, const test::HistoryEvent& event) {
    logs_[thread].emplace_back(key, event);
  }
  uint64_t AnyKey() { return 1 + rl::rand(kPlan.keys); }

  void Write(unsigned thread, typename Tree::Session& session, uint64_t value) {
    using test::HistoryOp;
    const uint64_t key = AnyKey();
    HistoryOp op = HistoryOp::kDelete;
    if (rl::rand(8) >= kPlan.deletes)
      op = rl::rand(3) == 0 ? HistoryOp::kUpdate : HistoryOp::kInsert;
    test::HistoryEvent event{Now(), 0, op, false, value};
    OpResult result;
    if (op == HistoryOp::kInsert) {
      result = session.Insert(key, value);
      event.present = result == OpResult::kExists;
    } else {
      result = op == HistoryOp::kUpdate ? session.Update(key, value) : session.Delete(key);
      event.present = result == OpResult::kOk;
    }
    event.end = Now();
    Check(result == OpResult::kOk || result == OpResult::kExists || result == OpResult::kNotFound,
          "nothing is refused");
    Log(thread, key, event);
  }

  void Read(unsigned thread, typename Tree::Session& session) {
    const uint64_t key = AnyKey();
    const uint64_t begin = Now();
    if (rl::rand(2) == 0) {
      uint64_t value = 0;
      const bool present = session.Get(key, &value) == OpResult::kOk;
      Log(thread, key, {begin, Now(), test::HistoryOp::kGet, present, value});
      return;
    }
    const bool forward = rl::rand(2) == 0;
    std::array<uint64_t, kPlan.keys + 1> values{};
    uint64_t last = forward ? key - 1 : key + 1;
    const auto visit = [&](uint64_t at, uint64_t value) {
      Check(forward ? at > last : at < last, "a scan is in order");
      Check(at >= 1 && at <= kPlan.keys, "a scan finds what was written");
      last = at;
      values[at] = value;
      return true;
    };
    forward ? session.Scan(key, SIZE_MAX, visit) : session.ReverseScan(key, SIZE_MAX, visit);
    const uint64_t end = Now();
    for (uint64_t at = forward ? key : 1; at <= (forward ? kPlan.keys : key); ++at) {
      Log(thread, at, {begin, end, test::HistoryOp::kGet, values[at] != 0, values[at]});
    }
  }

  std::unique_ptr<Tree> tree_;
  Atomic<uint64_t> clock_{1};
  std::array<std::vector<std::pair<uint64_t, test::HistoryEvent>>, kThreads> logs_;
};

template <class Traits>
class BwTreeKernelTest : public testing::Test {};
using AllTraits = testing::Types<PackedTraits, LinkedTraits, CentralizedTraits, QsbrTraits>;
TYPED_TEST_SUITE(BwTreeKernelTest, AllTraits);

TYPED_TEST(BwTreeKernelTest, Append) { Explore<TreeExecution<TypeParam, kAppend, 2, 1>>(5000); }
TYPED_TEST(BwTreeKernelTest, ConsolidateAndSplit) {
  Explore<TreeExecution<TypeParam, kSplit, 2, 1>>(5000);
}
TYPED_TEST(BwTreeKernelTest, PostSeparators) {
  Explore<TreeExecution<TypeParam, kPost, 3, 0>>(5000);
}
TYPED_TEST(BwTreeKernelTest, Merge) { Explore<TreeExecution<TypeParam, kMerge, 2, 1>>(5000); }
TYPED_TEST(BwTreeKernelTest, MergeOnThreeLevels) {
  Explore<TreeExecution<TypeParam, kDeep, 3, 1>>(2500);
}

}  // namespace
}  // namespace bwlab::kernels
