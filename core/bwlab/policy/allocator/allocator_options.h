#pragma once

#include <cstdint>

namespace bwlab {

/// Whether the system is advised to back pages with huge pages. Advice only: whether the system
/// accepted it is told by Shared::huge_pages(), whether it follows it, by its own setting.
enum class HugePages : uint8_t {
  kNo,         // what the system does by itself
  kYes,        // from the first page on
  kWhenLarge,  // for what exceeds a size from which on they pay, so that few pages take little
               // memory
};

/// What an allocator policy is built from. A policy that cannot follow a field ignores it and says
/// so in its comment.
struct AllocatorOptions {
  HugePages huge_pages = HugePages::kNo;

  /// Free bytes that one session keeps for itself. Why 8 MiB: what a session frees at once is what
  /// waited for a grace period, at most 32 batches of 128 pages of some 2 KiB when a stalled reader
  /// lets go, about 8 MiB. Most of it is needed again at once, since a write that frees a page has
  /// just allocated one. More would be memory that no write will miss; less would send pages to
  /// other sessions and back in normal work. Below a batch of the depot (32 KiB) nearly every free
  /// goes there.
  uint64_t pooled_bytes_max = uint64_t{8} << 20;
};

}  // namespace bwlab
