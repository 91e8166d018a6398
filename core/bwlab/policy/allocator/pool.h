#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "bwlab/base/assert.h"
#include "bwlab/base/atomic.h"
#include "bwlab/base/cache_line.h"
#include "bwlab/base/memory.h"
#include "bwlab/base/sanitizer.h"
#include "bwlab/base/test_hooks.h"
#include "bwlab/policy/allocator/pool_depot.h"

namespace bwlab {

/// Per-session free lists by exact size, one for each multiple of a cache line, cut from chunks. A
/// page that a session frees is the next one of its size that it uses: warm, and without a word to
/// another thread. What a session holds beyond pooled_bytes_max goes to a depot that all share, and
/// from there to other sessions or to the system. Choose it by default: malloc and free of a 2 KiB
/// page cost ten times as much as copying it.
///
/// Sizes are exact, since that is what makes a hit a load and two stores, and wastes nothing inside
/// a page. The price is free memory of sizes that nobody asks for any more. It is not avoided but
/// bounded: lists spill to the depot, the depot unmaps chunks that are free as a whole and joins
/// neighbours in the others when it is trimmed, and while it is overfull larger pages are cut up
/// before a new chunk is mapped. The largest go first: they serve the most pages and leave the
/// fewest scraps. Within that limit nothing is cut, and only an explicit Trim joins, so that each
/// size finds its own pages. With 64 MiB of live pages whose sizes drift up and down by a factor of
/// ten, the chunks stay below 115 MiB; without joining and cutting they grew to 203 MiB.
///
/// Pages above kPageBytesMax go to the C library.
struct PoolAllocator {
  static constexpr std::string_view kName = "pool";
  static constexpr std::string_view kSummary =
      "per-session free lists by exact size; the default: no shared state on the write path";

  static constexpr std::size_t kPageBytesMax = PoolDepot::kPageBytesMax;

  using Shared = PoolDepot;

  /// One session's lists. Thread safety: one thread at a time; PooledBytes from any thread.
  /// What it holds when it is destroyed goes when the depot goes.
  class Local {
   public:
    explicit Local(Shared& depot) : depot_(depot), room_(depot.session_bytes_max()) {}
    Local(const Local&) = delete;
    Local& operator=(const Local&) = delete;

    void* Allocate(std::size_t bytes) {
      BWLAB_ASSERT(bytes % kCacheLineBytes == 0 && bytes > 0);
      if (bytes > kPageBytesMax) return AllocateLines(bytes);
      FreePage*& list = lists_[bytes / kCacheLineBytes];
      if (list == nullptr) return Refill(bytes);
      FreePage* page = list;
      list = page->next;
      BWLAB_UNPOISON(page, bytes);
      AddRoom(static_cast<int64_t>(bytes));
      return page;
    }

    void Free(void* address, std::size_t bytes) {
      if (bytes > kPageBytesMax) {
        FreeLines(address);
        return;
      }
      FreePage*& list = lists_[bytes / kCacheLineBytes];
      list = new (address) FreePage{list};
      BWLAB_POISON(static_cast<char*>(address) + sizeof(FreePage), bytes - sizeof(FreePage));
      if (AddRoom(-static_cast<int64_t>(bytes)) < 0 && !BWLAB_MUTANT(PoolNeverSpills)) Spill();
    }

    /// Bytes that are free here: in the lists, at most pooled_bytes_max and one batch of the depot,
    /// and uncut in the run, at most a chunk.
    std::size_t PooledBytes() const {
      const int64_t listed = depot_.session_bytes_max() - room_.load(std::memory_order_relaxed);
      return static_cast<std::size_t>(listed) + run_left();
    }

    /// Ends a session: gives all that it holds to the depot, for others or for Trim. The next
    /// session begins with what it finds there.
    void Leave() {
      SetRun(nullptr, 0);
      for (std::size_t lines = 1; lines < PoolDepot::kStacks; ++lines) GiveAway(lines, 0);
      depot_.TrimIfWorthwhile();
    }

    /// Gives all that this session and the depot hold back to the system, as far as it fills
    /// chunks.
    void Trim() {
      Leave();
      depot_.Trim();
    }

   private:
    /// @return room left, negative where the session holds too much. (A9) relaxed load and store:
    /// written by the owner alone, and nothing is inferred from it; likewise run_left_.
    int64_t AddRoom(int64_t bytes) {
      const int64_t room = room_.load(std::memory_order_relaxed) + bytes;
      room_.store(room, std::memory_order_relaxed);
      return room;
    }

    /// Allocate, where the list is empty: from the depot, so that pages of this size come back to
    /// use; else cut from the run.
    [[gnu::noinline]] void* Refill(std::size_t bytes) {
      const std::size_t lines = bytes / kCacheLineBytes;
      if (TakeBatch(lines)) return Allocate(bytes);
      if (run_left() < bytes && !NewRun(lines)) return nullptr;
      char* page = run_;
      run_ += bytes;
      set_run_left(run_left() - bytes);
      BWLAB_UNPOISON(page, bytes);
      return page;
    }

    bool TakeBatch(std::size_t lines) {
      BWLAB_ASSERT(lists_[lines] == nullptr);
      FreeBatch* batch = depot_.Take(lines);
      if (batch == nullptr) return false;
      AddRoom(-static_cast<int64_t>(batch->bytes));
      BWLAB_POISON(reinterpret_cast<char*>(batch) + sizeof(FreePage),
                   sizeof(FreeBatch) - sizeof(FreePage));
      lists_[lines] = batch;
      return true;
    }

    /// Finds memory to cut pages of up to `lines` lines from.
    bool NewRun(std::size_t lines) {
      if (FreeBatch* rest = depot_.Take(PoolDepot::kRuns); rest != nullptr) {
        const std::size_t bytes = rest->bytes;
        BWLAB_POISON(rest, sizeof(FreeBatch));
        SetRun(rest, bytes);
        return true;
      }
      if (depot_.IsOverfull() && CutUpLarger(lines)) return true;
      if (void* memory = depot_.NewChunk(); memory != nullptr) {
        SetRun(memory, depot_.run_bytes());
        return true;
      }
      return CutUpLarger(lines);
    }

    bool CutUpLarger(std::size_t lines) {
      for (std::size_t larger = PoolDepot::kStacks - 1; larger > lines; --larger) {
        if (lists_[larger] == nullptr && !TakeBatch(larger)) continue;
        const std::size_t bytes = larger * kCacheLineBytes;
        void* page = Allocate(bytes);
        BWLAB_POISON(page, bytes);
        SetRun(page, bytes);
        return true;
      }
      return false;
    }

    /// Replaces the run. What is left of the old one is a scrap of a size that may never be asked
    /// for; it goes to the depot at once, so that it does not keep its chunk from being trimmed.
    void SetRun(void* memory, std::size_t bytes) {
      FreeBatches scrap;
      const std::size_t left = run_left();
      if (left > 0) scrap.Add(run_, left);
      depot_.Put(left > kPageBytesMax ? PoolDepot::kRuns : left / kCacheLineBytes, scrap);
      run_ = static_cast<char*>(memory);
      set_run_left(bytes);
    }

    /// Leaves each list the same share of half the bound, which are its youngest pages, and gives
    /// the older ones to the depot. At least half the bound is freed before the next spill, so that
    /// a page that is freed pays for at most two visits.
    [[gnu::noinline]] void Spill() {
      std::size_t used = 0;
      for (const FreePage* list : lists_) used += list != nullptr;
      const std::size_t share = static_cast<std::size_t>(depot_.session_bytes_max()) / 2 / used;
      for (std::size_t lines = 1; lines < PoolDepot::kStacks; ++lines) {
        GiveAway(lines, share / (lines * kCacheLineBytes));
      }
      depot_.TrimIfWorthwhile();
    }

    /// Gives all but the `kept` youngest pages of a size to the depot.
    void GiveAway(std::size_t lines, std::size_t kept) {
      FreePage** end = &lists_[lines];
      for (; *end != nullptr && kept > 0; --kept) end = &(*end)->next;
      FreeBatches batches;
      for (FreePage* page = std::exchange(*end, nullptr); page != nullptr;) {
        FreePage* next = page->next;
        batches.Add(page, lines * kCacheLineBytes);
        page = next;
      }
      AddRoom(static_cast<int64_t>(batches.bytes()));
      depot_.Put(lines, batches);
    }

    std::size_t run_left() const { return run_left_.load(std::memory_order_relaxed); }  // (A9)
    void set_run_left(std::size_t bytes) { run_left_.store(bytes, std::memory_order_relaxed); }

    Shared& depot_;
    Atomic<int64_t> room_;  // bytes that the lists may still take
    char* run_ = nullptr;   // where the next page is cut
    Atomic<std::size_t> run_left_{0};
    std::array<FreePage*, PoolDepot::kStacks> lists_{};
  };
};

}  // namespace bwlab
