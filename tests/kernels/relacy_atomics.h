#pragma once

// The engine's atomics (core/bwlab/base/atomic.h) on relacy, which runs the threads of a test as
// fibers of one thread, chooses at each access which of them goes on and which of the values that
// the C++ memory model allows a load to return.
//
// Method: an Atomic is no larger than in the engine and holds the newest value, so that layouts
// stay as they are; what relacy knows about it is kept beside, by address. An atomic that was made
// by its constructor is unknown to a thread until something has handed it over; where there was
// only memory (the words of the mapping table, slots of a page), everybody knows what stood there.

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <source_location>
#include <type_traits>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wall"
#pragma GCC diagnostic ignored "-Wextra"
// All of <relacy/relacy.hpp> but for its imitations of pthreads and Windows, and its macros.
#include <relacy/atomic.hpp>
#include <relacy/atomic_fence.hpp>
#include <relacy/backoff.hpp>
#include <relacy/base.hpp>
#include <relacy/context.hpp>
#include <relacy/context_base_impl.hpp>
#include <relacy/dyn_thread.hpp>
#include <relacy/stdlib/condition_variable.hpp>
#include <relacy/stdlib/event.hpp>
#include <relacy/stdlib/mutex.hpp>
#include <relacy/stdlib/semaphore.hpp>
#include <relacy/test_suite.hpp>
#include <relacy/thread_local.hpp>
#include <relacy/var.hpp>
#pragma GCC diagnostic pop

// relacy replaces new and delete, but not this form of delete, and the library's own would not find
// relacy's.
inline void operator delete(void* address, std::size_t /*bytes*/) noexcept {
  operator delete(address);
}

namespace bwlab {
namespace kernels {

inline rl::memory_order OrderOf(std::memory_order order) {
  switch (order) {
    case std::memory_order_relaxed:
      return rl::mo_relaxed;
    case std::memory_order_consume:
    case std::memory_order_acquire:
      return rl::mo_acquire;
    case std::memory_order_release:
      return rl::mo_release;
    case std::memory_order_acq_rel:
      return rl::mo_acq_rel;
    case std::memory_order_seq_cst:
      return rl::mo_seq_cst;
  }
  return rl::mo_seq_cst;
}
/// Of a CAS that fails.
inline rl::memory_order FailureOrderOf(std::memory_order order) {
  if (order == std::memory_order_acq_rel) return rl::mo_acquire;
  return order == std::memory_order_release ? rl::mo_relaxed : OrderOf(order);
}

inline rl::debug_info InfoOf(const std::source_location& where) {
  return rl::debug_info(where.function_name(), where.file_name(), where.line());
}

/// Runs of steps in which one thread goes on alone. relacy's own random scheduler tosses a coin at
/// every step, so that a thread hardly ever comes between two steps of another with a whole
/// operation of its own. Here a run is as likely to have one step as a few hundred.
class Turns {
 public:
  void Begin() { left_ = 0; }

  /// Before each step: whether another thread may come first.
  bool MayChange() {
    if (left_ > 0) {
      --left_;
      return false;
    }
    left_ = (1u << rl::rand(kExponents)) - 1;
    return true;
  }

 private:
  static constexpr unsigned kExponents = 9;
  unsigned left_ = 0;
};

/// Pages of one execution. No address is given out twice, so that whoever holds on to a freed page
/// is seen at its next access.
class PageArena {
 public:
  void Reset() {
    std::memset(memory_, 0, used_);
    used_ = 0;
    states_.fill(State::kNone);
  }
  /// @return nullptr where the execution has used up all of it.
  void* Allocate(std::size_t bytes) {
    if (bytes > sizeof(memory_) - used_) return nullptr;
    void* page = memory_ + used_;
    SetState(used_, bytes, State::kLive);
    used_ += bytes;
    return page;
  }
  /// What is read there from now on is meant to lead astray.
  void Free(void* page, std::size_t bytes) {
    const std::size_t at = static_cast<std::size_t>(static_cast<char*>(page) - memory_);
    RL_ASSERT(states_[at / kLine] == State::kLive && "a page is freed twice");
    SetState(at, bytes, State::kFreed);
    std::memset(page, 0xdd, bytes);
  }
  bool IsFreed(const void* address) const {
    const auto at = reinterpret_cast<uintptr_t>(address) - reinterpret_cast<uintptr_t>(memory_);
    return at < sizeof(memory_) && states_[at / kLine] != State::kLive;
  }

 private:
  enum class State : uint8_t { kNone, kLive, kFreed };
  static constexpr std::size_t kLine = 64;

  void SetState(std::size_t at, std::size_t bytes, State state) {
    std::fill_n(states_.begin() + static_cast<std::ptrdiff_t>(at / kLine), bytes / kLine, state);
  }

  alignas(kLine) char memory_[1 << 20];
  std::size_t used_ = 0;
  std::array<State, (1 << 20) / kLine> states_{};
};

/// What relacy knows of each atomic of one execution, by address. Open addressing.
class AtomicTable {
 public:
  /// relacy's side of one atomic. `bias` is the value that the memory held before anybody knew of
  /// it: relacy begins such atomics at zero, and sees the differences.
  struct Cell {
    const void* address = nullptr;
    uint64_t bias = 0;
    bool from_memory = false;
    union {
      rl::generic_atomic<uint64_t, false> made;
      rl::generic_atomic<uint64_t, true> found;
    };
    Cell() {}
    ~Cell() {}
  };

  /// Before an execution. What is left of one that failed is gone with its relacy context.
  void Reset() {
    for (uint32_t i = 0; i < count_; ++i) cells_[used_[i]].address = nullptr;
    count_ = 0;
  }
  /// After an execution.
  void DestroyAll() {
    for (uint32_t i = 0; i < count_; ++i) Destroy(cells_[used_[i]]);
    Reset();
  }

  /// The atomic that a constructor makes at `address`, in place of whatever was there.
  Cell& Make(const void* address) {
    Cell& cell = Slot(address);
    if (cell.address != nullptr) Destroy(cell);
    Occupy(cell, address);
    cell.from_memory = false;
    cell.bias = 0;
    std::construct_at(&cell.made);
    return cell;
  }
  /// The atomic at `address`, where `newest` stands.
  Cell& Find(const void* address, uint64_t newest) {
    Cell& cell = Slot(address);
    if (cell.address == nullptr) {
      Occupy(cell, address);
      cell.from_memory = true;
      cell.bias = newest;
      std::construct_at(&cell.found);
    }
    return cell;
  }

 private:
  static constexpr std::size_t kCells = 1 << 14;

  Cell& Slot(const void* address) {
    std::size_t at = (reinterpret_cast<uintptr_t>(address) * 0x9E3779B97F4A7C15ull) >> 50;
    while (cells_[at].address != nullptr && cells_[at].address != address) at = (at + 1) % kCells;
    return cells_[at];
  }
  void Occupy(Cell& cell, const void* address) {
    if (cell.address == address) return;
    RL_VERIFY(count_ < kCells / 2);
    used_[count_++] = static_cast<uint32_t>(&cell - cells_.data());
    cell.address = address;
  }
  static void Destroy(Cell& cell) {
    if (cell.from_memory) {
      std::destroy_at(&cell.found);
    } else {
      std::destroy_at(&cell.made);
    }
  }

  std::array<Cell, kCells> cells_;
  std::array<uint32_t, kCells> used_{};
  uint32_t count_ = 0;
};

/// All of one execution.
struct World {
  Turns turns;
  PageArena pages;
  AtomicTable atomics;

  void Begin() {
    turns.Begin();
    pages.Reset();
    atomics.Reset();
  }
  void End() { atomics.DestroyAll(); }
};
inline World& TheWorld() {
  static World world;
  return world;
}

/// The verbs of std::atomic on `*newest`, which always holds the newest value.
template <class T>
class Verbs {
 public:
  using Value = std::remove_const_t<T>;
  using Where = std::source_location;

  explicit Verbs(Value* newest) : newest_(newest) {}

  Value load(std::memory_order order, Where where) const {
    return OnCell(where, [&](auto& atomic, uint64_t bias, const rl::debug_info& info) {
      return FromBits(atomic.load(OrderOf(order), info) + bias);
    });
  }
  void store(Value value, std::memory_order order, Where where) const {
    OnCell(where, [&](auto& atomic, uint64_t bias, const rl::debug_info& info) {
      atomic.store(ToBits(value) - bias, OrderOf(order), info);
      *newest_ = value;
      return true;
    });
  }
  Value exchange(Value value, std::memory_order order, Where where) const {
    return OnCell(where, [&](auto& atomic, uint64_t bias, const rl::debug_info& info) {
      const uint64_t old = atomic.exchange(ToBits(value) - bias, OrderOf(order), info);
      *newest_ = value;
      return FromBits(old + bias);
    });
  }
  Value fetch_add(Value value, std::memory_order order, Where where) const {
    return OnCell(where, [&](auto& atomic, uint64_t bias, const rl::debug_info& info) {
      const uint64_t old = atomic.fetch_add(ToBits(value), OrderOf(order), info);
      *newest_ = FromBits(old + bias + ToBits(value));
      return FromBits(old + bias);
    });
  }
  template <bool kWeak>
  bool compare_exchange(Value& expected, Value desired, std::memory_order success,
                        rl::memory_order failure, Where where) const {
    return OnCell(where, [&](auto& atomic, uint64_t bias, const rl::debug_info& info) {
      uint64_t bits = ToBits(expected) - bias;
      const bool won = atomic.compare_exchange(rl::bool_t<kWeak>(), bits, ToBits(desired) - bias,
                                               OrderOf(success), failure, info);
      if (won) {
        *newest_ = desired;
      } else {
        expected = FromBits(bits + bias);
      }
      return won;
    });
  }

  /// A new atomic, which nobody else knows.
  void Make(Value value, Where where) const {
    const rl::preemption_disabler alone(rl::ctx());
    TheWorld().atomics.Make(newest_).made.store(ToBits(value), rl::mo_relaxed, InfoOf(where));
    *newest_ = value;
  }

 private:
  static uint64_t ToBits(Value value) {
    if constexpr (std::is_pointer_v<Value>) {
      return reinterpret_cast<uintptr_t>(value);
    } else {
      return static_cast<uint64_t>(value);
    }
  }
  static Value FromBits(uint64_t bits) {
    if constexpr (std::is_pointer_v<Value>) {
      return reinterpret_cast<Value>(bits);
    } else {
      return static_cast<Value>(bits);
    }
  }

  template <class F>
  auto OnCell(const Where& where, F&& f) const {
    World& world = TheWorld();
    const rl::debug_info info = InfoOf(where);
    if (world.turns.MayChange()) rl::ctx().sched();
    const rl::preemption_disabler alone(rl::ctx());
    RL_ASSERT_IMPL(!world.pages.IsFreed(newest_), rl::test_result_access_to_freed_memory,
                   "an atomic in a freed page", info);
    AtomicTable::Cell& cell = world.atomics.Find(newest_, ToBits(*newest_));
    return cell.from_memory ? f(cell.found, cell.bias, info) : f(cell.made, cell.bias, info);
  }

  Value* newest_;
};

}  // namespace kernels

template <class T>
class Atomic {
 public:
  using Where = std::source_location;

  Atomic(T value = T{}, Where where = Where::current()) { verbs().Make(value, where); }
  Atomic(const Atomic&) = delete;
  Atomic& operator=(const Atomic&) = delete;

  T load(std::memory_order order = std::memory_order_seq_cst,
         Where where = Where::current()) const {
    return verbs().load(order, where);
  }
  void store(T value, std::memory_order order = std::memory_order_seq_cst,
             Where where = Where::current()) {
    verbs().store(value, order, where);
  }
  T exchange(T value, std::memory_order order = std::memory_order_seq_cst,
             Where where = Where::current()) {
    return verbs().exchange(value, order, where);
  }
  T fetch_add(T value, std::memory_order order = std::memory_order_seq_cst,
              Where where = Where::current()) {
    return verbs().fetch_add(value, order, where);
  }
  T fetch_sub(T value, std::memory_order order = std::memory_order_seq_cst,
              Where where = Where::current()) {
    return verbs().fetch_add(static_cast<T>(T{0} - value), order, where);
  }
  bool compare_exchange_weak(T& expected, T desired, std::memory_order success,
                             std::memory_order failure, Where where = Where::current()) {
    return verbs().template compare_exchange<true>(expected, desired, success,
                                                   kernels::OrderOf(failure), where);
  }
  bool compare_exchange_weak(T& expected, T desired,
                             std::memory_order order = std::memory_order_seq_cst,
                             Where where = Where::current()) {
    return verbs().template compare_exchange<true>(expected, desired, order,
                                                   kernels::FailureOrderOf(order), where);
  }
  bool compare_exchange_strong(T& expected, T desired, std::memory_order success,
                               std::memory_order failure, Where where = Where::current()) {
    return verbs().template compare_exchange<false>(expected, desired, success,
                                                    kernels::OrderOf(failure), where);
  }
  bool compare_exchange_strong(T& expected, T desired,
                               std::memory_order order = std::memory_order_seq_cst,
                               Where where = Where::current()) {
    return verbs().template compare_exchange<false>(expected, desired, order,
                                                    kernels::FailureOrderOf(order), where);
  }

 private:
  kernels::Verbs<T> verbs() const { return kernels::Verbs<T>(&newest_); }

  mutable T newest_;
};

template <class T>
class AtomicRef {
 public:
  using Where = std::source_location;
  using Value = std::remove_const_t<T>;

  explicit AtomicRef(T& object) : verbs_(const_cast<Value*>(&object)) {}

  Value load(std::memory_order order, Where where = Where::current()) const {
    return verbs_.load(order, where);
  }
  void store(Value value, std::memory_order order, Where where = Where::current()) const {
    verbs_.store(value, order, where);
  }
  Value fetch_add(Value value, std::memory_order order, Where where = Where::current()) const {
    return verbs_.fetch_add(value, order, where);
  }
  Value fetch_sub(Value value, std::memory_order order, Where where = Where::current()) const {
    return verbs_.fetch_add(Value{0} - value, order, where);
  }

 private:
  kernels::Verbs<T> verbs_;
};

inline void CompilerBarrier() {}
inline void FullFence() {
  rl::atomic_thread_fence(rl::mo_seq_cst, kernels::InfoOf(std::source_location::current()));
}
inline void AcquireFence() {
  rl::atomic_thread_fence(rl::mo_acquire, kernels::InfoOf(std::source_location::current()));
}
inline void ReleaseFence() {
  rl::atomic_thread_fence(rl::mo_release, kernels::InfoOf(std::source_location::current()));
}

}  // namespace bwlab
