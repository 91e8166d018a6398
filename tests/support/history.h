#pragma once

// Linearizability of what threads saw of one key.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

namespace bwlab::test {

enum class HistoryOp : uint8_t { kInsert, kUpsert, kUpdate, kDelete, kGet };

constexpr std::string_view ToString(HistoryOp op) {
  constexpr std::string_view kNames[] = {"insert", "upsert", "update", "delete", "get"};
  return kNames[static_cast<std::size_t>(op)];
}

/// An operation on one key: it took effect somewhere between `begin` and `end`, which are unique
/// numbers of one clock.
struct HistoryEvent {
  uint64_t begin = 0;
  uint64_t end = 0;
  HistoryOp op = HistoryOp::kGet;
  bool present = false;  // what the answer says of the key just before the operation
  uint64_t value = 0;    // written, or read where the key was present
};

inline std::string ToString(const HistoryEvent& event) {
  std::string text = "[" + std::to_string(event.begin) + ", " + std::to_string(event.end) + "] ";
  text.append(ToString(event.op)).append(event.present ? " of a present key" : " of an absent key");
  if (event.op != HistoryOp::kDelete && (event.op != HistoryOp::kGet || event.present)) {
    text += ", value " + std::to_string(event.value);
  }
  return text;
}

/// What a key holds; nothing where it is absent.
using KeyState = std::optional<uint64_t>;

/// Whether an operation's answer fits the state in which it takes effect. Changes the state.
inline bool TakeEffect(const HistoryEvent& event, KeyState& state) {
  switch (event.op) {
    case HistoryOp::kUpsert:  // tells nothing
      state = event.value;
      return true;
    case HistoryOp::kInsert:
      if (event.present != state.has_value()) return false;
      if (!event.present) state = event.value;
      return true;
    case HistoryOp::kUpdate:
      if (event.present != state.has_value()) return false;
      if (event.present) state = event.value;
      return true;
    case HistoryOp::kDelete:
      if (event.present != state.has_value()) return false;
      state.reset();
      return true;
    case HistoryOp::kGet:
      return event.present == state.has_value() && (!event.present || event.value == *state);
  }
  return false;
}

enum class Verdict : uint8_t { kLinearizable, kNotLinearizable, kUndecided };

/// Looks for an order of the events in which each takes effect between its begin and its end and
/// every answer is right. Source: Wing and Gong, "Testing and Verifying Concurrent Objects", JPDC
/// 1993, with the memory of visited configurations of Lowe, "Testing for Linearizability", CCPE
/// 2017. Exponential in the number of operations that overlap, linear in the others.
class LinearizabilityChecker {
 public:
  explicit LinearizabilityChecker(std::size_t steps_max = 10'000'000) : steps_max_(steps_max) {}

  Verdict Check(const std::vector<HistoryEvent>& events, KeyState state) {
    Reset(events);
    std::vector<std::pair<std::size_t, KeyState>> chosen;
    std::size_t steps = 0;
    std::size_t at = links_[kHead].next;
    while (links_[kHead].next != kHead) {
      if (++steps > steps_max_) return Verdict::kUndecided;
      if (at != kHead && IsCall(at)) {
        KeyState after = state;
        const std::size_t event = EventOf(at);
        if (TakeEffect(events[event], after)) {
          Flip(event);
          if (visited_.insert(Configuration(after)).second) {
            chosen.emplace_back(event, state);
            state = after;
            Unlink(CallOf(event));
            Unlink(ReturnOf(event));
            at = links_[kHead].next;
            continue;
          }
          Flip(event);
        }
        at = links_[at].next;
        continue;
      }
      // An operation has ended that was not chosen: the last choice was wrong.
      if (chosen.empty()) return Verdict::kNotLinearizable;
      const std::size_t event = chosen.back().first;
      state = chosen.back().second;
      chosen.pop_back();
      Flip(event);
      Relink(ReturnOf(event));
      Relink(CallOf(event));
      at = links_[CallOf(event)].next;
    }
    return Verdict::kLinearizable;
  }

 private:
  /// Begins and ends of operations in the order of time, without those of chosen operations.
  struct Link {
    std::size_t previous;
    std::size_t next;
  };
  static constexpr std::size_t kHead = 0;
  static std::size_t CallOf(std::size_t event) { return 2 * event + 1; }
  static std::size_t ReturnOf(std::size_t event) { return 2 * event + 2; }
  static bool IsCall(std::size_t link) { return link % 2 == 1; }
  static std::size_t EventOf(std::size_t link) { return (link - 1) / 2; }

  void Reset(const std::vector<HistoryEvent>& events) {
    std::vector<std::pair<uint64_t, std::size_t>> order;
    for (std::size_t i = 0; i < events.size(); ++i) {
      order.emplace_back(events[i].begin, CallOf(i));
      order.emplace_back(events[i].end, ReturnOf(i));
    }
    std::sort(order.begin(), order.end());
    links_.assign(2 * events.size() + 1, Link{});
    std::size_t last = kHead;
    for (const auto& [time, link] : order) {
      links_[last].next = link;
      links_[link].previous = last;
      last = link;
    }
    links_[last].next = kHead;
    links_[kHead].previous = last;
    taken_.assign((events.size() + 7) / 8, '\0');
    visited_.clear();
  }
  void Unlink(std::size_t link) {
    links_[links_[link].previous].next = links_[link].next;
    links_[links_[link].next].previous = links_[link].previous;
  }
  /// In the reverse order of Unlink.
  void Relink(std::size_t link) {
    links_[links_[link].previous].next = link;
    links_[links_[link].next].previous = link;
  }
  void Flip(std::size_t event) {
    taken_[event / 8] = static_cast<char>(taken_[event / 8] ^ (1 << event % 8));
  }
  /// Which operations have taken effect, and what the key holds now.
  std::string Configuration(const KeyState& state) const {
    std::string text = taken_;
    if (state) text.append(reinterpret_cast<const char*>(&*state), sizeof(*state));
    return text;
  }

  const std::size_t steps_max_;
  std::vector<Link> links_;
  std::string taken_;
  std::unordered_set<std::string> visited_;
};

}  // namespace bwlab::test
