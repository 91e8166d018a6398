#pragma once

#include <array>
#include <string_view>

#include "bwlab/policy/allocator/pool.h"
#include "bwlab/policy/allocator/system.h"
#include "bwlab/policy/backoff/backoff.h"
#include "bwlab/policy/reclamation/epoch_decentralized.h"
#include "bwlab/policy/search/scalar.h"
#include "bwlab/policy/search/simd.h"
#include "bwlab/policy/stats/stats.h"

namespace bwlab {

/// One line of `run_experiment list policies`.
struct PolicyEntry {
  std::string_view family;
  std::string_view name;
  std::string_view summary;
  bool available;
  std::string_view why_not;  // empty where available
};

template <class P>
constexpr PolicyEntry DescribePolicy(std::string_view family) {
  return {family, P::kName, P::kSummary, true, ""};
}

constexpr PolicyEntry DescribeMissingKernel(std::string_view name) {
  return {"search", name, "hinted block search", false,
          "not built: the build's -march does not include its instructions"};
}

/// Every policy type of this build, and the kernels that it lacks.
inline constexpr auto kPolicyCatalog = std::to_array<PolicyEntry>({
  DescribePolicy<ScalarBinarySearch>("search"), DescribePolicy<BranchFreeSearch>("search"),
#if XSIMD_WITH_SSE4_2
      DescribePolicy<SimdSearch<xsimd::sse4_2>>("search"),
#else
      DescribeMissingKernel("simd_sse42"),
#endif
#if XSIMD_WITH_AVX2
      DescribePolicy<SimdSearch<xsimd::avx2>>("search"),
#else
      DescribeMissingKernel("simd_avx2"),
#endif
#if XSIMD_WITH_AVX512F
      DescribePolicy<SimdSearch<xsimd::avx512f>>("search"),
#else
      DescribeMissingKernel("simd_avx512"),
#endif
      DescribePolicy<NoBackoff>("backoff"), DescribePolicy<ExponentialBackoff>("backoff"),
      DescribePolicy<EpochDecentralized>("reclamation"), DescribePolicy<PoolAllocator>("allocator"),
      DescribePolicy<SystemAllocator>("allocator"), DescribePolicy<NoStats>("stats"),
      DescribePolicy<CountingStats>("stats"),
});

}  // namespace bwlab
