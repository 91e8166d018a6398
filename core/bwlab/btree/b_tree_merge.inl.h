#pragma once

// Structure changes downward: underfull nodes, and a root that is not needed any more. Included by
// b_tree.h.

#include <algorithm>

#include "bwlab/btree/b_tree.h"

namespace bwlab {

/// Whether a quarter of a page would do, or an inner node has one child. For the holder of the
/// lock.
template <BTreeTraits Traits>
template <class Page>
bool BTree<Traits>::IsUnderfull(const Page& page) const {
  if (page.level > 0 && page.count() == 1) return true;
  const PageLimits& limits = Limits(page.level);
  const uint32_t used = page.count() * Page::kSlotBytes + page.live_heap_bytes();
  return 4 * page.count() <= limits.records_max && 4 * used <= limits.bytes;
}

/// Merges the leaf of `key` with a neighbour, or fills it up from there, then the nodes above as
/// far as that has made them underfull. Gives up where others are in the way again and again, or
/// memory is short: an underfull node is no fault.
template <BTreeTraits Traits>
void BTree<Traits>::ShrinkAfterDelete(SessionState& state, const Probe& key) {
  Waiting waiting(state.backoff);
  uint32_t level = 0;
  // An only child waits until its parent has been merged.
  bool child_waits = false;
  for (int tries = 0; tries < kShrinkTriesMax; ++tries) {
    Spot spot;
    if (!Descend(level, ByKey{key}, waiting, &spot)) {
      waiting.Pause();
      continue;
    }
    if (spot.node->level < level) return;
    MergeResult result = MergeResult::kNotNeeded;
    uint64_t wanted_bytes = 0;
    if (spot.parent != nullptr) {
      result = level == 0 ? Merge<Leaf>(state, spot, &wanted_bytes)
                          : Merge<Inner>(state, spot, &wanted_bytes);
    } else if (level > 0 && ShrinkRoot(state, spot)) {
      --level;  // which now is the root's
      continue;
    }
    switch (result) {
      case MergeResult::kMerged:
        ++level;
        break;
      case MergeResult::kOnlyChild:
        child_waits = true;
        ++level;
        break;
      case MergeResult::kLost:
        waiting.Pause();
        break;
      case MergeResult::kParentFull:
        if (MakeRoom(state, key, level + 1, wanted_bytes) != OpResult::kOk) return;
        break;
      case MergeResult::kEvened:
      case MergeResult::kNotNeeded:
        if (!std::exchange(child_waits, false)) return;
        level = 0;
        break;
      case MergeResult::kFailed:
        return;
    }
  }
}

template <BTreeTraits Traits>
template <class Page>
typename BTree<Traits>::MergeResult BTree<Traits>::Merge(SessionState& state, const Spot& spot,
                                                         uint64_t* wanted_bytes) {
  auto* page = static_cast<Page*>(spot.node);
  const Inner& parent = *spot.parent;
  if (!Lock(state, *page, spot.version)) return MergeResult::kLost;
  const auto leave = [page](MergeResult result) {
    page->lock.UnlockUnchanged();
    return result;
  };
  if (!IsUnderfull(*page)) return leave(MergeResult::kNotNeeded);
  typename Inner::ReadBuffer buffer;
  const typename Inner::View siblings = parent.Read(buffer);
  const uint32_t count = siblings.count();
  const bool with_right = spot.index + 1 < count;
  const uint32_t at = with_right ? spot.index + 1 : std::max(spot.index, 1u) - 1;
  BTreeNode* const neighbour = ChildOf(siblings.PayloadAt(at));
  if (!parent.lock.Validate(spot.parent_version)) return leave(MergeResult::kLost);
  if (count == 1) return leave(MergeResult::kOnlyChild);
  // Nobody is waited for with a lock in hand.
  const Version version = neighbour->lock.Load();
  if (VersionLock::IsLocked(version) || VersionLock::IsObsolete(version) ||
      !Lock(state, *neighbour, version)) {
    return leave(MergeResult::kLost);
  }
  auto* other = static_cast<Page*>(neighbour);
  const MergeResult result = with_right ? MergeLocked(state, spot, *page, *other, wanted_bytes)
                                        : MergeLocked(state, spot, *other, *page, wanted_bytes);
  if (result == MergeResult::kMerged || result == MergeResult::kEvened) return result;
  neighbour->lock.UnlockUnchanged();
  return leave(result);
}

/// Of two locked neighbours, one of which stands at `spot`.
template <BTreeTraits Traits>
template <class Page>
typename BTree<Traits>::MergeResult BTree<Traits>::MergeLocked(SessionState& state,
                                                               const Spot& spot, Page& first,
                                                               Page& second,
                                                               uint64_t* wanted_bytes) {
  const typename Page::View left = first.Held();
  const typename Page::View right = second.Held();
  RecordList<Page> records;
  records.Add(left, 0, left.count());
  records.Add(right, 0, right.count());

  // A merged node has room for some inserts, or it would soon be split again. What is as large as a
  // neighbour will do as well where one of them is empty; so do a few records, however long, or
  // nodes that such records fill would never go.
  const PageLimits& limits = Limits(first.level);
  const PageLimits roomy{limits.records_max / 4 * 3, limits.bytes / 4 * 3};
  const PageLimits largest{limits.records_max, std::max({limits.bytes, first.bytes, second.bytes})};
  const auto fits = [&](const PageContent<Page>& content) {
    return content.count <= kFewRecords || content.FitsIn(largest);
  };
  const bool empty = left.count() == 0 || right.count() == 0;
  const uint32_t least = first.level == 0 ? 1 : 2;
  Spot at_first = spot;
  if (spot.node != &first) at_first.index = spot.index - 1;
  at_first.node = &first;
  const auto distribute = [&](const Division<Page>& division, MergeResult done) {
    switch (Distribute(state, at_first, &second, division, 0, wanted_bytes)) {
      case Outcome::kDone:
        return done;
      case Outcome::kLost:
        return MergeResult::kLost;
      case Outcome::kParentFull:
        return MergeResult::kParentFull;
      case Outcome::kOutOfMemory:
        break;
    }
    return MergeResult::kFailed;
  };

  const Division<Page> whole(first, second, records, records.size());
  if (whole.left.FitsIn(roomy) || records.size() < 2 * least || (empty && fits(whole.left))) {
    return distribute(whole, MergeResult::kMerged);
  }
  const Division<Page> halves(first, second, records, records.Middle(least));
  if (!fits(halves.left) || !fits(halves.right)) return MergeResult::kFailed;
  return distribute(halves, MergeResult::kEvened);
}

/// Makes the only child of the root the root. @return false where there are several, or something
/// has changed. The child needs no lock: who replaces it must lock the old root first.
template <BTreeTraits Traits>
bool BTree<Traits>::ShrinkRoot(SessionState& state, const Spot& spot) {
  auto* root = static_cast<Inner*>(spot.node);
  if (!Lock(state, *root, spot.version)) return false;
  if (root->count() > 1) {
    root->lock.UnlockUnchanged();
    return false;
  }
  root_.store(ChildOf(root->Held().PayloadAt(0)), std::memory_order_release);  // (G2)
  state.stats.Add(TreeEvent::kRootShrink);
  Retire(state, *root);
  return true;
}

}  // namespace bwlab
