#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <variant>

#include "bwlab/workload/distribution.h"

namespace bwlab::workload {

/// Which record an operation asks for: a distribution and its parameters. What kRequestParameters
/// does not give to the distribution is not used by it.
struct RequestSpec {
  DistributionKind distribution = DistributionKind::kUniform;
  double theta = 0;         ///< exponent of the popularity
  bool scrambled = true;    ///< popular records are scattered over all, not the first ones
  double set_fraction = 0;  ///< share of the records that is hot
  double op_fraction = 0;   ///< share of the requests that goes to hot records
  double first = 0;         ///< share of the records before the hot ones, ahead of any scattering
  double percentile = 0;    ///< percent of the requests that go to the newest `fraction`
  double fraction = 0;      ///< share of the records
  double h = 0;             ///< share of the records that gets 1-h of the requests

  friend bool operator==(const RequestSpec&, const RequestSpec&) = default;
};

/// Numbers that a parameter may have; the bounds belong to it unless they are `open`.
struct ParameterRange {
  double min = 0;
  double max = 0;
  bool open_min = false;
  bool open_max = false;

  constexpr bool Contains(double value) const {
    return (open_min ? value > min : value >= min) && (open_max ? value < max : value <= max);
  }
};

/// Some of the distributions.
class DistributionSet {
 public:
  constexpr DistributionSet(std::initializer_list<DistributionKind> kinds) {
    for (const DistributionKind kind : kinds) bits_ |= BitOf(kind);
  }

  constexpr bool Has(DistributionKind kind) const { return (bits_ & BitOf(kind)) != 0; }

 private:
  static constexpr uint32_t BitOf(DistributionKind kind) {
    return uint32_t{1} << static_cast<uint32_t>(kind);
  }

  uint32_t bits_ = 0;
};

/// A parameter of distributions: its name in workload files, where it is kept, whose it is.
struct RequestParameter {
  std::string_view name;
  std::variant<double RequestSpec::*, bool RequestSpec::*> field;
  DistributionSet used_by;
  ParameterRange range = {};  ///< of numbers
  bool optional = false;      ///< may be left out, for what RequestSpec{} has
};

inline constexpr std::array<RequestParameter, 8> kRequestParameters = {{
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
}};

}  // namespace bwlab::workload
