#pragma once

#include <cstddef>
#include <cstdint>

namespace bwlab {

/// How a bulk load fills nodes.
struct BulkLoadOptions {
  /// Share of a node's capacity, in records and in bytes, that is filled. 0.1 to 1; full nodes
  /// split at the first insert, so that 1 is for data that is only read.
  double fill_factor = 0.9;
};

/// Runs the parts of a bulk load one after the other, on the calling thread. The parallel one is
/// TbbExecutor (bulk_load_tbb.h).
struct SerialExecutor {
  /// Parts that it makes sense to cut the work into.
  uint32_t parts() const { return 1; }
  /// Calls f(part) for every part below `count`; returns when all are done.
  template <class F>
  void ForEach(uint32_t count, F&& f) const {
    for (uint32_t part = 0; part < count; ++part) f(part);
  }
};

}  // namespace bwlab
