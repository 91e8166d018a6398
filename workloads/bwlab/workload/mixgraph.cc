#include "bwlab/workload/mixgraph.h"

#include <cassert>
#include <numeric>

namespace bwlab::workload {
namespace {

constexpr uint64_t kPurpose = 0x6d69786772617068;

/// The popularity of each key range, from x = 1 on. Nothing is as good as nothing: db_bench's
/// bound.
std::vector<double> KeyRangeWeights(const RequestSpec& spec) {
  constexpr double kNothing = 1e-16;
  std::vector<double> weights(spec.keyrange_num);
  for (size_t i = 0; i < weights.size(); ++i) {
    const auto x = static_cast<double>(i + 1);
    const double weight = spec.keyrange_dist_a * std::exp(spec.keyrange_dist_b * x) +
                          spec.keyrange_dist_c * std::exp(spec.keyrange_dist_d * x);
    weights[i] = weight < kNothing ? 0 : weight;
  }
  return weights;
}

}  // namespace

MixGraphDistribution::MixGraphDistribution(uint64_t size, const RequestSpec& spec, uint64_t seed)
    : size_(size),
      order_(spec.keyrange_num, DerivedSeed(seed, kPurpose)),
      number_(spec.key_dist_a, spec.key_dist_b),
      salt_(DerivedSeed(seed, kPurpose + 1)) {
  assert(size >= spec.keyrange_num);
  assert(CheckMixGraph(spec).empty());
  const std::vector<double> weights = KeyRangeWeights(spec);
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  double below = 0;
  for (const double weight : weights) {
    below += weight;
    limits_.push_back(ToFixedPoint(below / total));
  }
}

std::string CheckMixGraph(const RequestSpec& spec) {
  const std::vector<double> weights = KeyRangeWeights(spec);
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  if (!(total > 0) || !std::isfinite(total)) {
    return "the popularities of the key ranges, keyrange_dist_a e^(keyrange_dist_b x) + "
           "keyrange_dist_c e^(keyrange_dist_d x) for x from 1 to keyrange_num, must be finite and "
           "sum to more than 0, but sum to " +
           std::to_string(total);
  }
  const double log_numbers = -std::log2(spec.key_dist_a) / spec.key_dist_b;
  if (log_numbers > PowerLaw::kLogNumbersMax) {
    return "key_dist_a^(-1/key_dist_b) must be at most 2^62, but is about 2^" +
           std::to_string(std::lround(std::min(log_numbers, 1e9)));
  }
  return "";
}

}  // namespace bwlab::workload
