#include "bwlab/workload/trace.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <new>
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>
#include <vector>

#include "bwlab/experiment/exit_code.h"
#include "bwlab/experiment/names.h"
#include "bwlab/experiment/prepared_cell.h"
#include "bwlab/experiment/spec.h"
#include "bwlab/workload/stream_digest.h"
#include "bwlab/workload/stream_stats.h"
#include "bwlab/workload/trace_csv.h"
#include "bwlab/workload/workload_json.h"
#include "run_experiment/command_line.h"
#include "run_experiment/flag_values.h"

namespace bwlab::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kSuffix = ".bwtrace";

/// What is wrong with the path of a trace as the name of a workload, which it is in results.
Status CheckName(const std::string& what, const std::string& path) {
  if (!path.ends_with(kSuffix)) {
    return Status::InvalidArgument(what + " does not end with " + kSuffix);
  }
  if (workload::IsPlainName(fs::path(path).filename().string())) return Status::Ok();
  return Status::InvalidArgument(what + ": the name of a trace must be " +
                                 std::string(workload::kPlainNameRule));
}

/// What is wrong with the file that a trace is to be written to; Ok where nothing is there yet.
Status CheckOut(const std::string& out) {
  std::error_code error;
  if (out.empty()) return Status::InvalidArgument("trace: --out FILE is missing");
  if (Status status = CheckName("--out " + experiment::Quoted(out), out); !status.ok()) {
    return status;
  }
  if (fs::exists(out, error)) {
    return Status::InvalidArgument("--out " + experiment::Quoted(out) +
                                   " exists, and traces are never overwritten");
  }
  return Status::Ok();
}

std::string Described(uint64_t records, uint64_t ops, uint64_t threads) {
  return experiment::Counted(records, "record") + ", " + experiment::Counted(ops, "operation") +
         " of " + experiment::Counted(threads, "thread");
}

std::string Described(const workload::TraceView& view) {
  return Described(view.records.size(), view.ops(), view.streams.size());
}

/// A setting of what a trace has of its own would change nothing.
Status CheckSettings(const CellsRequest& cells) {
  const auto check = [](const Result<experiment::Setting>& setting) {
    if (!setting.ok()) return setting.status();
    const std::string& key = setting.value().key;
    if (key.substr(0, key.find('.')) != "keys" && key != "ops" && key != "matrix.workload") {
      return Status::Ok();
    }
    return Status::InvalidArgument("trace replay: " + setting.value().flag +
                                   ": a trace has keys and operations of its own");
  };
  for (const std::string& set : cells.sets) {
    if (Status status = check(experiment::ParseSetting(set)); !status.ok()) return status;
  }
  for (const std::string& sweep : cells.sweeps) {
    if (Status status = check(experiment::ParseSweep(sweep)); !status.ok()) return status;
  }
  return Status::Ok();
}

Status NoMemory(const std::string& file) {
  return Status::OutOfMemory(file + ": not enough memory for its operations");
}

}  // namespace

int TraceRecord(const TraceRequest& request) {
  if (Status status = CheckOut(request.out); !status.ok()) return Fail(status);
  const Result<experiment::Plan> plan = PlanOf(request.cells);
  if (!plan.ok()) return Fail(plan.status());
  const auto& cells = plan.value().cells;
  for (const experiment::Cell& cell : cells) {
    // Engines differ in nothing that a stream is made from.
    if (cell.workload.name == cells[0].workload.name && cell.threads == cells[0].threads &&
        cell.coordinates == cells[0].coordinates) {
      continue;
    }
    return Fail(
        experiment::kExitUsage,
        fmt::format("trace record: the spec has streams of {} and of {}; choose by --filter",
                    cells[0].Describe(), cell.Describe()));
  }
  try {
    if (Status status = experiment::RecordTrace(cells[0], request.out); !status.ok()) {
      return Fail(status);
    }
  } catch (const std::bad_alloc&) {
    return Fail(NoMemory(request.out));
  }
  std::cout << fmt::format("{}: {}\n", request.out,
                           Described(cells[0].record_count, cells[0].op_count, cells[0].threads));
  return experiment::kExitOk;
}

int TraceConvert(const TraceRequest& request) {
  if (Status status = CheckOut(request.out); !status.ok()) return Fail(status);
  workload::CsvOptions options;
  const auto layout = workload::KindFromName(workload::kCsvLayouts, request.layout);
  if (!layout) {
    std::vector<std::string> names;
    for (const auto& info : workload::kCsvLayouts) names.emplace_back(info.name);
    return Fail(experiment::kExitUsage,
                "--layout: " + experiment::UnknownName("layout", request.layout, names));
  }
  options.layout = *layout;
  const Result<uint64_t> threads = ParseWhole("--threads", request.threads, 1, 1024);
  if (!threads.ok()) return Fail(threads.status());
  options.threads = static_cast<uint32_t>(threads.value());
  if (!request.ops_max.empty()) {
    const Result<uint64_t> ops = ParseWhole("--ops-max", request.ops_max, 1, workload::kOpsMax);
    if (!ops.ok()) return Fail(ops.status());
    options.ops_max = ops.value();
  }
  std::error_code error;
  if (fs::is_directory(request.file, error)) {
    return Fail(experiment::kExitUsage, request.file + ": is a folder, not a CSV file");
  }
  std::ifstream csv(request.file, std::ios::binary);
  if (!csv) {
    return Fail(experiment::kExitUsage,
                request.file + ": cannot be opened: " + std::generic_category().message(errno));
  }
  try {
    const workload::CsvTrace trace = workload::ReadCsvTrace(csv, request.file, options);
    if (!trace.ok()) return Fail(experiment::kExitUsage, trace.error);
    const std::string problem = workload::WriteTrace(request.out, trace.view());
    if (!problem.empty()) return Fail(Status::IoError(problem));
    std::cout << fmt::format("{}: {}\n", request.out, Described(trace.view()));
  } catch (const std::bad_alloc&) {
    return Fail(NoMemory(request.file));
  }
  return experiment::kExitOk;
}

int TraceStats(const TraceRequest& request) {
  const workload::TraceOpened opened = workload::Trace::Open(request.file);
  if (!opened.ok()) return Fail(experiment::kExitUsage, opened.error);
  const workload::TraceView& view = opened.trace->view();
  const workload::StreamStats stats = workload::ComputeStreamStats(view.streams);
  const bool known = view.expected_misses != workload::kUnknownMisses;
  const json mix = stats.RealisedMix();
  if (request.json) {
    json ops_by_thread = json::array();
    for (const auto& stream : view.streams) ops_by_thread.push_back(stream.size());
    std::cout << json{{"file", request.file},
                      {"sha256", opened.trace->sha256()},
                      {"stream_sha256", workload::StreamsSha256(view.streams)},
                      {"key_space", workload::ToString(view.key_space)},
                      {"records", view.records.size()},
                      {"ops", stats.ops},
                      {"ops_by_thread", ops_by_thread},
                      {"mix", mix},
                      {"expected_misses", known ? json(view.expected_misses) : json()},
                      {"distinct_keys", stats.distinct_keys},
                      {"requests_examined", stats.requests_examined},
                      {"top_key_share", stats.top_key_share}}
                     .dump(2)
              << '\n';
    return experiment::kExitOk;
  }
  std::cout << fmt::format("{}: {}, keys of {}\n", request.file, Described(view),
                           workload::ToString(view.key_space));
  for (const auto& [kind, share] : mix.items()) {
    std::cout << fmt::format("  {:<18}{:>7.2f}%\n", kind, 100 * share.get<double>());
  }
  std::cout << fmt::format(
      "Misses: {}. Of {} requests examined: {} distinct keys, the most popular one in {:.2f}%.\n",
      known ? std::to_string(view.expected_misses) : "as the threads run", stats.requests_examined,
      stats.distinct_keys, 100 * stats.top_key_share);
  return experiment::kExitOk;
}

int TraceReplay(const TraceRequest& request) {
  for (const Status& status :
       {CheckName("trace replay: " + experiment::Quoted(request.file), request.file),
        CheckSettings(request.run.cells)}) {
    if (!status.ok()) return Fail(status);
  }
  const workload::TraceOpened opened = workload::Trace::OpenUnchecked(request.file);
  if (!opened.ok()) return Fail(experiment::kExitUsage, opened.error);
  const workload::TraceView& view = opened.trace->view();
  std::vector<std::string> engines = request.engines;
  if (engines.empty()) engines = {"bwtree/default"};
  RunRequest run = request.run;
  run.cells.spec = "trace replay " + request.file;
  // Numbers of keys and operations are the trace's own.
  run.cells.document = {{"schema_version", 1},
                        {"id", "replay"},
                        {"title", "replay of " + fs::path(request.file).filename().string()},
                        {"matrix",
                         {{"workload", json::array({request.file})},
                          {"engine", engines},
                          {"threads", json::array({view.streams.size()})}}},
                        {"keys", {{"count", 1}}},
                        {"ops", 1}};
  return Run(run);
}

}  // namespace bwlab::cli
