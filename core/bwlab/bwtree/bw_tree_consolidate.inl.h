#pragma once

// Consolidation, and the splits that it ends in. Included by bw_tree.h.

#include <algorithm>

#include "bwlab/bwtree/bw_tree.h"

namespace bwlab {

/// How many of the plan's records the left half of a split keeps. At the right edge of the tree,
/// where keys arrive in ascending order, nine tenths: the left half will not be written again.
template <TreeTraits Traits>
uint32_t BwTree<Traits>::LeftShareOfSplit(const PackedPage& page, const MergePlan& plan) const {
  const bool ascending = page.right() == kNoPage && plan.AppendsOnly();
  if (!ascending) return plan.count() / 2;
  return std::min(plan.count() * 9 / 10, capacity(page.level()));
}

/// Replaces a node's page by a new base node with its deltas, and `extra` if there is one, merged
/// in; by two if they do not fit in one: the CAS that installs the left half publishes the split
/// (PROTOCOL.md, S1-S3). `extra` takes effect with that CAS. Source: Levandoski et al., ICDE 2013,
/// sections III-B and IV-A. Differs: a split is a consolidation with two outcomes, not a delta.
template <TreeTraits Traits>
typename BwTree<Traits>::Attempt BwTree<Traits>::Consolidate(SessionState& state,
                                                             const Snapshot& node,
                                                             const Delta* extra) {
  PackedPage& old = node.page();
  SortedDeltas deltas(old, node.word.members());
  if (extra != nullptr) deltas.Supersede(*extra);
  const MergePlan plan = MergePlan::Make<Search>(old, deltas);

  const bool split = plan.count() > capacity(old.level());
  const uint32_t left_count = split ? LeftShareOfSplit(old, plan) : plan.count();
  PackedPage* left = NewPage(state, old.level(), left_count);
  if (left == nullptr) return Attempt::kOutOfMemory;
  PackedPage* right = nullptr;
  PageId right_id = kNoPage;
  if (split) {
    right = NewPage(state, old.level(), plan.count() - left_count);
    right_id = right == nullptr ? kNoPage : TakeId(state);
    if (right_id == kNoPage) {
      FreePage(state, left);
      if (right == nullptr) return Attempt::kOutOfMemory;
      FreePage(state, right);
      return Attempt::kOutOfPageIds;
    }
  }

  RecordSink sink(left, right);
  plan.WriteTo(sink);
  if (split) {
    const Head separator = right->heads()[0];
    right->Seal(separator, old.high(), old.right());
    left->Seal(old.low(), separator, right_id);
    table_.Install(right_id, PackedWord(right, 0).raw());
  } else {
    left->Seal(old.low(), old.high(), old.right());
  }

  uint64_t expected = node.word.raw();
  if (!table_.CompareExchange(node.id, expected, PackedWord(left, 0).raw())) {
    state.stats.Add(TreeEvent::kCasLost);
    FreePage(state, left);
    if (split) FreeUnpublished(state, right_id, right);
    return Attempt::kLost;
  }

  state.stats.Add(old.is_leaf() ? TreeEvent::kLeafConsolidation : TreeEvent::kInnerConsolidation);
  state.stats.Add(TreeEvent::kDeltaConsolidated, deltas.size());
  if (split) {
    state.stats.Add(old.is_leaf() ? TreeEvent::kLeafSplit : TreeEvent::kInnerSplit);
    // Without memory the separator stays unposted: readers step over the split, and the next writer
    // posts it.
    (void)PostSeparator(state, node.id, left->high(), right_id, old.level() + 1);
  }
  RetirePage(state, &old);
  return Attempt::kDone;
}

}  // namespace bwlab
