#pragma once

#include <cstdint>
#include <string_view>

#include "bwlab/base/option_ranges.h"
#include "bwlab/base/status.h"

namespace bwlab {

/// Run-time numbers of a BTree. Every field has a range, which Check() enforces and which ForEach()
/// tells. Those of the policies mean what they do in TreeOptions of the Bw-tree.
struct BTreeOptions {
  uint32_t leaf_bytes = 4096;      // of a leaf; larger where a record needs it
  uint32_t inner_bytes = 4096;     // of an inner node, likewise
  uint32_t leaf_capacity = 4096;   // records a leaf holds at most, whatever room it has
  uint32_t inner_capacity = 4096;  // children an inner node holds at most
  uint32_t epoch_batch_size = 128;
  uint32_t epoch_frees_per_retire_max = 0;
  uint32_t membarrier = 1;
  uint32_t huge_pages = 2;
  uint64_t pooled_bytes_max = uint64_t{8} << 20;
  uint32_t backoff_spins_min = 4;
  uint32_t backoff_spins_max = 1024;

  uint32_t bytes(uint32_t level) const { return level == 0 ? leaf_bytes : inner_bytes; }
  uint32_t capacity(uint32_t level) const { return level == 0 ? leaf_capacity : inner_capacity; }

  /// InvalidArgument that names the field, its value and its range, or Ok.
  Status Check() const {
    if (Status status = CheckRanges(*this); !status.ok()) return status;
    return CheckBackoffBounds(*this);
  }

  /// Calls f(name, field&, min, max, summary) for every field.
  template <class F>
  void ForEach(F&& f) {
    f("leaf_bytes", leaf_bytes, 512, 65536,
      "bytes of a leaf; a leaf whose records need more is larger");
    f("inner_bytes", inner_bytes, 512, 65536, "bytes of an inner node, likewise");
    f("leaf_capacity", leaf_capacity, 4, 4096,
      "records a leaf holds at most, whatever room it has; by default its bytes alone decide");
    f("inner_capacity", inner_capacity, 4, 4096, "children an inner node holds at most, likewise");
    f("epoch_batch_size", epoch_batch_size, 1, 65536,
      "pages a session retires before it looks for free ones");
    f("epoch_frees_per_retire_max", epoch_frees_per_retire_max, 0, 65536,
      "pages freed at most when one is retired (amortised); 0: all whose grace period is over");
    f("membarrier", membarrier, 0, 1,
      "1: the collector's system call supplies the readers' barrier; 0: each reader pays a fence");
    f("huge_pages", huge_pages, 0, 2,
      "1: asks the system for huge pages for the pools; 2: once they exceed 128 MiB; 0: not");
    f("pooled_bytes_max", pooled_bytes_max, 0, uint64_t{1} << 40,
      "free bytes that a session keeps for itself");
    f("backoff_spins_min", backoff_spins_min, 1, 65536,
      "first pause where a node was locked or has changed, in spins");
    f("backoff_spins_max", backoff_spins_max, 1, 65536, "longest such pause, in spins");
  }
  template <class F>
  void ForEach(F&& f) const {
    const_cast<BTreeOptions*>(this)->ForEach(
        [&f](std::string_view name, const auto& field, uint64_t min, uint64_t max,
             std::string_view summary) { f(name, field, min, max, summary); });
  }
};

}  // namespace bwlab
