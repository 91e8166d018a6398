#pragma once

// Insert, Upsert, Update and Delete in place. Included by b_tree.h.

#include "bwlab/btree/b_tree.h"

namespace bwlab {

/// Locks the version that was read. @return false where it is not the present one.
template <BTreeTraits Traits>
bool BTree<Traits>::Lock(SessionState& state, BTreeNode& node, Version version) {
  if (node.lock.TryLock(version)) return true;
  state.stats.Add(TreeEvent::kCasLost);
  return false;
}

template <BTreeTraits Traits>
void BTree<Traits>::CountRecord(SessionState& state, int64_t change) {
  // (C3) relaxed: the owner alone writes. Done before the operation returns, so that Size is exact
  // for whoever is ordered after it.
  state.size_delta.store(state.size_delta.load(std::memory_order_relaxed) + change,
                         std::memory_order_relaxed);
}

/// Finds the record as a reader does; then locks the very version of the leaf in which it was
/// found, so that it still stands there.
template <BTreeTraits Traits>
OpResult BTree<Traits>::Write(SessionState& state, const Key& key, const Payload& payload,
                              WriteKind kind) {
  const Probe probe = R::Key::ToProbe(key);
  if constexpr (!R::kWords) {
    if (R::Key::BytesOf(probe) > kKeyBytesMax ||
        R::Value::BytesOf(R::Value::FromPayload(payload)) > kValueBytesMax) {
      return OpResult::kTooLarge;
    }
  }
  const Pin pin(state);
  Waiting waiting(state.backoff);
  for (;; waiting.Pause()) {
    Spot spot;
    if (!Descend(0, ByKeyNear{probe, &state.finger}, waiting, &spot)) continue;
    auto* leaf = static_cast<Leaf*>(spot.node);
    state.finger.Arrive(WordOf(leaf));
    typename Leaf::ReadBuffer buffer;
    const typename Leaf::Key page_key = leaf->InPage(probe);
    const auto view = leaf->Read(buffer);
    const Position position = kind == WriteKind::kInsert
                                  ? view.template LocateToInsert<Search>(page_key, &state.finger)
                                  : view.template Locate<Search>(page_key);
    const bool present = position.exact;
    if (present ? kind == WriteKind::kInsert
                : kind == WriteKind::kUpdate || kind == WriteKind::kDelete) {
      if (!leaf->lock.Validate(spot.version)) continue;
      return present ? OpResult::kExists : OpResult::kNotFound;
    }
    if (!Lock(state, *leaf, spot.version)) continue;

    const uint32_t at = position.lower();
    if (kind == WriteKind::kDelete) {
      leaf->Remove(at);
      const bool underfull = IsUnderfull(*leaf) && spot.parent != nullptr;
      leaf->lock.Unlock();
      CountRecord(state, -1);
      if (underfull) ShrinkAfterDelete(state, probe);
      return OpResult::kOk;
    }
    bool done = false;
    if (present) {
      done = leaf->Replace(at, payload);
    } else if (leaf->HasRoomFor(Leaf::HeapBytesOf(page_key, payload))) {
      leaf->Insert(at, page_key, payload);
      done = true;
    }
    if (done) {
      leaf->lock.Unlock();
    } else {
      const typename Leaf::View held = leaf->Held();
      RecordList<Leaf> records;
      records.Add(held, 0, at);
      records.Add(probe, payload);
      const uint32_t rest = present ? at + 1 : at;
      records.Add(held, rest, held.count() - rest);
      const bool ascending = !present && at == held.count() && !leaf->bounded();
      uint64_t wanted_bytes = 0;
      const Outcome outcome = Rewrite(state, spot, records, ascending, 0, &wanted_bytes);
      if (outcome != Outcome::kDone) {
        leaf->lock.UnlockUnchanged();
        if (outcome == Outcome::kOutOfMemory) return OpResult::kOutOfMemory;
        if (outcome == Outcome::kParentFull) {
          const OpResult made = MakeRoom(state, probe, 1, wanted_bytes);
          if (made != OpResult::kOk) return made;
        }
        continue;
      }
    }
    if (!present) CountRecord(state, 1);
    return OpResult::kOk;
  }
}

}  // namespace bwlab
