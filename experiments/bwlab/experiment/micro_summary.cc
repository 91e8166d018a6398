#include "bwlab/experiment/micro_summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "bwlab/experiment/statistics.h"

namespace bwlab::experiment {
namespace {

using nlohmann::json;

/// A unit in which a number has one to three digits before the point, of those a thousand apart.
struct Unit {
  double size = 1;
  std::string_view name;
};

Unit UnitFor(double number, const std::array<std::string_view, 4>& names) {
  Unit unit{1, names[0]};
  for (size_t i = 1; i < names.size() && number >= 1000 * unit.size; ++i) {
    unit = {1000 * unit.size, names[i]};
  }
  return unit;
}

constexpr std::array<std::string_view, 4> kTimes = {"ns", "us", "ms", "s"};
constexpr std::array<std::string_view, 4> kRates = {"/s", " k/s", " M/s", " G/s"};

std::string IntervalText(const std::optional<Interval>& interval, double unit) {
  if (!interval) return "-";
  return fmt::format("{:.2f} .. {:.2f}", interval->low / unit, interval->high / unit);
}

std::string RateText(const std::vector<double>& items_per_second) {
  if (items_per_second.empty()) return "-";
  const double median = Median(items_per_second);
  const Unit unit = UnitFor(median, kRates);
  return fmt::format("{:.2f}{}", median / unit.size, unit.name);
}

}  // namespace

void MicroSummary::Add(const json& result) {
  const auto program = result.at("program").get<std::string>();
  const auto is_of_program = [&](const Heading& heading) { return heading.program == program; };
  if (std::none_of(headings_.begin(), headings_.end(), is_of_program)) {
    headings_.push_back({program, fmt::format("{}: {}\nBaseline: {}\n", program,
                                              result.at("question").get<std::string>(),
                                              result.at("baseline").get<std::string>())});
  }
  for (const json& benchmark : result.at("benchmarks")) {
    const auto name = benchmark.at("name").get<std::string>();
    auto row = std::find_if(rows_.begin(), rows_.end(), [&](const MicroRow& r) {
      return r.program == program && r.name == name;
    });
    if (row == rows_.end()) {
      const auto clock = benchmark.at("clock").get<std::string>();
      row = rows_.insert(row, {program, name, clock, {}, {}});
    }
    row->time_ns.push_back(benchmark.at(row->clock + "_time_ns").get<double>());
    const json& items = benchmark.at("items_per_second");
    if (items.is_number()) row->items_per_second.push_back(items.get<double>());
  }
}

std::string MicroSummary::Text() const {
  size_t width = std::string_view("benchmark").size();
  for (const MicroRow& row : rows_) width = std::max(width, row.name.size());
  std::string text;
  for (const Heading& heading : headings_) {
    text += (text.empty() ? "" : "\n") + heading.text;
    text += fmt::format("{:<{}}  {:>11}  {:^20}  {:<5}  {:>12}\n", "benchmark", width,
                        "an iteration", "95% interval", "clock", "items");
    for (const MicroRow& row : rows_) {
      if (row.program != heading.program) continue;
      const double median = Median(row.time_ns);
      const Unit unit = UnitFor(median, kTimes);
      text += fmt::format("{:<{}}  {:>8.2f} {:<2}   {:^20}  {:<5}  {:>12}\n", row.name, width,
                          median / unit.size, unit.name,
                          IntervalText(MedianInterval(row.time_ns), unit.size), row.clock,
                          RateText(row.items_per_second));
    }
  }
  return text;
}

json MicroSummary::Json() const {
  json rows = json::array();
  for (const MicroRow& row : rows_) {
    const std::optional<Interval> interval = MedianInterval(row.time_ns);
    rows.push_back({{"program", row.program},
                    {"name", row.name},
                    {"clock", row.clock},
                    {"reps", row.time_ns.size()},
                    {"time_ns", row.time_ns},
                    {"time_ns_median", Median(row.time_ns)},
                    {"time_ns_interval", interval ? json{interval->low, interval->high} : json()},
                    {"items_per_second_median",
                     row.items_per_second.empty() ? json() : json(Median(row.items_per_second))},
                    {"confidence", kConfidence}});
  }
  return rows;
}

}  // namespace bwlab::experiment
