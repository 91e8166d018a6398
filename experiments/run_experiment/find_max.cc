#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bwlab/experiment/cell_process.h"
#include "bwlab/experiment/exit_code.h"
#include "bwlab/experiment/memory.h"
#include "bwlab/experiment/names.h"
#include "bwlab/experiment/plan.h"
#include "bwlab/experiment/provenance.h"
#include "bwlab/experiment/rate_search.h"
#include "bwlab/experiment/repository.h"
#include "bwlab/experiment/results_folder.h"
#include "bwlab/experiment/slo.h"
#include "bwlab/workload/arrival.h"
#include "run_experiment/cells.h"
#include "run_experiment/command_line.h"
#include "run_experiment/flag_values.h"
#include "run_experiment/interruption.h"
#include "run_experiment/out_folder.h"

namespace bwlab::cli {
namespace {

using experiment::Cell;
using experiment::CellOutcome;
using experiment::Plan;
using experiment::RateFound;
using experiment::RateOutcome;
using experiment::ResultsFolder;
using experiment::ShownPath;
using experiment::Slo;
using nlohmann::json;
using workload::ArrivalKind;

/// A rate counts as done where at least this share of it was.
constexpr double kAchievedMin = 0.98;

/// The flags, read and checked.
struct Search {
  std::vector<Slo> slos;
  experiment::RateRange range;
  ArrivalKind arrival = ArrivalKind::kPoisson;
  double seconds = 0;
  uint32_t reps = 0;
};

Result<Search> SearchOf(const FindMaxRequest& request) {
  constexpr uint64_t kRateMax = 1'000'000'000;  // as the schema of specs
  constexpr double kSecondsMax = 3600;
  constexpr uint64_t kRepsMax = 1000;
  Search search;
  if (request.slo.empty()) {
    return Status::InvalidArgument("find-max: name what is promised, such as --slo 'p99<50us'");
  }
  Result<std::vector<Slo>> slos = experiment::ParseSlos("--slo", request.slo);
  if (!slos.ok()) return slos.status();
  search.slos = std::move(slos).value();
  const Result<uint64_t> rate_min = ParseWhole("--rate-min", request.rate_min, 1, kRateMax);
  if (!rate_min.ok()) return rate_min.status();
  const Result<uint64_t> rate_max =
      ParseWhole("--rate-max", request.rate_max, rate_min.value(), kRateMax);
  if (!rate_max.ok()) return rate_max.status();
  const Result<double> precision = ParseNumber("--precision", request.precision, 0, 1);
  if (!precision.ok()) return precision.status();
  search.range = {rate_min.value(), rate_max.value(), precision.value()};
  const Result<double> seconds = ParseNumber("--seconds", request.seconds, 0, kSecondsMax);
  if (!seconds.ok()) return seconds.status();
  search.seconds = seconds.value();
  const Result<uint64_t> reps = ParseWhole("--reps", request.reps, 1, kRepsMax);
  if (!reps.ok()) return reps.status();
  search.reps = static_cast<uint32_t>(reps.value());
  const std::vector<std::string> arrivals(kFindMaxArrivals.begin(), kFindMaxArrivals.end());
  if (std::find(arrivals.begin(), arrivals.end(), request.arrival) == arrivals.end()) {
    return Status::InvalidArgument("--arrival: " +
                                   experiment::UnknownName("arrival", request.arrival, arrivals));
  }
  if (request.arrival == arrivals[0]) search.arrival = ArrivalKind::kConstant;
  return search;
}

/// Every promise must be about something that each workload does.
Status CheckKinds(const Search& search, const Plan& plan) {
  for (const Slo& slo : search.slos) {
    for (const Cell& cell : plan.cells) {
      if (!slo.kind || cell.workload.Has(*slo.kind)) continue;
      return Status::InvalidArgument(
          fmt::format("--slo: the workload {} has no operation {}; leave it out by --filter",
                      experiment::Quoted(cell.workload.name), workload::ToString(*slo.kind)));
    }
  }
  return Status::Ok();
}

/// A rate and its operations are the search's own.
Status CheckSweep(const Plan& plan) {
  const json sweep = plan.spec.value("sweep", json::object());
  for (const auto& [key, unused] : sweep.items()) {
    if (key != "ops" && !key.starts_with("arrival.")) continue;
    return Status::InvalidArgument("find-max: a sweep over " + experiment::Quoted(key) +
                                   " means nothing here: find-max chooses arrival and ops itself");
  }
  return Status::Ok();
}

/// One process at one rate.
struct Probe {
  uint64_t rate_ops_s = 0;
  uint32_t rep = 0;
  double offered_ops_s = 0;  ///< what the schedule came to
  double achieved_ops_s = 0;
  std::vector<double> latencies_ns;  ///< of each promise
  bool kept = false;
  std::string cell_id;

  /// What was not kept: "p99 61.2 us" or "achieved 93.1% of the rate"; empty where all was.
  std::string Broken(const std::vector<Slo>& slos) const {
    for (size_t i = 0; i < slos.size(); ++i) {
      if (slos[i].IsKeptBy(latencies_ns[i])) continue;
      return fmt::format("{} {}", slos[i].Name(), experiment::ShownLatency(latencies_ns[i]));
    }
    if (achieved_ops_s >= kAchievedMin * offered_ops_s) return {};
    return fmt::format("achieved {:.1f}% of the rate", 100 * achieved_ops_s / offered_ops_s);
  }
};

/// What was found for one cell.
struct CellFound {
  const Cell* cell = nullptr;
  RateFound found;
  std::vector<Probe> probes;

  /// The first probe at a rate that went as the rate did.
  const Probe& At(uint64_t rate, bool kept) const {
    return *std::find_if(probes.begin(), probes.end(), [&](const Probe& probe) {
      return probe.rate_ops_s == rate && probe.kept == kept;
    });
  }
};

/// The rate that the schedule of a cell really asks for: random moments end early or late.
double OfferedRate(const Cell& cell) {
  uint64_t last_ns = 0;
  for (uint32_t t = 0; t < cell.threads; ++t) {
    const uint64_t ops = cell.op_count / cell.threads + (t < cell.op_count % cell.threads ? 1 : 0);
    const std::vector<uint64_t> due =
        workload::MakeSchedule(cell.arrival, t, cell.threads, ops, cell.seed);
    if (!due.empty()) last_ns = std::max(last_ns, due.back());
  }
  constexpr double kNsPerSecond = 1e9;
  return last_ns == 0
             ? static_cast<double>(cell.arrival.rate_ops_s)
             : static_cast<double>(cell.op_count) * kNsPerSecond / static_cast<double>(last_ns);
}

/// As many operations as come in the time, and fit into half of the free memory; a trace has its
/// own.
uint64_t OpsOf(Cell cell, double seconds) {
  if (cell.trace) return cell.op_count;
  constexpr uint64_t kStep = 1'000'000;
  const double wanted = static_cast<double>(cell.arrival.rate_ops_s) * seconds;
  cell.op_count = 0;
  const auto base = static_cast<double>(cell.EstimatedBytes());
  cell.op_count = kStep;
  const double bytes_per_op = (static_cast<double>(cell.EstimatedBytes()) - base) / kStep;
  const double room = static_cast<double>(experiment::AvailableMemoryBytes()) / 2 - base;
  const double fitting = std::max(room, 0.0) / bytes_per_op;
  // To a power of two, so that --resume finds the probe also where a little less memory is free.
  const double ops = wanted <= fitting
                         ? wanted
                         : static_cast<double>(std::bit_floor(static_cast<uint64_t>(fitting)));
  return std::max(static_cast<uint64_t>(ops), uint64_t{cell.threads});
}

/// One call of `find-max`.
class Finder {
 public:
  Finder(const FindMaxRequest& request, const Plan& plan, const Search& search,
         ResultsFolder folder)
      : request_(request), plan_(plan), search_(search), folder_(std::move(folder)) {}

  /// @return the exit code; the results of all probes stay where they are.
  int Run() {
    provenance_ = experiment::CollectProvenance(plan_, request_.argv);
    std::vector<CellFound> all;
    for (const Cell& cell : plan_.cells) {
      CellFound found{.cell = &cell, .found = {}, .probes = {}};
      const auto rate = experiment::SearchRate(
          search_.range, [&](uint64_t rate_ops_s) { return Try(cell, rate_ops_s, &found.probes); });
      if (!rate) return Stopped();
      found.found = *rate;
      all.push_back(std::move(found));
    }
    request_.json ? PrintJson(all) : PrintText(all);
    return experiment::kExitOk;
  }

 private:
  int Stopped() {
    if (folder_.files().empty()) {
      folder_.RemoveIfWithoutResults();
      return Fail(exit_code_, why_);
    }
    return Fail(exit_code_, fmt::format("{}; {}", why_, HowToGoOn(folder_)));
  }

  std::nullopt_t Stop(int exit_code, std::string why) {
    exit_code_ = exit_code;
    why_ = std::move(why);
    return std::nullopt;
  }

  /// Whether most probes at a rate keep every promise. Ends as soon as that is decided.
  std::optional<bool> Try(const Cell& planned, uint64_t rate_ops_s, std::vector<Probe>* probes) {
    Plan probe_plan = plan_;
    probe_plan.cells = {planned};
    Cell& cell = probe_plan.cells.front();
    cell.arrival = {.kind = search_.arrival, .rate_ops_s = rate_ops_s, .burst_ops = 1};
    cell.seconds_max = 0;
    cell.stream_ops_max = 0;  // an open loop is on one schedule
    cell.op_count = OpsOf(cell, search_.seconds);
    const double offered = OfferedRate(cell);
    const uint32_t majority = search_.reps / 2 + 1;
    uint32_t kept = 0;
    uint32_t broken = 0;
    while (kept < majority && broken + majority <= search_.reps) {
      const uint32_t rep = kept + broken;
      const std::optional<json> result = ResultOf(probe_plan, rep);
      if (!result) return std::nullopt;
      probes->push_back(ProbeOf(*result, offered));
      ++(probes->back().kept ? kept : broken);
      if (!request_.quiet) Tell(cell, probes->back());
    }
    return kept == majority;
  }

  /// Of the plan's one cell: the result that the folder has, or that of a process. Nothing where
  /// the search stops.
  std::optional<json> ResultOf(const Plan& probe_plan, uint32_t rep) {
    if (const std::string id = probe_plan.cells.front().Id(); folder_.Has(id, rep)) {
      Result<json> there = folder_.Read(id, rep);
      if (there.ok()) return std::move(there).value();
      return Stop(experiment::ExitCodeOf(there.status()), there.status().message());
    }
    CellOutcome outcome =
        experiment::RunCellProcess(probe_plan, {0, rep}, provenance_, {.results = folder_.path()});
    if (outcome.exit_code == experiment::kExitOk) {
      const Status status = folder_.Add(outcome.result);
      if (!status.ok()) {
        return Stop(experiment::ExitCodeOf(status), status.message());
      }
    }
    if (WasInterrupted()) {
      return Stop(experiment::kExitInterrupted, "interrupted");
    }
    if (outcome.exit_code != experiment::kExitOk) {
      return Stop(outcome.exit_code, std::move(outcome.message));
    }
    return std::move(outcome.result);
  }

  Probe ProbeOf(const json& result, double offered) const {
    Probe probe{.rate_ops_s = result["arrival"]["rate_ops_s"].get<uint64_t>(),
                .rep = result["rep"].get<uint32_t>(),
                .offered_ops_s = offered,
                .achieved_ops_s = result["run"]["throughput_ops_s"].get<double>(),
                .latencies_ns = {},
                .kept = false,
                .cell_id = result["cell_id"].get<std::string>()};
    // A kind of which so short a run had none broke no promise.
    for (const Slo& slo : search_.slos)
      probe.latencies_ns.push_back(slo.ValueIn(result).value_or(0));
    probe.kept = probe.Broken(search_.slos).empty();
    return probe;
  }

  void Tell(const Cell& cell, const Probe& probe) const {
    const std::string broken = probe.Broken(search_.slos);
    std::cerr << fmt::format("{}, {} ops/s: {}\n", cell.Describe(), probe.rate_ops_s,
                             broken.empty() ? "kept" : broken);
  }

  std::string ShownFound(const CellFound& cell) const {
    const RateFound& found = cell.found;
    if (found.outcome == RateOutcome::kLowestFails) {
      return fmt::format("none: {} at the lowest rate, {} ops/s (--rate-min)",
                         cell.At(found.failed, false).Broken(search_.slos), found.failed);
    }
    std::string text = fmt::format("{} ops/s", found.kept);
    const Probe& best = cell.At(found.kept, true);
    for (size_t i = 0; i < search_.slos.size(); ++i) {
      text += fmt::format(", {} {}", search_.slos[i].Name(),
                          experiment::ShownLatency(best.latencies_ns[i]));
    }
    if (found.outcome == RateOutcome::kHighestKeeps) {
      return text + "; that is the highest rate tried (--rate-max)";
    }
    return text + fmt::format("; at {} {}", found.failed,
                              cell.At(found.failed, false).Broken(search_.slos));
  }

  void PrintText(const std::vector<CellFound>& all) const {
    size_t width = 0;
    for (const CellFound& cell : all) width = std::max(width, cell.cell->Describe().size());
    for (const CellFound& cell : all) {
      std::cout << fmt::format("{:<{}}  {}\n", cell.cell->Describe(), width, ShownFound(cell));
    }
    std::cout << fmt::format(
        "\nHighest rates of an open loop ({}) that keep {}, to {:g}%: of {} at a rate, of {:g} s "
        "each, most have to.\n{} in {}\n",
        request_.arrival, request_.slo, 100 * search_.range.precision,
        experiment::Counted(search_.reps, "probe"), search_.seconds,
        experiment::Counted(folder_.files().size(), "result"), ShownPath(folder_.path() / "cells"));
  }

  json ProbeJson(const Probe& probe) const {
    json latencies = json::object();
    for (size_t i = 0; i < search_.slos.size(); ++i) {
      latencies[search_.slos[i].Name()] = probe.latencies_ns[i];
    }
    return {{"rate_ops_s", probe.rate_ops_s},
            {"rep", probe.rep},
            {"offered_ops_s", probe.offered_ops_s},
            {"achieved_ops_s", probe.achieved_ops_s},
            {"latency_ns", latencies},
            {"kept", probe.kept},
            {"cell_id", probe.cell_id}};
  }

  void PrintJson(const std::vector<CellFound>& all) const {
    const auto rate_or_null = [](uint64_t rate) { return rate == 0 ? json() : json(rate); };
    json cells = json::array();
    for (const CellFound& cell : all) {
      json probes = json::array();
      for (const Probe& probe : cell.probes) probes.push_back(ProbeJson(probe));
      cells.push_back(
          {{"workload", cell.cell->workload.name},
           {"threads", cell.cell->threads},
           {"label", cell.cell->label()},
           {"sweep", cell.cell->coordinates},
           {"outcome", experiment::kRateOutcomeNames[static_cast<size_t>(cell.found.outcome)]},
           {"kept_ops_s", rate_or_null(cell.found.kept)},
           {"failed_ops_s", rate_or_null(cell.found.failed)},
           {"probes", probes}});
    }
    std::cout << json{{"experiment", plan_.experiment},   {"slo", request_.slo},
                      {"arrival", request_.arrival},      {"precision", search_.range.precision},
                      {"seconds", search_.seconds},       {"reps", search_.reps},
                      {"out", ShownPath(folder_.path())}, {"cells", cells}}
                     .dump(2)
              << '\n';
  }

  const FindMaxRequest& request_;
  const Plan& plan_;
  const Search& search_;
  ResultsFolder folder_;
  json provenance_;
  int exit_code_ = experiment::kExitOk;  // of a search that was stopped, and why
  std::string why_;
};

}  // namespace

int FindMax(const FindMaxRequest& request) {
  const Result<Search> search = SearchOf(request);
  if (!search.ok()) return Fail(search.status());
  const Result<Plan> plan = PlanOf(request.cells);
  if (!plan.ok()) return Fail(plan.status());
  for (const Status& status :
       {CheckKinds(search.value(), plan.value()), CheckSweep(plan.value())}) {
    if (!status.ok()) return Fail(status);
  }
  Result<ResultsFolder> folder =
      OpenOutFolder(request.out, request.quiet, kFindMaxFolders, plan.value().spec);
  if (!folder.ok()) return Fail(folder.status());
  NoteInterruptions();
  return Finder(request, plan.value(), search.value(), std::move(folder).value()).Run();
}

}  // namespace bwlab::cli
