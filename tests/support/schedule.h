#pragma once

// What tests do at the points of the engine (bwlab/base/test_hooks.h): hold threads up at random,
// from a seed that repeats the choices, or park one thread at one point. In builds without hooks
// the classes do nothing.

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <random>
#include <thread>

#include "bwlab/base/pause.h"
#include "bwlab/base/test_hooks.h"

namespace bwlab::test {

#if BWLAB_TEST_HOOKS

/// While it lives, threads that reach a point are held up now and then. One at a time.
class Perturbation {
 public:
  explicit Perturbation(uint64_t seed) {
    seed_ = seed;
    threads_ = 0;
    ++generation_;
    SetTestPointHandler([](TestPoint point) {
      hits_[static_cast<std::size_t>(point)].fetch_add(1, std::memory_order_relaxed);
      HoldUp();
    });
  }
  ~Perturbation() { SetTestPointHandler(nullptr); }
  Perturbation(const Perturbation&) = delete;
  Perturbation& operator=(const Perturbation&) = delete;

  /// How often a point was reached under a Perturbation of this process.
  static uint64_t Hits(TestPoint point) { return hits_[static_cast<std::size_t>(point)]; }

 private:
  static void HoldUp() {
    thread_local uint64_t generation = 0;
    thread_local std::minstd_rand random;
    if (generation != generation_.load(std::memory_order_relaxed)) {
      generation = generation_.load(std::memory_order_relaxed);
      const uint64_t thread = threads_.fetch_add(1, std::memory_order_relaxed);
      random.seed(static_cast<uint32_t>(seed_ * 31 + thread + 1));
    }
    const uint32_t choice = static_cast<uint32_t>(random()) >> 8;
    if (choice % 16 != 0) return;
    const uint32_t way = choice / 16 % 64;
    if (way == 0) {
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    } else if (way < 40) {
      std::this_thread::yield();
    } else {
      for (uint32_t i = 0; i < way * 8; ++i) CpuRelax();
    }
  }

  inline static uint64_t seed_ = 0;
  inline static std::atomic<uint64_t> threads_{0};
  inline static std::atomic<uint64_t> generation_{0};
  inline static std::array<std::atomic<uint64_t>, kTestPointCount> hits_{};
};

/// A place at one point where one thread may be parked. While any Parking lives, threads stop at
/// those that they are offered to.
class Parking {
 public:
  explicit Parking(TestPoint point) : point_(point) {
    SetTestPointHandler([](TestPoint reached) {
      if (offered_to_ != nullptr && reached == offered_to_->point_) offered_to_->Stay();
    });
  }
  Parking(const Parking&) = delete;
  Parking& operator=(const Parking&) = delete;

  /// The calling thread stays here when it reaches the point, unless another one has before it,
  /// until Release. A thread is offered to one place at a time.
  void Offer() { offered_to_ = this; }
  static void Withdraw() { offered_to_ = nullptr; }

  bool occupied() const { return state_.load() == State::kOccupied; }
  void Release() {
    const std::lock_guard lock(mutex_);
    state_ = State::kReleased;
    released_.notify_all();
  }

 private:
  enum class State { kEmpty, kOccupied, kReleased };

  void Stay() {
    std::unique_lock lock(mutex_);
    if (state_ != State::kEmpty) return;
    state_ = State::kOccupied;
    released_.wait(lock, [this] { return state_ == State::kReleased; });
  }

  const TestPoint point_;
  std::atomic<State> state_{State::kEmpty};
  std::mutex mutex_;
  std::condition_variable released_;
  inline static thread_local Parking* offered_to_ = nullptr;
};

#else

class Perturbation {
 public:
  explicit Perturbation(uint64_t) {}
};

#endif

}  // namespace bwlab::test
