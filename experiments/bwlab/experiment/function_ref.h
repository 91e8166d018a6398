#pragma once

#include <concepts>
#include <utility>

namespace bwlab::experiment {

template <class Signature>
class FunctionRef;

/// A function without state, or one with a state that outlives it. Unlike a std::function it can
/// stand in a constant that exists before any code has run.
template <class R, class... Args>
class FunctionRef<R(Args...)> {
 public:
  constexpr FunctionRef() = default;

  template <std::convertible_to<R (*)(Args...)> F>
  constexpr FunctionRef(F function)  // NOLINT(google-explicit-constructor)
      : stateless_(function) {}

  /// Calls `(state->*kMethod)(args...)`.
  template <auto kMethod, class State>
  static constexpr FunctionRef Of(const State* state) {
    FunctionRef made;
    made.state_ = state;
    made.with_state_ = [](const void* of, Args... args) {
      return (static_cast<const State*>(of)->*kMethod)(std::forward<Args>(args)...);
    };
    return made;
  }

  R operator()(Args... args) const {
    return stateless_ != nullptr ? stateless_(std::forward<Args>(args)...)
                                 : with_state_(state_, std::forward<Args>(args)...);
  }

 private:
  R (*stateless_)(Args...) = nullptr;
  R (*with_state_)(const void*, Args...) = nullptr;
  const void* state_ = nullptr;
};

}  // namespace bwlab::experiment
