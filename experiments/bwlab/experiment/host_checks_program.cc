#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <sstream>

#include "bwlab/experiment/build_info.h"
#include "bwlab/experiment/host_checks.h"
#include "bwlab/experiment/provenance.h"

namespace bwlab::experiment {
namespace {

using nlohmann::json;

HostCheck Hypervisor(const ProgramFacts& facts) {
  HostCheck check{.name = "virtualisation",
                  .found = facts.virtualisation.empty() ? "not shown" : facts.virtualisation,
                  .why = "other machines share the hardware, and traps and timers cost more"};
  if (facts.virtualisation != "none") {
    check.verdict = CheckVerdict::kWarning;
    check.advice =
        "compare only what ran on this machine, in turn; absolute numbers need bare "
        "hardware";
  }
  return check;
}

HostCheck HardwareCounters(const HostFiles& files, const ProgramFacts& facts) {
  HostCheck check{.name = "counters",
                  .found = "all events can be counted",
                  .why = "instructions an operation spread far less than its time"};
  size_t absent = 0;
  const PerfCount* first = nullptr;
  for (const PerfCount& count : facts.counts) {
    if (count.reason.empty()) continue;
    ++absent;
    if (first == nullptr) first = &count;
  }
  if (absent == 0) return check;
  check.verdict = CheckVerdict::kWarning;
  check.found = fmt::format("{} of {} events cannot be counted ({}: {})", absent,
                            facts.counts.size(), first->name, first->reason);
  std::istringstream paranoid(files.Line("proc/sys/kernel/perf_event_paranoid"));
  constexpr int kUserModeAllowed = 2;
  int level = 0;
  if (paranoid >> level && level > kUserModeAllowed) {
    check.found += fmt::format("; perf_event_paranoid is {}", level);
    check.advice = "sysctl kernel.perf_event_paranoid=2";
  } else {
    check.advice = "measure where the processor shows its counters; results say which are absent";
  }
  return check;
}

/// The time stamp counter runs at one rate whatever the frequency is, and does not stop in sleep.
bool CountsTime(const std::string& cpu_flags) {
  const std::string padded = " " + cpu_flags + " ";
  return padded.find(" constant_tsc ") != std::string::npos &&
         padded.find(" nonstop_tsc ") != std::string::npos;
}

HostCheck TickClock(const HostFiles& files, const ProgramFacts& facts) {
  constexpr double kCostWarningFromNs = 100;
  HostCheck check{.name = "tick clock",
                  .found = fmt::format("costs {:.1f} ns, steps of {:.1f} ns", facts.ticks.cost_ns,
                                       facts.ticks.resolution_ns),
                  .why = "latency includes the clock's cost and is no finer than its steps"};
  const std::string flags = files.Field("proc/cpuinfo", "flags");  // absent but on x86
  if (!flags.empty() && !CountsTime(flags)) {
    check.verdict = CheckVerdict::kProblem;
    check.found += ", and its rate follows the processor's frequency";
    check.advice = "latencies of this machine are wrong; measure on one with an invariant TSC";
  } else if (facts.ticks.cost_ns >= kCostWarningFromNs) {
    check.verdict = CheckVerdict::kWarning;
    check.advice = "the hypervisor traps the counter; compare throughput rather than latency";
  }
  return check;
}

HostCheck Build(const ProgramFacts& facts) {
  HostCheck check{
      .name = "build",
      .found = fmt::format("{} ({})", facts.build_type.empty() ? "no type" : facts.build_type,
                           facts.flags),
      .why = "checks and missing optimisations change what is fast"};
  if (!IsForMeasuring(facts.build_type, facts.flags)) {
    check.verdict = CheckVerdict::kProblem;
    check.advice = "cmake --preset native && cmake --build --preset native";
  }
  return check;
}

HostCheck SourceTree(const ProgramFacts& facts) {
  HostCheck check{.name = "source tree",
                  .why = "the commit in a result then does not say what ran"};
  const json& commit = facts.git.at("git_commit");
  const json& dirty = facts.git.at("git_dirty");
  if (!commit.is_string() || !dirty.is_boolean()) {
    check.found = "not under git";
    check.advice = "build in a clone of the repository";
  } else if (dirty.get<bool>()) {
    check.found = "changed since commit " + commit.get<std::string>().substr(0, 12);
    check.advice = "commit the changes and build again";
  } else {
    check.found = "commit " + commit.get<std::string>().substr(0, 12);
    return check;
  }
  check.verdict = CheckVerdict::kWarning;
  return check;
}

}  // namespace

ProgramFacts ProgramFacts::Collect() {
  ProgramFacts facts;
  facts.virtualisation = Virtualisation();
  PerfCounters counters{std::nullopt};
  counters.Start();
  facts.ticks = TickScale::Measure();
  counters.Stop();
  facts.counts = counters.Read();
  facts.build_type = kBuildType;
  facts.flags = kCompilerFlags;
  facts.git = GitState();
  return facts;
}

std::vector<HostCheck> CheckProgram(const HostFiles& files, const ProgramFacts& facts) {
  return {Hypervisor(facts), HardwareCounters(files, facts), TickClock(files, facts), Build(facts),
          SourceTree(facts)};
}

}  // namespace bwlab::experiment
