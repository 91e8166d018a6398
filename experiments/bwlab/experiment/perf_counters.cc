#include "bwlab/experiment/perf_counters.h"

#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "bwlab/base/assert.h"
#include "bwlab/experiment/names.h"

namespace bwlab::experiment {
namespace {

using nlohmann::json;

constexpr uint64_t ReadMissesOf(uint64_t cache) {
  return cache | PERF_COUNT_HW_CACHE_OP_READ << 8 | PERF_COUNT_HW_CACHE_RESULT_MISS << 16;
}

constexpr PerfEvent kEvents[] = {
    {"instructions", PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS, 0},
    {"cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES, 0},
    {"branch_misses", PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_MISSES, 0},
    {"cache_misses", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_MISSES, 0},
    {"l1d_read_misses", PERF_TYPE_HW_CACHE, ReadMissesOf(PERF_COUNT_HW_CACHE_L1D), 1},
    {"llc_read_misses", PERF_TYPE_HW_CACHE, ReadMissesOf(PERF_COUNT_HW_CACHE_LL), 1},
    {"dtlb_read_misses", PERF_TYPE_HW_CACHE, ReadMissesOf(PERF_COUNT_HW_CACHE_DTLB), 1},
    {"task_clock_ns", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK, 2},
    {"page_faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS, 2},
    {"context_switches", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CONTEXT_SWITCHES, 2},
    {"cpu_migrations", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_MIGRATIONS, 2},
};
constexpr uint32_t kGroups = 3;

/// What read(2) gives of one event with the format that Open asks for.
struct Reading {
  uint64_t value;
  uint64_t enabled_ns;
  uint64_t running_ns;
};

/// @return a file, or -1 with errno.
int Open(const PerfEvent& event, int leader) {
  perf_event_attr attributes{};
  attributes.size = sizeof(attributes);
  attributes.type = event.type;
  attributes.config = event.config;
  attributes.disabled = leader < 0;
  attributes.exclude_hv = 1;
  // The kernel's own events happen in it; those of the processor are counted in user mode, which is
  // all that perf_event_paranoid 2 allows.
  attributes.exclude_kernel = event.type != PERF_TYPE_SOFTWARE;
  attributes.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
  const auto open = [&] {
    return static_cast<int>(
        ::syscall(SYS_perf_event_open, &attributes, 0, -1, leader, PERF_FLAG_FD_CLOEXEC));
  };
  const int file = open();
  if (file >= 0 || errno != EACCES || attributes.exclude_kernel != 0) return file;
  attributes.exclude_kernel = 1;
  return open();
}

std::string ReasonOf(int error) {
  switch (error) {
    case ENOENT:
    case EOPNOTSUPP:
      return "the processor, or the hypervisor in front of it, has no such counter";
    case EACCES:
    case EPERM:
      return "not permitted: see /proc/sys/kernel/perf_event_paranoid";
    case ENOSYS:
      return "the kernel has no perf_event_open";
    default:
      return std::string("perf_event_open: ") + std::strerror(error);
  }
}

}  // namespace

std::span<const PerfEvent> AllPerfEvents() { return kEvents; }

Result<std::optional<std::vector<std::string>>> ParseCounters(const std::string& text) {
  using Wanted = std::optional<std::vector<std::string>>;
  if (text == "auto") return Wanted();
  if (text == "off") return Wanted(std::vector<std::string>());
  std::vector<std::string> choices = {"auto", "off"};
  for (const PerfEvent& event : kEvents) choices.emplace_back(event.name);
  std::vector<std::string> names = SplitAt(text, ',');
  for (const std::string& name : names) {
    if (std::find(choices.begin() + 2, choices.end(), name) == choices.end()) {
      return Status::InvalidArgument("--counters: " + UnknownName("counter", name, choices));
    }
  }
  return Wanted(std::move(names));
}

PerfCounters::PerfCounters(const std::optional<std::vector<std::string>>& wanted) {
  for (uint32_t group = 0; group < kGroups; ++group) {
    int leader = -1;
    for (const PerfEvent& event : kEvents) {
      if (event.group != group) continue;
      if (wanted && std::find(wanted->begin(), wanted->end(), event.name) == wanted->end()) {
        continue;
      }
      const int file = Open(event, leader);
      events_.push_back({event, file, file < 0 ? ReasonOf(errno) : ""});
      if (file >= 0 && leader < 0) leader = file;
    }
    if (leader >= 0) leaders_.push_back(leader);
  }
}

PerfCounters::~PerfCounters() {
  for (const Opened& opened : events_) {
    if (opened.file >= 0) ::close(opened.file);
  }
}

void PerfCounters::Start() {
  for (const int leader : leaders_) ::ioctl(leader, PERF_EVENT_IOC_ENABLE, PERF_IOC_FLAG_GROUP);
}

void PerfCounters::Stop() {
  for (const int leader : leaders_) ::ioctl(leader, PERF_EVENT_IOC_DISABLE, PERF_IOC_FLAG_GROUP);
}

std::vector<PerfCount> PerfCounters::Read() const {
  std::vector<PerfCount> counts;
  for (const Opened& opened : events_) {
    PerfCount count{std::string(opened.event.name), 0, 1, opened.reason};
    Reading reading{};
    if (opened.file >= 0) {
      if (::read(opened.file, &reading, sizeof(reading)) != sizeof(reading)) {
        count.reason = "the counter could not be read";
      } else if (reading.running_ns == 0 && reading.enabled_ns > 0) {
        count.reason = "the counter never ran: others use the processor's counters";
      } else if (reading.enabled_ns > 0) {
        count.running_share =
            static_cast<double>(reading.running_ns) / static_cast<double>(reading.enabled_ns);
        count.total = static_cast<double>(reading.value) / count.running_share;
      }
    }
    counts.push_back(std::move(count));
  }
  return counts;
}

void AddCounts(const std::vector<PerfCount>& from, std::vector<PerfCount>* into) {
  if (into->empty()) {
    *into = from;
    return;
  }
  BWLAB_ASSERT(from.size() == into->size());
  for (size_t i = 0; i < from.size(); ++i) {
    PerfCount& sum = (*into)[i];
    sum.total += from[i].total;
    sum.running_share = std::min(sum.running_share, from[i].running_share);
    if (sum.reason.empty()) sum.reason = from[i].reason;
  }
}

json CountsJson(const std::vector<PerfCount>& counts, double ops) {
  json object = json::object();
  for (const PerfCount& count : counts) {
    const bool counted = count.reason.empty();
    object[count.name] = {
        {"total", counted ? json(count.total) : json()},
        {"per_op", counted && ops > 0 ? json(count.total / ops) : json()},
        {"running_share", counted ? json(count.running_share) : json()},
        {"reason", counted ? json() : json(count.reason)},
    };
  }
  return object;
}

}  // namespace bwlab::experiment
