#pragma once

#include <string_view>

#include "bwlab/bwtree/packed_editor.h"
#include "bwlab/bwtree/tree_options.h"
#include "bwlab/policy/allocator/pool.h"
#include "bwlab/policy/backoff/backoff.h"
#include "bwlab/policy/concepts.h"
#include "bwlab/policy/consolidation/consolidation.h"
#include "bwlab/policy/reclamation/epoch_decentralized.h"
#include "bwlab/policy/search/simd.h"
#include "bwlab/policy/stats/stats.h"
#include "bwlab/record/record_types.h"

namespace bwlab {

/// The fastest configuration known, and the centre of the star of variants: derive and replace one
/// member.
struct DefaultTraits {
  static constexpr std::string_view kName = "default";
  static constexpr std::string_view kSummary = "the fastest configuration known";

  using Key = U64Key;
  using Value = U64Value;
  using DeltaLayout = PackedDeltas;
  using Search = WidestSimdSearch;
  using Backoff = AdaptiveBackoff;
  using Consolidation = WriterConsolidation;
  using Reclamation = EpochDecentralized;
  using Allocator = PoolAllocator;
  using Stats = NoStats;

  static TreeOptions Options() { return {}; }
};
static_assert(TreeTraits<DefaultTraits>);

}  // namespace bwlab
