#pragma once

// Ways to make the system refuse memory, for tests. Not under sanitizers, which map memory
// themselves and die of it.

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstddef>
#include <fstream>

namespace bwlab::test {

/// While it lives the process gets no new mapping.
class NoNewMappings {
 public:
  NoNewMappings() {
    ::getrlimit(RLIMIT_AS, &before_);
    const rlimit now{0, before_.rlim_max};
    ::setrlimit(RLIMIT_AS, &now);
  }
  ~NoNewMappings() { ::setrlimit(RLIMIT_AS, &before_); }
  NoNewMappings(const NoNewMappings&) = delete;
  NoNewMappings& operator=(const NoNewMappings&) = delete;

 private:
  rlimit before_{};
};

/// While it lives the process has as many mappings as it may, so that none can be cut in two.
class NoSpareMappings {
 public:
  NoSpareMappings() {
    std::size_t mappings_max = 0;
    std::ifstream("/proc/sys/vm/max_map_count") >> mappings_max;
    bytes_ = 2 * mappings_max * page_bytes_;
    address_ = static_cast<char*>(
        ::mmap(nullptr, bytes_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    if (address_ == MAP_FAILED) return;
    // Every other system page gets a protection, and so a mapping, of its own.
    for (std::size_t at = 0; at < bytes_ && !ok_; at += 2 * page_bytes_) {
      ok_ = ::mprotect(address_ + at, page_bytes_, PROT_READ) != 0;
    }
  }
  ~NoSpareMappings() {
    if (address_ != MAP_FAILED) ::munmap(address_, bytes_);
  }
  NoSpareMappings(const NoSpareMappings&) = delete;
  NoSpareMappings& operator=(const NoSpareMappings&) = delete;

  bool ok() const { return ok_; }

 private:
  const std::size_t page_bytes_ = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  std::size_t bytes_ = 0;
  char* address_ = nullptr;
  bool ok_ = false;
};

}  // namespace bwlab::test
