#include "bwlab/experiment/host.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <sstream>

#include "bwlab/experiment/files.h"
#include "bwlab/experiment/topology.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace bwlab::experiment {
namespace {

using nlohmann::json;

json TextOrNull(const std::string& text) { return text.empty() ? json() : json(text); }

std::string CpuModel() {
  std::ifstream cpuinfo("/proc/cpuinfo");
  std::string line;
  while (std::getline(cpuinfo, line)) {
    const size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  struct utsname names {};
  return ::uname(&names) == 0 ? names.machine : "unknown";
}

std::string FormattedUtc(int64_t unix_seconds, const char* format) {
  const time_t seconds = unix_seconds;
  struct tm parts {};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), format, &parts);
  return text.data();
}

}  // namespace

std::string Virtualisation() {
#if defined(__x86_64__)
  constexpr unsigned kHypervisorBit = 1u << 31;
  constexpr unsigned kHypervisorLeaf = 0x40000000;
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) == 0) return {};
  if ((ecx & kHypervisorBit) == 0) return "none";
  __cpuid(kHypervisorLeaf, eax, ebx, ecx, edx);
  std::array<char, 13> signature{};
  std::memcpy(signature.data(), &ebx, 4);
  std::memcpy(signature.data() + 4, &ecx, 4);
  std::memcpy(signature.data() + 8, &edx, 4);
  std::string shown;
  for (const char c : signature) {
    if (c >= ' ' && c <= '~') shown += c;
  }
  return shown.empty() ? "unknown hypervisor" : shown;
#else
  return {};
#endif
}

std::string Bracketed(const std::string& line) {
  const size_t open = line.find('[');
  const size_t close = line.find(']');
  if (open == std::string::npos || close == std::string::npos || close < open) return {};
  return line.substr(open + 1, close - open - 1);
}

CpuTicks CpuTicks::Read(const std::string& path) {
  // proc(5): user nice system idle iowait irq softirq steal; guests are counted in user and nice.
  constexpr size_t kFields = 8;
  constexpr size_t kIdle = 3;
  constexpr size_t kIowait = 4;
  constexpr size_t kSteal = 7;
  std::istringstream cpu(FirstLine(path));
  std::string label;
  cpu >> label;
  CpuTicks ticks;
  uint64_t field = 0;
  for (size_t i = 0; i < kFields && cpu >> field; ++i) {
    ticks.all += field;
    if (i == kSteal) {
      ticks.steal = field;
    } else if (i != kIdle && i != kIowait) {
      ticks.busy += field;
    }
  }
  return ticks;
}

HostState HostState::Read() {
  HostState state;
  double average = 0;
  if (::getloadavg(&average, 1) == 1) state.load_average = average;
  state.steal_ticks = CpuTicks::Read("/proc/stat").steal;
  return state;
}

json HostStateJson(const HostState& before, const HostState& after) {
  return {{"load_average_before", before.load_average},
          {"load_average_after", after.load_average},
          {"steal_ticks_before", before.steal_ticks},
          {"steal_ticks_after", after.steal_ticks}};
}

json DescribeHost() {
  struct utsname names {};
  const bool named = ::uname(&names) == 0;
  const Topology topology;
  return {
      {"cpu_model", CpuModel()},
      {"cores_online", ::sysconf(_SC_NPROCESSORS_ONLN)},
      {"caches_bytes", topology.CacheBytes()},
      {"kernel", named ? json(std::string(names.sysname) + " " + names.release) : json()},
      {"virtualisation", TextOrNull(Virtualisation())},
      {"governor", TextOrNull(FirstLine("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"))},
      {"thp", TextOrNull(Bracketed(FirstLine("/sys/kernel/mm/transparent_hugepage/enabled")))}};
}

std::string UtcText(int64_t unix_seconds) {
  return FormattedUtc(unix_seconds, "%Y-%m-%dT%H:%M:%SZ");
}

std::string UtcCompactText(int64_t unix_seconds) {
  return FormattedUtc(unix_seconds, "%Y%m%dT%H%M%SZ");
}

}  // namespace bwlab::experiment
