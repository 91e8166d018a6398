#pragma once

#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/partitioner.h>
#include <oneapi/tbb/task_arena.h>

#include <cstdint>

namespace bwlab {

/// Runs the parts of a bulk load on the threads of the current TBB arena.
struct TbbExecutor {
  uint32_t parts() const { return static_cast<uint32_t>(tbb::this_task_arena::max_concurrency()); }
  template <class F>
  void ForEach(uint32_t count, F&& f) const {
    tbb::parallel_for(
        uint32_t{0}, count, [&f](uint32_t part) { f(part); }, tbb::simple_partitioner());
  }
};

}  // namespace bwlab
