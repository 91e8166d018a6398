#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <sstream>
#include <utility>

#include "bwlab/experiment/host_checks.h"
#include "bwlab/experiment/names.h"

namespace bwlab::experiment {
namespace {

constexpr const char* kProcessorsFolder = "sys/devices/system/cpu/";
constexpr const char* kBelow = "not shown: what lies below this system decides";

/// Folders of the processors: cpu0, cpu1, ...
std::vector<std::string> ProcessorFolders(const HostFiles& files) {
  std::vector<std::string> folders;
  for (const std::string& name : files.Names(kProcessorsFolder)) {
    if (name.starts_with("cpu") && name.find_first_not_of("0123456789", 3) == std::string::npos &&
        name.size() > 3) {
      folders.push_back(kProcessorsFolder + name + "/");
    }
  }
  return folders;
}

HostCheck Governor(const HostFiles& files) {
  HostCheck check{.name = "governor",
                  .why = "a processor that changes its frequency with the load is slow at first"};
  std::set<std::string> governors;
  for (const std::string& folder : ProcessorFolders(files)) {
    const std::string governor = files.Line(folder + "cpufreq/scaling_governor");
    if (!governor.empty()) governors.insert(governor);
  }
  if (governors.empty()) {
    check.verdict = CheckVerdict::kWarning;
    check.found = kBelow;
    check.advice = "interleave what you compare, and look at the spread of the repetitions";
    return check;
  }
  check.found = JoinNames(std::vector<std::string>(governors.begin(), governors.end()));
  if (check.found != "performance") {
    check.verdict = CheckVerdict::kProblem;
    check.advice = "cpupower frequency-set --governor performance";
  }
  return check;
}

HostCheck Turbo(const HostFiles& files) {
  HostCheck check{.name = "turbo",
                  .why = "the frequency then depends on temperature and on how many cores work"};
  const std::string intel = "sys/devices/system/cpu/intel_pstate/no_turbo";
  const std::string other = "sys/devices/system/cpu/cpufreq/boost";
  const std::optional<uint64_t> no_turbo = files.Number(intel);
  const std::optional<uint64_t> boost = files.Number(other);
  if (!no_turbo && !boost) {
    check.verdict = CheckVerdict::kWarning;
    check.found = kBelow;
    check.advice = "compare only what ran on the same number of threads, in turn";
    return check;
  }
  const bool on = no_turbo ? *no_turbo == 0 : *boost != 0;
  check.found = on ? "on" : "off";
  if (on) {
    check.verdict = CheckVerdict::kWarning;
    check.advice = no_turbo ? "echo 1 > /" + intel : "echo 0 > /" + other;
  }
  return check;
}

HostCheck Smt(const HostFiles& files) {
  HostCheck check{.name = "smt",
                  .found = "each processor is a core of its own",
                  .why = "two workers on one core are slower than two on two cores"};
  std::set<std::string> shared;
  for (const std::string& folder : ProcessorFolders(files)) {
    const std::string siblings = files.Line(folder + "topology/thread_siblings_list");
    if (ParseProcessors(siblings).size() > 1) shared.insert(siblings);
  }
  if (shared.empty()) return check;
  check.verdict = CheckVerdict::kWarning;
  check.found = fmt::format("{} cores have several hardware threads (the first: processors {})",
                            shared.size(), *shared.begin());
  check.advice =
      "use no more threads than cores (workers fill the cores first), or echo off > "
      "/sys/devices/system/cpu/smt/control";
  return check;
}

HostCheck HugePages(const HostFiles& files) {
  HostCheck check{.name = "huge pages",
                  .why =
                      "pages that the kernel joins in the background depend on how fragmented "
                      "the memory is"};
  check.found = Bracketed(files.Line("sys/kernel/mm/transparent_hugepage/enabled"));
  if (check.found.empty()) check.found = "none";
  if (check.found == "always") {
    check.verdict = CheckVerdict::kWarning;
    check.advice = "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled";
  }
  return check;
}

/// Each repetition is a process of its own. With random addresses the spread of the repetitions
/// holds what the memory layout does; without, all have the same one, and no interval shows its
/// bias. Source: Mytkowicz, Diwan, Hauswirth, Sweeney, "Producing Wrong Data Without Doing Anything
/// Obviously Wrong!", ASPLOS 2009.
HostCheck AddressLayout(const HostFiles& files) {
  HostCheck check{
      .name = "aslr",
      .why = "with one memory layout for all repetitions its bias shows in no interval"};
  const std::optional<uint64_t> mode = files.Number("proc/sys/kernel/randomize_va_space");
  constexpr uint64_t kAll = 2;
  check.found = mode == kAll ? "addresses differ from process to process"
                : mode       ? fmt::format("off in part or all (randomize_va_space {})", *mode)
                             : "not shown";
  if (mode != kAll) {
    check.verdict = CheckVerdict::kWarning;
    check.advice = "sysctl kernel.randomize_va_space=2";
  }
  return check;
}

HostCheck Numa(const HostFiles& files) {
  HostCheck check{.name = "numa",
                  .found = "one node",
                  .why = "memory of another node answers later, and where a page lies is luck"};
  const size_t nodes = files.Processors("sys/devices/system/node/online").size();
  if (nodes < 2) return check;
  check.verdict = CheckVerdict::kWarning;
  check.found = fmt::format("{} nodes", nodes);
  check.advice = "numactl --cpunodebind=0 --membind=0 run_experiment ...";
  return check;
}

HostCheck Affinity(const HostFiles& files) {
  HostCheck check{.name = "affinity", .why = "more workers than processors wait for each other"};
  const std::string allowed = files.Field("proc/self/status", "Cpus_allowed_list");
  const size_t usable = ParseProcessors(allowed).size();
  const size_t online = files.Processors("sys/devices/system/cpu/online").size();
  check.found = fmt::format("{} of {} processors may be used", usable, online);
  if (usable < online) {
    check.verdict = CheckVerdict::kWarning;
    check.found += " (" + allowed + ")";
    check.advice = "use no more threads than that, or widen the set (taskset, cpuset)";
  }
  return check;
}

/// Processors' worth of time that a folder of a control group allows.
std::optional<double> QuotaOf(const HostFiles& files, const std::string& folder) {
  std::istringstream unified(files.Line(folder + "cpu.max"));  // "max 100000" where unlimited
  double quota = 0;
  double period = 0;
  if (unified >> quota >> period && period > 0) return quota / period;
  const std::optional<uint64_t> quota_us = files.Number(folder + "cpu.cfs_quota_us");  // -1: none
  const std::optional<uint64_t> period_us = files.Number(folder + "cpu.cfs_period_us");
  if (!quota_us || !period_us || *period_us == 0) return std::nullopt;
  return static_cast<double>(*quota_us) / static_cast<double>(*period_us);
}

/// The least quota from the process's own control groups up to the outermost.
std::optional<double> LeastQuota(const HostFiles& files) {
  std::optional<double> least;
  for (const std::string& line : files.Lines("proc/self/cgroup")) {  // "4:cpu,cpuacct:/a/b"
    const std::vector<std::string> parts = SplitAt(line, ':');
    if (parts.size() < 3) continue;
    const std::vector<std::string> controllers = SplitAt(parts[1], ',');
    const bool unified = parts[1].empty();
    if (!unified && std::find(controllers.begin(), controllers.end(), "cpu") == controllers.end()) {
      continue;
    }
    const std::string mount = "sys/fs/cgroup" + (unified ? "" : "/" + parts[1]);
    for (std::string path = parts[2] == "/" ? "" : parts[2];;
         path = path.substr(0, path.rfind('/'))) {
      const std::optional<double> quota = QuotaOf(files, mount + path + "/");
      if (quota && (!least || *quota < *least)) least = quota;
      if (path.empty() || path.find('/') == std::string::npos) break;
    }
  }
  return least;
}

HostCheck Quota(const HostFiles& files) {
  HostCheck check{.name = "cpu quota",
                  .found = "none",
                  .why = "where it is used up, all threads stop until the next period"};
  const std::optional<double> quota = LeastQuota(files);
  if (!quota) return check;
  const auto online = static_cast<double>(files.Processors("sys/devices/system/cpu/online").size());
  check.found = fmt::format("{:.2g} processors' worth of time", *quota);
  if (*quota < online) {
    check.verdict = CheckVerdict::kProblem;
    check.advice =
        "lift cpu.max of the control group (docker run --cpus), and choose processors "
        "by a cpuset instead";
  }
  return check;
}

HostCheck ClockSource(const HostFiles& files) {
  static constexpr std::array<std::string_view, 4> kReadInUserMode = {
      "tsc", "kvm-clock", "hyperv_clocksource_tsc_page", "arch_sys_counter"};
  HostCheck check{.name = "clock source",
                  .why = "a clock that only the kernel can read costs a system call each time"};
  check.found = files.Line("sys/devices/system/clocksource/clocksource0/current_clocksource");
  if (check.found.empty()) check.found = "not shown";
  if (std::find(kReadInUserMode.begin(), kReadInUserMode.end(), check.found) ==
      kReadInUserMode.end()) {
    check.verdict = CheckVerdict::kWarning;
    check.advice =
        "choose one of /sys/devices/system/clocksource/clocksource0/available_clocksource that is "
        "read in user mode, such as tsc";
  }
  return check;
}

}  // namespace

std::vector<HostCheck> CheckSetup(const HostFiles& files) {
  return {Governor(files), Turbo(files),    Smt(files),   HugePages(files),  AddressLayout(files),
          Numa(files),     Affinity(files), Quota(files), ClockSource(files)};
}

}  // namespace bwlab::experiment
