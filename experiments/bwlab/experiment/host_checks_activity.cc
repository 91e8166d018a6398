#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <sstream>
#include <utility>

#include "bwlab/experiment/host_checks.h"
#include "bwlab/experiment/memory.h"
#include "bwlab/experiment/names.h"

namespace bwlab::experiment {
namespace {

constexpr double kGiB = 1024.0 * 1024.0 * 1024.0;

CheckVerdict VerdictOf(double value, double warning_from, double problem_from) {
  if (value >= problem_from) return CheckVerdict::kProblem;
  return value >= warning_from ? CheckVerdict::kWarning : CheckVerdict::kOk;
}

/// Ticks that one process has used, from /proc/<number>/stat. Its name stands in parentheses and
/// may hold any character.
HostSample::Process ProcessOf(const std::string& stat) {
  const size_t open = stat.find('(');
  const size_t close = stat.rfind(')');
  if (open == std::string::npos || close == std::string::npos || close < open) return {};
  std::istringstream rest(stat.substr(close + 1));
  constexpr int kFieldsBeforeTicks = 11;  // state to cmajflt
  std::string skipped;
  for (int i = 0; i < kFieldsBeforeTicks; ++i) rest >> skipped;
  uint64_t user = 0;
  uint64_t system = 0;
  rest >> user >> system;
  return {stat.substr(open + 1, close - open - 1), user + system};
}

/// What passed between two samples.
struct Passed {
  double steal_share = 0;      ///< of all processors' time
  double busy_processors = 0;  ///< so many were busy in the mean
  double ticks_of_one = 0;     ///< of one processor

  Passed(size_t processors, const HostSample& before, const HostSample& after) {
    const auto all = static_cast<double>(after.ticks.all - before.ticks.all);
    if (all <= 0 || processors == 0) return;
    ticks_of_one = all / static_cast<double>(processors);
    steal_share = static_cast<double>(after.ticks.steal - before.ticks.steal) / all;
    busy_processors = static_cast<double>(after.ticks.busy - before.ticks.busy) / ticks_of_one;
  }
};

HostCheck Memory(const HostFiles& files) {
  constexpr double kWarningBelow = 1 * kGiB;
  constexpr double kProblemBelow = kGiB / 4;
  const auto bytes = static_cast<double>(AvailableMemoryBytes(files.root()));
  HostCheck check{.name = "memory",
                  .found = fmt::format("{:.1f} GiB free", bytes / kGiB),
                  .why = "what does not fit is refused or swapped"};
  if (bytes >= kWarningBelow) return check;
  check.verdict = bytes < kProblemBelow ? CheckVerdict::kProblem : CheckVerdict::kWarning;
  check.advice = "end what holds memory, or measure with fewer records (--set keys.count=...)";
  return check;
}

HostCheck Swap(const HostFiles& files, const HostSample& before, const HostSample& after) {
  HostCheck check{
      .name = "swap",
      .found = "unused",
      .why = "a page that comes back from a disk takes as long as thousands of lookups"};
  uint64_t used_kib = 0;
  const std::vector<std::string> lines = files.Lines("proc/swaps");
  for (size_t i = 1; i < lines.size(); ++i) {  // after the titles: name, type, size, used, priority
    std::istringstream line(lines[i]);
    std::string skipped;
    uint64_t used = 0;
    line >> skipped >> skipped >> skipped >> used;
    used_kib += used;
  }
  const uint64_t pages = after.pages_swapped - before.pages_swapped;
  if (used_kib == 0 && pages == 0) return check;
  check.verdict = pages > 0 ? CheckVerdict::kProblem : CheckVerdict::kWarning;
  check.found = fmt::format("{:.2f} GiB used, {} pages moved meanwhile",
                            static_cast<double>(used_kib) * 1024 / kGiB, pages);
  check.advice = "swapoff --all, where the memory is large enough";
  return check;
}

HostCheck Steal(const Passed& passed) {
  constexpr double kWarningFrom = 0.01;
  constexpr double kProblemFrom = 0.05;
  HostCheck check{.name = "steal",
                  .verdict = VerdictOf(passed.steal_share, kWarningFrom, kProblemFrom),
                  .found = fmt::format("{:.1f}% of the time", 100 * passed.steal_share),
                  .why = "that time went to other machines on the same hardware"};
  if (check.verdict != CheckVerdict::kOk) {
    check.advice = "measure at another time, or on a machine that is not shared";
  }
  return check;
}

HostCheck Load(size_t processors, const Passed& passed, double load_average) {
  constexpr double kWarningFrom = 0.1;
  constexpr double kProblemFrom = 0.5;
  constexpr double kLoadAverageWarningFrom = 1;
  HostCheck check{.name = "load",
                  .verdict = VerdictOf(passed.busy_processors, kWarningFrom, kProblemFrom),
                  .found = fmt::format("{:.2f} of {} processors busy, load average {:.2f}",
                                       passed.busy_processors, processors, load_average),
                  .why = "other work takes time, caches and memory bandwidth from the workers"};
  if (load_average >= kLoadAverageWarningFrom && check.verdict == CheckVerdict::kOk) {
    check.verdict = CheckVerdict::kWarning;
  }
  if (check.verdict != CheckVerdict::kOk) check.advice = "end the other work, or wait for its end";
  return check;
}

HostCheck Processes(const Passed& passed, const HostSample& before, const HostSample& after) {
  constexpr double kWarningFrom = 0.05;  // of one processor
  constexpr double kProblemFrom = 0.5;
  constexpr size_t kShownMax = 3;
  HostCheck check{.name = "processes",
                  .found = "no other takes processor time",
                  .why = "a worker shares its processor with them"};
  std::vector<std::pair<double, std::string>> busy;
  for (const auto& [number, process] : after.processes) {
    const auto earlier = before.processes.find(number);
    const uint64_t from = earlier == before.processes.end() ? 0 : earlier->second.ticks;
    if (passed.ticks_of_one <= 0 || process.ticks <= from) continue;
    const double share = static_cast<double>(process.ticks - from) / passed.ticks_of_one;
    if (share < kWarningFrom) continue;
    busy.emplace_back(
        share, fmt::format("{} (process {}) {:.0f}% of one", process.name, number, 100 * share));
  }
  if (busy.empty()) return check;
  std::sort(busy.rbegin(), busy.rend());
  check.verdict = VerdictOf(busy.front().first, kWarningFrom, kProblemFrom);
  std::vector<std::string> shown;
  for (size_t i = 0; i < busy.size() && i < kShownMax; ++i) shown.push_back(busy[i].second);
  check.found = JoinNames(shown);
  if (busy.size() > kShownMax) check.found += fmt::format(", {} more", busy.size() - kShownMax);
  check.advice = "end them, or keep them off the processors that are measured on";
  return check;
}

}  // namespace

HostSample HostSample::Read(const HostFiles& files) {
  HostSample sample;
  sample.ticks = CpuTicks::Read((files.root() / "proc/stat").string());
  std::istringstream(files.Line("proc/loadavg")) >> sample.load_average;
  for (const std::string& line : files.Lines("proc/vmstat")) {
    std::istringstream words(line);
    std::string name;
    uint64_t pages = 0;
    words >> name >> pages;
    if (name == "pswpin" || name == "pswpout") sample.pages_swapped += pages;
  }
  for (const std::string& name : files.Names("proc")) {
    int number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error != std::errc() || end != name.data() + name.size() || number == ::getpid()) continue;
    sample.processes[number] = ProcessOf(files.Line("proc/" + name + "/stat"));
  }
  return sample;
}

std::vector<HostCheck> CheckActivity(const HostFiles& files, const HostSample& before,
                                     const HostSample& after) {
  const size_t processors = files.Processors("sys/devices/system/cpu/online").size();
  const Passed passed(processors, before, after);
  return {Memory(files), Swap(files, before, after), Steal(passed),
          Load(processors, passed, after.load_average), Processes(passed, before, after)};
}

}  // namespace bwlab::experiment
