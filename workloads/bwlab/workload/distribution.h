#pragma once

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
};

struct DistributionInfo {
  DistributionKind kind;
  std::string_view name;
  std::string_view summary;
};

inline constexpr std::array<DistributionInfo, 3> kDistributions = {{
    {DistributionKind::kUniform, "uniform", "every loaded record is equally likely"},
    {DistributionKind::kZipfian, "zipfian",
     "the r-th most popular of the N loaded records has probability proportional to 1/r^theta"},
    {DistributionKind::kLatest, "latest",
     "zipfian over recency: the newest record is the most popular, and inserts move the peak"},
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

}  // namespace bwlab::workload
