#pragma once

// Structure changes upward: new nodes take the place of one node or of two neighbours. Included by
// b_tree.h.

#include "bwlab/btree/b_tree.h"

namespace bwlab {

/// How the records of one node or of two neighbours come to stand in one new node, or in two on
/// either side of a separator.
template <BTreeTraits Traits>
template <class Page>
struct BTree<Traits>::Division {
  using PageR = typename Page::RecordsType;

  /// `boundary` is how many records go to the left; all of them: there is one node.
  Division(const Page& first, const Page& last, const RecordList<Page>& list, uint32_t left_count)
      : records(list), boundary(left_count), level(first.level) {
    if (two()) {
      separator = SeparatorAt(boundary);
      left = Content(0, boundary, first.low(), separator, true);
      right = Content(boundary, records.size(), separator, last.high(), last.bounded());
    } else {
      left = Content(0, boundary, first.low(), last.high(), last.bounded());
    }
  }
  Division(const Division&) = delete;
  Division& operator=(const Division&) = delete;

  bool two() const { return boundary < records.size(); }

  const RecordList<Page>& records;
  const uint32_t boundary;
  const uint32_t level;
  Probe separator{};
  PageContent<Page> left{};
  PageContent<Page> right{};

 private:
  PageContent<Page> Content(uint32_t from, uint32_t to, const Probe& low, const Probe& high,
                            bool bounded) const {
    const uint32_t prefix_bytes = Page::PrefixBytes(low, high, bounded);
    return {to - from, records.HeapBytes(from, to, prefix_bytes), low, high, bounded};
  }

  /// Above the record before `at`, and at most the one there. Byte strings: of these the shortest,
  /// between leaves (suffix truncation, Bayer and Unterauer, TODS 1977).
  Probe SeparatorAt(uint32_t at) {
    const Probe key = records.KeyAt(at, key_);
    if constexpr (!PageR::Key::kInHead) {
      if (level == 0)
        return key.substr(0, CommonPrefixLength(records.KeyAt(at - 1, before_), key) + 1);
    }
    return key;
  }

  KeyBuffer<PageR> key_;
  KeyBuffer<PageR> before_;
};

/// Writes `records`, which are to be those of the locked node at `spot`, to a new node or to two of
/// them. `ascending`: the last of them was just put behind the others at the right end of the
/// level, and more of the kind are expected: what is left behind stays full. An inner node gets
/// room for a term with `reserved_bytes` of key more.
/// @return as Distribute
template <BTreeTraits Traits>
template <class Page>
typename BTree<Traits>::Outcome BTree<Traits>::Rewrite(SessionState& state, const Spot& spot,
                                                       const RecordList<Page>& records,
                                                       bool ascending, uint64_t reserved_bytes,
                                                       uint64_t* wanted_bytes) {
  const auto& page = *static_cast<const Page*>(spot.node);
  const PageLimits& limits = Limits(page.level);
  // An inner node of one child would be of no use.
  const uint32_t least = page.level == 0 ? 1 : 2;
  const uint32_t coming = page.level == 0 ? 0 : 1;
  bool one = records.size() < 2 * least;
  if constexpr (Page::kHasHeap) {
    // Dead bytes, or a bad guess of what slots and heap need: a quarter of the page is gained.
    if (records.size() + coming <= limits.records_max) {
      const Division<Page> whole(page, page, records, records.size());
      const uint64_t bytes = whole.left.BytesIn(records.size() + coming) + reserved_bytes;
      one = one || 4 * bytes <= 3 * uint64_t{limits.bytes};
    }
  }
  const uint32_t boundary = one         ? records.size()
                            : ascending ? records.size() - least
                                        : records.Middle(least);
  const Division<Page> division(page, page, records, boundary);
  return Distribute<Page>(state, spot, nullptr, division, reserved_bytes, wanted_bytes);
}

/// Puts the nodes of `division` in the place of the locked node at `spot` and of its locked right
/// neighbour `second`, where there is one. Locks the parent meanwhile; both old nodes are retired.
/// @return kDone; or, with nothing changed and the nodes still locked, kLost, kOutOfMemory, or
/// kParentFull, which tells how many bytes of key the parent should have room for.
template <BTreeTraits Traits>
template <class Page>
typename BTree<Traits>::Outcome BTree<Traits>::Distribute(SessionState& state, const Spot& spot,
                                                          Page* second,
                                                          const Division<Page>& division,
                                                          uint64_t reserved_bytes,
                                                          uint64_t* wanted_bytes) {
  Inner* const parent = spot.parent;
  const uint32_t level = division.level;
  if (parent != nullptr) {
    if (!Lock(state, *parent, spot.parent_version)) return Outcome::kLost;
    if (division.two()) {
      const uint32_t bytes = Inner::HeapBytesOf(parent->InPage(division.separator), uint64_t{0});
      if (!parent->HasRoomFor(bytes, second == nullptr ? 1 : 0)) {
        parent->lock.UnlockUnchanged();
        *wanted_bytes = Inner::EntireBytes(R::Key::BytesOf(division.separator), uint64_t{0});
        return Outcome::kParentFull;
      }
    }
  }

  Page* const left =
      NewPage<Page>(state, division.left.ShapeFor(level, Limits(level), reserved_bytes));
  Page* right = nullptr;
  Inner* root = nullptr;
  if (division.two()) {
    right = NewPage<Page>(state, division.right.ShapeFor(level, Limits(level), reserved_bytes));
    if (parent == nullptr) root = NewRoot(state, level + 1, division.separator);
  }
  if (left == nullptr || (division.two() && (right == nullptr || (!parent && root == nullptr)))) {
    for (BTreeNode* made : {static_cast<BTreeNode*>(left), static_cast<BTreeNode*>(right),
                            static_cast<BTreeNode*>(root)}) {
      if (made != nullptr) FreePage(state, made);
    }
    if (parent != nullptr) parent->lock.UnlockUnchanged();
    return Outcome::kOutOfMemory;
  }
  const RecordList<Page>& records = division.records;
  records.AppendTo(*left, 0, division.boundary);
  if (right != nullptr) records.AppendTo(*right, division.boundary, records.size());

  if (parent != nullptr) {
    parent->Replace(spot.index, WordOf(left));
    if (second != nullptr) parent->Remove(spot.index + 1);
    if (right != nullptr) {
      parent->Insert(spot.index + 1, parent->InPage(division.separator), WordOf(right));
    }
    parent->lock.Unlock();
  } else {
    BTreeNode* top = left;
    if (root != nullptr) {
      root->Append(R::Key::kLeast, WordOf(left));
      root->Append(division.separator, WordOf(right));
      top = root;
      state.stats.Add(TreeEvent::kRootGrowth);
    }
    root_.store(top, std::memory_order_release);  // (G2)
  }
  const bool leaves = level == 0;
  if (division.two() == (second != nullptr)) {
    state.stats.Add(leaves ? TreeEvent::kLeafConsolidation : TreeEvent::kInnerConsolidation);
  } else if (division.two()) {
    state.stats.Add(leaves ? TreeEvent::kLeafSplit : TreeEvent::kInnerSplit);
  } else {
    state.stats.Add(leaves ? TreeEvent::kLeafMerge : TreeEvent::kInnerMerge);
  }
  Retire(state, *spot.node);
  if (second != nullptr) Retire(state, *second);
  return Outcome::kDone;
}

/// An empty inner node for two children, or nullptr without memory.
template <BTreeTraits Traits>
typename BTree<Traits>::Inner* BTree<Traits>::NewRoot(SessionState& state, uint32_t level,
                                                      const Probe& separator) {
  const uint64_t bytes = Inner::EntireBytes(R::Key::BytesOf(separator), uint64_t{0});
  const PageContent<Inner> content{2, bytes, R::Key::kLeast, Probe{}, false};
  return NewPage<Inner>(state, content.ShapeFor(level, Limits(level), bytes));
}

/// Sees to it that the inner node of `level` above `key` has room for a term with `bytes` of key,
/// or that something has changed which makes the caller begin again: one node is written anew, of
/// this level or, where its parent has no room either, further up.
template <BTreeTraits Traits>
OpResult BTree<Traits>::MakeRoom(SessionState& state, const Probe& key, uint32_t level,
                                 uint64_t bytes) {
  Waiting waiting(state.backoff);
  for (;; waiting.Pause()) {
    Spot spot;
    if (!Descend(level, ByKey{key}, waiting, &spot)) continue;
    if (spot.node->level < level) return OpResult::kOk;
    auto* inner = static_cast<Inner*>(spot.node);
    if (!Lock(state, *inner, spot.version)) continue;
    if (inner->HasRoomFor(static_cast<uint32_t>(bytes))) {
      inner->lock.UnlockUnchanged();
      return OpResult::kOk;
    }
    const typename Inner::View held = inner->Held();
    RecordList<Inner> records;
    records.Add(held, 0, held.count());
    const bool ascending = !inner->bounded() && ByKey{key}(held) + 1 == held.count();
    uint64_t wanted_bytes = 0;
    switch (Rewrite(state, spot, records, ascending, bytes, &wanted_bytes)) {
      case Outcome::kDone:
        return OpResult::kOk;
      case Outcome::kParentFull:
        ++level;
        bytes = wanted_bytes;
        break;
      case Outcome::kOutOfMemory:
        inner->lock.UnlockUnchanged();
        return OpResult::kOutOfMemory;
      case Outcome::kLost:
        break;
    }
    inner->lock.UnlockUnchanged();
  }
}

}  // namespace bwlab
