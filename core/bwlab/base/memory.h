#pragma once

#include <cstddef>

namespace bwlab {

/// `bytes` of uninitialised memory on a cache-line boundary, or nullptr. Give it back with
/// FreeLines.
void* AllocateLines(std::size_t bytes) noexcept;
void FreeLines(void* address) noexcept;

/// Asks the C library to give the memory that it keeps free back to the system. Takes the locks of
/// its arenas; does nothing where the C library has no such verb.
void TrimHeap() noexcept;

/// What one entry of the processor's second-lowest page table level maps: the size, and the
/// alignment, of a transparent huge page.
inline constexpr std::size_t kHugePageBytes = std::size_t{2} << 20;

/// `bytes` of zeroed memory straight from the system, beginning at a multiple of `alignment`, or
/// nullptr. Both are multiples of the system's page size, `alignment` is a power of two. `wish` is
/// where it goes if nothing is there: memory side by side is one mapping to the system, of which a
/// process has a bounded number (vm.max_map_count, 65530 by default).
void* MapAligned(std::size_t bytes, std::size_t alignment, void* wish = nullptr) noexcept;

/// Gives back what MapAligned gave. @return false where the system has no room to note the hole (it
/// bounds the number of mappings a process has): the range is zeroed then and costs address space
/// only, but it is still the caller's.
bool Unmap(void* address, std::size_t bytes) noexcept;

/// Advises the system to back a range with huge pages. @return false where it refuses the advice (a
/// kernel built without transparent huge pages, an address inside a system page). True promises
/// nothing: a machine whose setting is "never" accepts the advice and does not follow it; what came
/// of it stands under AnonHugePages in /proc/self/smaps.
bool AdviseHugePages(void* address, std::size_t bytes) noexcept;

/// A range of zeroed virtual memory. The system backs a page of it at the first touch, so that a
/// generous reservation costs address space only, and growing into it never stops anybody.
class VirtualReservation {
 public:
  /// Reserves at least `bytes`; ok() is false where the system refuses. With `huge_pages` it begins
  /// and ends at huge pages, the system is advised to use them, and the first touch may cost
  /// kHugePageBytes; without it the system's own setting holds.
  explicit VirtualReservation(std::size_t bytes, bool huge_pages = false) noexcept;
  ~VirtualReservation();
  VirtualReservation(const VirtualReservation&) = delete;
  VirtualReservation& operator=(const VirtualReservation&) = delete;

  bool ok() const { return address_ != nullptr; }
  void* address() const { return address_; }
  std::size_t bytes() const { return bytes_; }
  /// Whether huge pages were asked for and the system accepted the advice (see AdviseHugePages).
  bool huge_pages() const { return huge_pages_; }

 private:
  void* address_ = nullptr;
  std::size_t bytes_ = 0;
  bool huge_pages_ = false;
};

/// Registers the process for the private expedited membarrier(2); false where the kernel lacks it.
/// The answer is found once and remembered.
bool MembarrierAvailable() noexcept;

/// Makes every running thread of the process pass a full memory barrier before it returns. Needs
/// MembarrierAvailable(). 3 to 16 us on two-core virtual machines with both
/// cores busy.
void MembarrierAllThreads() noexcept;

}  // namespace bwlab
