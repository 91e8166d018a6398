#pragma once

// Opening and closing, sessions, pages and page ids. Included by bw_tree.h.

#include <new>

#include "bwlab/bwtree/bw_tree.h"

namespace bwlab {

template <TreeTraits Traits>
Result<std::unique_ptr<BwTree<Traits>>> BwTree<Traits>::Open(const TreeOptions& options) {
  if (Status status = options.Check(); !status.ok()) return status;
  std::unique_ptr<BwTree> tree(new (std::nothrow) BwTree(options));
  if (tree == nullptr || !tree->table_.ok()) {
    return Status::OutOfMemory("the system refuses address space for a mapping table of " +
                               std::to_string(options.pages_max) + " page ids");
  }
  Result<Session> session = tree->OpenSession();
  if (!session.ok()) return session.status();
  SessionState& state = *session.value().state_;
  PackedPage* leaf = tree->NewPage(state, 0, 0);
  if (leaf == nullptr) return Status::OutOfMemory("no memory for an empty tree");
  leaf->Seal(kHeadMin, kHeadMax, kNoPage);
  const PageId id = tree->TakeId(state);
  tree->table_.Install(id, PackedWord(leaf, 0).raw());
  tree->root_.store(id, std::memory_order_release);  // (G2)
  return tree;
}

template <TreeTraits Traits>
BwTree<Traits>::~BwTree() {
  SessionState* const first = states_.load(std::memory_order_acquire);
  if (first == nullptr) return;
  ForEachState([&](SessionState& state) {
    BWLAB_ASSERT(!state.in_use.load(std::memory_order_relaxed));
    state.participant.Drain(FreeRetired(state));
  });
  for (uint64_t id = kNoPage + 1; id < table_.ids_used(); ++id) {
    const uint64_t raw = table_.Load(static_cast<PageId>(id));
    if (MappingTable::IsNode(raw)) FreePage(*first, PackedWord(raw).page());
  }
  for (SessionState* state = first; state != nullptr;) {
    SessionState* next = state->next;
    delete state;
    state = next;
  }
}

template <TreeTraits Traits>
template <class F>
void BwTree<Traits>::ForEachState(F&& f) const {
  // (L1) acquire: pairs with (L2); states are never taken out of the list.
  for (SessionState* state = states_.load(std::memory_order_acquire); state != nullptr;
       state = state->next) {
    f(*state);
  }
}

/// A state that is in use by the caller, or nullptr when there is no memory.
template <TreeTraits Traits>
typename BwTree<Traits>::SessionState* BwTree<Traits>::NewSessionState() {
  SessionState* free_state = nullptr;
  ForEachState([&](SessionState& state) {
    // (L3) acquire: pairs with (L4), so that the last user's lists and counters are complete.
    if (free_state == nullptr && !state.in_use.load(std::memory_order_relaxed) &&
        !state.in_use.exchange(true, std::memory_order_acquire)) {
      free_state = &state;
    }
  });
  if (free_state != nullptr) return free_state;
  auto* state = new (std::nothrow) SessionState(*this);
  if (state == nullptr) return nullptr;
  state->next = states_.load(std::memory_order_relaxed);
  // (L2) release: pairs with (L1).
  while (!states_.compare_exchange_weak(state->next, state, std::memory_order_release,
                                        std::memory_order_relaxed)) {
  }
  return state;
}

template <TreeTraits Traits>
Result<typename BwTree<Traits>::Session> BwTree<Traits>::OpenSession() {
  SessionState* state = NewSessionState();
  if (state == nullptr) return Status::OutOfMemory("no memory for a session");
  return Session(this, state);
}

template <TreeTraits Traits>
void BwTree<Traits>::CloseSession(SessionState& state) {
  state.participant.Leave(FreeRetired(state));
  state.in_use.store(false, std::memory_order_release);  // (L4)
}

/// A page with the slots that its level has, or nullptr when there is no memory.
template <TreeTraits Traits>
PackedPage* BwTree<Traits>::NewPage(SessionState& state, uint32_t level, uint32_t count) {
  const uint32_t slots = level == 0 ? options_.leaf_chain_length : options_.inner_chain_length;
  const PackedPage::Geometry geometry(count, slots);
  void* memory = state.pool.Allocate(geometry.bytes);
  if (memory == nullptr) return nullptr;
  // (C4) relaxed: statistics only, written by the owner alone; likewise in FreePage.
  state.live_bytes.store(state.live_bytes.load(std::memory_order_relaxed) + geometry.bytes,
                         std::memory_order_relaxed);
  return new (memory) PackedPage(level, count, slots, geometry);
}

/// For a page that no other thread can reach.
template <TreeTraits Traits>
void BwTree<Traits>::FreePage(SessionState& state, PackedPage* page) {
  const uint32_t bytes = page->bytes;
  state.live_bytes.store(state.live_bytes.load(std::memory_order_relaxed) - bytes,
                         std::memory_order_relaxed);
  page->~PackedPage();
  state.pool.Free(page, bytes);
}

/// For the page of a node whose id no other thread knows; the id serves the next node of this
/// session.
template <TreeTraits Traits>
void BwTree<Traits>::FreeUnpublished(SessionState& state, PageId id, PackedPage* page) {
  table_.Install(id, 0);
  FreePage(state, page);
  state.spare_id = id;
}

/// What a reclamation policy calls for a page whose grace period is over.
template <TreeTraits Traits>
auto BwTree<Traits>::FreeRetired(SessionState& state) {
  return [this, &state](Retired* retired) {
    state.stats.Add(TreeEvent::kPageFreed);
    auto* page = static_cast<PackedPage*>(retired);
    if (page->dying_id() != kNoPage) table_.FreeId(page->dying_id());
    FreePage(state, page);
  };
}

/// For a page that a CAS has just made unreachable.
template <TreeTraits Traits>
void BwTree<Traits>::RetirePage(SessionState& state, PackedPage* page) {
  state.stats.Add(TreeEvent::kPageRetired);
  state.participant.Retire(page, FreeRetired(state));
}

/// For a marked node that no page leads to any more: page and id come back after the same grace
/// period.
template <TreeTraits Traits>
void BwTree<Traits>::RetireNode(SessionState& state, const Snapshot& node) {
  node.page().set_dying_id(node.id);
  RetirePage(state, &node.page());
}

template <TreeTraits Traits>
PageId BwTree<Traits>::TakeId(SessionState& state) {
  const PageId spare = std::exchange(state.spare_id, kNoPage);
  return spare != kNoPage ? spare : table_.AllocateId();
}

template <TreeTraits Traits>
uint64_t BwTree<Traits>::Size() const {
  int64_t size = 0;
  ForEachState([&](const SessionState& state) {
    size += state.size_delta.load(std::memory_order_relaxed);  // (C3)
  });
  // A delete may be counted whose insert, by another session, was not yet: both overlap the call.
  return size > 0 ? static_cast<uint64_t>(size) : 0;
}

template <TreeTraits Traits>
MemoryUsage BwTree<Traits>::Memory() const {
  MemoryUsage usage;
  int64_t live_bytes = 0;
  ForEachState([&](const SessionState& state) {
    live_bytes += state.live_bytes.load(std::memory_order_relaxed);  // (C4)
    usage.retired_bytes += state.participant.RetiredBytes();
    usage.pooled_bytes += state.pool.PooledBytes();
  });
  usage.live_bytes = live_bytes > 0 ? static_cast<uint64_t>(live_bytes) : 0;
  usage.mapping_table_bytes = table_.bytes_used();
  return usage;
}

template <TreeTraits Traits>
TreeCounters BwTree<Traits>::Counters() const {
  TreeCounters sum;
  ForEachState([&](const SessionState& state) { state.stats.SumInto(sum); });
  return sum;
}

}  // namespace bwlab
