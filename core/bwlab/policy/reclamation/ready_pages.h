#pragma once

#include <cstdint>
#include <limits>

#include "bwlab/base/atomic.h"
#include "bwlab/policy/reclamation/reclamation_options.h"
#include "bwlab/policy/reclamation/retired.h"

namespace bwlab {

/// The pages of one participant whose grace period is over, freed at once or a few a Retire, and
/// the count of what the participant retired and did not free. Used by its owner alone, except
/// bytes().
class ReadyPages {
 public:
  explicit ReadyPages(const ReclamationOptions& options)
      : frees_per_retire_max_(options.frees_per_retire_max == 0
                                  ? std::numeric_limits<uint64_t>::max()
                                  : options.frees_per_retire_max) {}

  /// Bytes that came here by a Retire (or, negative, went to somebody else).
  void CountRetired(int64_t bytes) {
    // (C2) relaxed: statistics only, written by the owner alone.
    bytes_.store(bytes_.load(std::memory_order_relaxed) + bytes, std::memory_order_relaxed);
  }

  void Add(Retired* page) { ready_.Push(page); }
  void Add(const RetiredList& list) { ready_.Append(list); }

  /// One Retire's share: all, or as many as the options allow.
  template <class Free>
  void FreeShare(Free&& free) {
    FreeUpTo(frees_per_retire_max_, free);
  }
  template <class Free>
  void FreeAll(Free&& free) {
    FreeUpTo(std::numeric_limits<uint64_t>::max(), free);
  }

  /// Bytes retired minus bytes freed by this participant. From any thread.
  int64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  template <class Free>
  void FreeUpTo(uint64_t pages, Free&& free) {
    if (ready_.empty()) return;
    const uint64_t before = ready_.bytes;
    for (; pages > 0 && !ready_.empty(); --pages) free(ready_.Pop());
    CountRetired(-static_cast<int64_t>(before - ready_.bytes));
  }

  const uint64_t frees_per_retire_max_;
  RetiredList ready_;
  Atomic<int64_t> bytes_{0};
};

}  // namespace bwlab
