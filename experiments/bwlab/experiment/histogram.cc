#include "bwlab/experiment/histogram.h"

#include <algorithm>
#include <cmath>

namespace bwlab::experiment {

void Histogram::Merge(const Histogram& other) {
  for (size_t i = 0; i < kBuckets; ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
}

uint64_t Histogram::Quantile(double share) const {
  if (count_ == 0) return 0;
  const double wanted = std::ceil(share * static_cast<double>(count_));
  const uint64_t rank = std::clamp<uint64_t>(static_cast<uint64_t>(wanted), 1, count_);
  uint64_t seen = 0;
  for (size_t bucket = 0; bucket < kBuckets; ++bucket) {
    seen += counts_[bucket];
    if (seen >= rank) return std::clamp(MiddleOf(bucket), min_, max_);
  }
  return max_;
}

uint64_t Histogram::MiddleOf(size_t bucket) {
  if (bucket < 2 * kSub) return bucket;
  const size_t shift = bucket / kSub - 1;
  const uint64_t first = static_cast<uint64_t>(kSub + bucket % kSub) << shift;
  return first + ((uint64_t{1} << shift) >> 1);
}

}  // namespace bwlab::experiment
