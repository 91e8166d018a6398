#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "bwlab/base/assert.h"
#include "bwlab/base/cache_line.h"
#include "bwlab/base/memory.h"
#include "bwlab/base/sanitizer.h"

namespace bwlab {

/// Per-session free lists by exact size, one for each multiple of a cache line, cut from chunks. A
/// page that a session frees is the next one of its size that it uses: warm, and without a word to
/// another thread. Choose it by default: malloc and free of a 2 KiB page cost ten times as much as
/// copying it.
struct PoolAllocator {
  static constexpr std::string_view kName = "pool";
  static constexpr std::string_view kSummary =
      "per-session free lists by exact size; the default: no shared state on the write path";

  static constexpr std::size_t kChunkBytes = std::size_t{256} << 10;
  static constexpr std::size_t kPooledBytesMax = std::size_t{32}
                                                 << 10;  // larger ones go to the system

  class Local;

  /// Owns the chunks of all sessions until the tree dies.
  class Shared {
   public:
    Shared() = default;
    Shared(const Shared&) = delete;
    Shared& operator=(const Shared&) = delete;
    ~Shared() {
      for (Chunk* chunk = chunks_.load(std::memory_order_relaxed); chunk != nullptr;) {
        Chunk* next = chunk->next;
        BWLAB_UNPOISON(chunk, kChunkBytes);
        FreeLines(chunk);
        chunk = next;
      }
    }

   private:
    friend class Local;
    /// First line of a chunk; the rest is handed out.
    struct alignas(kCacheLineBytes) Chunk {
      Chunk* next;
    };

    char* NewChunk() {
      void* memory = AllocateLines(kChunkBytes);
      if (memory == nullptr) return nullptr;
      auto* chunk = new (memory) Chunk{chunks_.load(std::memory_order_relaxed)};
      // (A1) release: the destructor, which runs alone, is ordered after all sessions by its
      // caller; the order here makes `next` visible to whoever pushes the chunk above this one.
      while (!chunks_.compare_exchange_weak(chunk->next, chunk, std::memory_order_release,
                                            std::memory_order_relaxed)) {
      }
      return static_cast<char*>(memory) + sizeof(Chunk);
    }

    std::atomic<Chunk*> chunks_{nullptr};
  };

  /// One session's lists. Thread safety: one thread at a time; PooledBytes from any thread.
  class Local {
   public:
    explicit Local(Shared& shared) : shared_(shared) {}

    void* Allocate(std::size_t bytes) {
      BWLAB_ASSERT(bytes % kCacheLineBytes == 0 && bytes > 0);
      if (bytes > kPooledBytesMax) return AllocateLines(bytes);
      FreePage*& list = lists_[bytes / kCacheLineBytes];
      if (list != nullptr) {
        FreePage* page = list;
        list = page->next;
        BWLAB_UNPOISON(page, bytes);
        AddPooled(-static_cast<int64_t>(bytes));
        return page;
      }
      return Cut(bytes);
    }

    void Free(void* address, std::size_t bytes) {
      if (bytes > kPooledBytesMax) {
        FreeLines(address);
        return;
      }
      FreePage*& list = lists_[bytes / kCacheLineBytes];
      list = new (address) FreePage{list};
      BWLAB_POISON(static_cast<char*>(address) + sizeof(FreePage), bytes - sizeof(FreePage));
      AddPooled(static_cast<int64_t>(bytes));
    }

    /// Bytes that are free here: in the lists, and uncut in the current chunk.
    std::size_t PooledBytes() const {
      return static_cast<std::size_t>(pooled_bytes_.load(std::memory_order_relaxed));
    }

   private:
    struct FreePage {
      FreePage* next;
    };

    void* Cut(std::size_t bytes) {
      if (chunk_left_ < bytes) {
        char* chunk = shared_.NewChunk();
        if (chunk == nullptr) return nullptr;
        if (chunk_left_ > 0) {  // What is left of the old chunk serves a smaller page.
          const std::size_t rest = chunk_left_;
          AddPooled(-static_cast<int64_t>(rest));
          Free(chunk_at_, rest);
        }
        chunk_at_ = chunk;
        chunk_left_ = kChunkBytes - kCacheLineBytes;
        AddPooled(static_cast<int64_t>(chunk_left_));
      }
      void* page = chunk_at_;
      chunk_at_ += bytes;
      chunk_left_ -= bytes;
      AddPooled(-static_cast<int64_t>(bytes));
      return page;
    }

    /// (A2) relaxed: statistics only, written by the owner alone.
    void AddPooled(int64_t bytes) {
      pooled_bytes_.store(pooled_bytes_.load(std::memory_order_relaxed) + bytes,
                          std::memory_order_relaxed);
    }

    Shared& shared_;
    char* chunk_at_ = nullptr;
    std::size_t chunk_left_ = 0;
    std::atomic<int64_t> pooled_bytes_{0};
    std::array<FreePage*, kPooledBytesMax / kCacheLineBytes + 1> lists_{};
  };
};

}  // namespace bwlab
