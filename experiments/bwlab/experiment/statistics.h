#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace bwlab::experiment {

/// The middle value, or the mean of the two in the middle; 0 of none.
double Median(std::vector<double> values);

struct Interval {
  double low = 0;
  double high = 0;
};

/// Intervals say with which confidence the value lies in them.
inline constexpr double kConfidence = 0.95;
/// Below this many repetitions there is no interval: the bootstrap of fewer values says little.
inline constexpr size_t kIntervalRepsMin = 3;

/// A number computed from samples, one after the other.
using Statistic = std::function<double(std::span<const std::vector<double>>)>;

/// Bias-corrected and accelerated bootstrap interval of a statistic of independent samples, at
/// kConfidence, from 9999 resamples that are the same in every call. Source: Efron, "Better
/// Bootstrap Confidence Intervals", JASA 1987; for several samples the acceleration sums their
/// jackknife moments, as SciPy's bootstrap does.
/// @return nothing where a sample has fewer than kIntervalRepsMin values.
std::optional<Interval> BcaInterval(std::span<const std::vector<double>> samples,
                                    const Statistic& statistic);

/// Of the median of one sample, and of the ratio of the medians of two: an effect size.
std::optional<Interval> MedianInterval(const std::vector<double>& values);
std::optional<Interval> RatioInterval(const std::vector<double>& values,
                                      const std::vector<double>& baseline);

/// Places of the values that lie more than 3.5 robust standard deviations (1.4826 times the median
/// absolute deviation) from the median. Source: Iglewicz and Hoaglin, "How to Detect and Handle
/// Outliers", 1993. They are reported and never left out.
std::vector<size_t> Outliers(const std::vector<double>& values);

}  // namespace bwlab::experiment
