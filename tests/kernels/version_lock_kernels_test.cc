// Method: as reclamation_kernels_test.cc, for the version words of the B+-tree: what a reader finds
// valid must be of one time, by the fences that racing.h speaks of.

#include <array>

#include "bwlab/btree/version_lock.h"
#include "kernels/kernel.h"

namespace bwlab::kernels {
namespace {

/// Two threads count two words up together, each under the lock; the third reads both.
class ValidReadsAreWhole {
 public:
  static constexpr unsigned kThreads = 3;

  void Run(unsigned thread) {
    for (int round = 0; round < (thread == 0 ? 4 : 2);) {
      const VersionLock::Version version = lock_.Load();
      const bool done =
          !VersionLock::IsLocked(version) && (thread == 0 ? Read(version) : Write(version));
      if (done) {
        ++round;
      } else {
        rl::yield(1, InfoOf(std::source_location::current()));
      }
    }
  }
  void Finish() {
    Check(LoadRacing(words_[0]) == 4 && LoadRacing(words_[1]) == 4, "no write is lost");
  }

 private:
  bool Read(VersionLock::Version version) {
    const uint64_t first = LoadRacing(words_[0]);
    const uint64_t second = LoadRacing(words_[1]);
    if (!lock_.Validate(version)) return false;
    Check(first == second, "what is valid was whole");
    return true;
  }
  bool Write(VersionLock::Version version) {
    if (!lock_.TryLock(version)) return false;
    const uint64_t next = LoadRacing(words_[0]) + 1;
    Check(LoadRacing(words_[1]) + 1 == next, "a writer sees what the last one wrote");
    StoreRacing(words_[1], next);
    StoreRacing(words_[0], next);
    lock_.Unlock();
    return true;
  }

  VersionLock lock_;
  std::array<uint64_t, 2> words_{};
};

TEST(VersionLockKernelTest, WhatIsValidWasWhole) { Explore<ValidReadsAreWhole>(20'000); }

}  // namespace
}  // namespace bwlab::kernels
