#include "bwlab/workload/distribution.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <numeric>

namespace bwlab::workload {

uint64_t ToFixedPoint(double fraction) {
  return fraction >= 1.0 ? ~uint64_t{0} : static_cast<uint64_t>(std::ldexp(fraction, 64));
}

HotspotDistribution::HotspotDistribution(uint64_t size, double set_fraction, double op_fraction,
                                         double first)
    : size_(size),
      hot_size_(std::clamp<uint64_t>(
          static_cast<uint64_t>(static_cast<double>(size) * set_fraction), 1, size)),
      hot_below_(ToFixedPoint(op_fraction)),
      first_(std::min(static_cast<uint64_t>(static_cast<double>(size) * first), size - 1)) {
  assert(size >= 1);
}

SelfSimilarDistribution::SelfSimilarDistribution(uint64_t size, double h)
    : size_(size), exponent_(std::log(h) / std::log1p(-h)) {
  assert(size >= 1 && size <= kPopulationMax);
  assert(h >= kSelfSimilarHMin && h < kSelfSimilarHMax);
}

ZipfianDistribution::ZipfianDistribution(uint64_t size, double theta) : size_(size), theta_(theta) {
  assert(size >= 1 && size <= kPopulationMax);
  assert(theta > kThetaMin && theta <= kThetaMax);
  BuildSteps();
  BuildAliases();
}

void ZipfianDistribution::BuildSteps() {
  // With 64 steps an octave, a step of the popularity 1/r rejects 0.6% of its draws on average. 128
  // steps would halve that and double the tables, which at 2^20 ranks fit in the L1 cache as they
  // are.
  constexpr int kLogStepsPerOctave = 6;
  constexpr uint64_t kSingles =
      255;  // ranks with a step of their own: a quarter of an octave's steps fit 4 ranks
  for (uint64_t first = 0; first < size_;) {
    const int octave = static_cast<int>(std::bit_width(first + 1)) - 1;
    const uint64_t width = first < kSingles ? 1 : uint64_t{1} << (octave - kLogStepsPerOctave);
    const uint64_t length = std::min(width, size_ - first);
    const double lowest =
        std::pow(static_cast<double>(first + 1) / static_cast<double>(first + length), theta_);
    // Rounded down a little, so that a rank is never accepted here that Accept() would refuse.
    steps_.push_back({first, length, ToFixedPoint(lowest * (1.0 - 0x1p-40))});
    first += length;
  }
}

void ZipfianDistribution::BuildAliases() {
  const size_t count = steps_.size();
  std::vector<double> share(count);  // of the area under the staircase, times count
  for (size_t i = 0; i < count; ++i) {
    share[i] = static_cast<double>(steps_[i].length) *
               std::pow(static_cast<double>(steps_[i].first + 1), -theta_);
  }
  // From the smallest to the largest, for a sum with all its digits.
  const double total = std::accumulate(share.rbegin(), share.rend(), 0.0);
  for (double& part : share) part *= static_cast<double>(count) / total;

  std::vector<size_t> poor;
  std::vector<size_t> rich;
  for (size_t i = 0; i < count; ++i) (share[i] < 1.0 ? poor : rich).push_back(i);
  aliases_.resize(count);
  while (!poor.empty() && !rich.empty()) {
    const size_t taker = poor.back();
    const size_t giver = rich.back();
    poor.pop_back();
    aliases_[taker] = {ToFixedPoint(share[taker]), giver};
    share[giver] -= 1.0 - share[taker];
    if (share[giver] < 1.0) {
      rich.pop_back();
      poor.push_back(giver);
    }
  }
  // What is left has a share of 1, but for rounding: such a slot is its own.
  for (const size_t i : poor) aliases_[i] = {~uint64_t{0}, i};
  for (const size_t i : rich) aliases_[i] = {~uint64_t{0}, i};
}

bool ZipfianDistribution::Accept(const Step& step, uint64_t rank, uint64_t height) const {
  const double ratio = static_cast<double>(step.first + 1) / static_cast<double>(rank + 1);
  return std::ldexp(static_cast<double>(height), -64) < std::pow(ratio, theta_);
}

namespace {

// The first of initial, 9/8 initial + 64, ... that is at least `size`: a function of the two
// numbers alone, so that the tables after growth do not depend on where a chunk of a stream began.
uint64_t CapacityFor(uint64_t initial_size, uint64_t size) {
  uint64_t capacity = initial_size;
  while (capacity < size) capacity += capacity / 8 + 64;
  return std::min(capacity, kPopulationMax);
}

}  // namespace

LatestDistribution::LatestDistribution(uint64_t initial_size, uint64_t size, double theta)
    : size_(size), theta_(theta), zipfian_(CapacityFor(initial_size, size), theta) {
  assert(initial_size >= 1 && initial_size <= size);
}

void LatestDistribution::Rebuild() {
  assert(size_ <= kPopulationMax);
  zipfian_ = ZipfianDistribution(CapacityFor(zipfian_.size(), size_), theta_);
}

ExponentialDistribution::ExponentialDistribution(uint64_t initial_size, uint64_t size,
                                                 double percentile, double fraction)
    : gamma_(-std::log1p(-percentile / 100) / (fraction * static_cast<double>(initial_size))) {
  assert(initial_size >= 1 && initial_size <= size);
  assert(percentile >= kPercentileMin && percentile < kPercentileMax);
  assert(fraction > 0 && fraction <= 1);
  SetSize(size);
}

void ExponentialDistribution::SetSize(uint64_t size) {
  assert(size <= kPopulationMax);
  size_ = size;
  within_ = -std::expm1(-gamma_ * static_cast<double>(size));
}

}  // namespace bwlab::workload
