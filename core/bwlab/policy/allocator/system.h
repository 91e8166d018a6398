#pragma once

#include <cstddef>
#include <string_view>

#include "bwlab/base/memory.h"
#include "bwlab/policy/allocator/allocator_options.h"

namespace bwlab {

/// Asks the C library for every page and gives every page back to it. Keeps nothing, so that there
/// is nothing to bound; what the C library keeps free is not counted. Huge pages are the C
/// library's matter (glibc: GLIBC_TUNABLES=glibc.malloc.hugetlb=1). Choose it to let a memory
/// checker see each page, or to compare malloc libraries.
struct SystemAllocator {
  static constexpr std::string_view kName = "system";
  static constexpr std::string_view kSummary =
      "aligned_alloc and free for every page; lets memory checkers see each one";

  class Shared {
   public:
    explicit Shared(const AllocatorOptions& /*options*/ = {}) {}
    std::size_t PooledBytes() const { return 0; }
    bool huge_pages() const { return false; }
    /// For the whole process; takes the C library's locks.
    void Trim() { TrimHeap(); }
  };

  class Local {
   public:
    explicit Local(Shared& shared) : shared_(shared) {}
    void* Allocate(std::size_t bytes) { return AllocateLines(bytes); }
    void Free(void* address, std::size_t /*bytes*/) { FreeLines(address); }
    std::size_t PooledBytes() const { return 0; }
    void Leave() {}
    void Trim() { shared_.Trim(); }

   private:
    Shared& shared_;
  };
};

}  // namespace bwlab
