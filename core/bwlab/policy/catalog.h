#pragma once

#include <array>
#include <string_view>

#include "bwlab/bwtree/linked_editor.h"
#include "bwlab/bwtree/packed_editor.h"
#include "bwlab/policy/allocator/pool.h"
#include "bwlab/policy/allocator/system.h"
#if BWLAB_WITH_TBB
#include "bwlab/policy/allocator/tbb_scalable.h"
#endif
#include "bwlab/policy/backoff/backoff.h"
#include "bwlab/policy/consolidation/consolidation.h"
#if BWLAB_WITH_TBB
#include "bwlab/policy/consolidation/background.h"
#endif
#include "bwlab/policy/reclamation/epoch_centralized.h"
#include "bwlab/policy/reclamation/epoch_decentralized.h"
#include "bwlab/policy/reclamation/leak.h"
#include "bwlab/policy/reclamation/qsbr.h"
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

/// Why a kernel cannot be used; empty where it can. The build and the processor are told apart:
/// the first is cured by another -march, the second by another machine.
constexpr std::string_view WhyNoKernel(bool built, bool processor_has_it) {
  if (!processor_has_it) {
    return built ? "the processor lacks its instructions"
                 : "not built, and the processor lacks its instructions";
  }
  return built ? "" : "not built: the build's -march does not include its instructions";
}

template <class Search>
PolicyEntry DescribeKernel(bool processor_has_it) {
  const std::string_view why_not = WhyNoKernel(true, processor_has_it);
  return {"search", Search::kName, Search::kSummary, why_not.empty(), why_not};
}

inline PolicyEntry DescribeMissingKernel(std::string_view name, bool processor_has_it) {
  return {"search", name, "hinted block search", false, WhyNoKernel(false, processor_has_it)};
}

/// Every policy type of this build, and the kernels that it or this processor lacks.
inline const auto kPolicyCatalog = std::to_array<PolicyEntry>({
  DescribePolicy<LinearSearch>("search"), DescribePolicy<ScalarBinarySearch>("search"),
      DescribePolicy<BranchFreeSearch>("search"),
#if XSIMD_WITH_SSE4_2
      DescribeKernel<SimdSearch<xsimd::sse4_2>>(xsimd::available_architectures().sse4_2),
#else
      DescribeMissingKernel("simd_sse42", xsimd::available_architectures().sse4_2),
#endif
#if XSIMD_WITH_AVX2
      DescribeKernel<SimdSearch<xsimd::avx2>>(xsimd::available_architectures().avx2),
#else
      DescribeMissingKernel("simd_avx2", xsimd::available_architectures().avx2),
#endif
#if XSIMD_WITH_AVX512F
      DescribeKernel<SimdSearch<xsimd::avx512f>>(xsimd::available_architectures().avx512f),
#else
      DescribeMissingKernel("simd_avx512", xsimd::available_architectures().avx512f),
#endif
      DescribePolicy<NoBackoff>("backoff"), DescribePolicy<PauseBackoff>("backoff"),
      DescribePolicy<YieldBackoff>("backoff"), DescribePolicy<ExponentialBackoff>("backoff"),
      DescribePolicy<ExponentialJitterBackoff>("backoff"),
      DescribePolicy<AdaptiveBackoff>("backoff"), DescribePolicy<EpochDecentralized>("reclamation"),
      DescribePolicy<EpochCentralized>("reclamation"), DescribePolicy<Qsbr>("reclamation"),
      DescribePolicy<Leak>("reclamation"), DescribePolicy<PoolAllocator>("allocator"),
      DescribePolicy<SystemAllocator>("allocator"),
#if BWLAB_WITH_TBB
      DescribePolicy<TbbScalableAllocator>("allocator"),
#else
      PolicyEntry{"allocator", "tbb_scalable", "oneTBB's scalable allocator", false,
                  "not built: the build leaves TBB out"},
#endif
      DescribePolicy<PackedDeltas>("delta_layout"), DescribePolicy<LinkedDeltas>("delta_layout"),
      DescribePolicy<PreallocatedDeltas>("delta_layout"),
      DescribePolicy<WriterConsolidation>("consolidation"),
      DescribePolicy<ReaderConsolidation>("consolidation"),
#if BWLAB_WITH_TBB
      DescribePolicy<BackgroundConsolidation>("consolidation"),
#else
      PolicyEntry{"consolidation", "background", "workers on a TBB arena, told by writers", false,
                  "not built: the build leaves TBB out"},
#endif
      DescribePolicy<AdaptiveConsolidation>("consolidation"), DescribePolicy<NoStats>("stats"),
      DescribePolicy<CountingStats>("stats"),
});

}  // namespace bwlab
