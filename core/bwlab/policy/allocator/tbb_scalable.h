#pragma once

// Needs TBB's malloc library (target TBB::tbbmalloc); nothing else in core does.

#include <oneapi/tbb/scalable_allocator.h>

#include <cstddef>
#include <string_view>

#include "bwlab/base/cache_line.h"
#include "bwlab/policy/allocator/allocator_options.h"

namespace bwlab {

/// Asks oneTBB's scalable allocator for every page. It keeps free memory a thread, not a session,
/// in caches of its own that it neither counts nor bounds by pooled_bytes_max: PooledBytes is
/// always 0, only the process's resident memory tells. Huge pages and Trim are switches of the
/// whole process. Choose it to ask what a general allocator that is made for threads costs compared
/// to `pool`. ThreadSanitizer, which cannot see into the library, takes
/// the reuse of freed memory for races. Source: Kukanov, Voss, "The Foundations for Scalable
/// Multi-Core Software in Intel TBB", Intel Technology Journal 11(4), 2007.
struct TbbScalableAllocator {
  static constexpr std::string_view kName = "tbb_scalable";
  static constexpr std::string_view kSummary =
      "oneTBB's scalable allocator for every page; to compare a general one that is made for "
      "threads";

  class Shared {
   public:
    explicit Shared(const AllocatorOptions& options = {})
        : huge_pages_(options.huge_pages == HugePages::kYes &&
                      ::scalable_allocation_mode(TBBMALLOC_USE_HUGE_PAGES, 1) == TBBMALLOC_OK) {
      // The library sets itself up with the first allocation, and a command that comes before that
      // takes the value of thread-specific key 0, whosever it is, for a cache of the thread.
      ::scalable_free(::scalable_malloc(1));
    }
    std::size_t PooledBytes() const { return 0; }
    /// Whether the library said that it will use them. Another user of it in the process may have
    /// asked as well.
    bool huge_pages() const { return huge_pages_; }
    /// The caches of all threads, as far as the library reaches them. From any thread.
    void Trim() { ::scalable_allocation_command(TBBMALLOC_CLEAN_ALL_BUFFERS, nullptr); }

   private:
    const bool huge_pages_;
  };

  class Local {
   public:
    explicit Local(Shared& shared) : shared_(shared) {}
    void* Allocate(std::size_t bytes) { return ::scalable_aligned_malloc(bytes, kCacheLineBytes); }
    void Free(void* address, std::size_t /*bytes*/) { ::scalable_aligned_free(address); }
    std::size_t PooledBytes() const { return 0; }
    void Leave() {}
    /// The calling thread's cache first, so that what it holds can go on to the system.
    void Trim() {
      ::scalable_allocation_command(TBBMALLOC_CLEAN_THREAD_BUFFERS, nullptr);
      shared_.Trim();
    }

   private:
    Shared& shared_;
  };
};

}  // namespace bwlab
