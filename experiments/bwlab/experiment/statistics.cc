#include "bwlab/experiment/statistics.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <random>

namespace bwlab::experiment {
namespace {

constexpr size_t kResamples = 9999;
constexpr uint64_t kSeed = 20191;

double NormalCdf(double z) { return std::erfc(-z / std::numbers::sqrt2) / 2; }

/// The inverse of NormalCdf, by bisection: it is called a few times an interval.
double NormalQuantile(double share) {
  double low = -38;
  double high = 38;
  for (int i = 0; i < 100; ++i) {
    const double middle = (low + high) / 2;
    (NormalCdf(middle) < share ? low : high) = middle;
  }
  return (low + high) / 2;
}

/// Of sorted values, between neighbours in proportion.
double QuantileOfSorted(const std::vector<double>& sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (place - static_cast<double>(below));
}

std::vector<double> SortedResamples(std::span<const std::vector<double>> samples,
                                    const Statistic& statistic) {
  std::mt19937_64 random(kSeed);
  std::vector<std::vector<double>> resample(samples.begin(), samples.end());
  std::vector<double> values(kResamples);
  for (double& value : values) {
    for (size_t s = 0; s < samples.size(); ++s) {
      for (double& drawn : resample[s]) drawn = samples[s][random() % samples[s].size()];
    }
    value = statistic(resample);
  }
  std::sort(values.begin(), values.end());
  return values;
}

/// How much the statistic's standard error depends on its value, from what it is without each of
/// the values in turn.
double Acceleration(std::span<const std::vector<double>> samples, const Statistic& statistic) {
  double cubes = 0;
  double squares = 0;
  std::vector<std::vector<double>> rest(samples.begin(), samples.end());
  for (size_t s = 0; s < samples.size(); ++s) {
    const auto n = static_cast<double>(samples[s].size());
    std::vector<double> without;
    for (size_t i = 0; i < samples[s].size(); ++i) {
      rest[s] = samples[s];
      rest[s].erase(rest[s].begin() + static_cast<std::ptrdiff_t>(i));
      without.push_back(statistic(rest));
    }
    rest[s] = samples[s];
    double mean = 0;
    for (const double value : without) mean += value / n;
    for (const double value : without) {
      const double influence = (n - 1) * (mean - value);
      squares += influence * influence / (n * n);
      cubes += influence * influence * influence / (n * n * n);
    }
  }
  return squares > 0 ? cubes / std::pow(squares, 1.5) / 6 : 0;
}

double MedianRatio(std::span<const std::vector<double>> samples) {
  return Median(samples[0]) / Median(samples[1]);
}

}  // namespace

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

std::optional<Interval> BcaInterval(std::span<const std::vector<double>> samples,
                                    const Statistic& statistic) {
  for (const std::vector<double>& sample : samples) {
    if (sample.size() < kIntervalRepsMin) return std::nullopt;
  }
  const double value = statistic(samples);
  const std::vector<double> resampled = SortedResamples(samples, statistic);
  const auto [first, last] = std::equal_range(resampled.begin(), resampled.end(), value);
  const double below =
      static_cast<double>((first - resampled.begin()) + (last - resampled.begin())) /
      (2.0 * kResamples);
  // Where all resamples lie on one side there is no telling the bias.
  if (below <= 0 || below >= 1) return Interval{resampled.front(), resampled.back()};
  const double bias = NormalQuantile(below);
  const double acceleration = Acceleration(samples, statistic);
  const auto bound = [&](double share) {
    const double shifted = bias + NormalQuantile(share);
    const double adjusted = NormalCdf(bias + shifted / (1 - acceleration * shifted));
    return QuantileOfSorted(resampled, adjusted);
  };
  return Interval{bound((1 - kConfidence) / 2), bound((1 + kConfidence) / 2)};
}

std::optional<Interval> MedianInterval(const std::vector<double>& values) {
  return BcaInterval(std::span(&values, 1), [](std::span<const std::vector<double>> samples) {
    return Median(samples[0]);
  });
}

std::optional<Interval> RatioInterval(const std::vector<double>& values,
                                      const std::vector<double>& baseline) {
  const std::vector<double> samples[] = {values, baseline};
  return BcaInterval(samples, MedianRatio);
}

std::vector<size_t> Outliers(const std::vector<double>& values) {
  constexpr double kDeviationsMax = 3.5;
  constexpr double kOfNormal = 1.4826;  // standard deviations in a median absolute deviation
  const double median = Median(values);
  std::vector<double> deviations;
  for (const double value : values) deviations.push_back(std::abs(value - median));
  const double deviation = kOfNormal * Median(deviations);
  std::vector<size_t> outliers;
  for (size_t i = 0; i < values.size() && deviation > 0; ++i) {
    if (std::abs(values[i] - median) > kDeviationsMax * deviation) outliers.push_back(i);
  }
  return outliers;
}

}  // namespace bwlab::experiment
