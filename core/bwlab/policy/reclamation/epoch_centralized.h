#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "bwlab/base/assert.h"
#include "bwlab/base/atomic.h"
#include "bwlab/base/cache_line.h"
#include "bwlab/base/test_hooks.h"
#include "bwlab/policy/reclamation/ready_pages.h"
#include "bwlab/policy/reclamation/reclamation_options.h"
#include "bwlab/policy/reclamation/retired.h"
#include "bwlab/policy/reclamation/section_nesting.h"

namespace bwlab {

struct EpochCentralizedSteps;

/// Epoch-based reclamation with one counter an epoch that all threads write: a section joins the
/// current epoch by an increment and leaves it by a decrement; pages are put on the list of the
/// epoch in which they are retired, and the list is freed when its epoch's counter and those of all
/// older epochs are zero. Source: Levandoski, Lomet, Sengupta, ICDE 2013, as described by Wang et
/// al., SIGMOD 2018, section 4.2 (centralised epochs). Differs: a participant advances the epoch
/// after every batch_pages pages that it retired, instead of a timer thread.
/// Choose it to show what the contended line costs, or for threads too many to scan.
///
/// Protocol. Epochs are numbered from 1; `oldest` is the first that is not reclaimed, `current` the
/// one that sections join. Epoch e uses the slot e mod kSlots.
///   - A section that joined e (its increment (J2), then (J3) found e current) is seen by whoever
///     reclaims e. A reclaimer is itself in a section, of an epoch r > e, which it read (J1) before
///     it reads the counter of e by a read-modify-write (K5). Were (J2) after (K5) in the order of
///     the counter, it would acquire (K5), and (J3) would find current >= r as well. So (J2) comes
///     first, and (K5) finds zero only after the section's decrement (J4), which it acquires.
///   - A section that joined j > g cannot reach a page on the list of g. The retirer took g from
///     `current` by a read-modify-write (K1) after it had unlinked the page. The section read j
///     (J1) from an advance (K3) later in that order, hence from the release sequence of (K1).
///   - Sections that joined j <= g hold the list of g back, since epochs are reclaimed in order.
///   - Nobody puts a page on the list of an epoch that is reclaimed: a retirer is itself in a
///     section, of an epoch at most the g that it takes later.
///   - No slot comes to its next epoch while a reclaimer remembers its last. While the reclaimer's
///     section of epoch r lasts, oldest <= r, so that current < r + kLiveMax (K3). It reads oldest
///     >= r - kLiveMax + 1 (K4), and the slot's next epoch is kSlots = 2 kLiveMax later, hence
///     above current.
///   - A slow (J2) may hit a slot in its next epoch. It undoes its increment (J4) and only delays
///     that epoch.
/// Progress: Exit is wait-free; Enter and Retire are lock-free: they start again only when an epoch
/// has been advanced or a page put on the list. A stalled section keeps pages from being freed, and
/// epochs from advancing by more than kLiveMax; it stops nobody.
struct EpochCentralized {
  static constexpr std::string_view kName = "epoch_centralized";
  static constexpr std::string_view kSummary =
      "one shared counter an epoch; the scheme of the first Bw-tree, which shows what a contended "
      "line costs";

  class Participant;

  /// The epochs. Heeds batch_pages and frees_per_retire_max. Thread safety: all.
  class Domain {
   public:
    explicit Domain(const ReclamationOptions& options) : options_(options) {}
    Domain(const Domain&) = delete;
    Domain& operator=(const Domain&) = delete;

    uint64_t epoch() const { return current_.load(std::memory_order_relaxed); }

   private:
    friend class Participant;
    friend struct EpochCentralizedSteps;  // by which tests stop between two steps of the protocol

    /// Epochs that wait at once, the current one included. When a stalled section holds that many,
    /// the current epoch takes all further pages.
    static constexpr uint64_t kLiveMax = 32;
    static constexpr uint64_t kSlots = 2 * kLiveMax;

    struct alignas(kCacheLineBytes) Slot {
      Atomic<uint64_t> joined{0};
      Atomic<Retired*> retired{nullptr};
    };

    Slot& SlotOf(uint64_t epoch) { return slots_[epoch % kSlots]; }

    /// @return the epoch that the section has joined.
    uint64_t Join() {
      for (;;) {
        // (J1) acquire: pairs with (K1), through (K3).
        const uint64_t epoch = current_.load(std::memory_order_acquire);
        if (TryJoin(epoch)) return epoch;
      }
    }

    /// @return false, with nothing changed, where `epoch` is not the current one any more.
    bool TryJoin(uint64_t epoch) {
      BWLAB_POINT(EpochLoaded);
      // (J2) acquire: keeps the section's loads and (J3) behind it, and pairs with (K5) as told
      // above. The release half goes on with the chain of releases from (J4) to (K5).
      SlotOf(epoch).joined.fetch_add(1, std::memory_order_acq_rel);
      // (J3) relaxed: (J2) acquired the (K5) that would forbid this epoch.
      if (current_.load(std::memory_order_relaxed) == epoch) {
        BWLAB_POINT(EpochAnnounced);
        return true;
      }
      Quit(epoch);
      return false;
    }

    void Quit(uint64_t epoch) {
      BWLAB_POINT(SectionEnds);
      // (J4) release: the section's loads happen before (K5) reads zero.
      SlotOf(epoch).joined.fetch_sub(1, std::memory_order_release);
    }

    /// For an unlinked page. The caller is in a section.
    void Add(Retired* page) {
      // (K1) acq_rel, and a write though it changes nothing: see the protocol; pairs with (J1).
      const uint64_t epoch = current_.fetch_add(0, std::memory_order_acq_rel);
      Atomic<Retired*>& list = SlotOf(epoch).retired;
      page->next = list.load(std::memory_order_relaxed);
      // (K2) release: hands page and link to (K6).
      while (!list.compare_exchange_weak(page->next, page, std::memory_order_release,
                                         std::memory_order_relaxed)) {
      }
    }

    /// Begins a new epoch where the current one has pages, and the slots suffice.
    void Advance() {
      uint64_t epoch = current_.load(std::memory_order_relaxed);
      if (SlotOf(epoch).retired.load(std::memory_order_relaxed) == nullptr) return;
      // Acquire: pairs with (K7), so that the slot that comes to use is as its last reclaimer left
      // it. An outdated value is lower, and only keeps the epoch from advancing.
      if (epoch + 1 - oldest_.load(std::memory_order_acquire) >= kLiveMax) return;
      // (K3) acq_rel: goes on with the release sequence of (K1); hands the above to (J1).
      current_.compare_exchange_strong(epoch, epoch + 1, std::memory_order_acq_rel,
                                       std::memory_order_relaxed);
      BWLAB_POINT(BatchClosed);
    }

    /// Moves the pages of all epochs that nobody can be in to `ready`. `joined` is the epoch of the
    /// section that the caller is in; it and later ones are left alone.
    void Reclaim(uint64_t joined, ReadyPages& ready) {
      // (K4) acquire: pairs with (K7), so that what epochs before this one were waiting for happens
      // before the pages of this one are freed.
      uint64_t oldest = oldest_.load(std::memory_order_acquire);
      // (K5) acq_rel: pairs with (J2) and (J4).
      while (oldest < joined &&
             (SlotOf(oldest).joined.fetch_add(0, std::memory_order_acq_rel) == 0 ||
              BWLAB_MUTANT(JoinedNotCounted))) {
        BWLAB_POINT(AnnouncementRead);
        TakePages(SlotOf(oldest), ready);
        // (K7) acq_rel: pairs with (K4) and Advance. Where it fails `oldest` is what others
        // reached.
        if (oldest_.compare_exchange_strong(oldest, oldest + 1, std::memory_order_acq_rel,
                                            std::memory_order_acquire)) {
          ++oldest;
        }
      }
    }

    /// Moves all pages to `ready`. Only when nobody is in a section or will enter one.
    void ReclaimAll(ReadyPages& ready) {
      for (Slot& slot : slots_) TakePages(slot, ready);
    }

    static void TakePages(Slot& slot, ReadyPages& ready) {
      // (K6) acquire: pairs with (K2). Of several reclaimers one finds the pages.
      Retired* page = slot.retired.exchange(nullptr, std::memory_order_acquire);
      while (page != nullptr) {
        Retired* next = page->next;
        ready.Add(page);
        page = next;
      }
    }

    alignas(kCacheLineBytes) Atomic<uint64_t> current_{1};
    alignas(kCacheLineBytes) Atomic<uint64_t> oldest_{1};
    std::array<Slot, kSlots> slots_{};
    const ReclamationOptions options_;
  };

  /// One session's side. Thread safety: one thread at a time, except where stated.
  class Participant {
   public:
    explicit Participant(Domain& domain) : domain_(domain), ready_(domain.options_) {}
    Participant(const Participant&) = delete;
    Participant& operator=(const Participant&) = delete;

    /// Begins a section; sections nest.
    void Enter() {
      if (nesting_.Enter()) joined_ = domain_.Join();
    }
    void Exit() {
      if (nesting_.Exit()) domain_.Quit(joined_);
    }
    bool pinned() const { return nesting_.open(); }

    /// Takes a page that no new section can reach any more; calls free(Retired*) for pages that
    /// nobody can hold, whoever retired them, as many as the options allow.
    template <class Free>
    void Retire(Retired* page, Free&& free) {
      ready_.CountRetired(page->bytes);
      Enter();
      domain_.Add(page);
      Exit();
      if (++retired_pages_ % domain_.options_.batch_pages == 0) CollectReady();
      ready_.FreeShare(free);
    }

    /// Advances the epoch and frees the pages of every epoch that nobody can be in.
    template <class Free>
    void Collect(Free&& free) {
      CollectReady();
      ready_.FreeAll(free);
    }

    /// Ends a session. What cannot be freed yet is on the epochs' lists, for whoever collects next.
    /// Outside any section.
    template <class Free>
    void Leave(Free&& free) {
      BWLAB_ASSERT(!pinned());
      Collect(free);
    }

    /// Frees everything at once. Only when no other participant is in a section or will enter one.
    template <class Free>
    void Drain(Free&& free) {
      domain_.ReclaimAll(ready_);
      ready_.FreeAll(free);
    }

    /// Bytes retired here minus bytes freed here; negative where this participant freed what others
    /// retired, so that the sum over all participants is what waits. From any thread.
    int64_t RetiredBytes() const { return ready_.bytes(); }

   private:
    void CollectReady() {
      domain_.Advance();
      Enter();
      domain_.Reclaim(joined_, ready_);
      Exit();
    }

    Domain& domain_;
    SectionNesting nesting_;
    uint64_t joined_ = 0;
    uint64_t retired_pages_ = 0;
    ReadyPages ready_;
  };
};

}  // namespace bwlab
