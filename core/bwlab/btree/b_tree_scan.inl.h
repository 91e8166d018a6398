#pragma once

// Range scans. Included by b_tree.h.

#include <algorithm>

#include "bwlab/btree/b_tree.h"

namespace bwlab {

/// [first, last) of a leaf, as they were at one time.
template <BTreeTraits Traits>
struct BTree<Traits>::CopiedRecords {
  typename Leaf::View view;
  uint32_t first;
  uint32_t last;

  const Leaf& leaf() const { return view.page(); }
};

/// Copies the records [first, last) = range(view) of the leaf that `choose` leads to. Inlined: a
/// scan of 50 records calls it once or twice.
template <BTreeTraits Traits>
template <class Choose, class Range>
[[gnu::always_inline]] inline typename BTree<Traits>::CopiedRecords BTree<Traits>::CopyLeaf(
    SessionState& state, const Choose& choose, const Range& range,
    typename Leaf::CopyBuffer& buffer) const {
  Waiting waiting(state.backoff);
  for (;; waiting.Pause()) {
    Spot spot;
    if (!Descend(0, choose, waiting, &spot)) continue;
    const auto* leaf = static_cast<const Leaf*>(spot.node);
    typename Leaf::ReadBuffer read;
    const auto [first, last] = range(leaf->Read(read));
    const typename Leaf::View copy = leaf->CopyRecords(first, last - first, buffer);
    if (leaf->lock.Validate(spot.version)) return {copy, first, last};
  }
}

/// Leaf after leaf, each found from the root by the fence of the one before: no leaf knows another,
/// so that none has to be locked when its neighbour changes.
template <BTreeTraits Traits>
template <class Visitor>
std::size_t BTree<Traits>::Scan(SessionState& state, const Key& first, std::size_t limit,
                                Visitor&& visit) const {
  std::size_t visited = 0;
  if (limit == 0) return visited;
  const Pin pin(state);
  KeyBuffer<R> keys;
  typename Leaf::CopyBuffer buffer;
  Probe from = R::Key::ToProbe(first);
  for (;;) {
    const auto range = [&](const typename Leaf::View& leaf) {
      const uint32_t begin = leaf.template Locate<Search>(leaf.page().InPage(from)).lower();
      const std::size_t left = std::min<std::size_t>(limit - visited, leaf.count() - begin);
      return std::pair(begin, begin + static_cast<uint32_t>(left));
    };
    const CopiedRecords records = CopyLeaf(state, ByKey{from}, range, buffer);
    keys.SetPrefix(records.leaf().prefix());
    for (uint32_t at = records.first; at < records.last; ++at) {
      ++visited;
      const Payload payload = records.view.PayloadAt(at);
      if (!visit(keys.Join(records.view.KeyAt(at)), R::Value::FromPayload(payload))) return visited;
    }
    if (visited == limit || !records.leaf().bounded()) return visited;
    from = records.leaf().high();
  }
}

template <BTreeTraits Traits>
template <class Visitor>
std::size_t BTree<Traits>::ReverseScan(SessionState& state, const Key* first, std::size_t limit,
                                       Visitor&& visit) const {
  std::size_t visited = 0;
  if (limit == 0) return visited;
  const Pin pin(state);
  KeyBuffer<R> keys;
  typename Leaf::CopyBuffer buffer;
  Probe end{};
  if (first != nullptr) end = R::Key::ToProbe(*first);
  UpTo bound{first != nullptr ? &end : nullptr, true};
  for (;;) {
    const auto range = [&](const typename Leaf::View& leaf) {
      const uint32_t last = bound.Count(leaf);
      return std::pair(last - static_cast<uint32_t>(std::min<std::size_t>(limit - visited, last)),
                       last);
    };
    const CopiedRecords records = CopyLeaf(state, bound, range, buffer);
    keys.SetPrefix(records.leaf().prefix());
    for (uint32_t at = records.last; at > records.first; --at) {
      ++visited;
      const Payload payload = records.view.PayloadAt(at - 1);
      if (!visit(keys.Join(records.view.KeyAt(at - 1)), R::Value::FromPayload(payload))) {
        return visited;
      }
    }
    if (visited == limit || records.leaf().low() == R::Key::kLeast) return visited;
    end = records.leaf().low();
    bound = {&end, false};
  }
}

}  // namespace bwlab
