#pragma once

#include <cstddef>

namespace bwlab {

/// `bytes` of uninitialised memory on a cache-line boundary, or nullptr. Give it back with
/// FreeLines.
void* AllocateLines(std::size_t bytes) noexcept;
void FreeLines(void* address) noexcept;

/// A range of zeroed virtual memory. The system backs a page of it at the first touch, so that a
/// generous reservation costs address space only, and growing into it never stops anybody.
class VirtualReservation {
 public:
  VirtualReservation() = default;
  /// Reserves `bytes`; ok() is false where the system refuses.
  explicit VirtualReservation(std::size_t bytes) noexcept;
  ~VirtualReservation();
  VirtualReservation(VirtualReservation&& other) noexcept;
  VirtualReservation& operator=(VirtualReservation&& other) noexcept;
  VirtualReservation(const VirtualReservation&) = delete;
  VirtualReservation& operator=(const VirtualReservation&) = delete;

  bool ok() const { return address_ != nullptr; }
  void* address() const { return address_; }
  std::size_t bytes() const { return bytes_; }

 private:
  void* address_ = nullptr;
  std::size_t bytes_ = 0;
};

/// Registers the process for the private expedited membarrier(2); false where the kernel lacks it.
/// The answer is found once and remembered.
bool MembarrierAvailable() noexcept;

/// Makes every running thread of the process pass a full memory barrier before it returns. Needs
/// MembarrierAvailable(). About 3 us on a two-core virtual machine with both cores busy.
void MembarrierAllThreads() noexcept;

}  // namespace bwlab
