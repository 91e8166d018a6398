#pragma once

// Merges and the shrinking of the root: steps M1-M5 and R1-R2 of PROTOCOL.md. Included by
// bw_tree.h.

#include <algorithm>

#include "bwlab/base/test_hooks.h"
#include "bwlab/bwtree/bw_tree.h"

namespace bwlab {

/// A leaf without records, an inner node whose first child is its only one.
template <TreeTraits Traits>
bool BwTree<Traits>::IsEmpty(const Node& node) {
  return node.records_at_most() <= (node.is_leaf() ? 0u : 1u);
}

/// A quarter of its capacity at most, deltas counted as records, and of the bytes of a page. What
/// is empty is underfull whatever its bytes: range and room for deltas may be most of them.
template <TreeTraits Traits>
bool BwTree<Traits>::IsUnderfull(const Node& node) const {
  if (node.records_at_most() > options_.capacity(node.level()) / 4) return false;
  return R::kWords || IsEmpty(node) || node.bytes() <= options_.page_bytes_max / 4;
}

/// After a delete on a leaf: consolidates it when nothing but tombstones is left (where records
/// take bytes of their own, already when half of it is tombstones: the dead records are most of its
/// memory), and merges it when it has become underfull. Failures are passed over; a later delete
/// tries again.
template <TreeTraits Traits>
void BwTree<Traits>::ShrinkAfterDelete(SessionState& state, PageId leaf) {
  Node node = Read(leaf);
  if (node.marked()) return;
  if (node.base_count() > std::max(options_.leaf_capacity / 4, options_.leaf_chain_length)) return;
  if (node.delta_count() != 0) {
    uint32_t tombstones = 0;
    const bool only_tombstones = node.VisitDeltas([&](const PageDelta<R>& delta) {
      ++tombstones;
      return delta.removes;
    });
    if (!only_tombstones || tombstones * (R::kWords ? 1 : 2) < node.base_count()) return;
    if (Consolidate(state, node, nullptr) != Attempt::kDone) return;
    node = Read(leaf);
  }
  if (IsUnderfull(node)) TryMerge(state, node);
}

/// Bytes that count where nodes are split: of entire keys, whatever the page leaves out.
template <TreeTraits Traits>
uint64_t BwTree<Traits>::EntireBytes(const Node& node) {
  return node.bytes() + uint64_t{node.records_at_most()} * node.prefix().size();
}

/// Whether two neighbours are worth merging: together three quarters full at most, so that the next
/// insert does not split them again, or one of them empty.
template <TreeTraits Traits>
bool BwTree<Traits>::MayMerge(const Node& left, const Node& right) const {
  if (left.records_at_most() == 0 || right.records_at_most() == 0) return true;
  if (left.records_at_most() + right.records_at_most() > options_.capacity(left.level()) * 3 / 4) {
    return false;
  }
  return R::kWords || IsEmpty(left) || IsEmpty(right) ||
         EntireBytes(left) + EntireBytes(right) <= options_.page_bytes_max / 4 * 3;
}

/// Starts the merge of an underfull node with the child before it, or, where it is the first child,
/// of the child behind it with the node itself; then carries it out. Advisory: does nothing where
/// the state of the parent forbids it.
template <TreeTraits Traits>
void BwTree<Traits>::TryMerge(SessionState& state, const Node& node) {
  const Probe low = node.low();
  const uint32_t parent_level = node.level() + 1;
  const NestingCount nesting(state.merge_nesting);
  if (state.merge_nesting > kMergeNestingMax) return;
  for (;;) {
    Node parent;
    if (FindNodeForWrite(state, low, parent_level, &parent) != OpResult::kOk) return;
    // The node's index term with one before it and two behind it, as far as they exist.
    const auto low_in_parent = parent.InPage(low);
    IndexTerm terms[4];
    bool exists[4] = {};
    parent.Visit([&](const Record<R>& record) {
      const IndexTerm term{R::Value::TermOf(record.payload)};
      if (record.key < low_in_parent) {
        terms[0] = term;
        exists[0] = true;
        return true;
      }
      const int at = !exists[1] ? 1 : !exists[2] ? 2 : 3;
      terms[at] = term;
      exists[at] = true;
      return at < 3;
    });
    if (!exists[1] || terms[1].child() != node.id()) return;  // not posted, or gone
    const int victim = exists[0] && !BWLAB_MUTANT(SecondChildMerged) ? 1 : 2;
    if (!exists[victim]) {
      // An only child gets a neighbour when its parent is merged.
      if (IsUnderfull(parent)) TryMerge(state, parent);
      return;
    }
    for (int at = victim - 1; at <= victim + 1; ++at) {
      if (exists[at] && terms[at].has_intent() && !BWLAB_MUTANT(NeighboursIntended)) return;  // I9
    }
    const Node right = Read(terms[victim].child());
    if (!MayMerge(Read(terms[victim - 1].child()), right)) return;

    // M1: the CAS that places the intent expects the very word in which all this was seen. The
    // victim begins at its separator (I4), wherever it ends by now (L1).
    const Delta<R> intent{right.low(), Payload(terms[victim].WithIntent().word),
                          DeltaKind::kMergeIntent};
    const Attempt attempt = PublishTerm(state, parent, intent);
    if (attempt == Attempt::kLost) continue;
    if (attempt != Attempt::kDone) return;
    BWLAB_POINT(IntentPlaced);
    // Whoever descends there for writing carries the merge out. Without memory the intent stands
    // until the next writer comes.
    Node helped;
    (void)FindNodeForWrite(state, right.low(), parent_level - 1, &helped);
    return;
  }
}

/// Carries out the merge of a child with an intent (M2-M5), wherever others have brought it. On
/// return the present state of the parent level holds this intent no more, or `parent` was out of
/// date; or there was no memory.
template <TreeTraits Traits>
OpResult BwTree<Traits>::HelpMerge(SessionState& state, const Node& parent, const IndexTerm& term) {
  Node victim;
  OpResult result = MarkVictim(state, term.child(), &victim);
  if (result != OpResult::kOk) return result;
  BWLAB_POINT(VictimMarked);
  PageId heir = kNoPage;
  result = AbsorbVictim(state, parent, victim, &heir);
  if (result != OpResult::kOk || heir == kNoPage) return result;
  BWLAB_POINT(VictimAbsorbed);

  // M4: the index term goes. Its disappearance is what ends the merge, so that one thread alone
  // retires the victim.
  const Probe separator = victim.low();
  const Delta<R> removal{separator, Payload{}, DeltaKind::kIndexTermDelete};
  for (;;) {
    // By id and to the right, not by descent: the parent may be a victim itself, and whoever
    // freezes it helps here first. A frozen parent has no intents.
    Node present = Read(parent.id());
    while (present.IsBeyond(separator)) present = Read(present.right());
    if (present.marked()) return OpResult::kOk;
    bool exact;
    const IndexTerm now = present.TermFor(separator, state.stats, &exact);
    if (!exact || (now != term && !BWLAB_MUTANT(TermOfOthersRemoved))) return OpResult::kOk;
    const Attempt attempt = PublishTerm(state, present, removal);
    if (attempt == Attempt::kLost) continue;
    if (attempt != Attempt::kDone) return FailureOf(attempt);
    BWLAB_POINT(TermRemoved);
    state.stats.Add(victim.is_leaf() ? TreeEvent::kLeafMerge : TreeEvent::kInnerMerge);
    AfterMerge(state, present.id(), heir, victim);
    Edit(state).RetireNode(victim);  // M5
    return OpResult::kOk;
  }
}

/// M2: freezes the victim. An inner node that itself has a child with an intent is not frozen
/// before that merge is over.
template <TreeTraits Traits>
OpResult BwTree<Traits>::MarkVictim(SessionState& state, PageId victim, Node* marked) {
  for (;;) {
    *marked = Read(victim);
    if (marked->marked() || BWLAB_MUTANT(VictimNotMarked)) return OpResult::kOk;
    if (!marked->is_leaf()) {
      IndexTerm intended;
      const bool none = marked->Visit([&](const Record<R>& record) {
        intended = {R::Value::TermOf(record.payload)};
        return !intended.has_intent();
      });
      if (!none) {
        const OpResult helped = HelpMerge(state, *marked, intended);
        if (helped != OpResult::kOk) return helped;
        continue;
      }
    }
    const Attempt attempt = Edit(state).Mark(*marked);
    if (attempt == Attempt::kDone) return OpResult::kOk;
    if (attempt != Attempt::kLost) return FailureOf(attempt);
  }
}

/// M3: the node whose right sibling is the victim takes it in, and becomes the `*heir`, which stays
/// kNoPage where `parent` is out of date.
template <TreeTraits Traits>
OpResult BwTree<Traits>::AbsorbVictim(SessionState& state, const Node& parent, const Node& victim,
                                      PageId* heir) {
  const Probe separator = victim.low();
  // From the child before it to the right: unposted splits may lie between.
  Node node = Read(parent.TermBefore(separator).child());
  for (;;) {
    if (node.marked()) return OpResult::kOk;
    if (!node.IsBeyond(separator)) break;  // it holds the victim's range: done by somebody
    if (node.right() != victim.id()) {
      node = Read(node.right());
      continue;
    }
    const Attempt attempt = Absorb(state, node, victim);
    if (attempt == Attempt::kDone) break;
    if (attempt != Attempt::kLost) return FailureOf(attempt);
    node = Read(node.id());
  }
  *heir = node.id();
  return OpResult::kOk;
}

/// What a finished merge may make possible: the parent has become underfull or a root with an only
/// child, and where inner nodes were merged, the children on both sides of the seam have got a
/// common parent.
template <TreeTraits Traits>
void BwTree<Traits>::AfterMerge(SessionState& state, PageId parent, PageId heir,
                                const Node& victim) {
  const auto merge_if_underfull = [&](PageId id) {
    const Node node = Read(id);
    if (!node.marked() && IsUnderfull(node)) TryMerge(state, node);
  };
  if (!victim.is_leaf()) {
    const Probe seam = victim.low();
    const Node node = Read(heir);
    // It may have been split again, at the seam of all places.
    if (node.low() < seam) merge_if_underfull(node.TermBefore(seam).child());
    merge_if_underfull(victim.TermFor(seam, state.stats).child());
  }
  TryShrinkRoot(state);
  merge_if_underfull(parent);
}

/// The child of an inner node that has no other; kNoPage where it has.
template <TreeTraits Traits>
PageId BwTree<Traits>::OnlyChild(const Node& inner) {
  PageId child = kNoPage;
  const bool only = inner.Visit([&](const Record<R>& record) {
    const bool first = child == kNoPage;
    child = IndexTerm{R::Value::TermOf(record.payload)}.child();
    return first;
  });
  return only ? child : kNoPage;
}

/// R1: marks a root that has an only child. The root is read again after its word, so that the
/// marked word was the root's: a page that has grown a parent would wait for a merge that nobody
/// intends.
template <TreeTraits Traits>
void BwTree<Traits>::TryShrinkRoot(SessionState& state) {
  for (;;) {
    uint64_t root_ref;
    Node root = ReadRoot(&root_ref);
    if (root.is_leaf() || root.right() != kNoPage || OnlyChild(root) == kNoPage) return;
    if (root_.load(std::memory_order_acquire) != root_ref) continue;  // (G1)
    if (!root.marked()) {
      const Attempt attempt = Edit(state).Mark(root);
      if (attempt == Attempt::kLost) continue;
      if (attempt != Attempt::kDone) return;  // a later merge tries again
    }
    BWLAB_POINT(RootMarked);
    FinishRootShrink(state, root_ref, root);
  }
}

/// R2: the only child becomes the root. Whoever swings it retires the old one.
template <TreeTraits Traits>
void BwTree<Traits>::FinishRootShrink(SessionState& state, uint64_t root_ref, const Node& root) {
  if (!SwingRoot(root_ref, OnlyChild(root))) return;
  state.stats.Add(TreeEvent::kRootShrink);
  Edit(state).RetireNode(root);
}

}  // namespace bwlab
