#pragma once

// Opening and closing, sessions, pages and page ids. Included by bw_tree.h.

#include <algorithm>
#include <new>

#include "bwlab/base/test_hooks.h"
#include "bwlab/bwtree/bw_tree.h"
#include "bwlab/bwtree/page_filler.h"

namespace bwlab {

template <TreeTraits Traits>
Result<std::unique_ptr<BwTree<Traits>>> BwTree<Traits>::Open(const TreeOptions& options) {
  if (Status status = options.CheckFor<typename Traits::DeltaLayout>(); !status.ok()) {
    return status;
  }
  std::unique_ptr<BwTree> tree(new (std::nothrow) BwTree(options));
  if (tree == nullptr || !tree->table_.ok()) {
    return Status::OutOfMemory(
        "the system refuses address space for a mapping table of pages_max page ids");
  }
  Result<Session> session = tree->OpenSession();
  if (!session.ok()) return session.status();
  SessionState& state = *session.value().state_;
  Page* leaf = tree->Edit(state).NewPage({0, 0, 0, R::Key::kLeast, Probe{}, kNoPage});
  if (leaf == nullptr) return Status::OutOfMemory("no memory for an empty tree");
  PageFiller<Page>(*leaf).Finish();
  const PageId id = Host(*tree, state).TakeId();
  tree->table_.Install(id, Editor::WordOf(leaf));
  tree->root_.store(id, std::memory_order_release);  // (G2)
  tree->StartWorkers();
  return tree;
}

template <TreeTraits Traits>
BwTree<Traits>::~BwTree() {
  if constexpr (kHasWorkers) workers_.Stop();
  SessionState* const first = states_.First();
  if (first == nullptr) return;
  states_.ForEach([&](SessionState& state) {
    BWLAB_ASSERT(!state.in_use.load(std::memory_order_relaxed));
    state.participant.Drain(FreeRetired(state));
  });
  for (uint64_t id = kNoPage + 1; id < table_.ids_used(); ++id) {
    const uint64_t raw = table_.Load(static_cast<PageId>(id));
    if (MappingTable::IsNode(raw)) Edit(*first).FreeNode(Node(static_cast<PageId>(id), raw));
  }
  states_.DeleteAll();
}

template <TreeTraits Traits>
Result<typename BwTree<Traits>::Session> BwTree<Traits>::OpenSession() {
  SessionState* state = states_.Take(*this);
  if (state == nullptr) return Status::OutOfMemory("no memory for a session");
  return Session(this, state);
}

template <TreeTraits Traits>
void BwTree<Traits>::CloseSession(SessionState& state) {
  state.participant.Leave(FreeRetired(state));
  state.pool.Leave();
  states_.GiveBack(state);
}

template <TreeTraits Traits>
void BwTree<Traits>::ParkSession(SessionState& state) {
  if constexpr (requires { state.participant.Park(); }) state.participant.Park();
}

/// What a reclamation policy calls for what was retired, when its grace period is over.
template <TreeTraits Traits>
auto BwTree<Traits>::FreeRetired(SessionState& state) {
  return [this, &state](Retired* retired) {
    BWLAB_POINT(PageFreed);
    state.stats.Add(TreeEvent::kPageFreed);
    const PageId dead = Edit(state).FreeRetired(retired);
    if (dead != kNoPage) table_.FreeId(dead);
  };
}

/// What the tree lends to a delta layout, on behalf of one session.
template <TreeTraits Traits>
class BwTree<Traits>::Host {
 public:
  Host(BwTree& tree, SessionState& state) : tree_(tree), state_(state) {}

  MappingTable& table() { return tree_.table_; }
  const TreeOptions& options() const { return tree_.options_; }
  Stats& stats() { return state_.stats; }

  /// Whole cache lines, or nullptr when there is no memory.
  void* Allocate(std::size_t bytes) {
    void* memory = state_.pool.Allocate(bytes);
    if (memory != nullptr) AddLive(static_cast<int64_t>(bytes));
    return memory;
  }
  void Free(void* memory, std::size_t bytes) {
    AddLive(-static_cast<int64_t>(bytes));
    state_.pool.Free(memory, bytes);
  }
  /// For what a CAS has just made unreachable.
  void Retire(Retired* retired) {
    state_.stats.Add(TreeEvent::kPageRetired);
    state_.participant.Retire(retired, tree_.FreeRetired(state_));
  }

  PageId TakeId() {
    const PageId spare = std::exchange(state_.spare_id, kNoPage);
    return spare != kNoPage ? spare : tree_.table_.AllocateId();
  }
  /// For the id of a node that no other thread knows; it serves the next node of this session.
  void GiveBackId(PageId id) {
    tree_.table_.Install(id, 0);
    state_.spare_id = id;
  }

 private:
  /// (C4) relaxed: statistics only, written by the owner alone.
  void AddLive(int64_t bytes) {
    state_.live_bytes.store(state_.live_bytes.load(std::memory_order_relaxed) + bytes,
                            std::memory_order_relaxed);
  }

  BwTree& tree_;
  SessionState& state_;
};

template <TreeTraits Traits>
uint64_t BwTree<Traits>::Size() const {
  int64_t size = 0;
  states_.ForEach([&](const SessionState& state) {
    size += state.size_delta.load(std::memory_order_relaxed);  // (C3)
  });
  // A delete may be counted whose insert, by another session, was not yet: both overlap the call.
  return size > 0 ? static_cast<uint64_t>(size) : 0;
}

template <TreeTraits Traits>
MemoryUsage BwTree<Traits>::Memory() const {
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
  usage.mapping_table_bytes = table_.bytes_used();
  const bool with_table = HugePages(options_.huge_pages) == HugePages::kYes;
  usage.huge_pages = allocator_.huge_pages() && (!with_table || table_.huge_pages());
  return usage;
}

template <TreeTraits Traits>
TreeCounters BwTree<Traits>::Counters() const {
  TreeCounters sum;
  states_.ForEach([&](const SessionState& state) { state.stats.SumInto(sum); });
  return sum;
}

}  // namespace bwlab
