#include "bwlab/base/memory.h"

#include <linux/membarrier.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <utility>

#include "bwlab/base/assert.h"
#include "bwlab/base/cache_line.h"
#include "bwlab/base/restartable.h"

namespace bwlab {

void* AllocateLines(std::size_t bytes) noexcept {
  return std::aligned_alloc(kCacheLineBytes, RoundUp(bytes, kCacheLineBytes));
}

void FreeLines(void* address) noexcept { std::free(address); }

void TrimHeap() noexcept {
#ifdef __GLIBC__
  ::malloc_trim(0);
#endif
}

namespace {

void* Map(void* wish, std::size_t bytes, int flags) {
  void* address =
      ::mmap(wish, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
  return address == MAP_FAILED ? nullptr : address;
}

void* MapAlignedWith(void* wish, std::size_t bytes, std::size_t alignment, int flags) {
  const auto misalignment = [alignment](const void* address) {
    return reinterpret_cast<uintptr_t>(address) & (alignment - 1);
  };
  if (wish != nullptr) {
    void* address = Map(wish, bytes, flags);
    if (address == nullptr || misalignment(address) == 0) return address;
    ::munmap(address, bytes);
  }
  auto* wide = static_cast<char*>(Map(nullptr, bytes + alignment, flags));
  if (wide == nullptr) return nullptr;
  const std::size_t head = (alignment - misalignment(wide)) & (alignment - 1);
  // Where the system refuses to cut, the untouched ends stay and cost address space only.
  if (head > 0) ::munmap(wide, head);
  ::munmap(wide + head + bytes, alignment - head);
  return wide + head;
}

}  // namespace

void* MapAligned(std::size_t bytes, std::size_t alignment, void* wish) noexcept {
  return MapAlignedWith(wish, bytes, alignment, 0);
}

bool Unmap(void* address, std::size_t bytes) noexcept {
  if (::munmap(address, bytes) == 0) return true;
  ::madvise(address, bytes, MADV_DONTNEED);
  return false;
}

bool AdviseHugePages(void* address, std::size_t bytes) noexcept {
  return ::madvise(address, bytes, MADV_HUGEPAGE) == 0;
}

VirtualReservation::VirtualReservation(std::size_t bytes, bool huge_pages) noexcept {
  // The system backs with huge pages only what a mapping covers whole.
  if (huge_pages) bytes = RoundUp(bytes, kHugePageBytes);
  address_ = huge_pages ? MapAlignedWith(nullptr, bytes, kHugePageBytes, MAP_NORESERVE)
                        : Map(nullptr, bytes, MAP_NORESERVE);
  if (address_ == nullptr) return;
  bytes_ = bytes;
  huge_pages_ = huge_pages && AdviseHugePages(address_, bytes_);
}

VirtualReservation::~VirtualReservation() {
  if (address_ != nullptr) ::munmap(address_, bytes_);
}

bool MembarrierAvailable() noexcept {
  static const bool available =
      ::syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
  return available;
}

void MembarrierAllThreads() noexcept {
  if (RestartableAvailable()) return RestartAllThreads();
  [[maybe_unused]] const long failed =
      ::syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
  BWLAB_ASSERT(failed == 0);
}

}  // namespace bwlab
