#pragma once

#include <array>
#include <cstdint>
#include <utility>

#include "bwlab/base/assert.h"
#include "bwlab/base/atomic.h"
#include "bwlab/base/cache_line.h"
#include "bwlab/base/memory.h"
#include "bwlab/base/test_hooks.h"
#include "bwlab/policy/reclamation/ready_pages.h"
#include "bwlab/policy/reclamation/reclamation_options.h"
#include "bwlab/policy/reclamation/retired.h"
#include "bwlab/policy/reclamation/section_nesting.h"

namespace bwlab {

/// What EpochDecentralized and Qsbr share: a global epoch, a line a participant in which it
/// announces an epoch, and batches of retired pages that wait for the announcements. The two differ
/// in when a participant announces.
///
/// Protocol. A retirer unlinks pages (a CAS), collects them in an open batch, and closes the batch
/// with the stamp s that its increment of the global epoch returns. A batch is free once every
/// participant is quiescent or announces e > s.
///   - e > s: the announcement promises that the participant's sections before it are over, which
///     its release (E2) hands to the collector (E5), and that it acquired the global epoch e (E1)
///     before the first load of any section after it. (E1) reads the closing increment (E3) or a
///     later one in its release sequence, so that the unlinking happens before everything that
///     those sections load.
///   - quiescent: the participant either ended its section before the collector's barrier (E4), and
///     its release (E6) pairs with (E5), or begins its next one after it. The barrier falls between
///     the announcement and the first load of every section that begins quiescent or wholly
///     outside, so that a section which the collector does not see also loads after the barrier and
///     finds the pages unlinked.
/// Thread safety: all.
class AnnouncedEpochs {
 public:
  class Participant;

  static constexpr uint64_t kQuiescent = UINT64_MAX;

  AnnouncedEpochs(const AnnouncedEpochs&) = delete;
  AnnouncedEpochs& operator=(const AnnouncedEpochs&) = delete;

  uint64_t epoch() const { return epoch_.load(std::memory_order_relaxed); }
  bool uses_membarrier() const { return membarrier_; }

 protected:
  /// `membarrier` says which side pays for the barrier between (E2) and (E5): the collector by a
  /// system call, or both by a fence. It needs MembarrierAvailable().
  AnnouncedEpochs(const ReclamationOptions& options, bool membarrier)
      : options_(options), membarrier_(membarrier) {}

 private:
  /// The oldest epoch announced by any participant after a barrier on all of them; kQuiescent if
  /// there is none.
  uint64_t OldestAnnounced() const;

  alignas(kCacheLineBytes) Atomic<uint64_t> epoch_{1};
  alignas(kCacheLineBytes) Atomic<Participant*> participants_{nullptr};
  Atomic<Retired*> orphans_{nullptr};
  const ReclamationOptions options_;
  const bool membarrier_;
};

/// One session's side, without the verbs that begin and end a section. Thread safety: one thread at
/// a time, except where stated; lives as long as the domain.
class AnnouncedEpochs::Participant {
 public:
  Participant(const Participant&) = delete;
  Participant& operator=(const Participant&) = delete;

  bool pinned() const { return nesting_.open(); }

  /// Takes a page that no new section can reach any more; calls free(Retired*) for pages that
  /// nobody can hold, as many as the options allow.
  template <class Free>
  void Retire(Retired* page, Free&& free) {
    open_.Push(page);
    ready_.CountRetired(page->bytes);
    // Modulo, so that a stalled section which keeps the ring full costs a barrier a batch, not one
    // a page.
    if (open_.pages % domain_.options_.batch_pages == 0) CollectReady();
    ready_.FreeShare(free);
  }

  /// Closes the open batch and frees every closed one whose grace period is over.
  template <class Free>
  void Collect(Free&& free) {
    CollectReady();
    ready_.FreeAll(free);
  }

  /// Ends a session: frees what it can and leaves the rest to whoever collects next. Outside any
  /// section.
  template <class Free>
  void Leave(Free&& free) {
    BWLAB_ASSERT(!pinned());
    Collect(free);
    RetiredList rest = TakeWaiting();
    if (rest.empty() || BWLAB_MUTANT(OrphansLost)) return;
    // (E8) release: pairs with AdoptOrphans.
    rest.tail->next = domain_.orphans_.load(std::memory_order_relaxed);
    while (!domain_.orphans_.compare_exchange_weak(
        rest.tail->next, rest.head, std::memory_order_release, std::memory_order_relaxed)) {
    }
    ready_.CountRetired(-static_cast<int64_t>(rest.bytes));
  }

  /// Frees everything at once. Only when no other participant is in a section or will enter one.
  template <class Free>
  void Drain(Free&& free) {
    AdoptOrphans();
    ready_.Add(TakeWaiting());
    ready_.FreeAll(free);
  }

  /// Bytes retired here and not freed yet. From any thread; orphans count again when they are
  /// adopted.
  int64_t RetiredBytes() const { return ready_.bytes(); }

 protected:
  explicit Participant(AnnouncedEpochs& domain) : domain_(domain), ready_(domain.options_) {
    // (E7) release: whoever walks the list (OldestAnnounced, acquire) sees this participant
    // constructed.
    next_ = domain.participants_.load(std::memory_order_relaxed);
    while (!domain.participants_.compare_exchange_weak(next_, this, std::memory_order_release,
                                                       std::memory_order_relaxed)) {
    }
  }
  ~Participant() = default;

  uint64_t LoadEpoch() const {
    return domain_.epoch_.load(std::memory_order_acquire);  // (E1) acquire: pairs with (E3)
  }

  /// What was announced last. Relaxed: the owner alone writes it.
  uint64_t announced() const { return announced_.load(std::memory_order_relaxed); }
  bool quiescent() const { return announced() == kQuiescent; }

  /// `epoch` comes from LoadEpoch and every section before that load is over.
  void Announce(uint64_t epoch) {
    BWLAB_POINT(EpochLoaded);
    // (E2) release: a collector that reads this value (E5) must also have this thread's earlier
    // sections behind it.
    announced_.store(epoch, std::memory_order_release);
  }

  /// The reader's half of the barrier between (E2) and the loads of a section that began quiescent;
  /// (E4) is the collector's.
  void BarrierAfterAnnouncing() const {
    if (domain_.membarrier_) {
      CompilerBarrier();
    } else if (!BWLAB_MUTANT(NoBarrierOfReaders)) {
      FullFence();
    }
    BWLAB_POINT(EpochAnnounced);
  }

  void AnnounceQuiescent() {
    BWLAB_POINT(SectionEnds);
    // (E6) release: the section's loads happen before a collector's reading of it (E5).
    announced_.store(kQuiescent, BWLAB_MUTANT(SectionEndNotReleased) ? std::memory_order_relaxed
                                                                     : std::memory_order_release);
  }

  SectionNesting& nesting() { return nesting_; }

 private:
  friend class AnnouncedEpochs;

  struct Batch {
    uint64_t stamp = 0;
    RetiredList list;
  };

  /// Batches that wait at once. When a stalled section fills the ring the open batch grows instead.
  static constexpr uint32_t kClosedMax = 32;

  /// Closes the open batch; closed ones whose grace period is over become ready.
  void CollectReady() {
    AdoptOrphans();
    if (!open_.empty() && closed_count_ < kClosedMax) {
      // (E3) acq_rel: releases the unlinking of the batch to (E1); acquires what earlier closers
      // released.
      const uint64_t stamp = domain_.epoch_.fetch_add(1, std::memory_order_acq_rel);
      BWLAB_POINT(BatchClosed);
      closed_[(closed_first_ + closed_count_) % kClosedMax] = {stamp, std::exchange(open_, {})};
      ++closed_count_;
    }
    if (closed_count_ == 0) return;
    // Who is in no section holds nothing, and need not wait for its own next announcement.
    if (!pinned() && !quiescent()) Announce(LoadEpoch());
    const uint64_t oldest = domain_.OldestAnnounced();
    const uint64_t free_before = oldest + (BWLAB_MUTANT(OneEpochEarly) ? 1 : 0);
    while (closed_count_ > 0 && closed_[closed_first_].stamp < free_before) {
      ready_.Add(TakeClosed());
    }
  }

  /// The first of the closed batches. Precondition: there is one.
  RetiredList TakeClosed() {
    const RetiredList list = std::exchange(closed_[closed_first_].list, {});
    closed_first_ = (closed_first_ + 1) % kClosedMax;
    --closed_count_;
    return list;
  }

  /// All pages whose grace period is not known to be over.
  RetiredList TakeWaiting() {
    RetiredList all = std::exchange(open_, {});
    while (closed_count_ > 0) all.Append(TakeClosed());
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
      ready_.CountRetired(page->bytes);
      page = next;
    }
  }

  // Written at every operation, read by collectors: a line of its own.
  alignas(kCacheLineBytes) Atomic<uint64_t> announced_{kQuiescent};
  SectionNesting nesting_;
  AnnouncedEpochs& domain_;
  Participant* next_ = nullptr;

  alignas(kCacheLineBytes) RetiredList open_;
  ReadyPages ready_;
  uint32_t closed_first_ = 0;
  uint32_t closed_count_ = 0;
  std::array<Batch, kClosedMax> closed_{};
};

inline uint64_t AnnouncedEpochs::OldestAnnounced() const {
  // (E4) the collector's half of the barrier between (E2) and a section's loads.
  if (membarrier_) {
    MembarrierAllThreads();
  } else if (!BWLAB_MUTANT(NoBarrierOfCollectors)) {
    FullFence();
  }
  uint64_t oldest = kQuiescent;
  for (const Participant* p = participants_.load(std::memory_order_acquire); p != nullptr;
       p = p->next_) {
    // (E5) acquire: pairs with (E2) and (E6).
    const uint64_t announced = p->announced_.load(std::memory_order_acquire);
    BWLAB_POINT(AnnouncementRead);
    if (announced < oldest) oldest = announced;
  }
  return oldest;
}

}  // namespace bwlab
