#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "bwlab/experiment/host.h"
#include "bwlab/experiment/host_files.h"
#include "bwlab/experiment/perf_counters.h"
#include "bwlab/experiment/tick_clock.h"

namespace bwlab::experiment {

/// kWarning: results are worth less. kProblem: they say nothing of the engines.
enum class CheckVerdict : uint8_t { kOk, kWarning, kProblem };
inline constexpr std::array<std::string_view, 3> kCheckVerdictNames = {"ok", "warning", "problem"};

/// One thing about the machine or the program that can spoil a result.
struct HostCheck {
  std::string name;
  CheckVerdict verdict = CheckVerdict::kOk;
  std::string found{};
  std::string why;       ///< it matters
  std::string advice{};  ///< what to do; empty where all is well
};

/// How the machine is set up: frequency, hardware threads, pages, addresses, nodes, the processors
/// that this process may use, the clock.
std::vector<HostCheck> CheckSetup(const HostFiles& files);

/// What the machine does at one moment.
struct HostSample {
  CpuTicks ticks;
  double load_average = 0;     ///< of the last minute
  uint64_t pages_swapped = 0;  ///< in and out, since boot
  struct Process {
    std::string name;
    uint64_t ticks = 0;
  };
  std::map<int, Process> processes;  ///< by number, this one left out

  static HostSample Read(const HostFiles& files);
};

/// What else ran between two samples, and whether there is memory.
std::vector<HostCheck> CheckActivity(const HostFiles& files, const HostSample& before,
                                     const HostSample& after);

/// What only this process can tell.
struct ProgramFacts {
  std::string virtualisation;  ///< as in results; empty where it cannot be known
  std::vector<PerfCount> counts;
  TickScale ticks;
  std::string build_type;
  std::string flags;
  nlohmann::json git;  ///< as GitState gives it

  static ProgramFacts Collect();
};

/// Virtualisation, hardware counters, tick clock, build and source tree.
std::vector<HostCheck> CheckProgram(const HostFiles& files, const ProgramFacts& facts);

}  // namespace bwlab::experiment
