#pragma once

// Merges and the shrinking of the root: steps M1-M5 and R1-R2 of PROTOCOL.md. Included by
// bw_tree.h.

#include <algorithm>
#include <bit>

#include "bwlab/bwtree/bw_tree.h"

namespace bwlab {

/// A quarter of its capacity at most, deltas counted as records.
template <TreeTraits Traits>
bool BwTree<Traits>::IsUnderfull(const Snapshot& node) const {
  const auto deltas = static_cast<uint32_t>(std::popcount(node.word.members()));
  return node.page().count() + deltas <= capacity(node.page().level()) / 4;
}

/// After a delete on a leaf: consolidates it when nothing but tombstones is left, and merges it
/// when it has become underfull. Failures are passed over; a later delete tries again.
template <TreeTraits Traits>
void BwTree<Traits>::ShrinkAfterDelete(SessionState& state, PageId leaf) {
  Snapshot node = Read(leaf);
  const PackedPage& page = node.page();
  if (page.count() > std::max(capacity(0) / 4, page.slot_count()) || node.word.marked()) return;
  if (node.word.members() != 0) {
    uint32_t tombstones = 0;
    uint32_t others = 0;
    ForEachMember(node.word.members(), [&](uint32_t slot) {
      ++(page.SlotKind(slot) == DeltaKind::kDelete ? tombstones : others);
    });
    if (others > 0 || tombstones < page.count()) return;
    if (Consolidate(state, node, nullptr) != Attempt::kDone) return;
    node = Read(leaf);
  }
  if (IsUnderfull(node)) TryMerge(state, node);
}

/// Whether two neighbours are worth merging: together three quarters full at most, so that the next
/// insert does not split them again, or one of them empty.
template <TreeTraits Traits>
bool BwTree<Traits>::MayMerge(const Snapshot& left, const Snapshot& right) const {
  const auto records = [](const Snapshot& node) {
    return node.page().count() + static_cast<uint32_t>(std::popcount(node.word.members()));
  };
  const uint32_t together = records(left) + records(right);
  return together <= capacity(left.page().level()) * 3 / 4 || records(left) == 0 ||
         records(right) == 0;
}

/// Starts the merge of an underfull node with the child before it, or, where it is the first child,
/// of the child behind it with the node itself; then carries it out. Advisory: does nothing where
/// the state of the parent forbids it.
template <TreeTraits Traits>
void BwTree<Traits>::TryMerge(SessionState& state, const Snapshot& node) {
  const Head low = node.page().low();
  const uint32_t parent_level = node.page().level() + 1;
  const NestingCount nesting(state.merge_nesting);
  if (state.merge_nesting > kMergeNestingMax) return;
  for (;;) {
    Snapshot parent;
    if (FindNodeForWrite(state, low, parent_level, &parent) != OpResult::kOk) return;
    // The node's index term with one before it and two behind it, as far as they exist.
    IndexTerm terms[4];
    bool exists[4] = {};
    parent.VisitTerms([&](const IndexTerm& term) {
      if (term.separator < low) {
        terms[0] = term;
        exists[0] = true;
        return true;
      }
      const int at = !exists[1] ? 1 : !exists[2] ? 2 : 3;
      terms[at] = term;
      exists[at] = true;
      return at < 3;
    });
    if (!exists[1] || terms[1].child() != node.id) return;  // not posted, or gone
    const int victim = exists[0] ? 1 : 2;
    if (!exists[victim]) return;  // an only child
    for (int at = victim - 1; at <= victim + 1; ++at) {
      if (exists[at] && terms[at].has_intent()) return;  // I9
    }
    if (!MayMerge(Read(terms[victim - 1].child()), Read(terms[victim].child()))) return;

    // M1: the CAS that places the intent expects the very word in which all this was seen.
    const Delta intent{terms[victim].separator, terms[victim].WithIntent().payload,
                       DeltaKind::kMergeIntent};
    const Attempt attempt = Consolidate(state, parent, &intent);
    if (attempt == Attempt::kLost) continue;
    if (attempt != Attempt::kDone) return;
    // Whoever descends there for writing carries the merge out. Without memory the intent stands
    // until the next writer comes.
    Snapshot helped;
    (void)FindNodeForWrite(state, terms[victim].separator, parent_level - 1, &helped);
    return;
  }
}

/// Carries out the merge of a child with an intent (M2-M5), wherever others have brought it. On
/// return the present state of the parent level holds this intent no more, or `parent` was out of
/// date; or there was no memory.
template <TreeTraits Traits>
OpResult BwTree<Traits>::HelpMerge(SessionState& state, const Snapshot& parent,
                                   const IndexTerm& term) {
  Snapshot victim;
  OpResult result = MarkVictim(state, term.child(), &victim);
  if (result != OpResult::kOk) return result;
  PageId heir = kNoPage;
  result = AbsorbVictim(state, parent, term, victim, &heir);
  if (result != OpResult::kOk || heir == kNoPage) return result;

  // M4: the index term goes. Its disappearance is what ends the merge, so that one thread alone
  // retires the victim.
  const Delta removal{term.separator, 0, DeltaKind::kIndexTermDelete};
  for (;;) {
    // By id and to the right, not by descent: the parent may be a victim itself, and whoever
    // freezes it helps here first. A frozen parent has no intents.
    Snapshot present = Read(parent.id);
    while (present.page().IsBeyond(term.separator)) present = Read(present.page().right());
    if (present.word.marked()) return OpResult::kOk;
    const IndexTerm now = TermFor(present, term.separator);
    if (now.separator != term.separator || now.payload != term.payload) return OpResult::kOk;
    const Attempt attempt = Consolidate(state, present, &removal);
    if (attempt == Attempt::kLost) continue;
    if (attempt != Attempt::kDone) return FailureOf(attempt);
    state.stats.Add(victim.page().is_leaf() ? TreeEvent::kLeafMerge : TreeEvent::kInnerMerge);
    AfterMerge(state, present.id, heir, victim);
    RetireNode(state, victim);  // M5
    return OpResult::kOk;
  }
}

/// M2: freezes the victim. An inner node that itself has a child with an intent is not frozen
/// before that merge is over.
template <TreeTraits Traits>
OpResult BwTree<Traits>::MarkVictim(SessionState& state, PageId victim, Snapshot* marked) {
  for (;;) {
    *marked = Read(victim);
    if (marked->word.marked()) return OpResult::kOk;
    if (!marked->page().is_leaf()) {
      IndexTerm intended{};
      const bool none = marked->VisitTerms([&](const IndexTerm& term) {
        intended = term;
        return !term.has_intent();
      });
      if (!none) {
        const OpResult helped = HelpMerge(state, *marked, intended);
        if (helped != OpResult::kOk) return helped;
        continue;
      }
    }
    uint64_t expected = marked->word.raw();
    const PackedWord frozen = marked->word.WithMark();
    if (table_.CompareExchange(victim, expected, frozen.raw())) {
      marked->word = frozen;
      return OpResult::kOk;
    }
    state.stats.Add(TreeEvent::kCasLost);
  }
}

/// M3: the node whose right sibling is the victim takes it in, and becomes the `*heir`, which stays
/// kNoPage where `parent` is out of date.
template <TreeTraits Traits>
OpResult BwTree<Traits>::AbsorbVictim(SessionState& state, const Snapshot& parent,
                                      const IndexTerm& term, const Snapshot& victim, PageId* heir) {
  // From the child before it to the right: unposted splits may lie between.
  Snapshot node = Read(TermFor(parent, term.separator - 1).child());
  for (;;) {
    if (node.word.marked()) return OpResult::kOk;
    const PackedPage& page = node.page();
    if (!page.IsBeyond(term.separator)) break;  // it holds the victim's range: done by somebody
    if (page.right() != victim.id) {
      node = Read(page.right());
      continue;
    }
    const Attempt attempt = Absorb(state, node, victim);
    if (attempt == Attempt::kDone) break;
    if (attempt != Attempt::kLost) return FailureOf(attempt);
    node = Read(node.id);
  }
  *heir = node.id;
  return OpResult::kOk;
}

/// What a finished merge may make possible: the parent has become underfull or a root with an only
/// child, and where inner nodes were merged, the children on both sides of the seam have got a
/// common parent.
template <TreeTraits Traits>
void BwTree<Traits>::AfterMerge(SessionState& state, PageId parent, PageId heir,
                                const Snapshot& victim) {
  const auto merge_if_underfull = [&](PageId id) {
    const Snapshot node = Read(id);
    if (!node.word.marked() && IsUnderfull(node)) TryMerge(state, node);
  };
  if (!victim.page().is_leaf()) {
    const Head seam = victim.page().low();
    merge_if_underfull(TermFor(Read(heir), seam - 1).child());
    merge_if_underfull(TermFor(victim, seam).child());
  }
  TryShrinkRoot(state);
  merge_if_underfull(parent);
}

/// R1: marks a root that has an only child. The root is read again after its word, so that the
/// marked word was the root's: a page that has grown a parent would wait for a merge that nobody
/// intends.
template <TreeTraits Traits>
void BwTree<Traits>::TryShrinkRoot(SessionState& state) {
  for (;;) {
    uint64_t root_ref;
    const Snapshot root = ReadRoot(&root_ref);
    const PackedPage& page = root.page();
    if (page.is_leaf() || page.right() != kNoPage) return;
    if (page.count() != 1 || root.word.members() != 0) return;
    if (root_.load(std::memory_order_acquire) != root_ref) continue;  // (G1)
    if (!root.word.marked()) {
      uint64_t expected = root.word.raw();
      if (!table_.CompareExchange(root.id, expected, root.word.WithMark().raw())) continue;
    }
    FinishRootShrink(state, root_ref, root);
  }
}

/// R2: the only child becomes the root. Whoever swings it retires the old one.
template <TreeTraits Traits>
void BwTree<Traits>::FinishRootShrink(SessionState& state, uint64_t root_ref,
                                      const Snapshot& root) {
  const auto child = static_cast<PageId>(root.page().payloads()[0]);
  if (!SwingRoot(root_ref, child)) return;
  state.stats.Add(TreeEvent::kRootShrink);
  RetireNode(state, root);
}

}  // namespace bwlab
