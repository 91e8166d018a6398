#pragma once

// Descent and point reads. Included by bw_tree.h.

#include "bwlab/base/test_hooks.h"
#include "bwlab/bwtree/bw_tree.h"

namespace bwlab {

template <TreeTraits Traits>
inline typename BwTree<Traits>::Node BwTree<Traits>::Read(PageId id) const {
  const Node node(id, table_.Load(id));
  BWLAB_POINT(NodeRead);
  node.Prefetch();
  return node;
}

/// The root as its word is now; `*root`, where wanted, gets the value of root_ that led there.
template <TreeTraits Traits>
typename BwTree<Traits>::Node BwTree<Traits>::ReadRoot(uint64_t* root) const {
  // (G1) acquire: pairs with (G2), so that the new root's word is there.
  const uint64_t value = root_.load(std::memory_order_acquire);
  if (root != nullptr) *root = value;
  return Read(static_cast<PageId>(value));
}

/// The child by which a reader reaches `key`. A child with an intent may have been absorbed
/// already, and its frozen page be stale: the reader goes to the one before it, and right from
/// there as long as it is still a node of its own. (The first child has no intent, neighbours never
/// have one both: I9. The child begins at its separator: I4, L1.)
template <TreeTraits Traits>
[[gnu::always_inline]] inline PageId BwTree<Traits>::ChildFor(const Node& inner, const Probe& key,
                                                              Stats& stats, uint32_t* at) const {
  const IndexTerm term = inner.TermFor(key, stats, nullptr, nullptr, at);
  if (term.has_intent() && !BWLAB_MUTANT(IntentIgnoredByReaders)) [[unlikely]]
    return inner.TermBefore(Read(term.child()).low()).child();
  return term.child();
}

/// The node of `level` whose range holds `key`. Steps over splits whose separator is not posted
/// yet; helps nobody. The root must not be below `level`.
template <TreeTraits Traits>
typename BwTree<Traits>::Node BwTree<Traits>::FindNode(Probe key, uint32_t level,
                                                       Stats& stats) const {
  Node node = ReadRoot();
  for (;;) {
    if (node.IsBeyond(key) && !BWLAB_MUTANT(UnpostedSplitNotStepped)) [[unlikely]] {
      node = Read(node.right());
    } else if (node.level() == level) {
      return node;
    } else {
      // The lines of inner nodes are mostly in cache, those of a leaf are not: they are asked for
      // before its header has told where they are.
      uint32_t at = 0;
      const Node parent = node;
      node = Read(ChildFor(parent, key, stats, &at));
      if (parent.level() == 1) node.PrefetchEstimate(parent.ShareBelow(at, key));
    }
  }
}

template <TreeTraits Traits>
template <class F>
OpResult BwTree<Traits>::Get(SessionState& state, const Key& key, F&& take) {
  const Pin pin(state);
  const Probe probe = R::Key::ToProbe(key);
  const Node leaf = FindNode(probe, 0, state.stats);
  Payload payload;
  const bool present = leaf.Find(probe, &payload, state.stats);
  if (present) take(R::Value::FromPayload(payload));
  if constexpr (Consolidation::kAdvises) {
    FollowAdvice(state, leaf.id(), probe, state.consolidation.AfterRead(leaf.delta_count()));
  }
  return present ? OpResult::kOk : OpResult::kNotFound;
}

}  // namespace bwlab
