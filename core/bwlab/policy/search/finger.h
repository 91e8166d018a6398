#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "bwlab/policy/search/sorted_heads.h"

namespace bwlab {

/// Where a session's last write went: a position in each node on its way. Writes that follow each
/// other in one leaf, as ascending keys do, mostly end where the last one did or a few records
/// further on. A search computes the position, so that the next node's address waits for it; a
/// guess that is compared with its neighbours lets the processor go on meanwhile. Asked only while
/// two writes in a row have met the same leaf, so that keys in no order pay one comparison a node.
///
/// A guess may be wrong in any way, and be one of another node: it is believed only as far as the
/// heads agree. Thread safety: one thread at a time. Source: finger searches, Guibas et al., STOC
/// 1977; here the path is kept as positions, since no address outlives its epoch.
class Finger {
 public:
  /// A write has come to this leaf: its address or id. The finger itself only compares it.
  void Arrive(uint64_t leaf) {
    near_ = leaf == leaf_;
    leaf_ = leaf;
  }

  /// Whether the last two writes met the same leaf, and which one that was.
  bool near() const { return near_; }
  uint64_t leaf() const { return leaf_; }

  /// As UpperBound of the search policy.
  template <class Search, class Heads>
  [[gnu::always_inline]] uint32_t UpperBound(const Heads& node, Head key, uint32_t level) {
    if (!near_) [[likely]]
      return Search::UpperBound(node, key);
    uint32_t& guess = positions_[level % positions_.size()];
    uint32_t upper = guess;
    const uint32_t end = std::min(upper + kSteps, node.count);
    while (upper < end && node.heads[upper] <= key) ++upper;
    const bool right = upper > 0 && upper <= node.count && node.heads[upper - 1] <= key &&
                       (upper == node.count || node.heads[upper] > key);
    return guess = right ? upper : Search::UpperBound(node, key);
  }

 private:
  /// Records between two keys of a thread: those of other threads.
  static constexpr uint32_t kSteps = 4;

  uint64_t leaf_ = 0;
  bool near_ = false;
  std::array<uint32_t, 8> positions_{};  // by level; levels further up share them
};

/// UpperBound of the search policy; near the last write's where there is a finger.
template <class Search, class Heads>
[[gnu::always_inline]] inline uint32_t UpperBoundNear(Finger* finger, const Heads& node, Head key,
                                                      uint32_t level) {
  if (finger == nullptr) return Search::UpperBound(node, key);
  return finger->UpperBound<Search>(node, key, level);
}

}  // namespace bwlab
