#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace bwlab::experiment {

/// Counts of 64-bit values in log-linear buckets: exact below 2048, at most 0.1% wide above (three
/// significant digits). Holds its buckets in itself, so that recording allocates nothing;
/// mergeable, so that percentiles of many threads or repetitions are computed from all their values
/// and never averaged. Source: the bucket layout of HdrHistogram (Tene), with sub-buckets of 2^10.
class Histogram {
 public:
  void Record(uint64_t value) {
    ++counts_[BucketOf(value)];
    ++count_;
    if (value < min_) min_ = value;
    if (value > max_) max_ = value;
  }

  void Merge(const Histogram& other);

  uint64_t count() const { return count_; }
  uint64_t min() const { return count_ == 0 ? 0 : min_; }  ///< exact; 0 where nothing was recorded
  uint64_t max() const { return max_; }                    ///< exact

  /// The smallest recorded value that at least `share` (0..1) of the values do not exceed, as the
  /// middle of its bucket, clamped to the exact minimum and maximum; 0 where nothing was recorded.
  uint64_t Quantile(double share) const;

 private:
  static constexpr int kSubBits = 10;
  static constexpr size_t kSub = size_t{1} << kSubBits;
  // Values below 2 * kSub have a bucket each; each further octave adds kSub buckets. Values of 2^48
  // and more (three days in nanoseconds) share the last one.
  static constexpr int kOctaves = 48 - kSubBits - 1;
  static constexpr size_t kBuckets = 2 * kSub + kOctaves * kSub;

  static size_t BucketOf(uint64_t value) {
    if (value < 2 * kSub) return static_cast<size_t>(value);
    const int shift = static_cast<int>(std::bit_width(value)) - 1 - kSubBits;
    const size_t bucket = static_cast<size_t>(shift) * kSub + static_cast<size_t>(value >> shift);
    return bucket < kBuckets ? bucket : kBuckets - 1;
  }
  static uint64_t MiddleOf(size_t bucket);

  std::array<uint64_t, kBuckets> counts_{};
  uint64_t count_ = 0;
  uint64_t min_ = UINT64_MAX;
  uint64_t max_ = 0;
};

}  // namespace bwlab::experiment
