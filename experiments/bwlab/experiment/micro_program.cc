#include "bwlab/experiment/micro_program.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <regex>
#include <string_view>
#include <system_error>
#include <utility>

#include "bwlab/experiment/exit_code.h"
#include "bwlab/experiment/host.h"
#include "bwlab/experiment/json_schema.h"
#include "bwlab/experiment/names.h"
#include "bwlab/experiment/subprocess.h"
#include "bwlab/workload/json_text.h"

namespace bwlab::experiment {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// Keys that Google Benchmark gives to every benchmark; the others are its counters.
constexpr std::array<std::string_view, 13> kReportKeys = {
    "name",        "family_index", "per_family_instance_index", "run_name", "run_type",
    "repetitions", "iterations",   "repetition_index",          "threads",  "real_time",
    "cpu_time",    "time_unit",    "items_per_second"};

std::vector<std::string> LinesOf(const std::string& text) {
  std::vector<std::string> lines = SplitAt(text, '\n');
  std::erase(lines, "");
  return lines;
}

Status NotBuilt(const fs::path& path, const std::string& why) {
  return Status::Unsupported(
      fmt::format("{}: {}; build the micro-benchmarks: cmake --build {} --target micro_benchmarks",
                  path.string(), why, path.parent_path().string()));
}

Result<MicroProgram> Find(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error)) return NotBuilt(path, "is not there");
  const ProcessEnd about = RunProcess({path.string(), "--about"}, "");
  const ProcessEnd list = RunProcess({path.string(), "--benchmark_list_tests"}, "");
  const std::vector<std::string> lines = LinesOf(about.output);
  if (about.exit_code != 0 || list.exit_code != 0 || lines.size() != 2) {
    return NotBuilt(path, "does not say what it measures");
  }
  return MicroProgram{path.filename().string(), path, lines[0], lines[1], LinesOf(list.output)};
}

double NanosecondsOf(const std::string& unit) {
  if (unit == "s") return 1e9;
  if (unit == "ms") return 1e6;
  return unit == "us" ? 1e3 : 1;
}

json BenchmarkOf(const json& measured) {
  const double nanoseconds = NanosecondsOf(measured.at("time_unit").get<std::string>());
  const auto name = measured.at("name").get<std::string>();
  const bool real = name.find("/real_time") != std::string::npos;
  json benchmark = {{"name", name},
                    {"threads", measured.at("threads")},
                    {"iterations", measured.at("iterations")},
                    {"clock", real ? "real" : "cpu"},
                    {"real_time_ns", measured.at("real_time").get<double>() * nanoseconds},
                    {"cpu_time_ns", measured.at("cpu_time").get<double>() * nanoseconds},
                    {"items_per_second", measured.value("items_per_second", json())},
                    {"counters", json::object()}};
  for (const auto& [key, value] : measured.items()) {
    if (std::find(kReportKeys.begin(), kReportKeys.end(), key) == kReportKeys.end()) {
      benchmark["counters"][key] = value;
    }
  }
  return benchmark;
}

/// A regular expression that finds these names and no others. They hold letters, digits and _/:-.
std::string ExactFilter(const std::vector<std::string>& names) {
  return fmt::format("^({})$", fmt::join(names, "|"));
}

CellOutcome Failed(int exit_code, const MicroProgram& program, std::string_view why) {
  return {.exit_code = exit_code, .message = program.name + ": " + std::string(why), .result = {}};
}

}  // namespace

fs::path FolderOfThisProgram() {
  std::error_code error;
  return fs::read_symlink("/proc/self/exe", error).parent_path();
}

Result<std::vector<MicroProgram>> FindMicroPrograms(const fs::path& folder,
                                                    std::span<const std::string> names) {
  std::vector<MicroProgram> programs;
  for (const std::string& name : names) {
    Result<MicroProgram> program = Find(folder / name);
    if (!program.ok()) return program.status();
    programs.push_back(std::move(program).value());
  }
  return programs;
}

Result<std::vector<MicroProgram>> Filtered(std::vector<MicroProgram> programs,
                                           const std::string& filter) {
  std::regex pattern;
  try {
    pattern.assign(filter, std::regex::extended);
  } catch (const std::regex_error& error) {
    return Status::InvalidArgument("--filter " + Quoted(filter) +
                                   " is no regular expression: " + error.what());
  }
  size_t benchmarks = 0;
  for (MicroProgram& program : programs) {
    benchmarks += program.benchmarks.size();
    std::erase_if(program.benchmarks,
                  [&](const std::string& name) { return !std::regex_search(name, pattern); });
  }
  std::erase_if(programs, [](const MicroProgram& program) { return program.benchmarks.empty(); });
  if (!programs.empty()) return programs;
  return Status::InvalidArgument(
      fmt::format("--filter {} is found in none of the names of the {} micro-benchmarks; "
                  "run_experiment micro --list shows them",
                  Quoted(filter), benchmarks));
}

Result<json> BenchmarksOf(const json& report) {
  json benchmarks = json::array();
  try {
    for (const json& measured : report.at("benchmarks")) {
      if (measured.value("error_occurred", false)) {
        return Status::Unsupported(
            fmt::format("{} failed: {}", measured.at("name").get<std::string>(),
                        measured.value("error_message", std::string("it does not say why"))));
      }
      benchmarks.push_back(BenchmarkOf(measured));
    }
  } catch (const json::exception& error) {
    return Status::Corruption(std::string("its report is none of Google Benchmark: ") +
                              error.what());
  }
  return benchmarks;
}

CellOutcome RunMicroProgram(const MicroProgram& program, const MicroSettings& settings,
                            uint32_t rep, const json& provenance) {
  const std::string started = UtcText(std::time(nullptr));
  const HostState before = HostState::Read();
  const ProcessEnd end =
      RunProcess({program.path.string(), "--benchmark_format=json",
                  "--benchmark_filter=" + ExactFilter(program.benchmarks),
                  fmt::format("--benchmark_min_time={}", settings.min_time_seconds)},
                 "");
  const HostState after = HostState::Read();
  if (!end.not_started.empty()) {
    return Failed(kExitEnvironment, program, "cannot be started: " + end.not_started);
  }
  if (end.exit_code != kExitOk) return Failed(kExitInternal, program, FailureText(end));
  const workload::JsonParse report = workload::ParseJsonText(end.output, "its report");
  if (!report.ok()) return Failed(kExitInternal, program, report.error);
  Result<json> benchmarks = BenchmarksOf(report.json);
  if (!benchmarks.ok()) {
    const bool refused = benchmarks.status().code() == StatusCode::kUnsupported;
    return Failed(refused ? kExitEnvironment : kExitInternal, program,
                  benchmarks.status().message());
  }
  if (benchmarks.value().size() != program.benchmarks.size()) {
    return Failed(kExitInternal, program,
                  fmt::format("ran {} benchmarks of the {} asked for", benchmarks.value().size(),
                              program.benchmarks.size()));
  }
  json result = {{"schema_version", 1},
                 {"program", program.name},
                 {"rep", rep},
                 {"question", program.question},
                 {"baseline", program.baseline},
                 {"settings", settings.ToJson()},
                 {"benchmarks", std::move(benchmarks).value()},
                 {"provenance", provenance}};
  result["provenance"].update(HostStateJson(before, after));
  result["provenance"]["started_at_utc"] = started;
  if (const auto violation = MicroSchema().Check(result)) {
    return Failed(kExitInternal, program,
                  "the result does not conform to its schema: " + *violation);
  }
  return {.exit_code = kExitOk, .message = {}, .result = std::move(result)};
}

}  // namespace bwlab::experiment
