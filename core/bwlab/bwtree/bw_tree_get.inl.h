#pragma once

// Descent and point reads. Included by bw_tree.h.

#include "bwlab/bwtree/bw_tree.h"

namespace bwlab {

template <TreeTraits Traits>
typename BwTree<Traits>::Snapshot BwTree<Traits>::Read(PageId id) const {
  const PackedWord word(table_.Load(id));
  // Header, slot heads and the first hints, together: a leaf with 16 slots and 128 records keeps
  // them in five lines.
  PrefetchLines(word.page(), 5);
  return {id, word};
}

/// The root as its word is now; `*root`, where wanted, gets the value of root_ that led there.
template <TreeTraits Traits>
typename BwTree<Traits>::Snapshot BwTree<Traits>::ReadRoot(uint64_t* root) const {
  // (G1) acquire: pairs with (G2), so that the new root's word is there.
  const uint64_t value = root_.load(std::memory_order_acquire);
  if (root != nullptr) *root = value;
  return Read(static_cast<PageId>(value));
}

/// The index term whose child's range holds `head`: that of the greatest separator not above it, in
/// base or slots.
template <TreeTraits Traits>
IndexTerm BwTree<Traits>::TermFor(const Snapshot& inner, Head head) {
  const PackedPage& page = inner.page();
  const uint32_t upper = Search::UpperBound(page.sorted(), head);
  BWLAB_ASSERT(upper > 0);  // I4: the first separator is the low key
  IndexTerm term{page.heads()[upper - 1], page.payloads()[upper - 1]};
  ForEachMember(inner.word.members(), [&](uint32_t slot) {
    const Head separator = page.SlotHead(slot);
    if (separator <= head && separator >= term.separator) {
      term = {separator, page.SlotPayload(slot)};
    }
  });
  return term;
}

/// The child by which a reader reaches `head`. A child with an intent may have been absorbed
/// already, and its frozen page be stale: the reader goes to the one before it, and right from
/// there as long as it is still a node of its own. (The first child has no intent, neighbours never
/// have one both: I9.)
template <TreeTraits Traits>
PageId BwTree<Traits>::ChildFor(const Snapshot& inner, Head head) {
  const IndexTerm term = TermFor(inner, head);
  if (term.has_intent()) [[unlikely]]
    return TermFor(inner, term.separator - 1).child();
  return term.child();
}

/// The node of `level` whose range holds `head`. Steps over splits whose separator is not posted
/// yet; helps nobody. The root must not be below `level`.
template <TreeTraits Traits>
typename BwTree<Traits>::Snapshot BwTree<Traits>::FindNode(Head head, uint32_t level) const {
  Snapshot node = ReadRoot();
  for (;;) {
    const PackedPage& page = node.page();
    if (page.IsBeyond(head)) [[unlikely]] {
      node = Read(page.right());
    } else if (page.level() == level) {
      return node;
    } else {
      node = Read(ChildFor(node, head));
    }
  }
}

template <TreeTraits Traits>
OpResult BwTree<Traits>::Get(SessionState& state, Key key, Value* value) const {
  const Pin pin(state);
  const Head head = HeadOf(key);
  const Snapshot leaf = FindNode(head, 0);
  const PackedPage& page = leaf.page();
  const uint32_t match =
      Search::MatchMembers(page.slot_heads(), page.slot_count(), leaf.word.members(), head);
  if (match != 0) {
    const auto slot = static_cast<uint32_t>(std::countr_zero(match));
    if (page.SlotKind(slot) == DeltaKind::kDelete) return OpResult::kNotFound;
    *value = page.SlotPayload(slot);
    return OpResult::kOk;
  }
  const uint32_t upper = Search::UpperBound(page.sorted(), head);
  if (upper == 0 || page.heads()[upper - 1] != head) return OpResult::kNotFound;
  *value = page.payloads()[upper - 1];
  return OpResult::kOk;
}

}  // namespace bwlab
