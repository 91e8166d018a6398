#pragma once

// Consolidation, and the splits that it ends in. Included by bw_tree.h.

#include <algorithm>

#include "bwlab/bwtree/bw_tree.h"

namespace bwlab {

/// How many records the left half of a split keeps. At the right edge of the tree, where keys
/// arrive in ascending order, nine tenths: the left half will not be written again. An inner node
/// is not cut at a child that has an intent: it would become the first of its node, which cannot be
/// merged to the left (I9).
template <TreeTraits Traits>
uint32_t BwTree<Traits>::LeftShareOfSplit(const MergePlan& plan, const MergePlan* tail) const {
  const PackedPage& page = plan.base();
  const uint32_t count = plan.count() + (tail == nullptr ? 0 : tail->count());
  const bool ascending = page.right() == kNoPage && tail == nullptr && plan.AppendsOnly();
  uint32_t share = ascending ? std::min(count * 9 / 10, capacity(page.level())) : count / 2;
  if (!page.is_leaf()) {
    uint32_t at = 0;
    const auto look = [&](Head separator, uint64_t payload) {
      return at++ != share || !IndexTerm{separator, payload}.has_intent();
    };
    const bool clean = plan.Visit(look) && (tail == nullptr || tail->Visit(look));
    if (!clean) --share;  // the one before has none
  }
  return share;
}

/// Replaces a node's page by a new base node with its deltas, and `extra` if there is one, merged
/// in; by two if they do not fit in one. `extra` takes effect with the CAS that installs the page.
/// Source: Levandoski et al., ICDE 2013, sections III-B and IV-A. Differs: a split is a
/// consolidation with two outcomes, not a delta.
template <TreeTraits Traits>
typename BwTree<Traits>::Attempt BwTree<Traits>::Consolidate(SessionState& state,
                                                             const Snapshot& node,
                                                             const Delta* extra) {
  SortedDeltas deltas(node.page(), node.word.members());
  if (extra != nullptr) deltas.Supersede(*extra);
  const MergePlan plan = MergePlan::Make<Search>(node.page(), deltas);
  return Replace(state, node, plan, nullptr);
}

/// Takes the records and the range of the marked node `right` into `left`, whose right sibling it
/// is (PROTOCOL.md, M3).
template <TreeTraits Traits>
typename BwTree<Traits>::Attempt BwTree<Traits>::Absorb(SessionState& state, const Snapshot& left,
                                                        const Snapshot& right) {
  BWLAB_ASSERT(right.word.marked() && left.page().right() == right.id);
  const SortedDeltas left_deltas(left.page(), left.word.members());
  const SortedDeltas right_deltas(right.page(), right.word.members());
  const MergePlan plan = MergePlan::Make<Search>(left.page(), left_deltas);
  const MergePlan tail = MergePlan::Make<Search>(right.page(), right_deltas);
  return Replace(state, left, plan, &tail);
}

/// Installs the records of `plan`, followed by those of `tail` if there is one, as the node's new
/// page. If they exceed the capacity they go into two: the CAS that installs the left half
/// publishes the split (PROTOCOL.md, S1-S3).
template <TreeTraits Traits>
typename BwTree<Traits>::Attempt BwTree<Traits>::Replace(SessionState& state, const Snapshot& node,
                                                         const MergePlan& plan,
                                                         const MergePlan* tail) {
  PackedPage& old = node.page();
  const PackedPage& last = tail == nullptr ? old : tail->base();
  const uint32_t count = plan.count() + (tail == nullptr ? 0 : tail->count());
  const bool split = count > capacity(old.level());
  const uint32_t left_count = split ? LeftShareOfSplit(plan, tail) : count;
  PackedPage* left = NewPage(state, old.level(), left_count);
  if (left == nullptr) return Attempt::kOutOfMemory;
  PackedPage* right = nullptr;
  PageId right_id = kNoPage;
  if (split) {
    right = NewPage(state, old.level(), count - left_count);
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
  if (tail != nullptr) tail->WriteTo(sink);
  if (split) {
    const Head separator = right->heads()[0];
    right->Seal(separator, last.high(), last.right());
    left->Seal(old.low(), separator, right_id);
    table_.Install(right_id, PackedWord(right, 0).raw());
  } else {
    left->Seal(old.low(), last.high(), last.right());
  }

  uint64_t expected = node.word.raw();
  if (!table_.CompareExchange(node.id, expected, PackedWord(left, 0).raw())) {
    state.stats.Add(TreeEvent::kCasLost);
    FreePage(state, left);
    if (split) FreeUnpublished(state, right_id, right);
    return Attempt::kLost;
  }

  state.stats.Add(old.is_leaf() ? TreeEvent::kLeafConsolidation : TreeEvent::kInnerConsolidation);
  state.stats.Add(TreeEvent::kDeltaConsolidated, plan.delta_count());
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
