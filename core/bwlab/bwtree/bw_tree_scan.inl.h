#pragma once

// Range scans. Included by bw_tree.h.

#include <algorithm>

#include "bwlab/bwtree/bw_tree.h"

namespace bwlab {

template <TreeTraits Traits>
template <class Visitor>
std::size_t BwTree<Traits>::Scan(SessionState& state, Key first, std::size_t limit,
                                 Visitor&& visit) const {
  if (limit == 0) return 0;
  const Pin pin(state);
  std::size_t visited = 0;
  // Returns false when the scan is over.
  const auto emit = [&](Head head, uint64_t value) {
    ++visited;
    return visit(KeyOf(head), value) && visited < limit;
  };
  Head from = HeadOf(first);
  Snapshot leaf = FindNode(from, 0);
  for (;;) {
    const PackedPage& page = leaf.page();
    const PageId right = page.right();
    // Read the sibling's word early so that its lines arrive meanwhile; it is read again when it is
    // its turn.
    if (right != kNoPage) (void)Read(right);

    const SortedDeltas deltas(page, leaf.word.members(), from);
    uint32_t at = from <= page.low() ? 0 : Search::UpperBound(page.sorted(), from);
    if (at > 0 && page.heads()[at - 1] == from) --at;
    if (!VisitMerged(page, deltas, at, emit)) return visited;
    if (right == kNoPage) return visited;
    from = page.high();
    leaf = Read(right);
  }
}

}  // namespace bwlab
