#pragma once

// Batched point reads. Included by bw_tree.h.

#include <algorithm>
#include <array>

#include "bwlab/base/test_hooks.h"
#include "bwlab/bwtree/bw_tree.h"

namespace bwlab {

/// Descends for a group of keys at a time, one level for all of them before the next: a node's
/// lines are asked for as soon as its word is known, and arrive while the other descents take their
/// step.
template <TreeTraits Traits>
std::size_t BwTree<Traits>::MultiGet(SessionState& state, std::span<const Key> keys,
                                     std::span<OwnedValue> values,
                                     std::span<OpResult> results) const {
  BWLAB_ASSERT(values.size() == keys.size() && results.size() == keys.size());
  struct Descent {
    std::size_t at;  // among the keys
    Probe key;
    PageId next;
    Node node;
  };
  std::array<Descent, kMultiGetGroup> group;
  std::size_t found = 0;
  const Pin pin(state);
  for (std::size_t first = 0; first < keys.size(); first += kMultiGetGroup) {
    const std::size_t group_size = std::min<std::size_t>(kMultiGetGroup, keys.size() - first);
    const Node root = ReadRoot();
    for (std::size_t i = 0; i < group_size; ++i) {
      group[i] = {first + i, R::Key::ToProbe(keys[first + i]), kNoPage, root};
    }
    for (std::size_t open = group_size; open > 0;) {
      // Where the records lie in a leaf is a second miss; ask for all of them first. Inner nodes
      // are mostly in cache.
      if (group[0].node.is_leaf()) {
        for (std::size_t i = 0; i < open; ++i) group[i].node.PrefetchRecords(group[i].key);
      }
      std::size_t left = 0;
      for (std::size_t i = 0; i < open; ++i) {
        Descent& descent = group[i];
        if (descent.node.IsBeyond(descent.key)) [[unlikely]] {
          descent.next = descent.node.right();
        } else if (!descent.node.is_leaf()) {
          descent.next = ChildFor(descent.node, descent.key, state.stats);
        } else {
          Payload payload;
          const bool present = descent.node.Find(descent.key, &payload, state.stats);
          OpResult& result = results[BWLAB_MUTANT(MultiGetForgetsPlaces) ? first + i : descent.at];
          result = OpResult::kNotFound;
          if (present) {
            const bool stored =
                R::Value::Assign(&values[descent.at], R::Value::FromPayload(payload));
            result = stored ? OpResult::kOk : OpResult::kOutOfMemory;
            found += stored ? 1 : 0;
          }
          continue;
        }
        table_.Prefetch(descent.next);
        // Not onto itself: read back whole, it would wait for what was just stored into it.
        if (left != i) group[left] = descent;
        ++left;
      }
      for (std::size_t i = 0; i < left; ++i) group[i].node = Read(group[i].next);
      open = left;
    }
  }
  return found;
}

}  // namespace bwlab
