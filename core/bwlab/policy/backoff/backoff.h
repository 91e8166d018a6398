#pragma once

// What an operation does between a lost CAS and its next try. A session keeps one Local of its
// policy, made from the limits; each operation makes a policy object from that Local, calls Pause()
// after every lost CAS, and lets the object go when it is over. spins() tells the spin-wait
// instructions that the operation has spent; nobody who does not ask pays for it.

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <thread>

#include "bwlab/base/pause.h"
#include "bwlab/policy/backoff/backoff_limits.h"

namespace bwlab {

/// Counts what it spins.
class SpinWait {
 public:
  void Spin(uint32_t spins) {
    for (uint32_t i = 0; i < spins; ++i) CpuRelax();
    spins_ += spins;
  }
  uint64_t spins() const { return spins_; }

 private:
  uint64_t spins_ = 0;
};

/// The Local of a policy that remembers nothing.
struct StatelessBackoff {
  explicit StatelessBackoff(const BackoffLimits&) {}
};

/// Tries again at once. Choose it where few threads write the same leaf.
struct NoBackoff {
  static constexpr std::string_view kName = "none";
  static constexpr std::string_view kSummary =
      "try again at once; where few threads write the same leaf";

  using Local = StatelessBackoff;

  explicit NoBackoff(Local&) {}
  void Pause() {}
  uint64_t spins() const { return 0; }
};

/// One spin-wait instruction after each lost CAS. Choose it where two hyper-threads share a core:
/// it hands the pipeline to the other one and costs next to nothing.
class PauseBackoff {
 public:
  static constexpr std::string_view kName = "pause";
  static constexpr std::string_view kSummary =
      "one spin-wait instruction after each lost CAS; where hyper-threads share a core";

  using Local = StatelessBackoff;

  explicit PauseBackoff(Local&) {}
  void Pause() { wait_.Spin(1); }
  uint64_t spins() const { return wait_.spins(); }

 private:
  SpinWait wait_;
};

/// Gives the processor away after each lost CAS. Choose it where more threads run than cores: the
/// winner may be one that waits for a core. A system call each time, so never otherwise.
class YieldBackoff {
 public:
  static constexpr std::string_view kName = "yield";
  static constexpr std::string_view kSummary =
      "give the core away after each lost CAS; where threads outnumber cores";

  using Local = StatelessBackoff;

  explicit YieldBackoff(Local&) {}
  void Pause() {
    std::this_thread::yield();
    ++yields_;
  }
  uint64_t spins() const { return 0; }
  uint64_t yields() const { return yields_; }

 private:
  uint64_t yields_ = 0;
};

/// Doubles the pause after each lost CAS of one operation, from spins_min up to spins_max. Source:
/// T. Anderson, "The performance of spin lock alternatives for shared-memory multiprocessors", IEEE
/// TPDS 1990; for CAS: Dice, Hendler, Mirsky, Euro-Par 2013. Choose it under write skew; each
/// operation learns the contention anew.
class ExponentialBackoff {
 public:
  static constexpr std::string_view kName = "exponential";
  static constexpr std::string_view kSummary =
      "double the pause after each lost CAS; for write skew on many threads";

  struct Local {
    explicit Local(const BackoffLimits& given) : limits(given) {}
    const BackoffLimits limits;
  };

  explicit ExponentialBackoff(Local& local)
      : next_(local.limits.spins_min), spins_max_(local.limits.spins_max) {}
  void Pause() {
    wait_.Spin(next_);
    next_ = std::min(next_ * 2, spins_max_);
  }
  uint64_t spins() const { return wait_.spins(); }

 private:
  SpinWait wait_;
  uint32_t next_;
  const uint32_t spins_max_;
};

/// Pauses for a random time between nothing and a limit that doubles as ExponentialBackoff's pause
/// does. Source: Metcalfe and Boggs, "Ethernet", CACM 1976 (binary exponential backoff). Choose it
/// where threads that lost the same CAS would otherwise come back together and collide again.
class ExponentialJitterBackoff {
 public:
  static constexpr std::string_view kName = "exponential_jitter";
  static constexpr std::string_view kSummary =
      "a random pause below a limit that doubles; where losers come back in step and collide again";

  /// The random sequence goes on from operation to operation. It is seeded with the address, which
  /// differs between sessions that live at the same time and costs no shared state.
  class Local {
   public:
    explicit Local(const BackoffLimits& given)
        : limits(given), state_((reinterpret_cast<uintptr_t>(this) | 1) * 0x9E3779B97F4A7C15) {}
    Local(const Local&) = delete;
    Local& operator=(const Local&) = delete;

    const BackoffLimits limits;

    /// Uniform in [0, bound].
    uint32_t UpTo(uint32_t bound) {
      // Marsaglia, "Xorshift RNGs", 2003, triple (13, 7, 17): the state is odd at first, so never
      // 0.
      state_ ^= state_ << 13;
      state_ ^= state_ >> 7;
      state_ ^= state_ << 17;
      return static_cast<uint32_t>((state_ >> 32) * (uint64_t{bound} + 1) >> 32);
    }

   private:
    uint64_t state_;
  };

  explicit ExponentialJitterBackoff(Local& local) : local_(local), limit_(local.limits.spins_min) {}
  void Pause() {
    wait_.Spin(local_.UpTo(limit_));
    limit_ = std::min(limit_ * 2, local_.limits.spins_max);
  }
  uint64_t spins() const { return wait_.spins(); }

 private:
  SpinWait wait_;
  Local& local_;
  uint32_t limit_;
};

/// Remembers the pause from operation to operation: each lost CAS doubles it, each operation that
/// lost none takes an eighth off. So it stands still where one operation in about six loses a CAS,
/// grows to spins_max above that and falls to spins_min below: an operation under steady contention
/// waits long enough at its first loss. The default: it costs two loads of the session's own line
/// an operation where nobody contends, and is ahead of the others where many threads append
/// (PERFORMANCE.md of bwtree).
class AdaptiveBackoff {
 public:
  static constexpr std::string_view kName = "adaptive";
  static constexpr std::string_view kSummary =
      "a pause that grows while the session loses CASes often and decays after; where contention "
      "comes and goes";

  class Local {
   public:
    explicit Local(const BackoffLimits& given) : limits(given), pause_(given.spins_min) {}

    const BackoffLimits limits;

    uint32_t pause() const { return pause_; }
    void Lost() { pause_ = std::min(pause_ * 2, limits.spins_max); }
    /// Takes off one at least, so that a short pause decays as well. Most operations find nothing
    /// to take off, and shall not wait for the one before to have stored that.
    void LostNone() {
      if (pause_ == limits.spins_min) [[likely]]
        return;
      pause_ = std::max(pause_ - (pause_ + 7) / 8, limits.spins_min);
    }

   private:
    uint32_t pause_;
  };

  explicit AdaptiveBackoff(Local& local) : local_(local) {}
  AdaptiveBackoff(const AdaptiveBackoff&) = delete;
  AdaptiveBackoff& operator=(const AdaptiveBackoff&) = delete;
  ~AdaptiveBackoff() {
    if (!lost_) local_.LostNone();
  }

  void Pause() {
    wait_.Spin(local_.pause());
    local_.Lost();
    lost_ = true;
  }
  uint64_t spins() const { return wait_.spins(); }

 private:
  SpinWait wait_;
  Local& local_;
  bool lost_ = false;
};

}  // namespace bwlab
