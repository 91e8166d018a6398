#include "bwlab/base/memory.h"

#include <linux/membarrier.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "bwlab/base/assert.h"
#include "bwlab/base/cache_line.h"

namespace bwlab {

void* AllocateLines(std::size_t bytes) noexcept {
  return std::aligned_alloc(kCacheLineBytes, RoundUp(bytes, kCacheLineBytes));
}

void FreeLines(void* address) noexcept { std::free(address); }

VirtualReservation::VirtualReservation(std::size_t bytes) noexcept {
  void* address = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (address == MAP_FAILED) return;
  address_ = address;
  bytes_ = bytes;
}

VirtualReservation::~VirtualReservation() {
  if (address_ != nullptr) ::munmap(address_, bytes_);
}

VirtualReservation::VirtualReservation(VirtualReservation&& other) noexcept
    : address_(std::exchange(other.address_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

VirtualReservation& VirtualReservation::operator=(VirtualReservation&& other) noexcept {
  std::swap(address_, other.address_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

bool MembarrierAvailable() noexcept {
  static const bool available =
      ::syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
  return available;
}

void MembarrierAllThreads() noexcept {
  [[maybe_unused]] const long failed =
      ::syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
  BWLAB_ASSERT(failed == 0);
}

}  // namespace bwlab
