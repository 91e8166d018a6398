#pragma once

// Changes of nodes that may end in a split. How a node changes is the delta layout's business; that
// the parent learns of a split is the tree's. Included by bw_tree.h.

#include "bwlab/base/test_hooks.h"
#include "bwlab/bwtree/bw_tree.h"

namespace bwlab {

/// Writes a new base node with the deltas of `node`, and `extra` if there is one, merged in.
template <TreeTraits Traits>
Attempt BwTree<Traits>::Consolidate(SessionState& state, const Node& node, const Delta<R>* extra) {
  Split<R> split;
  const Attempt attempt = Edit(state).Consolidate(node, extra, &split);
  AfterSplit(state, node, split);
  return attempt;
}

/// Takes the records and the range of the marked node `right` into `left`, whose right sibling it
/// is (PROTOCOL.md, M3).
template <TreeTraits Traits>
Attempt BwTree<Traits>::Absorb(SessionState& state, const Node& left, const Node& right) {
  Split<R> split;
  const Attempt attempt = Edit(state).Absorb(left, right, &split);
  AfterSplit(state, left, split);
  return attempt;
}

/// Changes the index terms of a parent.
template <TreeTraits Traits>
Attempt BwTree<Traits>::PublishTerm(SessionState& state, Node& parent, const Delta<R>& term) {
  Split<R> split;
  const Attempt attempt = Edit(state).PublishTerm(parent, term, &split);
  AfterSplit(state, parent, split);
  return attempt;
}

/// S3. Without memory the separator stays unposted: readers step over the split, and the next
/// writer posts it.
template <TreeTraits Traits>
void BwTree<Traits>::AfterSplit(SessionState& state, const Node& node, const Split<R>& split) {
  if (!split.happened()) return;
  BWLAB_POINT(SplitUnposted);
  (void)PostSeparator(state, node.id(), split.separator, split.right, node.level() + 1);
}

/// What the consolidation policy wants done with a leaf that `key` led to. Advisory: failures and
/// lost races are passed over, the next operation is asked again.
template <TreeTraits Traits>
void BwTree<Traits>::FollowAdvice(SessionState& state, PageId leaf, const Probe& key,
                                  ConsolidationAdvice advice) {
  if (advice == ConsolidationAdvice::kNone) [[likely]]
    return;
  if constexpr (kHasWorkers) {
    if (advice == ConsolidationAdvice::kLater) {
      state.stats.Add(workers_.Offer(OwnedProbe(key)) ? TreeEvent::kConsolidationReported
                                                      : TreeEvent::kReportRefused);
      return;
    }
  }
  const Node node = Read(leaf);
  if (node.marked() || node.delta_count() == 0) return;
  if (Consolidate(state, node, nullptr) == Attempt::kDone) {
    state.stats.Add(TreeEvent::kAdvisedConsolidation);
  }
}

template <TreeTraits Traits>
void BwTree<Traits>::StartWorkers() {
  if constexpr (kHasWorkers) workers_.Start([this] { ConsolidateReported(); });
}

/// On a worker: consolidates the leaves that were reported, until there are no more. The leaf is
/// looked for by key: whatever holds the key now is there to be consolidated.
template <TreeTraits Traits>
void BwTree<Traits>::ConsolidateReported() {
  if constexpr (kHasWorkers) {
    Result<Session> session = OpenSession();
    if (!session.ok()) return;
    SessionState& state = *session.value().state_;
    OwnedProbe key{};
    while (workers_.Take(&key)) {
      const Pin pin(state);
      const Node leaf = FindNode(key, 0, state.stats);
      if (leaf.delta_count() < options_.consolidation_deltas_min) continue;
      FollowAdvice(state, leaf.id(), key, ConsolidationAdvice::kNow);
    }
  }
}

}  // namespace bwlab
