#pragma once

#include <cstdint>
#include <filesystem>

namespace bwlab::experiment {

/// Bytes that a new process may use without swapping: MemAvailable, or what the control group has
/// left where that is less. 2^63 where neither can be read. `root` is where /proc and /sys are.
uint64_t AvailableMemoryBytes(const std::filesystem::path& root = "/");

/// Resident set of this process in bytes; 0 where it cannot be read.
uint64_t ResidentBytes();

}  // namespace bwlab::experiment
