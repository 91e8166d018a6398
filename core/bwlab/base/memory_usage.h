#pragma once

#include <cstdint>

namespace bwlab {

/// Memory of a tree in bytes.
struct MemoryUsage {
  uint64_t live_bytes = 0;           // pages in use, retired ones included
  uint64_t retired_bytes = 0;        // of these: unlinked, waiting for their grace period
  uint64_t pooled_bytes = 0;         // free pages that the allocator policy keeps
  uint64_t mapping_table_bytes = 0;  // words of the page ids handed out, where there are any
  bool huge_pages = false;           // asked for, and accepted wherever they were
};

}  // namespace bwlab
