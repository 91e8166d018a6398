#include "bwlab/experiment/warm_up.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace bwlab::experiment {

using workload::OpKind;

std::string WarmUpRule() {
  return fmt::format(
      "steady: the throughputs of the last {} chunks lie within {:.0f}% of their mean; at most {} "
      "chunks, each 1/{} of the run's operations "
      "(or what is in memory at once)",
      kWarmUpWindow, 100 * kWarmUpTolerance, kWarmUpChunksMax, kWarmUpChunksMax);
}

namespace {

const workload::TrafficSpec& FirstTraffic(const workload::WorkloadSpec& workload) {
  if (!workload.phases.empty()) return workload.phases.front();
  return workload;
}

}  // namespace

bool CanWarmUp(const workload::WorkloadSpec& workload) {
  return !FirstTraffic(workload).InsertsOnly();
}

workload::WorkloadSpec WarmUpWorkload(const workload::WorkloadSpec& workload) {
  workload::WorkloadSpec warm;
  static_cast<workload::TrafficSpec&>(warm) = FirstTraffic(workload);
  for (const OpKind kind : {OpKind::kInsert, OpKind::kDelete}) {
    double& share = warm.mix[workload::IndexOf(kind)];
    warm.mix[workload::IndexOf(OpKind::kRead)] += share;
    share = 0;
  }
  return warm;
}

uint64_t WarmUpChunkOps(uint64_t op_count, uint32_t threads) {
  return std::max<uint64_t>(op_count / kWarmUpChunksMax, threads);
}

bool IsSteady(std::span<const double> throughputs) {
  if (throughputs.size() < kWarmUpWindow) return false;
  const auto last = throughputs.last(kWarmUpWindow);
  const double mean = std::accumulate(last.begin(), last.end(), 0.0) / kWarmUpWindow;
  return std::all_of(last.begin(), last.end(), [mean](double throughput) {
    return std::abs(throughput - mean) <= kWarmUpTolerance * mean;
  });
}

}  // namespace bwlab::experiment
