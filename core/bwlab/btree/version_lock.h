#pragma once

#include <cstdint>

#include "bwlab/base/assert.h"
#include "bwlab/base/atomic.h"
#include "bwlab/btree/racing.h"

namespace bwlab {

/// A lock and the version of what it protects in one word: `changes (62 bits) | obsolete | locked`.
/// Readers take no lock: they load the version, read, and ask whether the version is still the
/// same. A writer locks the very version that it has read, so that what it read still holds.
///
/// Thread safety: Load, Validate and TryLock from any thread; the others by whoever holds the lock.
/// Memory order, with (D1) to (D4) of racing.h for what is protected:
///   - (V1) Load acquires what the last Unlock (V2) released: a reader that starts from a version
///     sees all changes before it.
///   - (V3) Validate is ordered behind the reader's loads by (D2) or (D4).
///   - (V4) TryLock is ordered before the writer's stores by (D1) or (D3). What the last Unlock
///     released was acquired with the version (V1); the CAS acquires it too, which costs nothing.
/// Source: Leis, Haubenschild, Neumann, "Optimistic Lock Coupling", IEEE Data Eng. Bull. 2019.
class VersionLock {
 public:
  /// A word that is neither locked nor obsolete, unless it comes from Load.
  using Version = uint64_t;

  Version Load() const { return word_.load(std::memory_order_acquire); }  // V1
  static bool IsLocked(Version version) { return (version & kLocked) != 0; }
  /// What is protected has been replaced and is not to be reached any more; it stays as it is.
  static bool IsObsolete(Version version) { return (version & kObsolete) != 0; }

  /// Whether all that was read since `version` was loaded belongs to that version.
  bool Validate(Version version) const {
    FenceAfterRacingLoads();
    return word_.load(std::memory_order_relaxed) == version;  // V3
  }

  /// @return false where `version` is not the present one. Does not wait.
  bool TryLock(Version version) {
    BWLAB_ASSERT((version & (kLocked | kObsolete)) == 0);
    const bool locked =
        word_.compare_exchange_strong(version, version | kLocked, std::memory_order_acquire,
                                      std::memory_order_relaxed);  // V4
    FenceBeforeRacingStores();
    return locked;
  }

  void Unlock() { Release(held() + kOneChange); }
  /// For a holder that has changed nothing: readers need not begin again.
  void UnlockUnchanged() { Release(held()); }
  void UnlockObsolete() { Release((held() + kOneChange) | kObsolete); }

 private:
  static constexpr uint64_t kLocked = 1;
  static constexpr uint64_t kObsolete = 2;
  static constexpr uint64_t kOneChange = 4;

  /// The version that was locked. Relaxed: nobody else changes the word.
  Version held() const {
    const uint64_t word = word_.load(std::memory_order_relaxed);
    BWLAB_ASSERT(IsLocked(word));
    return word & ~kLocked;
  }
  void Release(Version version) { word_.store(version, std::memory_order_release); }  // V2

  Atomic<uint64_t> word_{0};
};

}  // namespace bwlab
