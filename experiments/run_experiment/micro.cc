#include <fmt/format.h>

#include <ctime>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "bwlab/experiment/exit_code.h"
#include "bwlab/experiment/files.h"
#include "bwlab/experiment/host.h"
#include "bwlab/experiment/micro_program.h"
#include "bwlab/experiment/micro_summary.h"
#include "bwlab/experiment/names.h"
#include "bwlab/experiment/provenance.h"
#include "bwlab/experiment/repository.h"
#include "bwlab/experiment/results_folder.h"
#include "run_experiment/command_line.h"
#include "run_experiment/flag_values.h"
#include "run_experiment/interruption.h"
#include "run_experiment/progress.h"
#include "run_experiment/step_end.h"

namespace bwlab::cli {
namespace {

namespace fs = std::filesystem;
using experiment::CellOutcome;
using experiment::MicroProgram;
using experiment::MicroSettings;
using experiment::MicroSummary;
using experiment::ResultsFolder;
using nlohmann::json;

constexpr uint32_t kRepsMax = 1000;
constexpr double kMinTimeSecondsMax = 3600;

/// A program with where its results come from.
struct Planned {
  MicroProgram program;
  json provenance;
};

/// Runs all repetitions, forth and back over the programs.
StepEnd RunAll(const std::vector<Planned>& planned, const MicroSettings& settings, uint64_t reps,
               bool quiet, ResultsFolder* folder, MicroSummary* summary) {
  Progress progress(planned.size() * reps, quiet);
  for (uint32_t rep = 0; rep < reps; ++rep) {
    for (size_t i = 0; i < planned.size(); ++i) {
      const auto& [program, provenance] = planned[rep % 2 == 0 ? i : planned.size() - 1 - i];
      const std::string what = fmt::format("{}, {} benchmarks, repetition {}", program.name,
                                           program.benchmarks.size(), rep + 1);
      progress.Started(what);
      CellOutcome outcome = RunMicroProgram(program, settings, rep, provenance);
      if (outcome.exit_code == experiment::kExitOk) {
        const Status status = folder->Add(outcome.result);
        if (!status.ok()) return EndOf(status);
        summary->Add(outcome.result);
        progress.Finished(what);
      }
      if (WasInterrupted()) {
        return {experiment::kExitInterrupted,
                fmt::format("interrupted after {} of {} runs", progress.done(), progress.total())};
      }
      if (outcome.exit_code != experiment::kExitOk) {
        return {outcome.exit_code, std::move(outcome.message)};
      }
    }
  }
  return {};
}

void PrintList(const std::vector<MicroProgram>& programs, bool as_json) {
  json list = json::array();
  for (const MicroProgram& program : programs) {
    list.push_back({{"name", program.name},
                    {"question", program.question},
                    {"baseline", program.baseline},
                    {"benchmarks", program.benchmarks}});
    if (as_json) continue;
    std::cout << fmt::format("{}: {}\nBaseline: {}\n", program.name, program.question,
                             program.baseline);
    for (const std::string& name : program.benchmarks) std::cout << "  " << name << '\n';
  }
  if (as_json) std::cout << list.dump(2) << '\n';
}

void PrintSummary(const MicroSummary& summary, const ResultsFolder& folder, uint64_t reps,
                  bool as_json) {
  if (as_json) {
    json files = json::array();
    for (const fs::path& file : folder.files()) files.push_back(file.string());
    std::cout << json{{"out", folder.path().string()},
                      {"benchmarks", summary.Json()},
                      {"files", files}}
                     .dump(2)
              << '\n';
    return;
  }
  std::cout << summary.Text()
            << fmt::format(
                   "\nMedians of {}; clock: the time that counts. Intervals: BCa "
                   "bootstrap.\n{} in {}\n",
                   experiment::Counted(reps, "repetition"),
                   experiment::Counted(folder.files().size(), "result"),
                   (folder.path() / "micro").string());
}

}  // namespace

int Micro(const MicroRequest& request) {
  const Result<uint64_t> reps = ParseWhole("--reps", request.reps, 1, kRepsMax);
  if (!reps.ok()) return Fail(reps.status());
  const Result<double> min_time =
      ParseNumber("--min-time", request.min_time, 0, kMinTimeSecondsMax);
  if (!min_time.ok()) return Fail(min_time.status());
  const MicroSettings settings{request.filter, min_time.value()};

  Result<std::vector<MicroProgram>> programs = experiment::FindMicroPrograms(
      experiment::FolderOfThisProgram(), experiment::SplitAt(BWLAB_MICRO_PROGRAMS, ' '));
  if (programs.ok()) {
    programs = experiment::Filtered(std::move(programs).value(), settings.filter);
  }
  if (!programs.ok()) return Fail(programs.status());
  if (request.list) {
    PrintList(programs.value(), request.json);
    return experiment::kExitOk;
  }

  std::vector<Planned> planned;
  for (MicroProgram& program : programs.value()) {
    json provenance = experiment::CollectProvenance(
        experiment::MicroFolder() / (program.name + ".cc"), settings.ToJson(), request.argv);
    provenance["binary_sha256"] = experiment::Sha256HexOfFile(program.path.string());
    planned.push_back({std::move(program), std::move(provenance)});
  }
  const fs::path out =
      request.out.empty()
          ? experiment::RunsFolder() / ("micro-" + experiment::UtcCompactText(std::time(nullptr)))
          : fs::path(request.out);
  Result<ResultsFolder> folder = ResultsFolder::CreateForMicro(out);
  if (!folder.ok()) return Fail(folder.status());
  NoteInterruptions();
  MicroSummary summary;
  const StepEnd end =
      RunAll(planned, settings, reps.value(), request.quiet, &folder.value(), &summary);
  if (!end.ok()) Fail(end.exit_code, end.message);
  if (end.ok()) {
    PrintSummary(summary, folder.value(), reps.value(), request.json);
  } else if (folder.value().files().empty()) {
    folder.value().RemoveIfWithoutResults();
  } else {
    std::cerr << fmt::format("run_experiment: {} finished results are in {}\n",
                             folder.value().files().size(), (out / "micro").string());
  }
  return end.exit_code;
}

}  // namespace bwlab::cli
