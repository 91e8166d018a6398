#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

namespace bwlab::experiment {

/// Time of all processors together since boot, in USER_HZ ticks.
struct CpuTicks {
  uint64_t all = 0;
  uint64_t busy = 0;   ///< not idle, not waiting for a disk, not stolen
  uint64_t steal = 0;  ///< what a hypervisor took

  /// From a file such as /proc/stat; zeros where it cannot be read.
  static CpuTicks Read(const std::string& path);
};

/// What else the machine was doing at one moment.
struct HostState {
  double load_average = 0;  ///< of the last minute
  uint64_t steal_ticks =
      0;  ///< time that a hypervisor took from all processors, in USER_HZ ticks since boot

  static HostState Read();
};

/// {"load_average_before": ..., "load_average_after": ..., "steal_ticks_before": ...,
/// "steal_ticks_after": ...}
nlohmann::json HostStateJson(const HostState& before, const HostState& after);

/// The hypervisor's own signature ("KVMKVMKVM"), "none", or empty where it cannot be known.
std::string Virtualisation();

/// The chosen one of "always [madvise] never"; empty where none is.
std::string Bracketed(const std::string& line);

/// What the machine is, without its name or address: processor, cores, caches, kernel,
/// virtualisation, governor, transparent huge pages. What cannot be read is null.
nlohmann::json DescribeHost();

/// Seconds since 1970 as 2026-01-31T12:34:56Z, and as 20260131T123456Z for folder names.
std::string UtcText(int64_t unix_seconds);
std::string UtcCompactText(int64_t unix_seconds);

}  // namespace bwlab::experiment
