#pragma once

#include <cstdint>
#include <string_view>

#include "bwlab/base/status.h"

namespace bwlab {

/// Run-time numbers of a tree. Every field has a range, which Check() enforces and which ForEach()
/// tells.
struct TreeOptions {
  uint32_t leaf_capacity = 128;     // records a leaf's base node holds before it splits
  uint32_t inner_capacity = 128;    // children an inner base node holds before it splits
  uint32_t leaf_chain_length = 16;  // deltas a leaf takes before it is consolidated
  uint32_t inner_chain_length =
      0;  // deltas an inner node takes; 0: every change writes a new base node
  uint32_t epoch_batch_size = 128;    // pages retired by a session before it looks for free ones
  uint32_t backoff_spins_min = 4;     // first pause after a lost CAS, in spin-wait instructions
  uint32_t backoff_spins_max = 1024;  // longest pause
  uint64_t pages_max = uint64_t{1} << 28;  // page ids the mapping table can hand out

  /// InvalidArgument that names the field, its value and its range, or Ok.
  Status Check() const;

  /// Calls f(name, field&, min, max, summary) for every field.
  template <class F>
  void ForEach(F&& f) {
    f("leaf_capacity", leaf_capacity, 4, 1024, "records a leaf holds before it splits");
    f("inner_capacity", inner_capacity, 4, 1024, "children an inner node holds before it splits");
    f("leaf_chain_length", leaf_chain_length, 1, 20, "deltas a leaf takes before consolidation");
    f("inner_chain_length", inner_chain_length, 0, 20,
      "deltas an inner node takes; 0: every change writes a new base node");
    f("epoch_batch_size", epoch_batch_size, 1, 65536,
      "pages a session retires before it looks for free ones");
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
};

}  // namespace bwlab
