#pragma once

#include <new>

#include "bwlab/base/atomic.h"

namespace bwlab {

/// The states of an index's sessions. A state lives until the index dies and serves one session
/// after the other, so that its counters go on. `State` has the members `next` (State*) and
/// `in_use` (Atomic<bool>, true from the start).
///
/// Thread safety: all, but DeleteAll and the destructor, which run alone.
template <class State>
class SessionList {
 public:
  SessionList() = default;
  SessionList(const SessionList&) = delete;
  SessionList& operator=(const SessionList&) = delete;

  /// A state that is in use by the caller alone: one that is free, or a new State(argument).
  /// @return nullptr where there is no memory.
  template <class Argument>
  State* Take(Argument& argument) {
    State* free_state = nullptr;
    ForEach([&](State& state) {
      // (L3) acquire: pairs with (L4), so that the last user's lists and counters are complete.
      if (free_state == nullptr && !state.in_use.load(std::memory_order_relaxed) &&
          !state.in_use.exchange(true, std::memory_order_acquire)) {
        free_state = &state;
      }
    });
    if (free_state != nullptr) return free_state;
    auto* state = new (std::nothrow) State(argument);
    if (state == nullptr) return nullptr;
    state->next = first_.load(std::memory_order_relaxed);
    // (L2) release: pairs with (L1).
    while (!first_.compare_exchange_weak(state->next, state, std::memory_order_release,
                                         std::memory_order_relaxed)) {
    }
    return state;
  }

  /// Ends the caller's use of a state.
  void GiveBack(State& state) {
    state.in_use.store(false, std::memory_order_release);  // (L4)
  }

  template <class F>
  void ForEach(F&& f) const {
    for (State* state = First(); state != nullptr; state = state->next) f(*state);
  }

  /// (L1) acquire: pairs with (L2); states are never taken out of the list.
  State* First() const { return first_.load(std::memory_order_acquire); }

  void DeleteAll() {
    for (State* state = First(); state != nullptr;) {
      State* next = state->next;
      delete state;
      state = next;
    }
    first_.store(nullptr, std::memory_order_relaxed);
  }

 private:
  Atomic<State*> first_{nullptr};
};

}  // namespace bwlab
