#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <new>
#include <span>

#include "bwlab/base/assert.h"
#include "bwlab/base/atomic.h"
#include "bwlab/base/cache_line.h"
#include "bwlab/base/memory.h"
#include "bwlab/base/sanitizer.h"
#include "bwlab/policy/allocator/allocator_options.h"

namespace bwlab {

/// A free page of the pool. The rest of its bytes mean nothing.
struct FreePage {
  FreePage* next;
};

/// The first page of some free pages of one size that go to the depot and come back together.
struct FreeBatch : FreePage {
  FreeBatch* next_batch;
  std::size_t bytes;  // of all pages of the batch
};

/// Puts free pages of one size together to batches of at most kBytesMax, so that a session takes as
/// much from the depot as it is likely to use, and one exchange pays for many pages.
class FreeBatches {
 public:
  static constexpr std::size_t kBytesMax = std::size_t{32} << 10;

  /// Writes links into `page`: the caller has read those that stood there. A page larger than
  /// kBytesMax is a batch by itself.
  void Add(void* page, std::size_t page_bytes) {
    BWLAB_POISON(page, page_bytes);
    if (first_ == nullptr || first_->bytes + page_bytes > kBytesMax) {
      BWLAB_UNPOISON(page, sizeof(FreeBatch));
      first_ = new (page) FreeBatch{{nullptr}, first_, page_bytes};
      if (last_ == nullptr) last_ = first_;
    } else {
      BWLAB_UNPOISON(page, sizeof(FreePage));
      first_->next = new (page) FreePage{first_->next};
      first_->bytes += page_bytes;
    }
    bytes_ += page_bytes;
  }

  FreeBatch* first() const { return first_; }
  FreeBatch* last() const { return last_; }
  std::size_t bytes() const { return bytes_; }

 private:
  FreeBatch* first_ = nullptr;
  FreeBatch* last_ = nullptr;
  std::size_t bytes_ = 0;
};

/// Sets bits [from, to), which are zero.
inline void SetBits(std::span<uint64_t> bits, std::size_t from, std::size_t to) {
  while (from < to) {
    const std::size_t count = std::min(to - from, 64 - from % 64);
    const uint64_t mask = (UINT64_MAX >> (64 - count)) << from % 64;
    BWLAB_ASSERT((bits[from / 64] & mask) == 0);
    bits[from / 64] |= mask;
    from += count;
  }
}

/// The first bit from `from` on that is `value`, or the number of bits.
inline std::size_t FindBit(std::span<const uint64_t> bits, std::size_t from, bool value) {
  const uint64_t flip = value ? 0 : UINT64_MAX;
  uint64_t mask = UINT64_MAX << from % 64;
  for (std::size_t i = from / 64; i < bits.size(); ++i) {
    if (const uint64_t found = (bits[i] ^ flip) & mask; found != 0) {
      return i * 64 + static_cast<std::size_t>(std::countr_zero(found));
    }
    mask = UINT64_MAX;
  }
  return bits.size() * 64;
}

/// What the sessions of a pool share: the chunks that all pages are cut from, and the free pages
/// that no session holds, in one stack of batches a size.
///
/// Taking exchanges the whole stack for an empty one, keeps a batch and puts the others back. So a
/// thread reads only links of batches that it owns: there is no A-B-A, and a chunk may go back to
/// the system while others take. Who finds a stack empty in between cuts a page from a chunk, which
/// costs memory, not correctness.
///
/// A chunk begins at a multiple of its size, so that the chunk of a page is found by masking. Trim
/// takes every stack and marks the free lines in their chunks; chunks that are free as a whole it
/// unmaps, and in the others it joins what lies side by side and puts that back. It runs by itself
/// where the depot is overfull, that is, holds more than kDepotFactor times what one session may
/// and more than a 64th of all chunks, and half of it is new: each page that is put pays for a
/// constant number of visits to pages and chunks, and the depot holds at most twice the larger of
/// that limit and what the last trim could not give back.
///
/// Thread safety: all of it; the destructor runs alone. Progress: lock-free. Who finds the depot
/// overfull sweeps it in the middle of a Free, in time proportional to it; a thread that stalls
/// there keeps what the depot held at that moment from the others, and stops nobody. Source:
/// magazines and depot, Bonwick, Adams, USENIX ATC 2001, section 3. Differs: exact sizes, batches
/// are linked through the pages themselves, no locks, neighbours are joined.
class PoolDepot {
 public:
  static constexpr std::size_t kPageBytesMax = std::size_t{32} << 10;
  static constexpr std::size_t kChunkBytes = std::size_t{256} << 10;
  static constexpr uint64_t kDepotFactor = 4;
  /// Of chunks, from which on HugePages::kWhenLarge asks for huge pages: far beyond what a TLB of
  /// 2,048 small pages reaches. Less gained nothing (bwtree/PERFORMANCE.md).
  static constexpr std::size_t kLargeBytes = 64 * kHugePageBytes;

  /// Stack i is of pages of i cache lines. Stack kRuns is of runs, each larger than any page: what
  /// was left of a chunk when its session ended, and what Trim joined.
  static constexpr std::size_t kRuns = 0;
  static constexpr std::size_t kStacks = kPageBytesMax / kCacheLineBytes + 1;

  /// With huge pages from the first on a chunk is one of them: fewer TLB misses, and less that Trim
  /// can give back. With huge pages when large, chunks stay small, and from kLargeBytes on as many
  /// are mapped at a time as fill one. Trim unmaps them one by one all the same: the system has the
  /// memory back when it splits the huge page, or when nothing of it is mapped any more.
  explicit PoolDepot(const AllocatorOptions& options = {})
      : chunk_bytes_(options.huge_pages == HugePages::kYes ? kHugePageBytes : kChunkBytes),
        huge_from_bytes_(HugeFromBytes(options)),
        session_bytes_max_(
            static_cast<int64_t>(std::min<uint64_t>(options.pooled_bytes_max, INT64_MAX >> 3))),
        bytes_max_(kDepotFactor * static_cast<uint64_t>(session_bytes_max_)) {}
  PoolDepot(const PoolDepot&) = delete;
  PoolDepot& operator=(const PoolDepot&) = delete;
  ~PoolDepot() {
    for (Chunk* chunk = chunks_.load(std::memory_order_relaxed); chunk != nullptr;) {
      Chunk* next = chunk->next;
      BWLAB_UNPOISON(chunk, chunk_bytes_);
      Unmap(chunk, chunk_bytes_);
      chunk = next;
    }
  }

  /// Bytes of the chunks that are neither in pages handed out nor counted by a session: free pages,
  /// and the chunks' headers. From any thread.
  std::size_t PooledBytes() const { return FreeBytes() + chunk_count() * header_bytes(); }
  std::size_t chunk_count() const { return chunk_count_.load(std::memory_order_relaxed); }  // (A8)
  std::size_t chunk_bytes() const { return chunk_bytes_; }
  /// Of a chunk: what is handed out as pages.
  std::size_t run_bytes() const { return chunk_bytes_ - header_bytes(); }
  int64_t session_bytes_max() const { return session_bytes_max_; }

  /// Whether the system has been advised to use huge pages, and has accepted it each time.
  bool huge_pages() const {
    return advice_.load(std::memory_order_relaxed) == Advice::kAccepted;  // (A8)
  }

  /// Whether the depot holds more than it is meant to.
  bool IsOverfull() const {
    return FreeBytes() > std::max<uint64_t>(bytes_max_, chunk_count() * chunk_bytes_ / 64);
  }

  /// A new chunk's memory behind its header, run_bytes(), or nullptr.
  void* NewChunk();

  /// Gives away batches of pages that the caller owns.
  void Put(std::size_t stack, const FreeBatches& batches) {
    if (batches.first() == nullptr) return;
    put_bytes_.fetch_add(batches.bytes(), std::memory_order_relaxed);  // (A8)
    Push(stacks_[stack], batches.first(), batches.last());
  }

  /// A batch that the caller owns from now on, or nullptr.
  FreeBatch* Take(std::size_t stack);

  /// Trims if the depot is overfull and half of what it holds came since the last time, so that it
  /// does not sweep again and again what cannot be given back.
  void TrimIfWorthwhile() {
    const uint64_t new_bytes =
        put_bytes_.load(std::memory_order_relaxed) - trimmed_at_.load(std::memory_order_relaxed);
    if (IsOverfull() && new_bytes >= FreeBytes() / 2) Trim();
  }

  /// Gives every chunk whose memory is all in the depot back to the system, and joins neighbours in
  /// the others. Returns at once where another thread is at it. Cost: a visit to each free page of
  /// the depot and to each chunk.
  void Trim();

 private:
  /// Begins a chunk. Behind it stands a bit a cache line of the chunk: whether the line is free.
  struct Chunk {
    Chunk* next;
    std::size_t free_lines;  // it and the bits are zero, except for the thread that trims
  };

  std::size_t FreeBytes() const {
    // (A10) acquire: pairs with (A11). What is taken was counted as put before, so that the
    // difference is not negative.
    const uint64_t taken = taken_bytes_.load(std::memory_order_acquire);
    return put_bytes_.load(std::memory_order_relaxed) - taken;  // (A8)
  }

  std::size_t header_bytes() const {
    return RoundUp(sizeof(Chunk) + chunk_bytes_ / kCacheLineBytes / 8, kCacheLineBytes);
  }

  using Stack = Atomic<FreeBatch*>;

  Chunk& ChunkOf(const void* page) const {
    return *reinterpret_cast<Chunk*>(reinterpret_cast<uintptr_t>(page) & ~(chunk_bytes_ - 1));
  }
  std::size_t LineInChunk(const void* page) const {
    return (reinterpret_cast<uintptr_t>(page) & (chunk_bytes_ - 1)) / kCacheLineBytes;
  }
  std::span<uint64_t> FreeBits(Chunk& chunk) const {
    return {reinterpret_cast<uint64_t*>(&chunk + 1), chunk_bytes_ / kCacheLineBytes / 64};
  }

  static void Push(Stack& stack, FreeBatch* first, FreeBatch* last) {
    last->next_batch = stack.load(std::memory_order_relaxed);
    // (A1) release: pairs with (A2), so that links and sizes are there. Batches below were released
    // by who pushed them, in the release sequence that this exchange goes on.
    while (!stack.compare_exchange_weak(last->next_batch, first, std::memory_order_release,
                                        std::memory_order_relaxed)) {
    }
  }

  void PushChunks(Chunk* first, Chunk* last) {
    last->next = chunks_.load(std::memory_order_relaxed);
    // (A3) release: pairs with (A4).
    while (!chunks_.compare_exchange_weak(last->next, first, std::memory_order_release,
                                          std::memory_order_relaxed)) {
    }
  }

  using Areas = std::array<FreeBatches, kStacks>;

  enum class Advice : uint8_t { kNone, kAccepted, kRefused };

  static std::size_t HugeFromBytes(const AllocatorOptions& options) {
    if (options.huge_pages == HugePages::kYes) return 0;
    // What is left of a huge page lies in the depot, which must not be overfull with it.
    const bool has_room = options.pooled_bytes_max >= kHugePageBytes;
    return options.huge_pages == HugePages::kWhenLarge && has_room ? kLargeBytes : SIZE_MAX;
  }

  /// `bytes`, a multiple of chunk_bytes_, that begin at a multiple of themselves, cut into chunks.
  /// @return the memory of the first one behind its header, or nullptr; the others are in the
  /// depot.
  void* MapChunks(std::size_t bytes);
  void MarkFree(std::size_t stack, FreeBatch* batch);
  void CollectAreas(Chunk& chunk, Areas& areas);

  const std::size_t chunk_bytes_;
  const std::size_t huge_from_bytes_;  // bytes of chunks from which on more are huge pages
  const int64_t session_bytes_max_;
  const uint64_t bytes_max_;
  // (A8) relaxed, here and where marked: counts for statistics and for when to trim; no data is
  // inferred from them.
  alignas(kCacheLineBytes) Atomic<uint64_t> put_bytes_{0};  // sums over the depot's life
  Atomic<uint64_t> taken_bytes_{0};
  Atomic<uint64_t> trimmed_at_{0};  // put_bytes_ at the end of the last trim
  Atomic<std::size_t> chunk_count_{0};
  Atomic<uintptr_t> last_chunk_{0};
  Atomic<Advice> advice_{Advice::kNone};
  Atomic<bool> trimming_{false};
  Atomic<Chunk*> chunks_{nullptr};
  alignas(kCacheLineBytes) std::array<Stack, kStacks> stacks_{};
};

inline void* PoolDepot::NewChunk() {
  if (chunk_count() * chunk_bytes_ >= huge_from_bytes_) {
    if (void* run = MapChunks(kHugePageBytes); run != nullptr) return run;
  }
  return MapChunks(chunk_bytes_);
}

inline void* PoolDepot::MapChunks(std::size_t bytes) {
  // (A8) Below the one before it, as the system places mappings itself.
  const uintptr_t last = last_chunk_.load(std::memory_order_relaxed);
  auto* wish = reinterpret_cast<void*>(last == 0 ? 0 : (last - bytes) & ~(bytes - 1));
  auto* const memory = static_cast<char*>(MapAligned(bytes, bytes, wish));
  if (memory == nullptr) return nullptr;
  last_chunk_.store(reinterpret_cast<uintptr_t>(memory), std::memory_order_relaxed);
  if (bytes == kHugePageBytes) {
    Advice none = Advice::kNone;
    if (!AdviseHugePages(memory, bytes)) {
      advice_.store(Advice::kRefused, std::memory_order_relaxed);  // (A8)
    } else {
      advice_.compare_exchange_strong(none, Advice::kAccepted, std::memory_order_relaxed);
    }
  }
  FreeBatches others;
  for (std::size_t offset = 0; offset < bytes; offset += chunk_bytes_) {
    auto* const chunk = new (memory + offset) Chunk{nullptr, 0};
    char* const run = memory + offset + header_bytes();
    BWLAB_POISON(run, run_bytes());
    PushChunks(chunk, chunk);
    chunk_count_.fetch_add(1, std::memory_order_relaxed);  // (A8)
    if (offset > 0) others.Add(run, run_bytes());
  }
  Put(kRuns, others);
  return memory + header_bytes();
}

inline FreeBatch* PoolDepot::Take(std::size_t stack) {
  // (A5) relaxed peek: missing a batch only costs memory; likewise in Trim.
  if (stacks_[stack].load(std::memory_order_relaxed) == nullptr) return nullptr;
  // (A2) acquire: pairs with (A1).
  FreeBatch* batch = stacks_[stack].exchange(nullptr, std::memory_order_acquire);
  if (batch == nullptr) return nullptr;
  if (FreeBatch* rest = batch->next_batch; rest != nullptr) {
    // Mostly nobody has pushed meanwhile, and the end of the rest need not be found. (A1) release.
    FreeBatch* none = nullptr;
    if (!stacks_[stack].compare_exchange_strong(none, rest, std::memory_order_release,
                                                std::memory_order_relaxed)) {
      FreeBatch* last = rest;
      while (last->next_batch != nullptr) last = last->next_batch;
      Push(stacks_[stack], rest, last);
    }
  }
  taken_bytes_.fetch_add(batch->bytes, std::memory_order_release);  // (A11)
  return batch;
}

/// Marks the lines of all pages of a stack that the caller owns.
inline void PoolDepot::MarkFree(std::size_t stack, FreeBatch* batch) {
  while (batch != nullptr) {
    const std::size_t lines = stack == kRuns ? batch->bytes / kCacheLineBytes : stack;
    FreeBatch* next_batch = batch->next_batch;
    for (const FreePage* page = batch; page != nullptr; page = page->next) {
      Chunk& chunk = ChunkOf(page);
      const std::size_t first = LineInChunk(page);
      SetBits(FreeBits(chunk), first, first + lines);
      chunk.free_lines += lines;
    }
    batch = next_batch;
  }
}

/// Makes pages and runs of the free areas of a chunk, and clears its marks.
inline void PoolDepot::CollectAreas(Chunk& chunk, Areas& areas) {
  const std::span<uint64_t> bits = FreeBits(chunk);
  const std::size_t end = bits.size() * 64;
  for (std::size_t from = FindBit(bits, 0, true); from < end;) {
    const std::size_t to = FindBit(bits, from, false);
    const std::size_t bytes = (to - from) * kCacheLineBytes;
    areas[bytes > kPageBytesMax ? kRuns : to - from].Add(
        reinterpret_cast<char*>(&chunk) + from * kCacheLineBytes, bytes);
    from = FindBit(bits, to, true);
  }
  std::fill(bits.begin(), bits.end(), 0);
  chunk.free_lines = 0;
}

inline void PoolDepot::Trim() {
  // (A6) acquire: pairs with (A7), so that the marks in the chunks are clear.
  if (trimming_.exchange(true, std::memory_order_acquire)) return;
  for (std::size_t i = 0; i < kStacks; ++i) {
    if (stacks_[i].load(std::memory_order_relaxed) == nullptr) continue;   // (A5)
    MarkFree(i, stacks_[i].exchange(nullptr, std::memory_order_acquire));  // (A2)
  }
  Areas areas;
  Chunk* kept = nullptr;
  Chunk* last_kept = nullptr;
  uint64_t swept_bytes = 0;
  // (A4) acquire: pairs with (A3). Every chunk with pages in the depot is in the list: it was
  // pushed before its first page was handed out, and only the trimming thread takes chunks away.
  for (Chunk* chunk = chunks_.exchange(nullptr, std::memory_order_acquire); chunk != nullptr;) {
    Chunk* next = chunk->next;
    const std::size_t free_bytes = chunk->free_lines * kCacheLineBytes;
    swept_bytes += free_bytes;
    const bool whole = free_bytes == run_bytes();
    if (whole) BWLAB_UNPOISON(chunk, chunk_bytes_);
    if (whole && Unmap(chunk, chunk_bytes_)) {
      chunk_count_.fetch_sub(1, std::memory_order_relaxed);  // (A8)
    } else {
      if (whole) {  // The system did not take it: its memory is zero now, and all free.
        SetBits(FreeBits(*chunk), header_bytes() / kCacheLineBytes, chunk_bytes_ / kCacheLineBytes);
      }
      if (free_bytes > 0) CollectAreas(*chunk, areas);
      chunk->next = kept;
      kept = chunk;
      if (last_kept == nullptr) last_kept = kept;
    }
    chunk = next;
  }
  taken_bytes_.fetch_add(swept_bytes, std::memory_order_release);  // (A11)
  if (kept != nullptr) PushChunks(kept, last_kept);
  for (std::size_t i = 0; i < kStacks; ++i) Put(i, areas[i]);
  trimmed_at_.store(put_bytes_.load(std::memory_order_relaxed), std::memory_order_relaxed);  // (A8)
  // (A7) release: pairs with (A6).
  trimming_.store(false, std::memory_order_release);
}

}  // namespace bwlab
