#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "bwlab/workload/catalogue.h"
#include "bwlab/workload/random.h"

namespace bwlab::workload {

/// Which records a workload asks for.
enum class DistributionKind : uint8_t {
  kUniform,
  kZipfian,
  kLatest,
  kHotspot,
  kExponential,
  kSelfSimilar,
  kSequential,
  kMixGraph,
};

struct DistributionInfo {
  DistributionKind kind;
  std::string_view name;
  std::string_view summary;
};

inline constexpr std::array<DistributionInfo, 8> kDistributions = {{
    {DistributionKind::kUniform, "uniform", "every loaded record is equally likely"},
    {DistributionKind::kZipfian, "zipfian",
     "the r-th most popular of the N loaded records has probability proportional to 1/r^theta"},
    {DistributionKind::kLatest, "latest",
     "zipfian over recency: the newest record is the most popular, and inserts move the peak"},
    {DistributionKind::kHotspot, "hotspot",
     "op_fraction of the requests go to a hot set of set_fraction of the loaded records; equally "
     "likely within the set and outside"},
    {DistributionKind::kExponential, "exponential",
     "exponential over recency: percentile % of the requests go to the newest fraction of the "
     "records"},
    {DistributionKind::kSelfSimilar, "self_similar",
     "1-h of the requests go to the share h of the loaded records, and so on within that share: "
     "h = 0.2 is the 80/20 rule"},
    {DistributionKind::kSequential, "sequential",
     "one loaded record after the other, in the order of insertion, the threads in turn; from the "
     "last one back to the first"},
    {DistributionKind::kMixGraph, "mixgraph",
     "as in RocksDB at Facebook: ranges of the loaded records with popularities a e^(bx) + c "
     "e^(dx), and a power law within each"},
}};
static_assert(IsInOrder(kDistributions));

constexpr std::string_view ToString(DistributionKind kind) {
  return InfoOf(kDistributions, kind).name;
}

constexpr std::optional<DistributionKind> DistributionFromName(std::string_view name) {
  return KindFromName(kDistributions, name);
}

/// Limits within which ZipfianDistribution is exact; the bounds that a workload file is checked
/// against.
inline constexpr double kThetaMin =
    0.0;  // exclusive: 0 is the uniform distribution, ask for that by name
inline constexpr double kThetaMax = 10.0;
inline constexpr uint64_t kPopulationMax = uint64_t{1} << 48;

/// Below, the popularity of neighbours would differ by more than the draws can resolve. The upper
/// bound is exclusive: at 0.5 every record is equally likely, ask for uniform by name.
inline constexpr double kSelfSimilarHMin = 0.001;
inline constexpr double kSelfSimilarHMax = 0.5;

inline constexpr uint32_t kKeyRangesMax = uint32_t{1} << 20;

/// Below, the exponential distribution is as good as uniform, and what makes the difference would
/// be lost in rounding.
inline constexpr double kPercentileMin = 0.001;
inline constexpr double kPercentileMax = 100;  ///< exclusive

/// A fraction in [0, 1) as a fixed-point number of 64 bits; 1 and above become the largest.
uint64_t ToFixedPoint(double fraction);

/// Uniform over [0, size). Immutable.
class UniformDistribution {
 public:
  explicit UniformDistribution(uint64_t size) : size_(size) {}

  template <class Random>
  uint64_t operator()(Random& random) const {
    return UniformBelow(random, size_);
  }

 private:
  uint64_t size_;
};

/// One record after the other: operation i of thread t, of n threads, asks for record i * n + t,
/// modulo the number of records, whatever the schedule. Immutable.
class SequentialDistribution {
 public:
  SequentialDistribution(uint64_t size, uint32_t thread, uint32_t threads)
      : size_(size), thread_(thread), threads_(threads) {}

  uint64_t AtOp(uint64_t op_index) const { return (op_index * threads_ + thread_) % size_; }

 private:
  uint64_t size_;
  uint64_t thread_;
  uint64_t threads_;
};

/// A share `op_fraction` of the draws is uniform over the hot set, the others over the rest. The
/// hot set is floor(size * set_fraction) ranks, at least one, from rank floor(size * first) on,
/// and from 0 after the last one. Immutable. Source: YCSB's HotspotIntegerGenerator, which has
/// first = 0. Differs where the hot set comes out empty, or all there is: YCSB divides by zero.
class HotspotDistribution {
 public:
  /// size at least 1; set_fraction and op_fraction in [0, 1], first in [0, 1).
  HotspotDistribution(uint64_t size, double set_fraction, double op_fraction, double first);

  template <class Random>
  uint64_t operator()(Random& random) const {
    const bool hot = random.Next() < hot_below_ || hot_size_ == size_;
    const uint64_t place =
        hot ? UniformBelow(random, hot_size_) : hot_size_ + UniformBelow(random, size_ - hot_size_);
    const uint64_t rank = first_ + place;
    return rank < size_ ? rank : rank - size_;
  }

 private:
  uint64_t size_;
  uint64_t hot_size_;
  uint64_t hot_below_;  // 2^64 * op_fraction
  uint64_t first_;
};

/// Ranks 0 .. size-1, of which the first floor(size * h) get a share 1-h of the draws, and the
/// first h of these the same share of that, and so on: rank < k has the probability (k /
/// size)^(log(1-h) / log h). Immutable.
///
/// A draw takes a pow(), so that about one in 2^53 / size draws may depend on the mathematical
/// library.
/// Source: Gray, Sundaresan, Englert, Baclawski, Weinberger, "Quickly Generating Billion-Record
/// Synthetic Databases", SIGMOD 1994.
class SelfSimilarDistribution {
 public:
  /// size in [1, kPopulationMax], h in [kSelfSimilarHMin, kSelfSimilarHMax).
  SelfSimilarDistribution(uint64_t size, double h);

  template <class Random>
  uint64_t operator()(Random& random) const {
    const double place = static_cast<double>(size_) * std::pow(UnitReal(random), exponent_);
    return std::min(static_cast<uint64_t>(place), size_ - 1);
  }

 private:
  uint64_t size_;
  double exponent_;
};

/// Popularity ranks 0 .. size-1, rank r with probability (r+1)^-theta / sum over i = 1..size of
/// i^-theta: the true size and the true theta, without the approximation of Gray et al. that YCSB
/// uses. Immutable.
///
/// Method: rejection from a staircase. The ranks are cut into steps (one rank each for the first
/// ranks, then 64 steps an octave); a step is picked by the alias method with the weight that its
/// first rank has times its length, a rank within it uniformly, and the rank is kept with
/// probability weight(rank) / weight(first rank). At theta 0.99 over 99% are kept and about 1% need
/// a pow(); all else is table look-ups in integers, so that a draw is fast and hardly ever depends
/// on the last bits of a mathematical library. Set-up takes O(64 log(size)).
///
/// Precision: the probability of a rank is right to within a relative 2^-40 for up to 2^30 ranks,
/// and to 2^-22 at kPopulationMax: one draw gives both the place in a step and the height.
///
/// Source: rejection and alias method as in Devroye, "Non-uniform random variate generation", 1986,
/// II.3 and III.4; alias tables after Vose, IEEE TSE 17(9), 1991. Differs from rejection-inversion
/// (Hoermann, Derflinger, ACM TOMACS 6(3), 1996), which takes a log and an exp a draw.
class ZipfianDistribution {
 public:
  /// size in [1, kPopulationMax], theta in (kThetaMin, kThetaMax].
  ZipfianDistribution(uint64_t size, double theta);

  template <class Random>
  uint64_t operator()(Random& random) const {
    for (;;) {
      const Uint128 pick = Uint128{random.Next()} * steps_.size();
      const auto slot = static_cast<size_t>(pick >> 64);
      const Alias& alias = aliases_[slot];
      const Step& step =
          steps_[static_cast<uint64_t>(pick) < alias.keep_below ? slot : alias.other];
      if (step.length == 1) return step.first;
      const Uint128 place = Uint128{random.Next()} * step.length;
      const uint64_t rank = step.first + static_cast<uint64_t>(place >> 64);
      const auto height = static_cast<uint64_t>(place);
      if (height < step.accept_below || Accept(step, rank, height)) return rank;
    }
  }

  uint64_t size() const { return size_; }

 private:
  struct Alias {
    uint64_t
        keep_below;  // fraction of 2^64 of the slot that belongs to the step of the same number
    uint64_t other;  // the step that the rest belongs to
  };
  struct Step {
    uint64_t first;
    uint64_t length;
    uint64_t
        accept_below;  // 2^64 * weight(last rank) / weight(first rank): accepted without a pow()
  };

  bool Accept(const Step& step, uint64_t rank, uint64_t height) const;
  void BuildSteps();
  void BuildAliases();

  uint64_t size_;
  double theta_;
  std::vector<Step> steps_;
  std::vector<Alias> aliases_;
};

/// Recency over a population that grows: 0 is the newest record, and the r-th newest of the current
/// size() records has the probability that a ZipfianDistribution of that size gives rank r. Not
/// shared by threads.
class LatestDistribution {
 public:
  /// size in [1, kPopulationMax]. A population that grew to `size` from a smaller one draws the
  /// same as one that was made with it, provided both name the same `initial_size`.
  LatestDistribution(uint64_t initial_size, uint64_t size, double theta);

  /// One more record is now the newest.
  void Grow() {
    if (++size_ > zipfian_.size()) [[unlikely]]
      Rebuild();
  }

  template <class Random>
  uint64_t operator()(Random& random) const {
    // The tables cover up to an eighth more than there is: what is too old is drawn again, which
    // leaves exactly the zipfian distribution of the current size.
    for (;;) {
      const uint64_t recency = zipfian_(random);
      if (recency < size_) return recency;
    }
  }

  uint64_t size() const { return size_; }

 private:
  void Rebuild();

  uint64_t size_;
  double theta_;
  ZipfianDistribution zipfian_;
};

/// Recency over a population that grows: 0 is the newest record. Recency r has a probability
/// proportional to e^(-gamma r), where gamma is such that, without an end, `percentile` percent of
/// the draws would be below `fraction` of the initial size. Not shared by threads.
///
/// A draw takes a log(), so that about one in 2^53 / size draws may depend on the mathematical
/// library.
/// Source: YCSB's ExponentialGenerator, and CoreWorkload for the recency. As there, gamma stays as
/// the population grows, and what is older than the oldest record is drawn again (here in one step,
/// by the truncated distribution).
class ExponentialDistribution {
 public:
  /// 1 <= initial_size <= size <= kPopulationMax, percentile in [kPercentileMin,
  /// kPercentileMax), fraction in (0, 1].
  ExponentialDistribution(uint64_t initial_size, uint64_t size, double percentile, double fraction);

  /// One more record is now the newest.
  void Grow() { SetSize(size_ + 1); }

  template <class Random>
  uint64_t operator()(Random& random) const {
    const double recency = -std::log1p(-UnitReal(random) * within_) / gamma_;
    return std::min(static_cast<uint64_t>(recency), size_ - 1);
  }

  uint64_t size() const { return size_; }

 private:
  void SetSize(uint64_t size);

  uint64_t size_;
  double gamma_;
  double within_;  // the share of the endless distribution that is below size_
};

}  // namespace bwlab::workload
