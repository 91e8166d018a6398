#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "bwlab/base/status.h"
#include "bwlab/experiment/cell_process.h"

namespace bwlab::experiment {

/// A program of micro-benchmarks: experiments/micro/<name>.cc.
struct MicroProgram {
  std::string name;
  std::filesystem::path path;
  std::string question;
  std::string baseline;                 ///< what the others are to be compared with
  std::vector<std::string> benchmarks;  ///< names of those to run, in the program's order
};

struct MicroSettings {
  std::string filter;             ///< POSIX extended regular expression; empty: all
  double min_time_seconds = 0.5;  ///< of each benchmark

  nlohmann::json ToJson() const {
    return {{"filter", filter}, {"min_time_seconds", min_time_seconds}};
  }
};

/// The folder that this program runs from, where the build puts the micro-benchmarks too.
std::filesystem::path FolderOfThisProgram();

/// The programs called `names` in `folder`, with all their benchmarks. Errors: Unsupported where
/// one is not there or does not answer, with the command that builds it.
Result<std::vector<MicroProgram>> FindMicroPrograms(const std::filesystem::path& folder,
                                                    std::span<const std::string> names);

/// The programs with the benchmarks in whose names `filter` is found; those without any are left
/// out. Errors: InvalidArgument where that leaves none, or `filter` is no regular expression.
Result<std::vector<MicroProgram>> Filtered(std::vector<MicroProgram> programs,
                                           const std::string& filter);

/// The benchmarks of a report of Google Benchmark in the form of our results. Errors: Unsupported
/// with the benchmark's own words where one failed, Corruption where it is no such report.
Result<nlohmann::json> BenchmarksOf(const nlohmann::json& report);

/// Runs one repetition of a program in a fresh process. The result conforms to the schema of
/// micro-benchmarks.
CellOutcome RunMicroProgram(const MicroProgram& program, const MicroSettings& settings,
                            uint32_t rep, const nlohmann::json& provenance);

}  // namespace bwlab::experiment
