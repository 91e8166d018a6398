#pragma once

// The second half of a split, the growth of the root, and the help that a writer owes to both.
// Included by bw_tree.h.

#include "bwlab/bwtree/bw_tree.h"

namespace bwlab {

/// As FindNode, but posts every separator that it finds missing on the way, then starts again.
template <TreeTraits Traits>
OpResult BwTree<Traits>::FindNodeForWrite(SessionState& state, Head head, uint32_t level,
                                          Snapshot* node) {
  *node = Read(root_.load(std::memory_order_acquire));  // (G1)
  for (;;) {
    const PackedPage& page = node->page();
    if (page.IsBeyond(head)) [[unlikely]] {
      state.stats.Add(TreeEvent::kSeparatorHelped);
      const OpResult posted =
          PostSeparator(state, node->id, page.high(), page.right(), page.level() + 1);
      if (posted != OpResult::kOk) return posted;
      *node = Read(root_.load(std::memory_order_acquire));  // (G1)
    } else if (page.level() == level) {
      return OpResult::kOk;
    } else {
      *node = Read(ChildFor(*node, head));
    }
  }
}

/// Makes sure that the parents of `left` lead to `right`, which split off it at `separator`.
/// Idempotent: whoever meets the split may call it. Recurses at most once a level.
template <TreeTraits Traits>
OpResult BwTree<Traits>::PostSeparator(SessionState& state, PageId left, Head separator,
                                       PageId right, uint32_t parent_level) {
  typename Traits::Backoff backoff({options_.backoff_spins_min, options_.backoff_spins_max});
  const Delta term{separator, right, DeltaKind::kIndexTermInsert};
  for (;;) {
    const Snapshot root = Read(root_.load(std::memory_order_acquire));  // (G1)
    if (root.page().level() < parent_level) {
      const OpResult grown = GrowRoot(state, root);
      if (grown != OpResult::kOk) return grown;
      continue;
    }
    Snapshot parent;
    const OpResult found = FindNodeForWrite(state, separator, parent_level, &parent);
    if (found != OpResult::kOk) return found;
    PackedPage& page = parent.page();
    const uint32_t upper = Search::UpperBound(page.sorted(), separator);
    const bool posted = page.heads()[upper - 1] == separator ||
                        Search::MatchMembers(page.slot_heads(), page.slot_count(),
                                             parent.word.members(), separator) != 0;
    if (posted) return OpResult::kOk;
    // Only now, after the parent's word was read: the split must still be there, or the CAS on that
    // word would post a separator whose page has been merged away since.
    const PackedPage& split = Read(left).page();
    if (split.right() != right || split.high() != separator) return OpResult::kOk;

    uint32_t slot = page.ClaimSlot();
    const Attempt attempt = slot < page.slot_count() ? Append(state, parent, term, slot, 0)
                                                     : Consolidate(state, parent, &term);
    if (attempt == Attempt::kDone) return OpResult::kOk;
    if (attempt != Attempt::kLost) return FailureOf(attempt);
    backoff.Pause();
  }
}

/// Puts a new root above one that has split. Does nothing where `root` has no right sibling:
/// somebody else has grown it.
template <TreeTraits Traits>
OpResult BwTree<Traits>::GrowRoot(SessionState& state, const Snapshot& root) {
  const PackedPage& old = root.page();
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
  PageId expected = root.id;
  // (G2) release: pairs with (G1).
  if (root_.compare_exchange_strong(expected, id, std::memory_order_acq_rel,
                                    std::memory_order_relaxed)) {
    state.stats.Add(TreeEvent::kRootGrowth);
  } else {
    FreeUnpublished(state, id, page);
  }
  return OpResult::kOk;
}

}  // namespace bwlab
