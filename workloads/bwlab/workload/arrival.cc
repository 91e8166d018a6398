#include "bwlab/workload/arrival.h"

#include <cmath>

#include "bwlab/workload/random.h"

namespace bwlab::workload {
namespace {

constexpr double kNsPerSecond = 1e9;
/// Keeps these draws apart from those of the streams.
constexpr uint64_t kSchedulePurpose = 0xa221'7a15;

/// Uniform over (0, 1].
double PositiveShare(uint64_t bits) { return static_cast<double>((bits >> 11) + 1) * 0x1p-53; }

}  // namespace

std::vector<uint64_t> MakeSchedule(const ArrivalSpec& arrival, uint32_t thread, uint32_t threads,
                                   uint64_t op_count, uint64_t seed) {
  std::vector<uint64_t> due;
  if (!arrival.open()) return due;
  due.resize(op_count);
  const double ns_per_op = kNsPerSecond / static_cast<double>(arrival.rate_ops_s);
  const uint64_t schedule_seed = DerivedSeed(seed, kSchedulePurpose);
  double moment = 0;
  for (uint64_t i = 0; i < op_count; ++i) {
    switch (arrival.kind) {
      case ArrivalKind::kClosed:
        break;
      case ArrivalKind::kConstant:
        moment = ns_per_op * (static_cast<double>(i) * threads + thread);
        break;
      case ArrivalKind::kPoisson:
        moment -= ns_per_op * threads *
                  std::log(PositiveShare(OpRandom(schedule_seed, thread, i).Next()));
        break;
      case ArrivalKind::kBurst: {
        const uint64_t burst = i / arrival.burst_ops;
        moment = ns_per_op * arrival.burst_ops * (static_cast<double>(burst) * threads + thread);
        break;
      }
    }
    due[i] = static_cast<uint64_t>(moment);
  }
  return due;
}

}  // namespace bwlab::workload
