#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string_view>

#include "bwlab/workload/catalogue.h"
#include "bwlab/workload/parameter.h"
#include "bwlab/workload/random.h"

namespace bwlab::workload {

/// How many records scans ask for.
enum class ScanDistributionKind : uint8_t {
  kUniform,
  kPareto,
};

struct ScanDistributionInfo {
  ScanDistributionKind kind;
  std::string_view name;
  std::string_view summary;
};

inline constexpr std::array<ScanDistributionInfo, 2> kScanDistributions = {{
    {ScanDistributionKind::kUniform, "uniform", "equally likely from length_min to length_max"},
    {ScanDistributionKind::kPareto, "pareto",
     "generalised Pareto of shape k and scale sigma, rounded up; what is longer than length_max "
     "begins at 1 again"},
}};
static_assert(IsInOrder(kScanDistributions));

struct ScanSpec {
  ScanDistributionKind distribution = ScanDistributionKind::kUniform;
  uint16_t length_min = 1;
  uint16_t length_max = 100;
  double k = 0;      ///< shape: 0 is exponential, from 1 on there is no mean but for length_max
  double sigma = 0;  ///< scale, in records

  friend bool operator==(const ScanSpec&, const ScanSpec&) = default;
};

inline constexpr std::array<Parameter<ScanSpec>, 4> kScanParameters = {{
    {.name = "length_min",
     .field = &ScanSpec::length_min,
     .used_by = {ScanDistributionKind::kUniform},
     .range = {.min = 1, .max = UINT16_MAX}},
    {.name = "length_max",
     .field = &ScanSpec::length_max,
     .used_by = {ScanDistributionKind::kUniform, ScanDistributionKind::kPareto},
     .range = {.min = 1, .max = UINT16_MAX}},
    {.name = "k",
     .field = &ScanSpec::k,
     .used_by = {ScanDistributionKind::kPareto},
     .range = {.min = 0, .max = 10}},
    {.name = "sigma",
     .field = &ScanSpec::sigma,
     .used_by = {ScanDistributionKind::kPareto},
     .range = {.min = 0, .max = 1e6, .open_min = true}},
}};

/// Draws the lengths. Immutable.
/// Source of pareto: Cao, Dong, Vemuri, Du, "Characterizing, Modeling, and Benchmarking RocksDB
/// Key-Value Workloads at Facebook", FAST 2020, and db_bench's mixgraph, which takes lengths modulo
/// mix_max_scan_len. Differs: a multiple of length_max stays length_max, where db_bench scans
/// nothing.
class ScanLengths {
 public:
  explicit ScanLengths(const ScanSpec& spec) : spec_(spec) {}

  template <class Random>
  uint16_t operator()(Random& random) const {
    if (spec_.distribution == ScanDistributionKind::kUniform) {
      const uint64_t lengths = uint64_t{spec_.length_max} - spec_.length_min + 1;
      return static_cast<uint16_t>(spec_.length_min + UniformBelow(random, lengths));
    }
    const double above = 1 - UnitReal(random);  // in (0, 1]
    const double length =
        spec_.k == 0 ? -std::log(above) : (std::pow(above, -spec_.k) - 1) / spec_.k;
    const double past_first = std::max(std::ceil(spec_.sigma * length) - 1, 0.0);
    return static_cast<uint16_t>(1 + std::fmod(past_first, spec_.length_max));
  }

 private:
  ScanSpec spec_;
};

}  // namespace bwlab::workload
