#pragma once

#include <array>
#include <cstdint>

#include "bwlab/workload/distribution.h"
#include "bwlab/workload/parameter.h"

namespace bwlab::workload {

/// Which record an operation asks for: a distribution and its parameters. What kRequestParameters
/// does not give to the distribution is not used by it.
struct RequestSpec {
  DistributionKind distribution = DistributionKind::kUniform;
  double theta = 0;           ///< exponent of the popularity
  bool scrambled = true;      ///< popular records are scattered over all, not the first ones
  double set_fraction = 0;    ///< share of the records that is hot
  double op_fraction = 0;     ///< share of the requests that goes to hot records
  double first = 0;           ///< share of the records before the hot ones, ahead of any scattering
  double percentile = 0;      ///< percent of the requests that go to the newest `fraction`
  double fraction = 0;        ///< share of the records
  double h = 0;               ///< share of the records that gets 1-h of the requests
  uint32_t keyrange_num = 1;  ///< key ranges of mixgraph
  double keyrange_dist_a = 0;  ///< range x has the popularity a e^(bx) + c e^(dx)
  double keyrange_dist_b = 0;
  double keyrange_dist_c = 0;
  double keyrange_dist_d = 0;
  double key_dist_a = 0;  ///< the s most popular keys of a range get a s^b of its requests
  double key_dist_b = 0;

  friend bool operator==(const RequestSpec&, const RequestSpec&) = default;
};

inline constexpr std::array<Parameter<RequestSpec>, 15> kRequestParameters = {{
    {.name = "theta",
     .field = &RequestSpec::theta,
     .used_by = {DistributionKind::kZipfian, DistributionKind::kLatest},
     .range = {.min = kThetaMin, .max = kThetaMax, .open_min = true}},
    {.name = "scrambled",
     .field = &RequestSpec::scrambled,
     .used_by = {DistributionKind::kZipfian, DistributionKind::kHotspot,
                 DistributionKind::kSelfSimilar},
     .optional = true},
    {.name = "set_fraction",
     .field = &RequestSpec::set_fraction,
     .used_by = {DistributionKind::kHotspot},
     .range = {.min = 0, .max = 1, .open_min = true, .open_max = true}},
    {.name = "op_fraction",
     .field = &RequestSpec::op_fraction,
     .used_by = {DistributionKind::kHotspot},
     .range = {.min = 0, .max = 1}},
    {.name = "first",
     .field = &RequestSpec::first,
     .used_by = {DistributionKind::kHotspot},
     .range = {.min = 0, .max = 1, .open_max = true},
     .optional = true},
    {.name = "percentile",
     .field = &RequestSpec::percentile,
     .used_by = {DistributionKind::kExponential},
     .range = {.min = kPercentileMin, .max = kPercentileMax, .open_max = true}},
    {.name = "fraction",
     .field = &RequestSpec::fraction,
     .used_by = {DistributionKind::kExponential},
     .range = {.min = 0, .max = 1, .open_min = true}},
    {.name = "h",
     .field = &RequestSpec::h,
     .used_by = {DistributionKind::kSelfSimilar},
     .range = {.min = kSelfSimilarHMin, .max = kSelfSimilarHMax, .open_max = true}},
    {.name = "keyrange_num",
     .field = &RequestSpec::keyrange_num,
     .used_by = {DistributionKind::kMixGraph},
     .range = {.min = 1, .max = kKeyRangesMax}},
    {.name = "keyrange_dist_a",
     .field = &RequestSpec::keyrange_dist_a,
     .used_by = {DistributionKind::kMixGraph},
     .range = {.min = -1e6, .max = 1e6}},
    {.name = "keyrange_dist_b",
     .field = &RequestSpec::keyrange_dist_b,
     .used_by = {DistributionKind::kMixGraph},
     .range = {.min = -100, .max = 100}},
    {.name = "keyrange_dist_c",
     .field = &RequestSpec::keyrange_dist_c,
     .used_by = {DistributionKind::kMixGraph},
     .range = {.min = -1e6, .max = 1e6}},
    {.name = "keyrange_dist_d",
     .field = &RequestSpec::keyrange_dist_d,
     .used_by = {DistributionKind::kMixGraph},
     .range = {.min = -100, .max = 100}},
    {.name = "key_dist_a",
     .field = &RequestSpec::key_dist_a,
     .used_by = {DistributionKind::kMixGraph},
     .range = {.min = 0, .max = 1, .open_min = true}},
    {.name = "key_dist_b",
     .field = &RequestSpec::key_dist_b,
     .used_by = {DistributionKind::kMixGraph},
     .range = {.min = 0, .max = 10, .open_min = true}},
}};

}  // namespace bwlab::workload
