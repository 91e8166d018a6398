#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bwlab/experiment/statistics.h"

namespace bwlab::experiment {

/// All repetitions of one cell in a line.
struct SummaryRow {
  std::string workload;
  uint32_t threads = 0;
  std::string label;
  nlohmann::json coordinates;  ///< on the axes of the sweep, as in Cell
  std::string cell_id;
  std::vector<double> ops_per_second;  ///< of each repetition
  std::vector<double> bytes_per_key;   ///< of each repetition that has it
  double share_done = 1;  ///< of the operations, in the repetition that was cut the earliest
  std::string note;       ///< what its engine has to say of its results; mostly empty

  double MedianOpsPerSecond() const;
  /// Half the width of the interval of the median, over the median; nothing where there are too few
  /// repetitions for an interval.
  std::optional<double> RelativeHalfWidth() const;
};

/// The results of an experiment, cell by cell.
class Summary {
 public:
  /// `baseline` is the label of the engine that ratios refer to.
  explicit Summary(std::string baseline) : baseline_(std::move(baseline)) {}

  void Add(const nlohmann::json& result);

  /// Rows in the order in which their cells first came.
  const std::vector<SummaryRow>& rows() const { return rows_; }

  /// The row of a cell; nullptr where none of its results came yet.
  const SummaryRow* RowOf(const std::string& cell_id) const;

  /// Median throughput over that of the baseline at the same workload, threads and coordinates; 0
  /// where the baseline has none. An axis that does not matter to one of the two is left aside: the
  /// one cell of a map without options is what all sizes of a node are compared with.
  double RatioToBaseline(const SummaryRow& row) const;
  /// Its interval; nothing for the baseline itself, and where either has too few repetitions.
  std::optional<Interval> RatioIntervalToBaseline(const SummaryRow& row) const;

  /// A table for people, columns aligned, with its heading; below it outliers, how many cells were
  /// cut, and the notes of engines.
  std::string Text() const;

  /// An array of objects with the same columns.
  nlohmann::json Json() const;

 private:
  SummaryRow& RowFor(const nlohmann::json& result);
  const SummaryRow* BaselineOf(const SummaryRow& row) const;
  std::vector<std::string> Axes() const;
  std::string Remarks() const;

  std::string baseline_;
  std::vector<SummaryRow> rows_;
  std::map<std::string, size_t> places_;  // in rows_, by cell_id
  // In rows_, those of the baseline by workload and threads.
  std::map<std::pair<std::string, uint32_t>, std::vector<size_t>> baselines_;
};

}  // namespace bwlab::experiment
