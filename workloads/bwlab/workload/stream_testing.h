#pragma once

#include <map>

#include "bwlab/workload/workload.h"

// What the tests of streams share: workloads without files, and a request for each distribution.

namespace bwlab::workload::testing {

inline WorkloadSpec Spec(const std::map<OpKind, double>& mix, RequestSpec request = {}) {
  WorkloadSpec spec;
  spec.name = "test";
  for (const auto& [kind, share] : mix) spec.mix[IndexOf(kind)] = share;
  spec.request = request;
  return spec;
}

inline constexpr RequestSpec kUniform = {.distribution = DistributionKind::kUniform};
inline constexpr RequestSpec kZipfian = {.distribution = DistributionKind::kZipfian, .theta = 0.99};
inline constexpr RequestSpec kZipfianInOrder = {
    .distribution = DistributionKind::kZipfian, .theta = 0.99, .scrambled = false};
inline constexpr RequestSpec kLatest = {.distribution = DistributionKind::kLatest, .theta = 0.99};

inline constexpr RequestSpec kHotspot = {.distribution = DistributionKind::kHotspot,
                                         .set_fraction = 0.2,
                                         .op_fraction = 0.8,
                                         .first = 0.9};
inline constexpr RequestSpec kHotspotInOrder = {.distribution = DistributionKind::kHotspot,
                                                .scrambled = false,
                                                .set_fraction = 0.2,
                                                .op_fraction = 0.8};
inline constexpr RequestSpec kExponential = {
    .distribution = DistributionKind::kExponential, .percentile = 95, .fraction = 0.8571428571};
inline constexpr RequestSpec kSelfSimilar = {.distribution = DistributionKind::kSelfSimilar,
                                             .h = 0.2};
/// The paper's Prefix_dist.
inline constexpr RequestSpec kMixGraph = {.distribution = DistributionKind::kMixGraph,
                                          .keyrange_num = 30,
                                          .keyrange_dist_a = 14.18,
                                          .keyrange_dist_b = -2.917,
                                          .keyrange_dist_c = 0.0164,
                                          .keyrange_dist_d = -0.08082,
                                          .key_dist_a = 0.002312,
                                          .key_dist_b = 0.3467};
inline constexpr RequestSpec kSequential = {.distribution = DistributionKind::kSequential};

inline PhaseSpec Phase(double share, const TrafficSpec& traffic) {
  PhaseSpec phase;
  static_cast<TrafficSpec&>(phase) = traffic;
  phase.share = share;
  return phase;
}

/// Inserts alone, then requests for what was inserted, then a hot set.
inline WorkloadSpec ThreePhases() {
  WorkloadSpec spec = Spec({});
  spec.SetPhases(
      {Phase(0.2, Spec({{OpKind::kInsert, 1}})),
       Phase(0.5,
             Spec({{OpKind::kRead, 0.5}, {OpKind::kScan, 0.25}, {OpKind::kInsert, 0.25}}, kLatest)),
       Phase(0.3, Spec({{OpKind::kUpdate, 1}}, kHotspotInOrder))});
  return spec;
}

}  // namespace bwlab::workload::testing
