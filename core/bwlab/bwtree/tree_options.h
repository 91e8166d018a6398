#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "bwlab/base/status.h"
#include "bwlab/bwtree/in_place.h"

namespace bwlab {

/// Run-time numbers of a tree. Every field has a range, which Check() enforces and which ForEach()
/// tells.
struct TreeOptions {
  uint32_t leaf_capacity = 224;       // records a leaf's base node holds before it splits
  uint32_t heap_leaf_capacity = 128;  // the same where less, if keys or values are byte strings
  uint32_t inner_capacity = 224;      // children an inner base node holds before it splits
  uint32_t root_capacity = 992;       // the same for an inner root, where that is more
  uint32_t leaf_chain_length = 16;    // deltas a leaf takes before it is consolidated
  uint32_t inner_chain_length =
      0;  // deltas an inner node takes; 0: every change writes a new base node
  uint32_t in_place_after = 2;  // packed layout: the update of a leaf that opens it; 0: none does
  uint32_t in_place_wait_max = kInPlaceWaitMax;  // generations of updates alone that it waits then
  uint32_t search_shortcuts = 0;  // linked layouts, 1: deltas narrow the search of the base node
  uint32_t consolidation_deltas_min = 8;  // deltas from which readers or workers consolidate a leaf
  uint32_t background_workers = 1;        // threads that consolidate in the background
  uint32_t background_queue_length = 1024;  // leaves that wait for them at most
  uint32_t page_bytes_max = 32768;  // bytes of keys and values a page holds before it splits
  uint32_t epoch_batch_size = 128;  // pages retired by a session before it looks for free ones
  uint32_t epoch_frees_per_retire_max = 0;        // pages freed a retirement; 0: all that are free
  uint32_t membarrier = 1;                        // 0: readers pay a fence instead of the collector
  uint32_t huge_pages = 2;                        // 2: asks for them where the pools are large
  uint64_t pooled_bytes_max = uint64_t{8} << 20;  // free bytes that a session keeps for itself
  uint32_t backoff_spins_min = 4;     // first pause after a lost CAS, in spin-wait instructions
  uint32_t backoff_spins_max = 1024;  // longest pause
  uint64_t pages_max = uint64_t{1} << 28;  // page ids the mapping table can hand out

  /// Records a base node of this level holds before it splits. `alone`: the level has no other
  /// node.
  uint32_t capacity(uint32_t level, bool alone = false) const {
    if (level == 0) return leaf_capacity;
    return alone ? std::max(inner_capacity, root_capacity) : inner_capacity;
  }

  /// InvalidArgument that names the field, its value and its range, or Ok.
  Status Check() const;
  /// Check(), and whether the delta layout takes chains of these lengths.
  template <class DeltaLayout>
  Status CheckFor() const {
    if (Status status = Check(); !status.ok()) return status;
    return CheckChains(DeltaLayout::kName, DeltaLayout::kChainLengthMax);
  }

  /// Calls f(name, field&, min, max, summary) for every field.
  template <class F>
  void ForEach(F&& f) {
    f("leaf_capacity", leaf_capacity, 4, 1024, "records a leaf holds before it splits");
    f("heap_leaf_capacity", heap_leaf_capacity, 4, 1024,
      "the same where that is less, and keys or values are byte strings");
    f("inner_capacity", inner_capacity, 4, 1024, "children an inner node holds before it splits");
    f("root_capacity", root_capacity, 4, 1024,
      "children the root holds before it splits, where that is more than inner_capacity");
    f("leaf_chain_length", leaf_chain_length, 1, 64,
      "deltas a leaf takes before consolidation; 16 at most in the packed layout");
    f("inner_chain_length", inner_chain_length, 0, 64,
      "deltas an inner node takes, 16 at most in the packed layout; 0: every change writes a new "
      "base node");
    f("in_place_after", in_place_after, 0, 16,
      "which update of a leaf, counted from 1, opens it: from then on they are stored in place, "
      "where the system has restartable sequences; 0: all go into slots. Packed layout, integers");
    f("in_place_wait_max", in_place_wait_max, 0, kInPlaceWaitMax,
      "how often a leaf, whose updates in place had to be ended by a restart of all threads, must "
      "be consolidated because of updates alone until they are in place again, at most");
    f("search_shortcuts", search_shortcuts, 0, 1,
      "1: in the linked layouts a delta knows where in the base node its key lies, so that less of "
      "it is searched; 0: all of it is");
    f("consolidation_deltas_min", consolidation_deltas_min, 1, 64,
      "deltas from which the policies reader, background and adaptive consolidate a leaf");
    f("background_workers", background_workers, 1, 64,
      "threads that consolidate at most, where the policy is background");
    f("background_queue_length", background_queue_length, 1, 1 << 20,
      "leaves that wait for these threads at most; further reports are dropped");
    f("page_bytes_max", page_bytes_max, 16384, 65536,
      "bytes of keys and values a page holds before it splits, where they are byte strings");
    f("epoch_batch_size", epoch_batch_size, 1, 65536,
      "pages a session retires before it looks for free ones");
    f("epoch_frees_per_retire_max", epoch_frees_per_retire_max, 0, 65536,
      "pages freed at most when one is retired (amortised); 0: all whose grace period is over");
    f("membarrier", membarrier, 0, 1,
      "1: the collector's system call supplies the readers' barrier; 0: each reader pays a fence");
    f("huge_pages", huge_pages, 0, 2,
      "1: asks the system for huge pages for the mapping table and the pools; 2: for the pools, "
      "once "
      "they exceed 128 MiB; 0: for neither");
    f("pooled_bytes_max", pooled_bytes_max, 0, uint64_t{1} << 40,
      "free bytes that a session keeps for itself");
    f("backoff_spins_min", backoff_spins_min, 1, 65536, "first pause after a lost CAS, in spins");
    f("backoff_spins_max", backoff_spins_max, 1, 65536, "longest pause after a lost CAS, in spins");
    f("pages_max", pages_max, 16, uint64_t{1} << 32, "page ids the mapping table can hand out");
  }
  template <class F>
  void ForEach(F&& f) const {
    const_cast<TreeOptions*>(this)->ForEach(
        [&f](std::string_view name, const auto& field, uint64_t min, uint64_t max,
             std::string_view summary) { f(name, field, min, max, summary); });
  }

 private:
  Status CheckChains(std::string_view layout, uint32_t chain_length_max) const;
};

}  // namespace bwlab
