#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>

#include "bwlab/base/cache_line.h"

namespace bwlab::experiment {

/// Counts what a container holds. Striped, so that the threads of a peer do not pay for a shared
/// counter that the peer itself does not have: a thread adds to the stripe it was given when it
/// first came.
class StripedCount {
 public:
  void Add(int64_t number) {
    // (B1) relaxed: a statistic, read while no thread runs; no other data is inferred from it.
    stripes_[StripeOfThread()].number.fetch_add(number, std::memory_order_relaxed);
  }

  uint64_t Sum() const {
    int64_t sum = 0;
    for (const Stripe& stripe : stripes_)
      sum += stripe.number.load(std::memory_order_relaxed);  // B1
    return static_cast<uint64_t>(sum);
  }

 private:
  static constexpr size_t kStripes = 64;

  struct alignas(kCacheLineBytes) Stripe {
    std::atomic<int64_t> number{0};
  };

  static size_t StripeOfThread() {
    static std::atomic<size_t> next{0};
    thread_local const size_t stripe = next.fetch_add(1, std::memory_order_relaxed) % kStripes;
    return stripe;
  }

  std::array<Stripe, kStripes> stripes_;
};

/// Of the bytes of a container.
using ByteCount = StripedCount;

/// A standard allocator that hands every call to `Base` and adds the bytes asked for to a
/// ByteCount. What the allocator below adds to each block (headers, rounding) is not in it: that
/// shows in the resident set.
template <class T, template <class> class Base = std::allocator>
class CountingAllocator {
 public:
  using value_type = T;
  using propagate_on_container_move_assignment = std::true_type;
  using propagate_on_container_swap = std::true_type;
  using is_always_equal = std::false_type;

  explicit CountingAllocator(ByteCount* count) : count_(count) {}
  template <class U>
  CountingAllocator(const CountingAllocator<U, Base>& other)  // NOLINT(google-explicit-constructor)
      : count_(other.count()) {}

  template <class U>
  struct rebind {
    using other = CountingAllocator<U, Base>;
  };

  T* allocate(size_t n) {
    T* const block = Base<T>().allocate(n);
    count_->Add(static_cast<int64_t>(n * sizeof(T)));
    return block;
  }
  void deallocate(T* block, size_t n) {
    Base<T>().deallocate(block, n);
    count_->Add(-static_cast<int64_t>(n * sizeof(T)));
  }

  ByteCount* count() const { return count_; }
  friend bool operator==(const CountingAllocator& a, const CountingAllocator& b) {
    return a.count_ == b.count_;
  }

 private:
  ByteCount* count_;
};

}  // namespace bwlab::experiment
