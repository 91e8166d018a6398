#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bwlab/experiment/result_set.h"
#include "bwlab/experiment/statistics.h"

namespace bwlab::experiment {

/// Something that is measured in each repetition. Latencies are the percentiles of each repetition:
/// results hold no histograms that could be merged.
struct Metric {
  std::string_view name;
  std::string_view shown;  ///< with the unit that it is shown in
  double unit;             ///< that unit in terms of what results have
  const char* pointer;     ///< where it stands in a result
  bool higher_is_better;
};
inline constexpr std::array<Metric, 5> kMetrics = {{
    {"throughput_ops_s", "Mops/s", 1e6, "/run/throughput_ops_s", true},
    {"latency_p50_ns", "p50 ns", 1, "/latency_ns/all/p50", false},
    {"latency_p99_ns", "p99 ns", 1, "/latency_ns/all/p99", false},
    {"bytes_per_key", "bytes/key", 1, "/memory/bytes_per_key", false},
    {"instructions_per_op", "instr/op", 1, "/hardware_counters/instructions/per_op", false},
}};

/// kNoDifference: the interval of the ratio holds 1.
enum class EffectVerdict : uint8_t { kBetter, kWorse, kNoDifference, kTooFew };
inline constexpr std::array<std::string_view, 4> kEffectVerdictNames = {
    "better", "worse", "no difference shown", "too few repetitions"};
/// The same of a whole cell.
inline constexpr std::array<std::string_view, 4> kCellVerdictNames = {
    "faster", "slower", "no difference shown", "too few repetitions"};

/// What B makes of A in one metric.
struct Effect {
  const Metric* metric = nullptr;
  std::vector<double> a;  ///< of each repetition
  std::vector<double> b;
  double ratio = 1;                  ///< median of b over median of a
  std::optional<Interval> interval;  ///< of the ratio; nothing where there are too few repetitions
  EffectVerdict verdict = EffectVerdict::kTooFew;
};

/// How a cell of A found its partner: the same cell_id; the same workload, engine, threads,
/// sizes and coordinates in another configuration; or the same but for the engine, where each side
/// has one engine only.
enum class Pairing : uint8_t { kCellId, kLabel, kWorkload };
inline constexpr std::array<std::string_view, 3> kPairingNames = {"cell_id", "label", "workload"};

/// What a cell is called.
struct CellName {
  std::string workload;
  uint32_t threads = 0;
  std::string label;
  std::string cell_id;
  nlohmann::json coordinates;  ///< on the axes of a sweep, as in Cell
};

struct ComparedCells {
  CellName a;
  CellName b;
  Pairing pairing = Pairing::kCellId;
  std::vector<std::string> differences;  ///< JSON pointers into the configuration
  std::vector<Effect> effects;           ///< in the order of kMetrics, of those that both have
  std::string_view decided_by;           ///< name of the metric whose verdict is the cell's

  /// The effect in that metric; nullptr where a side has none of it.
  const Effect* Deciding() const;
  EffectVerdict Verdict() const;
};

struct LoneCell {
  bool in_a = true;
  CellName cell;
  std::string why;
};

struct Comparison {
  std::vector<ComparedCells> cells;
  std::vector<LoneCell> alone;

  nlohmann::json Json() const;
};

/// Pairs the cells of two sets, and compares each pair metric by metric. The throughput decides on
/// a cell, in an open loop (whose throughput is the rate that it is offered) the p99 latency.
Comparison Compare(const ResultSet& a, const ResultSet& b);

}  // namespace bwlab::experiment
