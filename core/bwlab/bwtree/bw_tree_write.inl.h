#pragma once

// Insert, Upsert, Update and Delete: one delta, one CAS. Included by bw_tree.h.

#include "bwlab/base/test_hooks.h"
#include "bwlab/bwtree/bw_tree.h"

namespace bwlab {

/// The leaf that the session's last two writes have met, where `key` lies in its range too: a run
/// of neighbours needs no descent. The id comes from an earlier section, so that the word may be of
/// no node, of one whose page is about to be freed (then it is marked, and was before this section
/// began), or of one that is not published yet: the page is looked at after all three are excluded.
template <TreeTraits Traits>
[[gnu::always_inline]] inline bool BwTree<Traits>::FindLastLeaf(const SessionState& state,
                                                                const Probe& key,
                                                                Node* leaf) const {
  if (!state.finger.near()) return false;
  const auto id = static_cast<PageId>(state.finger.leaf());
  const uint64_t raw = table_.Load(id);
  BWLAB_POINT(NodeRead);
  if (!MappingTable::IsNode(raw) || Node::MayHaveEnded(raw)) return false;
  if (table_.freed_stamp() != state.freed_stamp && !BWLAB_MUTANT(LastLeafNotChecked)) return false;
  const Node node(id, raw);
  BWLAB_ASSERT(node.is_leaf());
  if (key < node.low() || node.IsBeyond(key)) return false;
  *leaf = node;
  return true;
}

template <TreeTraits Traits>
OpResult BwTree<Traits>::Write(SessionState& state, const Key& key, const Payload& payload,
                               DeltaKind kind, Condition condition) {
  const Delta<R> delta{R::Key::ToProbe(key), payload, kind};
  if constexpr (!R::kWords) {
    if (R::Key::BytesOf(delta.key) > kKeyBytesMax ||
        R::Value::BytesOf(R::Value::FromPayload(payload)) > kValueBytesMax) {
      return OpResult::kTooLarge;
    }
  }
  const Pin pin(state);
  typename Traits::Backoff backoff(state.backoff);
  for (;;) {
    Node leaf;
    if (!FindLastLeaf(state, delta.key, &leaf)) {
      const OpResult found = FindNodeForWrite(state, delta.key, 0, &leaf);
      if (found != OpResult::kOk) return found;
      state.finger.Arrive(leaf.id());
      state.freed_stamp = table_.freed_stamp();
    }
    typename Editor::Cursor cursor(leaf, delta.key);
    while (cursor.IsOn(leaf)) {
      const bool present = cursor.Look(leaf, state.stats, state.finger);
      if (condition == Condition::kAbsent && present) return OpResult::kExists;
      if (condition == Condition::kPresent && !present) return OpResult::kNotFound;

      Attempt attempt = Edit(state).Append(leaf, delta, cursor);
      const bool full = attempt == Attempt::kFull;
      if (full) attempt = Consolidate(state, leaf, BWLAB_MUTANT(LostWhenFull) ? nullptr : &delta);
      const bool failed = attempt == Attempt::kOutOfMemory || attempt == Attempt::kOutOfPageIds;
      if (failed && cursor.DoesWithoutNewPage()) continue;
      if (attempt == Attempt::kDone) {
        BWLAB_POINT(WritePublished);
        int change = (Removes(kind) ? 0 : 1) - (present ? 1 : 0);
        if (BWLAB_MUTANT(DeleteNotCounted)) change = std::max(change, 0);
        // (C3) relaxed: the owner alone writes. Done before the operation returns, so that Size is
        // exact for whoever is ordered after it.
        state.size_delta.store(state.size_delta.load(std::memory_order_relaxed) + change,
                               std::memory_order_relaxed);
        if constexpr (Consolidation::kAdvises) {
          const bool in_place = leaf.open() && present && !Removes(kind);
          const uint32_t deltas = full || in_place ? 0 : leaf.delta_count() + 1;
          FollowAdvice(state, leaf.id(), delta.key, state.consolidation.AfterWrite(deltas));
        }
        if (Removes(kind)) ShrinkAfterDelete(state, leaf.id());
        return OpResult::kOk;
      }
      if (attempt != Attempt::kLost) return FailureOf(attempt);
      backoff.Pause();
      if (full) leaf = Read(leaf.id());
    }
  }
}

}  // namespace bwlab
