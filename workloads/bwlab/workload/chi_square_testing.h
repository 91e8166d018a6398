#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

// What the tests of distributions share: Pearson's chi-square test and the closed form of the
// zipfian distribution, computed apart from the code under test. All tests draw from fixed seeds,
// so that a p-value is the same on every run: one under kSuspicious is a defect, not bad luck (one
// in 10,000 when it is written).

namespace bwlab::workload::testing {

inline constexpr double kSuspicious = 1e-4;

/// Q(a, x), the upper regularised incomplete gamma function, to about 1e-12. Series below a + 1,
/// continued fraction (modified Lentz) above. Source: Abramowitz and Stegun 6.5.29 and 6.5.31.
inline double UpperGamma(double a, double x) {
  constexpr double kTiny = 1e-300;
  constexpr double kPrecision = 1e-15;
  if (x <= 0) return 1;
  const double scale = std::exp(a * std::log(x) - x - std::lgamma(a));
  if (x < a + 1) {
    double term = 1 / a;
    double sum = term;
    for (double n = a + 1; term > sum * kPrecision; ++n) sum += term *= x / n;
    return 1 - scale * sum;
  }
  double b = x + 1 - a;
  double c = 1 / kTiny;
  double d = 1 / b;
  double fraction = d;
  for (int i = 1; i < 100000; ++i) {
    const double numerator = -i * (i - a);
    b += 2;
    d = numerator * d + b;
    if (std::abs(d) < kTiny) d = kTiny;
    c = b + numerator / c;
    if (std::abs(c) < kTiny) c = kTiny;
    d = 1 / d;
    fraction *= d * c;
    if (std::abs(d * c - 1) < kPrecision) break;
  }
  return scale * fraction;
}

/// The probability of counts at least this far from the expected ones by chance. `weights` are the
/// expected shares up to a common factor. Neighbouring bins are pooled until ten draws are expected
/// in each.
inline double ChiSquarePValue(std::span<const uint64_t> observed, std::span<const double> weights) {
  constexpr double kExpectedMin = 10;
  double draws = 0;
  double total = 0;
  for (const uint64_t count : observed) draws += static_cast<double>(count);
  for (const double weight : weights) total += weight;

  std::vector<double> pooled_observed;
  std::vector<double> pooled_expected;
  double bin_observed = 0;
  double bin_expected = 0;
  for (size_t i = 0; i < observed.size(); ++i) {
    bin_observed += static_cast<double>(observed[i]);
    bin_expected += draws * weights[i] / total;
    if (bin_expected >= kExpectedMin) {
      pooled_observed.push_back(bin_observed);
      pooled_expected.push_back(bin_expected);
      bin_observed = bin_expected = 0;
    }
  }
  if (pooled_expected.empty()) return 1;
  pooled_observed.back() += bin_observed;
  pooled_expected.back() += bin_expected;
  if (pooled_expected.size() < 2) return 1;  // one bin: nothing to compare

  double statistic = 0;
  for (size_t i = 0; i < pooled_expected.size(); ++i) {
    const double gap = pooled_observed[i] - pooled_expected[i];
    statistic += gap * gap / pooled_expected[i];
  }
  return UpperGamma(static_cast<double>(pooled_expected.size() - 1) / 2, statistic / 2);
}

inline double ChiSquarePValueUniform(std::span<const uint64_t> observed) {
  return ChiSquarePValue(observed, std::vector<double>(observed.size(), 1.0));
}

/// Sum of r^-theta over r in (after, last]: term by term for small r, Euler-Maclaurin above, where
/// the first neglected term is under 1e-16 of the sum.
inline double ZipfWeight(uint64_t after, uint64_t last, double theta) {
  constexpr uint64_t kSummed = 20000;
  const auto f = [theta](double r) { return std::pow(r, -theta); };
  double sum = 0;
  const uint64_t summed = std::min(last, std::max(after, kSummed));
  for (uint64_t r = summed; r > after; --r) sum += f(static_cast<double>(r));
  if (summed == last) return sum;
  const auto a = static_cast<double>(summed);
  const auto b = static_cast<double>(last);
  const double s = 1 - theta;
  const double integral =
      std::abs(s) < 1e-12 ? std::log(b / a) : (std::pow(b, s) - std::pow(a, s)) / s;
  return sum + integral + (f(b) - f(a)) / 2 - theta * (f(b) / b - f(a) / a) / 12;
}

/// Counts ranks in bins: one each for the first 64, then bins that grow by a tenth.
class RankHistogram {
 public:
  explicit RankHistogram(uint64_t size) {
    for (uint64_t end = 1; end < size; end += std::max<uint64_t>(1, end < 64 ? 1 : end / 10)) {
      ends_.push_back(end);
    }
    ends_.push_back(size);
    counts_.resize(ends_.size());
  }

  /// False where the rank (from 0) is not below size.
  bool Add(uint64_t rank) {
    const auto bin = std::upper_bound(ends_.begin(), ends_.end(), rank);
    if (bin == ends_.end()) return false;
    ++counts_[static_cast<size_t>(bin - ends_.begin())];
    return true;
  }

  /// `weight_of(begin, end)` is the expected share of the ranks [begin, end), up to a common
  /// factor.
  template <class Weight>
  double PValueOf(Weight weight_of) const {
    std::vector<double> weights;
    uint64_t begin = 0;
    for (const uint64_t end : ends_) {
      weights.push_back(weight_of(begin, end));
      begin = end;
    }
    return ChiSquarePValue(counts_, weights);
  }

  double PValueOfZipfian(double theta) const {
    return PValueOf(
        [theta](uint64_t begin, uint64_t end) { return ZipfWeight(begin, end, theta); });
  }

  double PValueOfUniform() const {
    return PValueOf([](uint64_t begin, uint64_t end) { return static_cast<double>(end - begin); });
  }

  uint64_t count_of_first() const { return counts_.front(); }

 private:
  std::vector<uint64_t> ends_;  // bin i holds the ranks of [ends_[i-1], ends_[i])
  std::vector<uint64_t> counts_;
};

}  // namespace bwlab::workload::testing
