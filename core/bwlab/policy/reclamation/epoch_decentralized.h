#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>
#include <utility>

#include "bwlab/base/assert.h"
#include "bwlab/base/cache_line.h"
#include "bwlab/base/fence.h"
#include "bwlab/base/memory.h"
#include "bwlab/policy/reclamation/retired.h"

namespace bwlab {

/// Epoch-based reclamation in which each session announces its epoch in a line of its own and frees
/// what it retired itself. Nothing shared is written but the global epoch, once a batch. Source:
/// Wang et al., SIGMOD 2018, section 4.2 (decentralised epochs). Differs: the epoch is advanced by
/// whoever closes a batch instead of a timer thread, and a reader pays a plain store: the
/// collector's membarrier(2) supplies the barrier.
///
/// Protocol. A retirer unlinks pages (a CAS), collects them in an open batch, and closes the batch
/// with the stamp s that its increment of the global epoch returns. A batch is free once every
/// participant is quiescent or announces e > s.
///   - e > s: the reader acquired the global epoch (E1) from the closing increment (E3) or from a
///   later one in its release
///     sequence, so that the unlinking happens before everything the reader loads.
///   - quiescent: the participant either ended its section before the collector's barrier (E4), and
///   its release (E6) pairs
///     with (E5), or begins its next one after it. The barrier falls between the announcement and
///     the first load of every section or wholly outside, so that a section which the collector
///     does not see also loads after the barrier and finds the pages unlinked.
/// Progress: Enter, Exit and Retire are wait-free; a stalled section keeps pages from being freed
/// and stops nobody.
struct EpochDecentralized {
  static constexpr std::string_view kName = "epoch_decentralized";
  static constexpr std::string_view kSummary =
      "an epoch a session, batches freed by who retired them; the default";

  static constexpr uint64_t kQuiescent = UINT64_MAX;

  class Participant;

  /// The global epoch and everyone who announces. Thread safety: all.
  class Domain {
   public:
    /// `batch_pages`: retired pages a participant gathers before it closes a batch. `membarrier`
    /// false makes readers pay a full fence instead; it is forced where the kernel has no
    /// membarrier.
    explicit Domain(uint32_t batch_pages, bool membarrier = true)
        : batch_pages_(batch_pages), membarrier_(membarrier && MembarrierAvailable()) {}

    uint64_t epoch() const { return epoch_.load(std::memory_order_relaxed); }
    bool uses_membarrier() const { return membarrier_; }

   private:
    friend class Participant;

    /// The oldest epoch announced by any participant after a barrier on all of them; kQuiescent if
    /// there is none.
    uint64_t OldestAnnounced() const;

    alignas(kCacheLineBytes) std::atomic<uint64_t> epoch_{1};
    alignas(kCacheLineBytes) std::atomic<Participant*> participants_{nullptr};
    std::atomic<Retired*> orphans_{nullptr};
    const uint32_t batch_pages_;
    const bool membarrier_;
  };

  /// One session's side. Thread safety: one thread at a time, except where stated; lives as long as
  /// the domain.
  class Participant {
   public:
    explicit Participant(Domain& domain) : domain_(domain) {
      // (E7) release: whoever walks the list (OldestAnnounced, acquire) sees this participant
      // constructed.
      next_ = domain.participants_.load(std::memory_order_relaxed);
      while (!domain.participants_.compare_exchange_weak(next_, this, std::memory_order_release,
                                                         std::memory_order_relaxed)) {
      }
    }
    Participant(const Participant&) = delete;
    Participant& operator=(const Participant&) = delete;

    /// Begins a section; sections nest, since a scan's visitor may read through the same session.
    void Enter() {
      if (nesting_++ != 0) return;
      // (E1) acquire: pairs with (E3).
      const uint64_t epoch = domain_.epoch_.load(std::memory_order_acquire);
      // (E2) release: a collector that reads this value (E5) must also have this thread's earlier
      // sections behind it.
      announced_.store(epoch, std::memory_order_release);
      if (domain_.membarrier_) {
        CompilerBarrier();  // with (E4), a full barrier between (E2) and the section's loads
      } else {
        FullFence();
      }
    }

    void Exit() {
      BWLAB_ASSERT(nesting_ > 0);
      if (--nesting_ != 0) return;
      // (E6) release: the section's loads happen before a collector's reading of it (E5).
      announced_.store(kQuiescent, std::memory_order_release);
    }

    bool pinned() const { return nesting_ != 0; }

    /// Takes a page that no new section can reach any more; calls free(Retired*) for those that
    /// nobody can hold.
    template <class Free>
    void Retire(Retired* page, Free&& free) {
      open_.Push(page);
      AddRetired(static_cast<int64_t>(page->bytes));
      // Modulo, so that a stalled section which keeps the ring full costs a barrier a batch, not
      // one a page.
      if (open_.pages % domain_.batch_pages_ == 0) Collect(free);
    }

    /// Closes the open batch and frees every closed one whose grace period is over.
    template <class Free>
    void Collect(Free&& free) {
      AdoptOrphans();
      if (open_.pages > 0 && closed_count_ < kClosedMax) {
        // (E3) acq_rel: releases the unlinking of the batch to (E1); acquires what earlier closers
        // released.
        const uint64_t stamp = domain_.epoch_.fetch_add(1, std::memory_order_acq_rel);
        closed_[(closed_first_ + closed_count_) % kClosedMax] = {stamp, std::exchange(open_, {})};
        ++closed_count_;
      }
      if (closed_count_ == 0) return;
      const uint64_t oldest = domain_.OldestAnnounced();
      while (closed_count_ > 0 && closed_[closed_first_].stamp < oldest) {
        FreeList(closed_[closed_first_].list, free);
        closed_first_ = (closed_first_ + 1) % kClosedMax;
        --closed_count_;
      }
    }

    /// Ends a session: frees what it can and leaves the rest to whoever collects next. Outside any
    /// section.
    template <class Free>
    void Leave(Free&& free) {
      BWLAB_ASSERT(!pinned());
      Collect(free);
      RetiredList rest = TakeAll();
      if (rest.head == nullptr) return;
      // (E8) release: pairs with AdoptOrphans.
      rest.tail->next = domain_.orphans_.load(std::memory_order_relaxed);
      while (!domain_.orphans_.compare_exchange_weak(
          rest.tail->next, rest.head, std::memory_order_release, std::memory_order_relaxed)) {
      }
      AddRetired(-static_cast<int64_t>(rest.bytes));
    }

    /// Frees everything at once. Only when no other participant is in a section or will enter one.
    template <class Free>
    void Drain(Free&& free) {
      AdoptOrphans();
      FreeList(TakeAll(), free);
    }

    /// Bytes retired here and not freed yet. From any thread; orphans count again when they are
    /// adopted.
    uint64_t RetiredBytes() const {
      return static_cast<uint64_t>(retired_bytes_.load(std::memory_order_relaxed));
    }

   private:
    friend class Domain;

    struct Batch {
      uint64_t stamp = 0;
      RetiredList list;
    };

    /// Batches that wait at once. When a stalled section fills the ring the open batch grows
    /// instead.
    static constexpr uint32_t kClosedMax = 32;

    RetiredList TakeAll() {
      RetiredList all = std::exchange(open_, {});
      for (; closed_count_ > 0; --closed_count_) {
        all.Append(std::exchange(closed_[closed_first_].list, {}));
        closed_first_ = (closed_first_ + 1) % kClosedMax;
      }
      return all;
    }

    void AdoptOrphans() {
      // (E9) relaxed peek: missing an orphan only leaves it for the next collection.
      if (domain_.orphans_.load(std::memory_order_relaxed) == nullptr) return;
      // (E10) acquire: pairs with (E8). A later stamp than their own is safe.
      Retired* page = domain_.orphans_.exchange(nullptr, std::memory_order_acquire);
      while (page != nullptr) {
        Retired* next = page->next;
        open_.Push(page);
        AddRetired(static_cast<int64_t>(page->bytes));
        page = next;
      }
    }

    template <class Free>
    void FreeList(const RetiredList& list, Free&& free) {
      for (Retired* page = list.head; page != nullptr;) {
        Retired* next = page->next;
        free(page);
        page = next;
      }
      AddRetired(-static_cast<int64_t>(list.bytes));
    }

    /// (C2) relaxed: statistics only, written by the owner alone.
    void AddRetired(int64_t bytes) {
      retired_bytes_.store(retired_bytes_.load(std::memory_order_relaxed) + bytes,
                           std::memory_order_relaxed);
    }

    // Written at every operation, read by collectors: a line of its own.
    alignas(kCacheLineBytes) std::atomic<uint64_t> announced_{kQuiescent};
    uint32_t nesting_ = 0;
    Domain& domain_;
    Participant* next_ = nullptr;

    alignas(kCacheLineBytes) RetiredList open_;
    std::atomic<int64_t> retired_bytes_{0};
    uint32_t closed_first_ = 0;
    uint32_t closed_count_ = 0;
    std::array<Batch, kClosedMax> closed_{};
  };
};

inline uint64_t EpochDecentralized::Domain::OldestAnnounced() const {
  // (E4) the collector's half of the barrier between (E2) and a section's loads.
  if (membarrier_) {
    MembarrierAllThreads();
  } else {
    FullFence();
  }
  uint64_t oldest = kQuiescent;
  for (const Participant* p = participants_.load(std::memory_order_acquire); p != nullptr;
       p = p->next_) {
    // (E5) acquire: pairs with (E2) and (E6).
    const uint64_t announced = p->announced_.load(std::memory_order_acquire);
    if (announced < oldest) oldest = announced;
  }
  return oldest;
}

}  // namespace bwlab
