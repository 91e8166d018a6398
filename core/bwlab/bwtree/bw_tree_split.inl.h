#pragma once

// The second half of a split, the growth of the root, and the descent of writers, who owe help to
// every structure modification that they meet. Included by bw_tree.h.

#include "bwlab/bwtree/bw_tree.h"

namespace bwlab {

/// As FindNode, but finishes what it meets on the way (PROTOCOL.md, H1-H3), then starts again:
/// posts separators that are missing, carries out merges that are intended, swings a root that
/// gives way. The node found is not marked.
/// @return kNotFound where the tree is not that high (any more); otherwise kOk or a failure.
template <TreeTraits Traits>
OpResult BwTree<Traits>::FindNodeForWrite(SessionState& state, Head head, uint32_t level,
                                          Snapshot* node) {
  uint64_t root_ref;
  *node = ReadRoot(&root_ref);
  for (;;) {
    const PackedPage& page = node->page();
    if (page.level() < level) [[unlikely]]
      return OpResult::kNotFound;
    OpResult helped = OpResult::kOk;
    if (node->word.marked()) [[unlikely]] {
      // The root (H3), or a victim that an older word of its parent led to: the present one leads
      // elsewhere.
      if (node->id == static_cast<PageId>(root_ref)) FinishRootShrink(state, root_ref, *node);
    } else if (page.IsBeyond(head)) [[unlikely]] {
      state.stats.Add(TreeEvent::kSeparatorHelped);
      helped = PostSeparator(state, node->id, page.high(), page.right(), page.level() + 1);
    } else if (page.level() == level) {
      return OpResult::kOk;
    } else {
      const IndexTerm term = TermFor(*node, head);
      if (!term.has_intent()) [[likely]] {
        *node = Read(term.child());
        continue;
      }
      helped = HelpMerge(state, *node, term);
    }
    if (helped != OpResult::kOk) return helped;
    *node = ReadRoot(&root_ref);
  }
}

/// Makes sure that the parents of `left` lead to `right`, which split off it at `separator`, as
/// long as it stands. Idempotent: whoever meets the split may call it. Recurses at most once a
/// level.
template <TreeTraits Traits>
OpResult BwTree<Traits>::PostSeparator(SessionState& state, PageId left, Head separator,
                                       PageId right, uint32_t parent_level) {
  typename Traits::Backoff backoff({options_.backoff_spins_min, options_.backoff_spins_max});
  const Delta term{separator, right, DeltaKind::kIndexTermInsert};
  // A marked left node counts as gone: whoever absorbs it inherits the duty.
  const auto split_stands = [&] {
    const Snapshot node = Read(left);
    return !node.word.marked() && node.page().right() == right && node.page().high() == separator;
  };
  for (;;) {
    uint64_t root_ref;
    const Snapshot root = ReadRoot(&root_ref);
    if (root.page().level() < parent_level) {
      if (!split_stands()) return OpResult::kOk;
      const OpResult grown = GrowRoot(state, root_ref, root);
      if (grown != OpResult::kOk) return grown;
      continue;
    }
    Snapshot parent;
    const OpResult found = FindNodeForWrite(state, separator, parent_level, &parent);
    if (found == OpResult::kNotFound) continue;  // the root has shrunk since
    if (found != OpResult::kOk) return found;
    const IndexTerm present = TermFor(parent, separator);
    if (present.separator == separator) {
      // Another child's intent here is a merge that is almost over, whose range has been split at
      // the same key again.
      if (present.child() == right || !present.has_intent()) return OpResult::kOk;
      const OpResult helped = HelpMerge(state, parent, present);
      if (helped != OpResult::kOk) return helped;
      continue;
    }
    // Only now, after the parent's word was read: the split must still stand, or the CAS on that
    // word would post a separator whose page has been merged away since.
    if (!split_stands()) return OpResult::kOk;

    uint32_t slot = parent.page().ClaimSlot();
    const Attempt attempt = slot < parent.page().slot_count() ? Append(state, parent, term, slot, 0)
                                                              : Consolidate(state, parent, &term);
    if (attempt == Attempt::kDone) return OpResult::kOk;
    if (attempt != Attempt::kLost) return FailureOf(attempt);
    backoff.Pause();
  }
}

/// Puts a new root above one that has split, or finishes the shrinking of one that is marked. Does
/// nothing where `root` has no right sibling: somebody else has grown it. `root_ref` is the value
/// of root_ that led to the snapshot.
template <TreeTraits Traits>
OpResult BwTree<Traits>::GrowRoot(SessionState& state, uint64_t root_ref, const Snapshot& root) {
  const PackedPage& old = root.page();
  if (root.word.marked()) {
    FinishRootShrink(state, root_ref, root);
    return OpResult::kOk;
  }
  if (old.right() == kNoPage) return OpResult::kOk;
  PackedPage* page = NewPage(state, old.level() + 1, 2);
  if (page == nullptr) return OpResult::kOutOfMemory;
  const PageId id = TakeId(state);
  if (id == kNoPage) {
    FreePage(state, page);
    return OpResult::kOutOfPageIds;
  }
  page->mutable_heads()[0] = old.low();
  page->mutable_payloads()[0] = root.id;
  page->mutable_heads()[1] = old.high();
  page->mutable_payloads()[1] = old.right();
  page->Seal(old.low(), kHeadMax, kNoPage);
  table_.Install(id, PackedWord(page, 0).raw());
  if (SwingRoot(root_ref, id)) {
    state.stats.Add(TreeEvent::kRootGrowth);
  } else {
    FreeUnpublished(state, id, page);
  }
  return OpResult::kOk;
}

/// Makes `id` the root if root_ still is `root_ref`.
template <TreeTraits Traits>
bool BwTree<Traits>::SwingRoot(uint64_t root_ref, PageId id) {
  const uint64_t next = ((root_ref >> 32) + 1) << 32 | id;
  // (G2) release: pairs with (G1).
  return root_.compare_exchange_strong(root_ref, next, std::memory_order_acq_rel,
                                       std::memory_order_relaxed);
}

}  // namespace bwlab
