#include "bwlab/experiment/summary.h"

#include <fmt/format.h>

#include <algorithm>

namespace bwlab::experiment {
namespace {

using nlohmann::json;

constexpr double kMega = 1e6;

}  // namespace

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double SummaryRow::MedianOpsPerSecond() const { return Median(ops_per_second); }

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

double Summary::RatioToBaseline(const SummaryRow& row) const {
  for (const SummaryRow& other : rows_) {
    if (other.label == baseline_ && other.workload == row.workload &&
        other.threads == row.threads && other.MedianOpsPerSecond() > 0) {
      return row.MedianOpsPerSecond() / other.MedianOpsPerSecond();
    }
  }
  return 0;
}

std::string Summary::Text() const {
  size_t workload_width = std::string_view("workload").size();
  size_t label_width = std::string_view("engine").size();
  for (const SummaryRow& row : rows_) {
    workload_width = std::max(workload_width, row.workload.size());
    label_width = std::max(label_width, row.label.size());
  }
  std::string text =
      fmt::format("{:<{}}  threads  {:<{}}  {:>8}  {:^17}  {:>9}  {}\n", "workload", workload_width,
                  "engine", label_width, "Mops/s", "min .. max", "bytes/key", "x " + baseline_);
  const SummaryRow* previous = nullptr;
  for (const SummaryRow& row : rows_) {
    if (previous != nullptr && previous->workload != row.workload) text += '\n';
    previous = &row;
    const auto [low, high] =
        std::minmax_element(row.ops_per_second.begin(), row.ops_per_second.end());
    const double ratio = RatioToBaseline(row);
    text += fmt::format(
        "{:<{}}  {:>7}  {:<{}}  {:>8.3f}  {:>7.3f} .. {:<7.3f} {:>9}  {}\n", row.workload,
        workload_width, row.threads, row.label, label_width, row.MedianOpsPerSecond() / kMega,
        *low / kMega, *high / kMega,
        row.bytes_per_key.empty() ? "-" : fmt::format("{:.1f}", Median(row.bytes_per_key)),
        ratio > 0 ? fmt::format("{:.2f}", ratio) : "-");
  }
  return text;
}

json Summary::Json() const {
  json rows = json::array();
  for (const SummaryRow& row : rows_) {
    const double ratio = RatioToBaseline(row);
    const auto [low, high] =
        std::minmax_element(row.ops_per_second.begin(), row.ops_per_second.end());
    rows.push_back(
        {{"workload", row.workload},
         {"threads", row.threads},
         {"label", row.label},
         {"cell_id", row.cell_id},
         {"reps", row.ops_per_second.size()},
         {"throughput_ops_s_median", row.MedianOpsPerSecond()},
         {"throughput_ops_s_min", *low},
         {"throughput_ops_s_max", *high},
         {"bytes_per_key", row.bytes_per_key.empty() ? json() : json(Median(row.bytes_per_key))},
         {"ratio_to_baseline", ratio > 0 ? json(ratio) : json()}});
  }
  return rows;
}

}  // namespace bwlab::experiment
