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

/// While it lives, the first thread that has called Offer and reaches the point stays there until
/// Release. One at a time.
class Parking {
 public:
  explicit Parking(TestPoint point) {
    point_ = point;
    state_ = State::kEmpty;
    SetTestPointHandler([](TestPoint reached) {
      if (offered_ && reached == point_) Stay();
    });
  }
  ~Parking() { SetTestPointHandler(nullptr); }
  Parking(const Parking&) = delete;
  Parking& operator=(const Parking&) = delete;

  /// The calling thread may be parked.
  static void Offer(bool offered) { offered_ = offered; }
  bool occupied() const { return state_.load() == State::kOccupied; }
  void Release() {
    const std::lock_guard lock(mutex_);
    state_ = State::kReleased;
    released_.notify_all();
  }

 private:
  enum class State { kEmpty, kOccupied, kReleased };

  static void Stay() {
    std::unique_lock lock(mutex_);
    if (state_ != State::kEmpty) return;
    state_ = State::kOccupied;
    released_.wait(lock, [] { return state_ == State::kReleased; });
  }

  inline static TestPoint point_;
  inline static std::atomic<State> state_;
  inline static std::mutex mutex_;
  inline static std::condition_variable released_;
  inline static thread_local bool offered_ = false;
};

#else

class Perturbation {
 public:
  explicit Perturbation(uint64_t) {}
};

#endif

}  // namespace bwlab::test
