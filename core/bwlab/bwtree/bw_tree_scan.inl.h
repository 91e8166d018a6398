#pragma once

// Range scans. Included by bw_tree.h.

#include <algorithm>

#include "bwlab/base/test_hooks.h"
#include "bwlab/bwtree/bw_tree.h"

namespace bwlab {

/// A leaf whose records do not change while they are visited.
template <TreeTraits Traits>
template <class Find>
[[gnu::always_inline]] inline typename BwTree<Traits>::Node BwTree<Traits>::FindSettled(
    SessionState& state, Find&& find) {
  for (;;) {
    Node leaf = find();
    if (BWLAB_MUTANT(ScanNotSettled) || Edit(state).Settle(leaf) == Attempt::kDone) [[likely]]
      return leaf;
  }
}

template <TreeTraits Traits>
template <class Visitor>
std::size_t BwTree<Traits>::Scan(SessionState& state, const Key& first, std::size_t limit,
                                 Visitor&& visit) {
  if (limit == 0) return 0;
  const Pin pin(state);
  std::size_t left = limit;
  KeyBuffer<R> keys;
  // Returns false when the scan is over.
  const auto emit = [&](Record<R> record) {
    --left;
    return visit(keys.Join(record.key), R::Value::FromPayload(record.payload)) && left != 0;
  };
  Probe from = R::Key::ToProbe(first);
  Node leaf = FindSettled(state, [&] { return FindNode(from, 0, state.stats); });
  for (;;) {
    const PageId right = leaf.right();
    // Read the sibling's word early so that its lines arrive meanwhile; it is read again when it is
    // its turn.
    if (right != kNoPage) (void)Read(right);
    keys.SetPrefix(leaf.prefix());
    if (!leaf.VisitFrom(from, emit) || right == kNoPage) return limit - left;
    BWLAB_POINT(ScanLeavesLeaf);
    from = leaf.high();
    const PageId next = BWLAB_MUTANT(ScanMixesTwoWords) ? Read(leaf.id()).right() : right;
    leaf = FindSettled(state, [&] { return Read(next); });
  }
}

/// The leaf with the greatest keys below `end`, or of the tree where `end` is null: low < end, and
/// the leaf's range reaches end. As FindNode, it steps over unposted splits and helps nobody.
template <TreeTraits Traits>
typename BwTree<Traits>::Node BwTree<Traits>::FindNodeBefore(const Probe* end) const {
  Node node = ReadRoot();
  for (;;) {
    if (node.right() != kNoPage && (end == nullptr || node.high() < *end) &&
        !(BWLAB_MUTANT(ReverseScanStopsAtSplit) && node.is_leaf())) {
      node = Read(node.right());
    } else if (node.level() == 0) {
      return node;
    } else {
      IndexTerm term = end == nullptr ? node.LastTerm() : node.TermBefore(*end);
      // As in ChildFor.
      if (term.has_intent()) term = node.TermBefore(Read(term.child()).low());
      node = Read(term.child());
    }
  }
}

template <TreeTraits Traits>
template <class Visitor>
std::size_t BwTree<Traits>::ReverseScan(SessionState& state, const Key* first, std::size_t limit,
                                        Visitor&& visit) {
  if (limit == 0) return 0;
  const Pin pin(state);
  std::size_t visited = 0;
  KeyBuffer<R> keys;
  const auto emit = [&](Record<R> record) {
    ++visited;
    return visit(keys.Join(record.key), R::Value::FromPayload(record.payload)) && visited < limit;
  };
  Probe end{};
  bool inclusive = first != nullptr;
  if (inclusive) end = R::Key::ToProbe(*first);
  Node leaf = FindSettled(
      state, [&] { return inclusive ? FindNode(end, 0, state.stats) : FindNodeBefore(nullptr); });
  const Probe* bound = inclusive ? &end : nullptr;
  for (;;) {
    keys.SetPrefix(leaf.prefix());
    if (!leaf.VisitBackward(bound, inclusive, emit)) return visited;
    if (leaf.low() == R::Key::kLeast) return visited;
    end = leaf.low();
    bound = &end;
    inclusive = false;
    BWLAB_POINT(ScanLeavesLeaf);
    leaf = FindSettled(state, [&] { return FindNodeBefore(bound); });
  }
}

}  // namespace bwlab
