#include "bwlab/experiment/summary.h"

#include <fmt/format.h>

#include <algorithm>

#include "bwlab/experiment/names.h"
#include "bwlab/experiment/sweep.h"
#include "bwlab/experiment/text_table.h"

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

SummaryRow& Summary::RowFor(const json& result) {
  const auto cell_id = result.at("cell_id").get<std::string>();
  const auto [place, is_new] = places_.try_emplace(cell_id, rows_.size());
  if (!is_new) return rows_[place->second];
  rows_.push_back({.workload = result.at("workload").get<std::string>(),
                   .threads = result.at("threads").get<uint32_t>(),
                   .label = result.at("label").get<std::string>(),
                   .coordinates = result.value("sweep", json::object()),
                   .cell_id = cell_id,
                   .ops_per_second = {},
                   .bytes_per_key = {},
                   .note = result.value("/config/note"_json_pointer, "")});
  SummaryRow& row = rows_.back();
  if (row.label == baseline_) baselines_[{row.workload, row.threads}].push_back(place->second);
  return row;
}

void Summary::Add(const json& result) {
  SummaryRow& row = RowFor(result);
  row.ops_per_second.push_back(result.at("run").at("throughput_ops_s").get<double>());
  const json& bytes = result.at("memory").at("bytes_per_key");
  if (bytes.is_number()) row.bytes_per_key.push_back(bytes.get<double>());
  row.share_done = std::min(row.share_done, result.at("run").value("share_done", 1.0));
}

const SummaryRow* Summary::RowOf(const std::string& cell_id) const {
  const auto place = places_.find(cell_id);
  return place == places_.end() ? nullptr : &rows_[place->second];
}

const SummaryRow* Summary::BaselineOf(const SummaryRow& row) const {
  const auto candidates = baselines_.find({row.workload, row.threads});
  if (candidates == baselines_.end()) return nullptr;
  const SummaryRow* baseline = nullptr;
  for (const size_t place : candidates->second) {
    const SummaryRow& other = rows_[place];
    if (!AgreeWhereBothAre(row.coordinates, other.coordinates)) continue;
    if (other.MedianOpsPerSecond() <= 0) continue;
    if (baseline != nullptr) return nullptr;  // which of them would be a choice
    baseline = &other;
  }
  return baseline;
}

std::vector<std::string> Summary::Axes() const {
  std::vector<const json*> coordinates;
  for (const SummaryRow& row : rows_) coordinates.push_back(&row.coordinates);
  return AxesOf(coordinates);
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
  using Align = TextTable::Align;
  const std::vector<std::string> axes = Axes();
  std::vector<TextTable::Column> columns = {{"workload"}, {"threads", Align::kRight}, {"engine"}};
  for (const std::string& axis : axes) columns.push_back({ShownAxis(axis), Align::kRight});
  for (TextTable::Column column :
       std::vector<TextTable::Column>{{"Mops/s", Align::kRight, 8},
                                      {"95% interval", Align::kCentre, 18},
                                      {"min .. max", Align::kCentre, 18},
                                      {"bytes/key", Align::kRight},
                                      {"x " + baseline_}}) {
    columns.push_back(std::move(column));
  }
  TextTable table(std::move(columns));
  const auto range = [](double low, double high, double unit, int digits) {
    return fmt::format("{:.{}f} .. {:.{}f}", low / unit, digits, high / unit, digits);
  };
  const SummaryRow* previous = nullptr;
  for (const SummaryRow& row : rows_) {
    if (previous != nullptr && previous->workload != row.workload) table.AddBlankLine();
    previous = &row;
    const auto [low, high] =
        std::minmax_element(row.ops_per_second.begin(), row.ops_per_second.end());
    const std::optional<Interval> interval = MedianInterval(row.ops_per_second);
    const double ratio = RatioToBaseline(row);
    const std::optional<Interval> ratio_interval = RatioIntervalToBaseline(row);
    std::vector<std::string> entries = {row.workload, std::to_string(row.threads), row.label};
    for (const std::string& axis : axes) entries.push_back(ShownCoordinate(row.coordinates, axis));
    entries.push_back(fmt::format("{:.3f}", row.MedianOpsPerSecond() / kMega));
    entries.push_back(interval ? range(interval->low, interval->high, kMega, 3) : "-");
    entries.push_back(range(*low, *high, kMega, 3));
    entries.push_back(row.bytes_per_key.empty() ? "-"
                                                : fmt::format("{:.1f}", Median(row.bytes_per_key)));
    entries.push_back((ratio > 0 ? fmt::format("{:.2f}", ratio) : "-") +
                      (ratio_interval
                           ? " (" + range(ratio_interval->low, ratio_interval->high, 1, 2) + ")"
                           : ""));
    table.AddRow(std::move(entries));
  }
  return table.Text() + Remarks();
}

std::string Summary::Remarks() const {
  const auto name = [](const SummaryRow& row) {
    return fmt::format("{}, {}, {}{}", row.workload, row.label, Counted(row.threads, "thread"),
                       ShownCoordinates(row.coordinates));
  };
  std::string text;
  for (const SummaryRow& row : rows_) {
    for (const size_t outlier : Outliers(row.ops_per_second)) {
      text += fmt::format("Outlier: {}: {:.3f} Mops/s\n", name(row),
                          row.ops_per_second[outlier] / kMega);
    }
  }
  const auto by_share = [](const SummaryRow& one, const SummaryRow& other) {
    return one.share_done < other.share_done;
  };
  const auto least = std::min_element(rows_.begin(), rows_.end(), by_share);
  if (least != rows_.end() && least->share_done < 1) {
    const auto cut = std::count_if(rows_.begin(), rows_.end(),
                                   [](const SummaryRow& row) { return row.share_done < 1; });
    text += fmt::format(
        "Cut by measure.seconds_max: {} of {}; the shortest, {}, did {:.1f}% of its operations\n",
        cut, Counted(rows_.size(), "cell"), name(*least), 100 * least->share_done);
  }
  std::map<std::string, std::string> notes;  // by label
  for (const SummaryRow& row : rows_) {
    if (!row.note.empty()) notes.emplace(row.label, row.note);
  }
  for (const auto& [label, note] : notes) text += fmt::format("Note: {}: {}\n", label, note);
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
         {"sweep", row.coordinates},
         {"cell_id", row.cell_id},
         {"reps", row.ops_per_second.size()},
         {"throughput_ops_s", row.ops_per_second},
         {"throughput_ops_s_median", row.MedianOpsPerSecond()},
         {"throughput_ops_s_interval", interval_json(MedianInterval(row.ops_per_second))},
         {"throughput_ops_s_min", *low},
         {"throughput_ops_s_max", *high},
         {"throughput_ops_s_outliers", outliers},
         {"share_done", row.share_done},
         {"note", row.note.empty() ? json() : json(row.note)},
         {"bytes_per_key", row.bytes_per_key.empty() ? json() : json(Median(row.bytes_per_key))},
         {"ratio_to_baseline", ratio > 0 ? json(ratio) : json()},
         {"ratio_interval", interval_json(RatioIntervalToBaseline(row))},
         {"confidence", kConfidence}});
  }
  return rows;
}

}  // namespace bwlab::experiment
