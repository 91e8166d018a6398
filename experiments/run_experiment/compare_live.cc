#include "run_experiment/compare_live.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "bwlab/experiment/exit_code.h"
#include "bwlab/experiment/host.h"
#include "bwlab/experiment/names.h"
#include "bwlab/experiment/repository.h"
#include "bwlab/experiment/results_folder.h"
#include "bwlab/experiment/subprocess.h"
#include "bwlab/workload/json_text.h"
#include "run_experiment/engine_plugins.h"
#include "run_experiment/flag_values.h"
#include "run_experiment/interruption.h"
#include "run_experiment/progress.h"
#include "run_experiment/step_end.h"

namespace bwlab::cli {
namespace {

namespace fs = std::filesystem;
using experiment::ProcessEnd;
using experiment::ResultSet;
using experiment::ResultsFolder;
using experiment::ShownPath;
using nlohmann::json;

constexpr uint32_t kRepsMax = 1000;

/// What --filter can tell apart. Cells that differ in more are run one after the other.
struct CellGroup {
  std::string workload;
  std::string label;
  uint32_t threads = 0;

  friend auto operator<=>(const CellGroup&, const CellGroup&) = default;
  std::string Describe() const {
    return fmt::format("{}, {}, {}", workload, label, experiment::Counted(threads, "thread"));
  }
};

/// One of the two builds, and its results.
class Side {
 public:
  /// Results go to `out`, by way of the folder `unfinished`.
  Side(std::string binary, fs::path out, fs::path unfinished)
      : binary_(std::move(binary)),
        path_(fs::absolute(binary_).string()),
        out_(std::move(out)),
        unfinished_(std::move(unfinished)) {}

  /// Asks the binary for its cells, in its own order.
  StepEnd Plan(const std::vector<std::string>& arguments) {
    std::vector<std::string> argv = {path_, "plan", "--json"};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    const ProcessEnd end = experiment::RunProcess(argv, "");
    if (StepEnd failed = FailureOf(end); !failed.ok()) return failed;
    const workload::JsonParse plan = workload::ParseJsonText(end.output, binary_);
    if (!plan.ok() || !plan.json.is_object() || !plan.json.contains("cells") ||
        !plan.json.contains("reps")) {
      return {experiment::kExitUsage,
              "compare: " + binary_ + " is no run_experiment that has the command plan"};
    }
    reps_ = plan.json["reps"].get<uint32_t>();
    for (const json& cell : plan.json["cells"]) {
      const CellGroup group{cell.at("workload").get<std::string>(),
                            cell.at("label").get<std::string>(),
                            cell.at("threads").get<uint32_t>()};
      if (std::find(groups_.begin(), groups_.end(), group) == groups_.end()) {
        groups_.push_back(group);
      }
    }
    return {};
  }

  /// Measures the cells of a group once, as the given repetition.
  StepEnd Measure(const CellGroup& group, uint32_t rep, const std::vector<std::string>& arguments) {
    StepEnd end = MeasureUnfinished(group, rep, arguments);
    std::error_code ignored;
    fs::remove_all(unfinished_, ignored);
    return end;
  }

  uint32_t reps() const { return reps_; }
  const std::vector<CellGroup>& groups() const { return groups_; }
  const fs::path& out() const { return out_; }
  const std::string& binary() const { return binary_; }
  bool HasResults() const { return !set_.results.empty(); }
  const ResultSet& set() const { return set_; }
  double last_ops_per_second() const { return last_ops_per_second_; }

 private:
  StepEnd MeasureUnfinished(const CellGroup& group, uint32_t rep,
                            const std::vector<std::string>& arguments) {
    std::vector<std::string> argv = {path_, "run"};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    for (const std::string& filter : {"workload=" + group.workload, "engine=" + group.label,
                                      fmt::format("threads={}", group.threads)}) {
      argv.insert(argv.end(), {"--filter", filter});
    }
    argv.insert(argv.end(), {"--reps", "1", "--quiet", "--out", unfinished_.string()});
    if (StepEnd failed = FailureOf(experiment::RunProcess(argv, "")); !failed.ok()) return failed;
    Result<ResultSet> results = experiment::LoadResults(unfinished_.string());
    if (!results.ok()) return EndOf(results.status());
    if (StepEnd failed = MakeFolder(); !failed.ok()) return failed;
    for (json& result : results.value().results) {
      result["rep"] = rep;
      if (const Status status = folder_->Add(result); !status.ok()) return EndOf(status);
      last_ops_per_second_ = result["run"]["throughput_ops_s"].get<double>();
      set_.results.push_back(std::move(result));
    }
    set_.path = out_.string();
    return {};
  }

  /// With the spec as the binary itself has resolved it, whose hash is in the results.
  StepEnd MakeFolder() {
    if (folder_) return {};
    const workload::JsonParse spec = workload::ParseJsonFile((unfinished_ / "spec.json").string());
    if (!spec.ok()) return {experiment::kExitUsage, spec.error};
    Result<ResultsFolder> folder = ResultsFolder::Create(out_, spec.json);
    if (!folder.ok()) return EndOf(folder.status());
    folder_ = std::move(folder).value();
    return {};
  }

  StepEnd FailureOf(const ProcessEnd& end) const {
    if (!end.not_started.empty()) {
      return {experiment::kExitUsage,
              "compare: " + binary_ + ": cannot be started: " + end.not_started};
    }
    if (end.signal != 0) {
      return {experiment::kExitInternal,
              fmt::format("{}: was ended by signal {}", binary_, end.signal)};
    }
    if (end.exit_code == experiment::kExitOk) return {};
    constexpr std::string_view kPrefix = "run_experiment: ";
    std::string_view why(end.error);
    why = why.substr(0, why.find('\n'));
    if (why.starts_with(kPrefix)) why.remove_prefix(kPrefix.size());
    return {end.exit_code, fmt::format("{}: {}", binary_, why)};
  }

  std::string binary_;  // as given
  std::string path_;    // with a slash in it, so that PATH is not searched
  fs::path out_;
  fs::path unfinished_;
  uint32_t reps_ = 1;
  std::vector<CellGroup> groups_;
  std::optional<ResultsFolder> folder_;
  ResultSet set_;
  double last_ops_per_second_ = 0;
};

/// The spec and the flags that both binaries are given.
Result<std::vector<std::string>> ArgumentsOf(const CompareRequest& request) {
  const Result<std::string> spec = experiment::FindSpec(request.inputs.front());
  if (!spec.ok()) return spec.status();
  std::vector<std::string> arguments = {fs::absolute(spec.value()).string()};
  const auto add = [&arguments](const char* flag, const std::string& value) {
    if (!value.empty()) arguments.insert(arguments.end(), {flag, value});
  };
  for (const std::string& set : request.cells.sets) add("--set", set);
  for (const std::string& sweep : request.cells.sweeps) add("--sweep", sweep);
  for (const std::string& filter : request.cells.filters) add("--filter", filter);
  add("--seed", request.cells.seed);
  add("--verify", request.cells.verify);
  for (const std::string& plugin : request.engine_plugins) {
    add("--engine-plugin", WithAbsolutePath(plugin));
  }
  return arguments;
}

/// Both builds, cell by cell in turn.
class Duel {
 public:
  Duel(const CompareRequest& request, const fs::path& out, std::vector<std::string> arguments)
      : request_(request),
        arguments_(std::move(arguments)),
        sides_{Side(request.binaries[0], out / "a", out / "unfinished"),
               Side(request.binaries[1], out / "b", out / "unfinished")} {}

  StepEnd Run(uint32_t reps_wanted) {
    for (Side& side : sides_) {
      if (StepEnd end = side.Plan(arguments_); !end.ok()) return end;
    }
    const std::vector<CellGroup> groups = CommonGroups();
    if (groups.empty()) {
      return {experiment::kExitUsage, "compare: the two binaries have no cell in common"};
    }
    const uint32_t reps = reps_wanted > 0 ? reps_wanted : sides_[0].reps();
    Progress progress(2 * reps * groups.size(), request_.quiet);
    for (uint32_t rep = 0; rep < reps; ++rep) {
      for (size_t i = 0; i < groups.size(); ++i) {
        const CellGroup& group = rep % 2 == 0 ? groups[i] : groups[groups.size() - 1 - i];
        if (StepEnd end = MeasureBoth(group, rep, &progress); !end.ok()) return end;
      }
    }
    return {};
  }

  bool HasResults() const { return sides_[0].HasResults() && sides_[1].HasResults(); }
  /// Whether the end was that the results should not be compared.
  bool refused() const { return refused_; }
  const Side& side(size_t i) const { return sides_[i]; }

 private:
  StepEnd MeasureBoth(const CellGroup& group, uint32_t rep, Progress* progress) {
    for (size_t turn = 0; turn < sides_.size(); ++turn) {
      const size_t which = (rep + turn) % sides_.size();
      const std::string what =
          fmt::format("{} {}, repetition {}", which == 0 ? "A" : "B", group.Describe(), rep + 1);
      progress->Started(what);
      StepEnd end = sides_[which].Measure(group, rep, arguments_);
      if (WasInterrupted()) return {experiment::kExitInterrupted, "interrupted"};
      if (!end.ok()) return end;
      progress->Finished(what, sides_[which].last_ops_per_second());
    }
    // What would be refused at the end is refused before the time is spent.
    if (request_.force || rep > 0) return {};
    const Status status = CheckComparable(sides_[0].set(), sides_[1].set());
    refused_ = !status.ok();
    return EndOf(status);
  }

  std::vector<CellGroup> CommonGroups() const {
    std::vector<CellGroup> common;
    for (size_t i = 0; i < sides_.size(); ++i) {
      const std::vector<CellGroup>& others = sides_[1 - i].groups();
      for (const CellGroup& group : sides_[i].groups()) {
        if (std::find(others.begin(), others.end(), group) == others.end()) {
          std::cerr << fmt::format("run_experiment: {}: only {} has it; left out\n",
                                   group.Describe(), sides_[i].binary());
        } else if (i == 0) {
          common.push_back(group);
        }
      }
    }
    return common;
  }

  const CompareRequest& request_;
  const std::vector<std::string> arguments_;
  std::array<Side, 2> sides_;
  bool refused_ = false;
};

/// Where the results go: a folder that is not there yet, or empty.
class OutFolder {
 public:
  static Result<OutFolder> Of(const std::string& wanted) {
    std::error_code error;
    OutFolder folder;
    folder.path_ = wanted.empty()
                       ? experiment::RunsFolder() /
                             ("compare-" + experiment::UtcCompactText(std::time(nullptr)))
                       : fs::path(wanted);
    folder.was_there_ = fs::exists(folder.path_, error);
    if (folder.was_there_ &&
        (!fs::is_directory(folder.path_, error) || !fs::is_empty(folder.path_, error))) {
      return Status::InvalidArgument(folder.path_.string() +
                                     ": is there and no empty folder, and results are never "
                                     "overwritten; give --out a new folder");
    }
    return folder;
  }

  const fs::path& path() const { return path_; }

  /// Takes back all that was written to it.
  void Clear() const {
    std::error_code ignored;
    for (const char* part : {"a", "b", "unfinished"}) fs::remove_all(path_ / part, ignored);
    if (!was_there_) fs::remove(path_, ignored);
  }

 private:
  fs::path path_;
  bool was_there_ = false;
};

}  // namespace

int MeasureBoth(const CompareRequest& request, ComparedPaths* paths) {
  if (request.inputs.size() != 1) {
    return Fail(experiment::kExitUsage, "compare: --binaries OLD NEW need one spec beside them");
  }
  uint32_t reps = 0;
  if (!request.cells.reps.empty()) {
    const Result<uint64_t> parsed = ParseWhole("--reps", request.cells.reps, 1, kRepsMax);
    if (!parsed.ok()) return Fail(parsed.status());
    reps = static_cast<uint32_t>(parsed.value());
  }
  const Result<std::vector<std::string>> arguments = ArgumentsOf(request);
  if (!arguments.ok()) return Fail(arguments.status());
  const Result<OutFolder> out = OutFolder::Of(request.out);
  if (!out.ok()) return Fail(out.status());

  NoteInterruptions();
  Duel duel(request, out.value().path(), arguments.value());
  const StepEnd end = duel.Run(reps);
  *paths = {duel.side(0).out().string(), duel.side(1).out().string()};
  if (end.ok()) return experiment::kExitOk;
  if (!duel.HasResults() || duel.refused()) {
    out.value().Clear();
    return Fail(end.exit_code, end.message);
  }
  return Fail(end.exit_code, fmt::format("{}; compare {} {} shows what the finished results say",
                                         end.message, ShownPath(paths->a), ShownPath(paths->b)));
}

}  // namespace bwlab::cli
