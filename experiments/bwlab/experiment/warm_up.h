#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "bwlab/workload/workload.h"

namespace bwlab::experiment {

/// A warm-up runs chunks of operations until the last kWarmUpWindow of them were equally fast, but
/// no more than kWarmUpChunksMax.
inline constexpr size_t kWarmUpChunksMax = 8;
inline constexpr size_t kWarmUpWindow = 3;
inline constexpr double kWarmUpTolerance = 0.05;
/// These numbers as a sentence.
std::string WarmUpRule();

/// Whether there is something to warm up with: the traffic that comes first asks for records.
bool CanWarmUp(const workload::WorkloadSpec& workload);

/// The traffic that comes first, with reads in place of what would change the set of records, so
/// that the run finds the records that it expects.
workload::WorkloadSpec WarmUpWorkload(const workload::WorkloadSpec& workload);

/// Operations of a chunk, of all threads together; at least one a thread.
uint64_t WarmUpChunkOps(uint64_t op_count, uint32_t threads);

/// Whether the last chunks were equally fast.
bool IsSteady(std::span<const double> throughputs);

}  // namespace bwlab::experiment
