#pragma once

// Insert, Upsert, Update and Delete: one delta, one CAS. Included by bw_tree.h.

#include "bwlab/bwtree/bw_tree.h"

namespace bwlab {

/// Publishes `delta` in a slot of `node`, dropping the members `superseded` (the older delta of the
/// same key, if any). `slot` is the slot claimed by an earlier attempt on the same page, or
/// kSlotsMax; it stays claimed when the CAS is lost, and `node` then holds the present word.
/// Precondition: a slot is claimed or to be had.
template <TreeTraits Traits>
typename BwTree<Traits>::Attempt BwTree<Traits>::Append(SessionState& state, Snapshot& node,
                                                        const Delta& delta, uint32_t& slot,
                                                        uint32_t superseded) {
  PackedPage& page = node.page();
  page.FillSlot(slot, delta.head, delta.payload, delta.kind);
  const PackedWord published(&page, (node.word.members() & ~superseded) | uint32_t{1} << slot);
  uint64_t expected = node.word.raw();
  if (table_.CompareExchange(node.id, expected, published.raw())) {
    state.stats.Add(TreeEvent::kDeltaPublished);
    return Attempt::kDone;
  }
  state.stats.Add(TreeEvent::kCasLost);
  node.word = PackedWord(expected);
  return Attempt::kLost;
}

template <TreeTraits Traits>
OpResult BwTree<Traits>::Write(SessionState& state, const Delta& delta, Condition condition) {
  const Pin pin(state);
  typename Traits::Backoff backoff({options_.backoff_spins_min, options_.backoff_spins_max});
  for (;;) {
    Snapshot leaf;
    const OpResult found = FindNodeForWrite(state, delta.head, 0, &leaf);
    if (found != OpResult::kOk) return found;
    PackedPage* const page = &leaf.page();
    const uint32_t upper = Search::UpperBound(page->sorted(), delta.head);
    const bool in_base = upper > 0 && page->heads()[upper - 1] == delta.head;
    uint32_t slot = kSlotsMax;
    // As long as the page stays, a lost CAS changed nothing but the members, or marked the node.
    while (&leaf.page() == page && !leaf.word.marked()) {
      const uint32_t older = Search::MatchMembers(page->slot_heads(), page->slot_count(),
                                                  leaf.word.members(), delta.head);
      const bool present = older == 0
                               ? in_base
                               : page->SlotKind(static_cast<uint32_t>(std::countr_zero(older))) !=
                                     DeltaKind::kDelete;
      if (condition == Condition::kAbsent && present) return OpResult::kExists;
      if (condition == Condition::kPresent && !present) return OpResult::kNotFound;

      if (slot == kSlotsMax) slot = page->ClaimSlot();
      const Attempt attempt = slot < page->slot_count() ? Append(state, leaf, delta, slot, older)
                                                        : Consolidate(state, leaf, &delta);
      if (attempt == Attempt::kDone) {
        const int change = (delta.removes() ? 0 : 1) - (present ? 1 : 0);
        // (C3) relaxed: the owner alone writes. Done before the operation returns, so that Size is
        // exact for whoever is ordered after it.
        state.size_delta.store(state.size_delta.load(std::memory_order_relaxed) + change,
                               std::memory_order_relaxed);
        if (delta.removes()) ShrinkAfterDelete(state, leaf.id);
        return OpResult::kOk;
      }
      if (attempt != Attempt::kLost) return FailureOf(attempt);
      backoff.Pause();
      if (slot >= page->slot_count()) leaf = Read(leaf.id);
    }
  }
}

}  // namespace bwlab
