#pragma once

// Opening and closing, sessions and pages. Included by b_tree.h.

#include <algorithm>
#include <new>

#include "bwlab/btree/b_tree.h"

namespace bwlab {

template <BTreeTraits Traits>
Result<std::unique_ptr<BTree<Traits>>> BTree<Traits>::Open(const BTreeOptions& options) {
  if (Status status = options.Check(); !status.ok()) return status;
  std::unique_ptr<BTree> tree(new (std::nothrow) BTree(options));
  if (tree == nullptr) return Status::OutOfMemory("no memory for a tree");
  Result<Session> session = tree->OpenSession();
  if (!session.ok()) return session.status();
  const PageContent<Leaf> nothing{0, 0, R::Key::kLeast, Probe{}, false};
  SessionState& state = *session.value().state_;
  Leaf* leaf = tree->template NewPage<Leaf>(state, nothing.ShapeFor(0, tree->leaf_limits_, 0));
  if (leaf == nullptr) return Status::OutOfMemory("no memory for an empty tree");
  tree->root_.store(leaf, std::memory_order_release);  // (G2)
  return tree;
}

template <BTreeTraits Traits>
BTree<Traits>::~BTree() {
  SessionState* const first = states_.First();
  if (first == nullptr) return;
  states_.ForEach([&](SessionState& state) {
    BWLAB_ASSERT(!state.in_use.load(std::memory_order_relaxed));
    state.participant.Drain(FreeRetired(state));
  });
  BTreeNode* const root = root_.load(std::memory_order_relaxed);
  if (root != nullptr) FreeBelow(*first, root);
  states_.DeleteAll();
}

template <BTreeTraits Traits>
Result<typename BTree<Traits>::Session> BTree<Traits>::OpenSession() {
  SessionState* state = states_.Take(*this);
  if (state == nullptr) return Status::OutOfMemory("no memory for a session");
  return Session(this, state);
}

template <BTreeTraits Traits>
void BTree<Traits>::CloseSession(SessionState& state) {
  state.participant.Leave(FreeRetired(state));
  state.pool.Leave();
  states_.GiveBack(state);
}

/// An empty page that no other thread knows, or nullptr without memory.
template <BTreeTraits Traits>
template <class Page>
Page* BTree<Traits>::NewPage(SessionState& state, const typename Page::Shape& shape) {
  void* memory = state.pool.Allocate(shape.bytes);
  if (memory == nullptr) return nullptr;
  AddLive(state, shape.bytes);
  return Page::Make(memory, shape);
}

template <BTreeTraits Traits>
void BTree<Traits>::FreePage(SessionState& state, Retired* page) {
  AddLive(state, -static_cast<int64_t>(page->bytes));
  state.pool.Free(page, page->bytes);
}

/// (C4) relaxed: statistics only, written by the owner alone.
template <BTreeTraits Traits>
void BTree<Traits>::AddLive(SessionState& state, int64_t bytes) {
  state.live_bytes.store(state.live_bytes.load(std::memory_order_relaxed) + bytes,
                         std::memory_order_relaxed);
}

/// For a locked node whose place another one has taken.
template <BTreeTraits Traits>
void BTree<Traits>::Retire(SessionState& state, BTreeNode& node) {
  node.lock.UnlockObsolete();
  state.stats.Add(TreeEvent::kPageRetired);
  state.participant.Retire(&node, FreeRetired(state));
}

/// What a reclamation policy calls for what was retired, when its grace period is over.
template <BTreeTraits Traits>
auto BTree<Traits>::FreeRetired(SessionState& state) {
  return [this, &state](Retired* retired) {
    state.stats.Add(TreeEvent::kPageFreed);
    FreePage(state, retired);
  };
}

/// The node and all below it, when nobody else is left.
template <BTreeTraits Traits>
void BTree<Traits>::FreeBelow(SessionState& state, BTreeNode* node) {
  if (node->level > 0) {
    const typename Inner::View inner = static_cast<Inner*>(node)->Held();
    for (uint32_t i = 0; i < inner.count(); ++i) FreeBelow(state, ChildOf(inner.PayloadAt(i)));
  }
  FreePage(state, node);
}

template <BTreeTraits Traits>
uint64_t BTree<Traits>::Size() const {
  int64_t size = 0;
  states_.ForEach([&](const SessionState& state) {
    size += state.size_delta.load(std::memory_order_relaxed);  // (C3)
  });
  // A delete may be counted whose insert, by another session, was not yet: both overlap the call.
  return size > 0 ? static_cast<uint64_t>(size) : 0;
}

template <BTreeTraits Traits>
MemoryUsage BTree<Traits>::Memory() const {
  MemoryUsage usage;
  int64_t live_bytes = 0;
  int64_t retired_bytes = 0;
  usage.pooled_bytes = allocator_.PooledBytes();
  states_.ForEach([&](const SessionState& state) {
    live_bytes += state.live_bytes.load(std::memory_order_relaxed);  // (C4)
    retired_bytes += state.participant.RetiredBytes();
    usage.pooled_bytes += state.pool.PooledBytes();
  });
  // One session may free what another allocated: only the sums mean something.
  usage.live_bytes = static_cast<uint64_t>(std::max<int64_t>(live_bytes, 0));
  usage.retired_bytes = static_cast<uint64_t>(std::max<int64_t>(retired_bytes, 0));
  usage.huge_pages = allocator_.huge_pages();
  return usage;
}

template <BTreeTraits Traits>
TreeCounters BTree<Traits>::Counters() const {
  TreeCounters sum;
  states_.ForEach([&](const SessionState& state) { state.stats.SumInto(sum); });
  return sum;
}

}  // namespace bwlab
