#include "bwlab/experiment/memory.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

namespace bwlab::experiment {
namespace {

constexpr uint64_t kUnknown = uint64_t{1} << 63;

uint64_t ReadNumber(const std::filesystem::path& path) {
  std::ifstream file(path);
  uint64_t number = kUnknown;
  return file >> number ? number : kUnknown;  // "max" does not parse: no limit
}

}  // namespace

uint64_t AvailableMemoryBytes(const std::filesystem::path& root) {
  uint64_t available = kUnknown;
  std::ifstream meminfo(root / "proc/meminfo");
  std::string name;
  uint64_t kib = 0;
  while (meminfo >> name >> kib) {
    if (name == "MemAvailable:") available = kib * 1024;
    meminfo.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  const uint64_t limit = ReadNumber(root / "sys/fs/cgroup/memory.max");
  const uint64_t used = ReadNumber(root / "sys/fs/cgroup/memory.current");
  if (limit == kUnknown || used == kUnknown) return available;
  return std::min(available, limit > used ? limit - used : 0);
}

uint64_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  uint64_t total_pages = 0;
  uint64_t resident_pages = 0;
  if (!(statm >> total_pages >> resident_pages)) return 0;
  return resident_pages * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace bwlab::experiment
