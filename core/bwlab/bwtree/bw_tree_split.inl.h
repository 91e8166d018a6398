#pragma once

// The second half of a split, the growth of the root, and the descent of writers, who owe help to
// every structure modification that they meet. Included by bw_tree.h.

#include "bwlab/base/test_hooks.h"
#include "bwlab/bwtree/bw_tree.h"

namespace bwlab {

/// As FindNode, but finishes what it meets on the way (PROTOCOL.md, H1-H3), then starts again:
/// posts separators that are missing, carries out merges that are intended, swings a root that
/// gives way. The node found is not marked.
/// @return kNotFound where the tree is not that high (any more); otherwise kOk or a failure.
template <TreeTraits Traits>
OpResult BwTree<Traits>::FindNodeForWrite(SessionState& state, Probe key, uint32_t level,
                                          Node* found) {
  uint64_t root_ref;
  // Nobody gets its address: it stays in registers then. Stored in parts and read back whole, it
  // would wait for the store buffer.
  Node node = ReadRoot(&root_ref);
  for (;;) {
    if (node.level() < level) [[unlikely]]
      return OpResult::kNotFound;
    OpResult helped = OpResult::kOk;
    if (node.marked()) [[unlikely]] {
      // The root (H3), or a victim that an older word of its parent led to: the present one leads
      // elsewhere.
      const Node copy = node;
      if (node.id() == static_cast<PageId>(root_ref)) FinishRootShrink(state, root_ref, copy);
    } else if (node.IsBeyond(key) && !BWLAB_MUTANT(SplitUnnoticed)) [[unlikely]] {
      state.stats.Add(TreeEvent::kSeparatorHelped);
      helped = PostSeparator(state, node.id(), node.high(), node.right(), node.level() + 1);
    } else if (node.level() == level) {
      *found = node;
      return OpResult::kOk;
    } else {
      uint32_t at = 0;
      const IndexTerm term = node.TermFor(key, state.stats, nullptr, &state.finger, &at);
      if (!term.has_intent() || BWLAB_MUTANT(MergeNotFinished)) [[likely]] {
        const Node parent = node;
        node = Read(term.child());
        if (parent.level() == 1) node.PrefetchForWrite(parent.ShareBelow(at, key));
        continue;
      }
      const Node copy = node;
      helped = HelpMerge(state, copy, term);
    }
    if (helped != OpResult::kOk) return helped;
    node = ReadRoot(&root_ref);
  }
}

/// Makes sure that the parents of `left` lead to `right`, which split off it at `separator`, as
/// long as it stands. Idempotent: whoever meets the split may call it. Recurses at most once a
/// level.
template <TreeTraits Traits>
OpResult BwTree<Traits>::PostSeparator(SessionState& state, PageId left, const Probe& separator,
                                       PageId right, uint32_t parent_level) {
  typename Traits::Backoff backoff(state.backoff);
  const Delta<R> term{separator, Payload(right), DeltaKind::kIndexTermInsert};
  // A marked left node counts as gone: whoever absorbs it inherits the duty.
  const auto split_stands = [&] {
    const Node node = Read(left);
    return !node.marked() && node.right() == right && node.high() == separator;
  };
  for (;;) {
    uint64_t root_ref;
    const Node root = ReadRoot(&root_ref);
    if (root.level() < parent_level) {
      if (!split_stands()) return OpResult::kOk;
      const OpResult grown = GrowRoot(state, root_ref, root);
      if (grown != OpResult::kOk) return grown;
      continue;
    }
    Node parent;
    const OpResult found = FindNodeForWrite(state, separator, parent_level, &parent);
    if (found == OpResult::kNotFound) continue;  // the root has shrunk since
    if (found != OpResult::kOk) return found;
    bool exact;
    const IndexTerm present = parent.TermFor(separator, state.stats, &exact);
    if (exact) {
      // Another child's intent here is a merge that is almost over, whose range has been split at
      // the same key again.
      if (present.child() == right || !present.has_intent()) return OpResult::kOk;
      const OpResult helped = HelpMerge(state, parent, present);
      if (helped != OpResult::kOk) return helped;
      continue;
    }
    // Only now, after the parent's word was read: the split must still stand, or the CAS on that
    // word would post a separator whose page has been merged away since.
    if (!split_stands() && !BWLAB_MUTANT(SplitNotChecked)) return OpResult::kOk;
    BWLAB_POINT(SplitChecked);

    const Attempt attempt = PublishTerm(state, parent, term);
    if (attempt == Attempt::kDone) return OpResult::kOk;
    if (attempt != Attempt::kLost) return FailureOf(attempt);
    backoff.Pause();
  }
}

/// Puts a new root above one that has split, or finishes the shrinking of one that is marked. Does
/// nothing where `root` has no right sibling: somebody else has grown it. `root_ref` is the value
/// of root_ that led to the node.
template <TreeTraits Traits>
OpResult BwTree<Traits>::GrowRoot(SessionState& state, uint64_t root_ref, const Node& root) {
  if (root.marked()) {
    FinishRootShrink(state, root_ref, root);
    return OpResult::kOk;
  }
  if (root.right() == kNoPage) return OpResult::kOk;
  Editor editor = Edit(state);
  Host host(*this, state);
  const uint32_t level = root.level() + 1;
  const Payload terms[] = {Payload(root.id()), Payload(root.right())};
  const uint64_t bytes = Page::RecordBytes(level, R::Key::BytesOf(root.low()), terms[0]) +
                         Page::RecordBytes(level, R::Key::BytesOf(root.high()), terms[1]);
  Page* page = editor.NewPage({level, 2, bytes, root.low(), Probe{}, kNoPage});
  if (page == nullptr) return OpResult::kOutOfMemory;
  const PageId id = host.TakeId();
  if (id == kNoPage) {
    editor.FreePage(page);
    return OpResult::kOutOfPageIds;
  }
  PageFiller<Page> filler(*page);
  filler.Add(root.low(), terms[0]);
  filler.Add(root.high(), terms[1]);
  filler.Finish();
  table_.Install(id, Editor::WordOf(page));
  BWLAB_POINT(RootReady);
  if (SwingRoot(root_ref, id)) {
    state.stats.Add(TreeEvent::kRootGrowth);
  } else {
    editor.FreePage(page);
    host.GiveBackId(id);
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
