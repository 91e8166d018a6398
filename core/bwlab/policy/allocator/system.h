#pragma once

#include <cstddef>
#include <string_view>

#include "bwlab/base/memory.h"

namespace bwlab {

/// Asks the C library for every page and gives every page back to it.
/// Choose it to let a memory checker see each page, or to compare malloc libraries.
struct SystemAllocator {
  static constexpr std::string_view kName = "system";
  static constexpr std::string_view kSummary =
      "aligned_alloc and free for every page; lets memory checkers see each one";

  class Shared {};
  class Local {
   public:
    explicit Local(Shared&) {}
    void* Allocate(std::size_t bytes) { return AllocateLines(bytes); }
    void Free(void* address, std::size_t /*bytes*/) { FreeLines(address); }
    std::size_t PooledBytes() const { return 0; }
  };
};

}  // namespace bwlab
