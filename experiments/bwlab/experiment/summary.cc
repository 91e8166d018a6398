#include "bwlab/experiment/summary.h"

#include <fmt/format.h>

#include <algorithm>

namespace bwlab::experiment {
namespace {

using nlohmann::json;

constexpr double kMega = 1e6;

}  // namespace

double SummaryRow::MedianOpsPerSecond() const { return Median(ops_per_second); }

std::optional<double> SummaryRow::RelativeHalfWidth() const {
  const std::optional<Interval> interval = MedianInterval(ops_per_second);
  if (!interval) return std::nullopt;
  return (interval->high - interval->low) / 2 / MedianOpsPerSecond();
}

void Summary::Add(const json& result) {
  const auto cell_id = result.at("cell_id").get<std::string>();
  auto row = std::find_if(rows_.begin(), rows_.end(),
                          [&cell_id](const SummaryRow& r) { return r.cell_id == cell_id; });
  if (row == rows_.end()) {
    rows_.push_back({.workload = result.at("workload").get<std::string>(),
                     .threads = result.at("threads").get<uint32_t>(),
                     .label = result.at("label").get<std::string>(),
                     .cell_id = cell_id,
                     .ops_per_second = {},
                     .bytes_per_key = {}});
    row = rows_.end() - 1;
  }
  row->ops_per_second.push_back(result.at("run").at("throughput_ops_s").get<double>());
  const json& bytes = result.at("memory").at("bytes_per_key");
  if (bytes.is_number()) row->bytes_per_key.push_back(bytes.get<double>());
}

const SummaryRow* Summary::RowOf(const std::string& cell_id) const {
  const auto row = std::find_if(rows_.begin(), rows_.end(),
                                [&](const SummaryRow& r) { return r.cell_id == cell_id; });
  return row == rows_.end() ? nullptr : &*row;
}

const SummaryRow* Summary::BaselineOf(const SummaryRow& row) const {
  const auto baseline = std::find_if(rows_.begin(), rows_.end(), [&](const SummaryRow& other) {
    return other.label == baseline_ && other.workload == row.workload &&
           other.threads == row.threads && other.MedianOpsPerSecond() > 0;
  });
  return baseline == rows_.end() ? nullptr : &*baseline;
}

double Summary::RatioToBaseline(const SummaryRow& row) const {
  const SummaryRow* baseline = BaselineOf(row);
  return baseline == nullptr ? 0 : row.MedianOpsPerSecond() / baseline->MedianOpsPerSecond();
}

std::optional<Interval> Summary::RatioIntervalToBaseline(const SummaryRow& row) const {
  const SummaryRow* baseline = BaselineOf(row);
  if (baseline == nullptr || baseline == &row) return std::nullopt;
  return RatioInterval(row.ops_per_second, baseline->ops_per_second);
}

std::string Summary::Text() const {
  size_t workload_width = std::string_view("workload").size();
  size_t label_width = std::string_view("engine").size();
  for (const SummaryRow& row : rows_) {
    workload_width = std::max(workload_width, row.workload.size());
    label_width = std::max(label_width, row.label.size());
  }
  const auto range = [](double low, double high, double unit, int digits) {
    return fmt::format("{:.{}f} .. {:.{}f}", low / unit, digits, high / unit, digits);
  };
  std::string text = fmt::format("{:<{}}  threads  {:<{}}  {:>8}  {:^18}  {:^18}  {:>9}  {}\n",
                                 "workload", workload_width, "engine", label_width, "Mops/s",
                                 "95% interval", "min .. max", "bytes/key", "x " + baseline_);
  const SummaryRow* previous = nullptr;
  for (const SummaryRow& row : rows_) {
    if (previous != nullptr && previous->workload != row.workload) text += '\n';
    previous = &row;
    const auto [low, high] =
        std::minmax_element(row.ops_per_second.begin(), row.ops_per_second.end());
    const std::optional<Interval> interval = MedianInterval(row.ops_per_second);
    const double ratio = RatioToBaseline(row);
    const std::optional<Interval> ratio_interval = RatioIntervalToBaseline(row);
    text += fmt::format(
        "{:<{}}  {:>7}  {:<{}}  {:>8.3f}  {:^18}  {:^18}  {:>9}  {}{}\n", row.workload,
        workload_width, row.threads, row.label, label_width, row.MedianOpsPerSecond() / kMega,
        interval ? range(interval->low, interval->high, kMega, 3) : "-",
        range(*low, *high, kMega, 3),
        row.bytes_per_key.empty() ? "-" : fmt::format("{:.1f}", Median(row.bytes_per_key)),
        ratio > 0 ? fmt::format("{:.2f}", ratio) : "-",
        ratio_interval ? " (" + range(ratio_interval->low, ratio_interval->high, 1, 2) + ")" : "");
  }
  for (const SummaryRow& row : rows_) {
    for (const size_t outlier : Outliers(row.ops_per_second)) {
      text += fmt::format("Outlier: {}, {}, {} threads: {:.3f} Mops/s\n", row.workload, row.label,
                          row.threads, row.ops_per_second[outlier] / kMega);
    }
  }
  return text;
}

json Summary::Json() const {
  const auto interval_json = [](const std::optional<Interval>& interval) {
    return interval ? json{interval->low, interval->high} : json();
  };
  json rows = json::array();
  for (const SummaryRow& row : rows_) {
    const double ratio = RatioToBaseline(row);
    const auto [low, high] =
        std::minmax_element(row.ops_per_second.begin(), row.ops_per_second.end());
    json outliers = json::array();
    for (const size_t outlier : Outliers(row.ops_per_second)) {
      outliers.push_back(row.ops_per_second[outlier]);
    }
    rows.push_back(
        {{"workload", row.workload},
         {"threads", row.threads},
         {"label", row.label},
         {"cell_id", row.cell_id},
         {"reps", row.ops_per_second.size()},
         {"throughput_ops_s", row.ops_per_second},
         {"throughput_ops_s_median", row.MedianOpsPerSecond()},
         {"throughput_ops_s_interval", interval_json(MedianInterval(row.ops_per_second))},
         {"throughput_ops_s_min", *low},
         {"throughput_ops_s_max", *high},
         {"throughput_ops_s_outliers", outliers},
         {"bytes_per_key", row.bytes_per_key.empty() ? json() : json(Median(row.bytes_per_key))},
         {"ratio_to_baseline", ratio > 0 ? json(ratio) : json()},
         {"ratio_interval", interval_json(RatioIntervalToBaseline(row))},
         {"confidence", kConfidence}});
  }
  return rows;
}

}  // namespace bwlab::experiment
