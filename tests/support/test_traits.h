#pragma once

#include <string>
#include <string_view>

#include "bwlab/policy/allocator/system.h"
#include "bwlab/policy/default_traits.h"
#include "bwlab/policy/search/scalar.h"

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
    options.leaf_chain_length = 2;
    options.inner_chain_length = 2;
    options.epoch_batch_size = 1;
    options.pages_max = 1 << 20;
    return options;
  }
};

struct TinyScalar : TinyTraits {
  static constexpr std::string_view kName = "tiny_scalar";
  using Search = ScalarBinarySearch;
};

struct TinyBranchFree : TinyTraits {
  static constexpr std::string_view kName = "tiny_branch_free";
  using Search = BranchFreeSearch;
};

/// No deltas on inner nodes, as by default, and pooled pages.
struct TinyPooled : TinyTraits {
  static constexpr std::string_view kName = "tiny_pooled";
  using Allocator = PoolAllocator;
  using Backoff = ExponentialBackoff;
  static TreeOptions Options() {
    TreeOptions options = TinyTraits::Options();
    options.inner_chain_length = 0;
    return options;
  }
};

/// As shipped, so that real sizes are met as well.
struct Default : DefaultTraits {
  using Stats = CountingStats;
};

/// Names a typed test after its traits.
struct TraitsName {
  template <class Traits>
  static std::string GetName(int) {
    return std::string(Traits::kName);
  }
};

}  // namespace bwlab::test
