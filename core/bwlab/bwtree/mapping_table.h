#pragma once

#include <cstdint>

#include "bwlab/base/atomic.h"
#include "bwlab/base/cache_line.h"
#include "bwlab/base/memory.h"
#include "bwlab/base/restartable.h"
#include "bwlab/base/test_hooks.h"

namespace bwlab {

/// Names a node for its whole life, whatever page holds it at the moment.
using PageId = uint32_t;

/// No node: the right sibling of the last node of a level. Id 0 is never handed out.
inline constexpr PageId kNoPage = 0;

/// Page id -> mapping word. A word is the only place where a node's state changes, always by CAS,
/// but for updates in place (PROTOCOL.md).
///
/// Thread safety: all of it. Memory order of the words:
///   (W1) Install and a successful CompareExchange release the page and the slots that the new word
///   makes reachable. (R1) Load and a failed CompareExchange acquire: everything reachable from the
///   word is initialised.
/// Grows without stopping: the table is reserved address space, which the system backs at the first
/// touch. Source: Levandoski et al., ICDE 2013, section II-C. Differs: a word holds, beside the
/// address, the delta slots that belong to the node (layout_packed.h).
///
/// Memory: what the largest number of ids in use at one time has touched stays touched until the
/// table dies. The words of free ids are links among themselves and lie between those of live ones,
/// so that there is seldom a whole page of the system to give back.
class MappingTable {
 public:
  /// `huge_pages` advises the system to back the table with huge pages: a descent reads a word a
  /// level at random, and 4 KiB of the table hold 512 words, 2 MiB hold 262 144. The first id then
  /// costs 2 MiB. Choose it where the table is larger than the TLB reaches.
  explicit MappingTable(uint64_t pages_max, bool huge_pages = false) noexcept
      : memory_(static_cast<std::size_t>(pages_max) * sizeof(uint64_t), huge_pages),
        pages_max_(pages_max) {}

  bool ok() const { return memory_.ok(); }
  /// Whether huge pages were asked for and the system accepted the advice.
  bool huge_pages() const { return memory_.huge_pages(); }

  uint64_t Load(PageId id) const {
    return word(id).load(BWLAB_MUTANT(WordNotAcquired) ? std::memory_order_relaxed
                                                       : std::memory_order_acquire);  // (R1)
  }

  /// Asks for the line of a word that is to be loaded soon.
  void Prefetch(PageId id) const { bwlab::Prefetch(&word(id)); }

  /// For an id that no other thread knows yet, or has only known for another node (freed_stamp).
  void Install(PageId id, uint64_t new_word) {
    word(id).store(new_word, std::memory_order_release);  // (W1)
  }

  /// Replaces `expected` and returns true, or stores the present word in `expected` and returns
  /// false.
  bool CompareExchange(PageId id, uint64_t& expected, uint64_t desired) {
    BWLAB_POINT(BeforeCas);
    const bool won = word(id).compare_exchange_strong(expected, desired,
                                                      BWLAB_MUTANT(WordNotReleased)
                                                          ? std::memory_order_acquire
                                                          : std::memory_order_acq_rel,  // (W1)
                                                      std::memory_order_acquire);       // (R1)
    won ? BWLAB_POINT(CasWon) : BWLAB_POINT(CasLost);
    return won;
  }

  /// An id for the calling thread alone, or kNoPage when all are used up.
  PageId AllocateId() {
    // (T2) acquire: pairs with (T3), so that the link in the word of the first free id is there.
    uint64_t first = free_.load(std::memory_order_acquire);
    while (static_cast<PageId>(first) != kNoPage) {
      const auto id = static_cast<PageId>(first);
      // Another thread may take and use this id meanwhile; then the word is no link, and the tag
      // makes the CAS fail.
      const uint64_t next = word(id).load(std::memory_order_relaxed) >> kLinkShift;
      BWLAB_POINT(IdLinkRead);
      const uint64_t tag_step = BWLAB_MUTANT(NoTagAgainstABA) ? 0 : 1;
      const uint64_t desired = ((first >> 32) + tag_step) << 32 | (next & UINT32_MAX);
      if (free_.compare_exchange_weak(first, desired, std::memory_order_acquire)) {
        word(id).store(0, std::memory_order_relaxed);
        BWLAB_POINT(IdTaken);
        return id;
      }
    }
    // (T1) relaxed: the id reaches others only through a word or a page that (W1) releases.
    uint64_t id = next_id_.load(std::memory_order_relaxed);
    do {
      if (id >= pages_max_) return kNoPage;
    } while (!next_id_.compare_exchange_weak(id, id + 1, std::memory_order_relaxed));
    BWLAB_POINT(IdTaken);
    return Spread(id);
  }

  /// Takes back an id that no section can hold any more: its grace period is over.
  void FreeId(PageId id) {
    BWLAB_POINT(IdFreed);
    uint64_t first = free_.load(std::memory_order_relaxed);
    uint64_t desired;
    do {
      word(id).store((first & UINT32_MAX) << kLinkShift | kLinkFlag, std::memory_order_relaxed);
      desired = ((first >> 32) + (BWLAB_MUTANT(NoTagAgainstABA) ? 0 : 1)) << 32 | id;
      // (T3) release: pairs with (T2).
    } while (!free_.compare_exchange_weak(
        first, desired,
        BWLAB_MUTANT(FreeIdNotReleased) ? std::memory_order_relaxed : std::memory_order_release,
        std::memory_order_relaxed));
  }

  /// Changes with each id that is freed or taken again. Whoever reads it in a section in which an
  /// id names a node, later loads the id's word, and then finds it unchanged, has a word of that
  /// node: another node's word is installed (W1) behind the change that took the id, so that who
  /// reads it (R1) sees that change; relaxed for that reason. It comes back after 2^32 changes.
  uint64_t freed_stamp() const { return free_.load(std::memory_order_relaxed); }

  /// Whether the word of a handed-out id names a node; false for ids that are free or not installed
  /// yet.
  static bool IsNode(uint64_t raw_word) {
    return raw_word != 0 && (raw_word & kLinkMask) != kLinkFlag;
  }
  /// What words of nodes may have below kLinkShift: this bit only beside one of kLinkZeros.
  static constexpr uint64_t kLinkFlag = uint64_t{1} << 22;
  static constexpr uint64_t kLinkZeros = uint64_t{31} << 17;

  /// Stores `value` in `*target`, of the page that the word names, if the word is `expected`; see
  /// bwlab::StoreWhileEqual.
  StoreResult StoreWhileEqual(PageId id, uint64_t expected, uint64_t* target, uint64_t value) {
    return bwlab::StoreWhileEqual(reinterpret_cast<const uint64_t*>(&word(id)), expected, target,
                                  value);
  }

  /// One past the largest id that may have been handed out.
  uint64_t ids_used() const {
    const uint64_t next = next_id_.load(std::memory_order_relaxed);
    return IsSpread(next) ? RoundUp(next, kSpreadIds) : next;
  }
  uint64_t bytes_used() const { return ids_used() * sizeof(uint64_t); }

 private:
  /// The word of a free id links to the next one.
  static constexpr uint32_t kLinkShift = 23;
  static constexpr uint64_t kLinkMask = kLinkFlag | kLinkZeros;

  /// The `n`th id. Ids handed out in a row have their words on different cache lines, since two
  /// threads that fill the table write to the nodes that they made last: each insert in ascending
  /// order swaps a word.
  PageId Spread(uint64_t n) const {
    if (!IsSpread(n)) return static_cast<PageId>(n);
    return static_cast<PageId>(n / kSpreadIds * kSpreadIds + n % kLineWords * kLineWords +
                               n % kSpreadIds / kLineWords);
  }
  /// The table may end within a group.
  bool IsSpread(uint64_t n) const { return n / kSpreadIds < pages_max_ / kSpreadIds; }
  static constexpr uint64_t kLineWords = kCacheLineBytes / sizeof(uint64_t);
  static constexpr uint64_t kSpreadIds = kLineWords * kLineWords;

  Atomic<uint64_t>& word(PageId id) const {
    // The reservation is zeroed memory; an atomic of an integer is implicitly created in it.
    return static_cast<Atomic<uint64_t>*>(memory_.address())[id];
  }

  VirtualReservation memory_;
  const uint64_t pages_max_;
  alignas(64) Atomic<uint64_t> next_id_{kNoPage + 1};
  alignas(64) Atomic<uint64_t> free_{kNoPage};  // tag (32 bits, against A-B-A) | first free id (32)
};

}  // namespace bwlab
