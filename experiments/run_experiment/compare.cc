#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "bwlab/experiment/comparison.h"
#include "bwlab/experiment/exit_code.h"
#include "bwlab/experiment/names.h"
#include "bwlab/experiment/result_set.h"
#include "bwlab/experiment/statistics.h"
#include "bwlab/experiment/sweep.h"
#include "run_experiment/command_line.h"
#include "run_experiment/compare_live.h"

namespace bwlab::cli {
namespace {

using experiment::CellName;
using experiment::ComparedCells;
using experiment::Comparison;
using experiment::Effect;
using experiment::EffectVerdict;
using experiment::ResultSet;
using nlohmann::json;

std::string ShownName(const CellName& name, const std::string& label) {
  return fmt::format("{}, {}, {}{}", name.workload, label,
                     experiment::Counted(name.threads, "thread"),
                     experiment::ShownCoordinates(name.coordinates));
}

std::string ShownPairing(const ComparedCells& cells) {
  constexpr size_t kShownMax = 4;
  if (cells.differences.empty()) return "same configuration";
  std::string text = "configurations differ in ";
  for (size_t i = 0; i < std::min(kShownMax, cells.differences.size()); ++i) {
    text += (i == 0 ? "" : ", ") + cells.differences[i];
  }
  return cells.differences.size() > kShownMax ? text + ", ..." : text;
}

void PrintCells(const ComparedCells& cells) {
  const std::string label = cells.a.label == cells.b.label
                                ? cells.a.label
                                : fmt::format("{} -> {}", cells.a.label, cells.b.label);
  std::cout << fmt::format("\n{}: {}\n  {}\n", ShownName(cells.a, label),
                           experiment::kCellVerdictNames[static_cast<size_t>(cells.Verdict())],
                           ShownPairing(cells));
  for (const Effect& effect : cells.effects) {
    const auto shown = [&effect](const std::vector<double>& values) {
      constexpr double kWholeFrom = 1000;
      const double median = experiment::Median(values) / effect.metric->unit;
      return median < kWholeFrom ? fmt::format("{:.4g}", median) : fmt::format("{:.0f}", median);
    };
    std::cout << fmt::format(
        "  {:<9}  {:>8} -> {:<8}  x {:.3f}  {:<16}  {}\n", effect.metric->shown, shown(effect.a),
        shown(effect.b), effect.ratio,
        effect.interval
            ? fmt::format("({:.3f} .. {:.3f})", effect.interval->low, effect.interval->high)
            : "",
        experiment::kEffectVerdictNames[static_cast<size_t>(effect.verdict)]);
  }
}

/// The commits of a set, where it is from one: "commit 0123456789ab".
std::string ShownOrigin(const ResultSet& set) {
  constexpr size_t kHashShown = 12;
  const json& commit = set.results.front()["provenance"]["git_commit"];
  const bool same = std::all_of(set.results.begin(), set.results.end(), [&](const json& result) {
    return result["provenance"]["git_commit"] == commit;
  });
  if (!same) return "several commits";
  return commit.is_string() ? "commit " + commit.get<std::string>().substr(0, kHashShown)
                            : "no commit";
}

/// How many cells there are of each verdict.
std::array<size_t, experiment::kCellVerdictNames.size()> CountsOf(const Comparison& comparison) {
  std::array<size_t, experiment::kCellVerdictNames.size()> counts{};
  for (const ComparedCells& cells : comparison.cells) {
    ++counts[static_cast<size_t>(cells.Verdict())];
  }
  return counts;
}

void PrintText(const ResultSet& a, const ResultSet& b, const Comparison& comparison) {
  for (const auto& [side, set] : {std::pair('A', &a), std::pair('B', &b)}) {
    std::cout << fmt::format("{}: {}, {}, {}\n", side, set->path, ShownOrigin(*set),
                             experiment::Counted(set->results.size(), "result"));
  }
  for (const ComparedCells& cells : comparison.cells) PrintCells(cells);
  if (!comparison.alone.empty()) std::cout << "\nWithout partner:\n";
  for (const experiment::LoneCell& lone : comparison.alone) {
    std::cout << fmt::format("  {} of {}; in {}: {}\n", ShownName(lone.cell, lone.cell.label),
                             lone.in_a ? "A" : "B", lone.in_a ? "B" : "A", lone.why);
  }
  std::string verdicts;
  const auto counts = CountsOf(comparison);
  for (size_t i = 0; i < counts.size(); ++i) {
    verdicts +=
        fmt::format("{}{} {}", i == 0 ? "" : ", ", counts[i], experiment::kCellVerdictNames[i]);
  }
  const double missed = 1 - experiment::kConfidence;
  std::cout << fmt::format("\n{}.\n", verdicts);
  if (comparison.cells.empty()) return;
  std::cout << fmt::format(
      "x: median of B over that of A, with its {:.0f}% interval (BCa bootstrap). p50, p99: median "
      "over the\n"
      "repetitions of each one's percentile. Cells are judged by throughput, in an open loop by "
      "p99 latency.\n"
      "Of {} equal cells about {:.1f} show a difference all the same.\n",
      100 * experiment::kConfidence, comparison.cells.size(),
      missed * static_cast<double>(comparison.cells.size()));
}

void PrintJson(const ResultSet& a, const ResultSet& b, const Comparison& comparison) {
  json document = comparison.Json();
  document["a"] = {{"path", a.path}, {"results", a.results.size()}};
  document["b"] = {{"path", b.path}, {"results", b.results.size()}};
  const auto counts = CountsOf(comparison);
  for (size_t i = 0; i < counts.size(); ++i) {
    document["verdicts"][std::string(experiment::kCellVerdictNames[i])] = counts[i];
  }
  std::cout << document.dump(2) << '\n';
}

bool HasFlagsOfMeasuring(const CompareRequest& request) {
  const CellsRequest& cells = request.cells;
  return request.quiet || !cells.sets.empty() || !cells.sweeps.empty() || !cells.filters.empty() ||
         !(cells.seed + cells.reps + cells.verify + request.out).empty();
}

}  // namespace

Status CheckComparable(const ResultSet& a, const ResultSet& b) {
  std::string reasons;
  for (const std::string& reason : experiment::WhyNotCompared(a, b)) {
    reasons += (reasons.empty() ? "" : "; ") + reason;
  }
  if (reasons.empty()) return Status::Ok();
  return Status::InvalidArgument("compare: refused: " + reasons +
                                 "; --force compares them all the same");
}

int Compare(const CompareRequest& request) {
  ComparedPaths paths;
  if (request.binaries.empty()) {
    if (request.inputs.size() != 2) {
      return Fail(experiment::kExitUsage,
                  "compare: name two results folders, or --binaries OLD NEW and a spec");
    }
    if (HasFlagsOfMeasuring(request)) {
      return Fail(
          experiment::kExitUsage,
          "compare: --set, --sweep, --filter, --seed, --reps, --verify, --out and --quiet need "
          "--binaries");
    }
    paths = {request.inputs[0], request.inputs[1]};
  } else {
    if (const int exit_code = MeasureBoth(request, &paths); exit_code != experiment::kExitOk) {
      return exit_code;
    }
  }
  const Result<ResultSet> a = experiment::LoadResults(paths.a);
  if (!a.ok()) return Fail(a.status());
  const Result<ResultSet> b = experiment::LoadResults(paths.b);
  if (!b.ok()) return Fail(b.status());
  if (!request.force) {
    const Status status = CheckComparable(a.value(), b.value());
    if (!status.ok()) return Fail(status);
  }
  const Comparison comparison = experiment::Compare(a.value(), b.value());
  request.json ? PrintJson(a.value(), b.value(), comparison)
               : PrintText(a.value(), b.value(), comparison);
  return experiment::kExitOk;
}

}  // namespace bwlab::cli
