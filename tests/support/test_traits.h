#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "bwlab/bwtree/linked_editor.h"
#include "bwlab/policy/allocator/system.h"
#include "bwlab/policy/default_traits.h"
#include "bwlab/policy/reclamation/epoch_centralized.h"
#include "bwlab/policy/reclamation/leak.h"
#include "bwlab/policy/reclamation/qsbr.h"
#include "bwlab/policy/search/scalar.h"
#include "bwlab/record/record_types.h"
#include "support/thread_workers.h"

namespace bwlab::test {

/// Nodes of four and chains of two: almost every run of a few hundred operations meets every
/// structure modification. The system allocator lets the sanitizers see each page; batches of one
/// page free as early as the epochs allow.
struct TinyTraits : DefaultTraits {
  static constexpr std::string_view kName = "tiny";
  using Allocator = SystemAllocator;
  using Stats = CountingStats;
  static TreeOptions Options() {
    TreeOptions options;
    options.leaf_capacity = 4;
    options.inner_capacity = 4;
    options.root_capacity = 4;
    options.leaf_chain_length = 2;
    options.inner_chain_length = 2;
    options.in_place_after = 1;
    options.in_place_wait_max = 0;
    options.search_shortcuts = 1;
    options.epoch_batch_size = 1;
    options.pages_max = 1 << 20;
    return options;
  }
};

struct TinyScalar : TinyTraits {
  static constexpr std::string_view kName = "tiny_scalar";
  using Search = ScalarBinarySearch;
  using Backoff = PauseBackoff;
};

struct TinyBranchFree : TinyTraits {
  static constexpr std::string_view kName = "tiny_branch_free";
  using Search = BranchFreeSearch;
};

/// No deltas on inner nodes and a large root, as by default, and pooled pages.
struct TinyPooled : TinyTraits {
  static constexpr std::string_view kName = "tiny_pooled";
  using Allocator = PoolAllocator;
  using Backoff = ExponentialBackoff;
  static TreeOptions Options() {
    TreeOptions options = TinyTraits::Options();
    options.inner_chain_length = 0;
    options.root_capacity = 12;
    return options;
  }
};

/// The other reclamation policies, each with a search, a backoff and a consolidation policy that no
/// other configuration here has: the families are independent of each other.
struct TinyCentralized : TinyTraits {
  static constexpr std::string_view kName = "tiny_centralized";
  using Reclamation = EpochCentralized;
  using Search = LinearSearch;
  using Backoff = YieldBackoff;
  using Consolidation = ReaderConsolidation;
  static TreeOptions Options() {
    TreeOptions options = TinyTraits::Options();
    options.consolidation_deltas_min = 1;
    return options;
  }
};

struct TinyQsbr : TinyTraits {
  static constexpr std::string_view kName = "tiny_qsbr";
  using Reclamation = Qsbr;
  using Backoff = NoBackoff;
  using Consolidation = AdaptiveConsolidation;
  static TreeOptions Options() {
    TreeOptions options = TinyTraits::Options();
    options.consolidation_deltas_min = 1;
    options.epoch_frees_per_retire_max = 2;
    return options;
  }
};

/// Consolidation by worker threads, on a queue that is often full. Not on TBB, which
/// ThreadSanitizer cannot see into.
struct WorkerConsolidation {
  static constexpr std::string_view kName = "workers_of_the_tests";
  static constexpr std::string_view kSummary = "";
  static constexpr bool kAdvises = true;
  template <class Key>
  using Workers = ThreadWorkers<Key>;
  using Local = ReportingWriter;
};
struct TinyWorkers : TinyTraits {
  static constexpr std::string_view kName = "tiny_workers";
  using Consolidation = WorkerConsolidation;
  static TreeOptions Options() {
    TreeOptions options = TinyTraits::Options();
    options.consolidation_deltas_min = 1;
    options.background_workers = 2;
    options.background_queue_length = 4;
    return options;
  }
};

struct TinyLeak : TinyTraits {
  static constexpr std::string_view kName = "tiny_leak";
  using Reclamation = Leak;
  using Backoff = ExponentialJitterBackoff;
};

/// Epochs whose readers pay the fence.
struct TinyFence : TinyTraits {
  static constexpr std::string_view kName = "tiny_fence";
  static TreeOptions Options() {
    TreeOptions options = TinyTraits::Options();
    options.membarrier = 0;
    return options;
  }
};

/// The tiny nodes in the linked layouts.
struct TinyLinked : TinyTraits {
  static constexpr std::string_view kName = "tiny_linked";
  using DeltaLayout = LinkedDeltas;
};

struct TinyPreallocated : TinyTraits {
  static constexpr std::string_view kName = "tiny_preallocated";
  using DeltaLayout = PreallocatedDeltas;
};

/// Chains that are long enough for deltas on top of a split or a merge.
template <class Layout>
struct LongChains : TinyTraits {
  static constexpr std::string_view kName = "long_chains";
  using DeltaLayout = Layout;
  static TreeOptions Options() {
    TreeOptions options = TinyTraits::Options();
    options.leaf_capacity = 6;
    options.inner_capacity = 6;
    options.leaf_chain_length = 6;
    options.inner_chain_length = 6;
    return options;
  }
};

/// `Base` with other keys and values. Pages split by bytes as early as the options allow.
template <class Base, class KeyType, class ValueType>
struct WithRecords : Base {
  using Key = KeyType;
  using Value = ValueType;
  static TreeOptions Options() {
    TreeOptions options = Base::Options();
    options.page_bytes_max = 16384;
    return options;
  }
};

/// As shipped, so that real sizes are met as well.
struct Default : DefaultTraits {
  using Stats = CountingStats;
};

/// Names a typed test after its traits, and its records where they are not integers.
struct TraitsName {
  template <class Traits>
  static std::string GetName(int) {
    using Key = typename Traits::Key;
    using Value = typename Traits::Value;
    std::string name(Traits::kName);
    if (std::is_same_v<Key, U64Key> && std::is_same_v<Value, U64Value>) return name;
    name.append("_").append(Key::kName);
    if (!std::is_same_v<typename Key::View, uint64_t> &&
        !std::is_same_v<typename Key::View, std::string_view>) {
      name += std::to_string(sizeof(typename Key::View));
    }
    return name.append("_").append(Value::kName);
  }
};

}  // namespace bwlab::test
