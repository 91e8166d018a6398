#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "bwlab/base/atomic.h"

namespace bwlab {

/// What a tree that keeps statistics counts. The names in kTreeEventNames stand in this order.
enum class TreeEvent : uint8_t {
  // One for each kind of delta (bwtree/delta.h), in the order of the kinds: published by a CAS, and
  // met by a read that walks a chain.
  kPublishedInsert,
  kPublishedUpdate,
  kPublishedDelete,
  kPublishedSplit,
  kPublishedIndexTermInsert,
  kPublishedRemove,
  kPublishedMerge,
  kPublishedIndexTermDelete,
  kPublishedMergeIntent,
  kTraversedInsert,
  kTraversedUpdate,
  kTraversedDelete,
  kTraversedSplit,
  kTraversedIndexTermInsert,
  kTraversedRemove,
  kTraversedMerge,
  kTraversedIndexTermDelete,
  kTraversedMergeIntent,
  kCasLost,
  kLeafConsolidation,
  kInnerConsolidation,
  kDeltaConsolidated,
  kLeafSplit,
  kInnerSplit,
  kRootGrowth,
  kLeafMerge,
  kInnerMerge,
  kRootShrink,
  kSeparatorHelped,
  kAdvisedConsolidation,   // by a reader, an adaptive session or a worker
  kConsolidationReported,  // to workers
  kReportRefused,          // their queue was full
  kUpdatedInPlace,
  kPageRestart,  // of all threads, for one page that was updated in place
  kPageRetired,
  kPageFreed,
  kEventCount,
};

inline constexpr std::size_t kTreeEventCount = static_cast<std::size_t>(TreeEvent::kEventCount);

inline constexpr std::array<std::string_view, kTreeEventCount> kTreeEventNames = {
    "published_insert",
    "published_update",
    "published_delete",
    "published_split",
    "published_index_term_insert",
    "published_remove",
    "published_merge",
    "published_index_term_delete",
    "published_merge_intent",
    "traversed_insert",
    "traversed_update",
    "traversed_delete",
    "traversed_split",
    "traversed_index_term_insert",
    "traversed_remove",
    "traversed_merge",
    "traversed_index_term_delete",
    "traversed_merge_intent",
    "cas_lost",
    "leaf_consolidations",
    "inner_consolidations",
    "deltas_consolidated",
    "leaf_splits",
    "inner_splits",
    "root_growths",
    "leaf_merges",
    "inner_merges",
    "root_shrinks",
    "separators_helped",
    "advised_consolidations",
    "consolidations_reported",
    "reports_refused",
    "updated_in_place",
    "page_restarts",
    "pages_retired",
    "pages_freed",
};

/// Sums over all sessions, each exact when no operation overlaps the reading.
struct TreeCounters {
  std::array<uint64_t, kTreeEventCount> values{};

  uint64_t operator[](TreeEvent event) const { return values[static_cast<std::size_t>(event)]; }

  /// Calls f(name, value) for every counter.
  template <class F>
  void ForEach(F&& f) const {
    for (std::size_t i = 0; i < kTreeEventCount; ++i) f(kTreeEventNames[i], values[i]);
  }
};

/// Counts nothing and costs nothing. Choose it to measure.
struct NoStats {
  static constexpr std::string_view kName = "off";
  static constexpr std::string_view kSummary = "counts nothing, costs nothing; for measuring";
  static constexpr bool kEnabled = false;

  void Add(TreeEvent /*event*/, uint64_t /*count*/ = 1) {}
  void SumInto(TreeCounters& /*sum*/) const {}
};

/// One counter an event and session. Choose it to explain a measurement.
struct CountingStats {
  static constexpr std::string_view kName = "on";
  static constexpr std::string_view kSummary =
      "counts structure events a session; to explain a measurement";
  static constexpr bool kEnabled = true;

  void Add(TreeEvent event, uint64_t count = 1) {
    // (C1) relaxed load and store: the owner alone writes; no other data is inferred from it.
    Atomic<uint64_t>& counter = counters_[static_cast<std::size_t>(event)];
    counter.store(counter.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
  }
  void SumInto(TreeCounters& sum) const {
    for (std::size_t i = 0; i < kTreeEventCount; ++i) {
      sum.values[i] += counters_[i].load(std::memory_order_relaxed);
    }
  }

 private:
  std::array<Atomic<uint64_t>, kTreeEventCount> counters_{};
};

}  // namespace bwlab
