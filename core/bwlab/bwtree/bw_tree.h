#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include "bwlab/base/assert.h"
#include "bwlab/base/atomic.h"
#include "bwlab/base/cache_line.h"
#include "bwlab/base/memory_usage.h"
#include "bwlab/base/session_list.h"
#include "bwlab/base/status.h"
#include "bwlab/bwtree/bulk_load.h"
#include "bwlab/bwtree/delta.h"
#include "bwlab/bwtree/mapping_table.h"
#include "bwlab/bwtree/node_change.h"
#include "bwlab/bwtree/tree_options.h"
#include "bwlab/policy/concepts.h"
#include "bwlab/policy/search/finger.h"
#include "bwlab/record/record_types.h"

namespace bwlab {

namespace test {
template <class Tree>
class TreeDamage;  // tests/conformance/bw_tree_validate_test.cc
}  // namespace test

/// A latch-free ordered map. Keys are 64-bit integers, byte arrays of one length or byte strings,
/// values 64-bit integers or byte strings (record_types.h); all bits of both are the user's.
///
/// Thread safety: every thread works through sessions of its own; OpenSession, Size, Memory and
/// Counters from any thread; Validate while nobody writes; the destructor runs alone, after the
/// sessions. Progress: operations are lock-free; a thread that stalls anywhere stops nobody else.
/// Consistency: Insert, Upsert, Update, Delete and Get are linearizable: a write at its CAS on the
/// mapping table or its exchange of a payload, a read at its load of the leaf's word or of such a
/// payload. The states of a node, the steps of structure modifications and the invariants are in
/// PROTOCOL.md. Source: Levandoski, Lomet, Sengupta, "The Bw-Tree", ICDE 2013; Wang et al., SIGMOD
/// 2018.
template <TreeTraits Traits>
class BwTree {
 public:
  using R = Records<typename Traits::Key, typename Traits::Value>;
  using Key = typename R::Key::View;
  using Value = typename R::Value::View;
  using OwnedValue = typename R::Value::Owned;
  class Session;
  class Iterator;

  static constexpr bool kCountsEvents = Traits::Stats::kEnabled;

  /// @return InvalidArgument for options out of range, OutOfMemory where the system gives no
  /// memory.
  static Result<std::unique_ptr<BwTree>> Open(const TreeOptions& options = Traits::Options());
  ~BwTree();
  BwTree(const BwTree&) = delete;
  BwTree& operator=(const BwTree&) = delete;

  /// A session for one thread at a time. It must end before the tree does. Open it once a thread,
  /// not once an operation.
  /// @return OutOfMemory where there is no memory for its state.
  Result<Session> OpenSession();

  /// Records in the tree: exact when no write overlaps the call; otherwise off by at most the
  /// writes that do.
  uint64_t Size() const;

  /// Checks the invariants I1-I9 and I11 of PROTOCOL.md on every node, once the tree's own workers
  /// have come to rest. @return Corruption that names the first node at fault.
  Status Validate() const;

  MemoryUsage Memory() const;
  /// All zero where kCountsEvents is false.
  TreeCounters Counters() const;
  const TreeOptions& options() const { return options_; }
  /// Waits for the workers of a consolidation policy that has some. For tests and measurements.
  void WaitForWorkers() const {
    if constexpr (kHasWorkers) workers_.WaitUntilIdle();
  }

 private:
  friend class test::TreeDamage<BwTree>;
  using Probe = typename R::Probe;
  using Payload = typename R::Payload;
  using Search = typename Traits::Search;
  struct SessionState;
  class Host;
  using Node = typename Traits::DeltaLayout::template Node<R, Search>;
  using Editor = typename Traits::DeltaLayout::template Editor<R, Search, Host>;
  using Stats = typename Traits::Stats;
  using Consolidation = typename Traits::Consolidation;
  using OwnedProbe = std::conditional_t<R::Key::kInHead, Probe, std::string>;
  using Workers = typename Consolidation::template Workers<OwnedProbe>;
  static constexpr bool kHasWorkers = !std::is_same_v<Workers, NoWorkers>;
  // Last, because it looks into the editor, which knows the above.
  using Page = typename Editor::Page;

  /// What a session owns. Lives until the tree dies and serves one session after the other, so that
  /// its counters go on.
  struct SessionState {
    explicit SessionState(BwTree& tree)
        : participant(tree.domain_),
          pool(tree.allocator_),
          backoff(BackoffLimits{tree.options_.backoff_spins_min, tree.options_.backoff_spins_max}),
          consolidation(tree.ConsolidationNumbers()) {}

    typename Traits::Reclamation::Participant participant;
    typename Traits::Allocator::Local pool;
    [[no_unique_address]] typename Traits::Backoff::Local backoff;
    [[no_unique_address]] typename Traits::Consolidation::Local consolidation;
    [[no_unique_address]] Stats stats;
    Atomic<int64_t> size_delta{0};  // inserts minus deletes; written by the owner alone
    Atomic<int64_t> live_bytes{0};  // pages allocated minus freed; written by the owner alone
    PageId spare_id = kNoPage;      // allocated for a node that was never published
    uint32_t merge_nesting = 0;     // merges under way that made each other possible
    Finger finger;
    uint64_t freed_stamp = 0;  // of the mapping table, when the finger's leaf was met
    Atomic<bool> in_use{true};
    SessionState* next = nullptr;
  };

  /// Keeps the pages that a thread sees from being freed.
  class Pin {
   public:
    explicit Pin(SessionState& state) : state_(state) { state_.participant.Enter(); }
    ~Pin() { state_.participant.Exit(); }
    Pin(const Pin&) = delete;
    Pin& operator=(const Pin&) = delete;

   private:
    SessionState& state_;
  };

  /// One finished merge may start others, a level above or at the seam below; this bounds the stack
  /// that they take. What is left undone waits for the next delete.
  static constexpr uint32_t kMergeNestingMax = 64;
  class NestingCount {
   public:
    explicit NestingCount(uint32_t& count) : count_(count) { ++count_; }
    ~NestingCount() { --count_; }
    NestingCount(const NestingCount&) = delete;
    NestingCount& operator=(const NestingCount&) = delete;

   private:
    uint32_t& count_;
  };

  /// Without what the system lacks. Restartable sequences know no other atomics than the
  /// processor's.
  static TreeOptions Effective(TreeOptions options) {
    constexpr bool kPlainAtomics = std::is_same_v<Atomic<uint64_t>, std::atomic<uint64_t>>;
    if (!kPlainAtomics || !RestartableAvailable()) options.in_place_after = 0;
    if constexpr (!R::kWords) {
      options.leaf_capacity = std::min(options.leaf_capacity, options.heap_leaf_capacity);
    }
    return options;
  }
  static OpResult FailureOf(Attempt attempt) {
    return attempt == Attempt::kOutOfMemory ? OpResult::kOutOfMemory : OpResult::kOutOfPageIds;
  }

  explicit BwTree(const TreeOptions& options)
      : options_(Effective(options)),
        allocator_(AllocatorOptions{HugePages(options.huge_pages), options.pooled_bytes_max}),
        domain_(ReclamationOptions{options.epoch_batch_size, options.epoch_frees_per_retire_max,
                                   options.membarrier != 0}),
        table_(options.pages_max, HugePages(options.huge_pages) == HugePages::kYes),
        workers_(ConsolidationNumbers()) {}

  // bw_tree_get.inl.h
  [[gnu::always_inline]] Node Read(PageId id) const;
  Node ReadRoot(uint64_t* root = nullptr) const;
  Node FindNode(Probe key, uint32_t level, Stats& stats) const;
  PageId ChildFor(const Node& inner, const Probe& key, Stats& stats, uint32_t* at = nullptr) const;
  template <class F>
  OpResult Get(SessionState& state, const Key& key, F&& take);

  // bw_tree_multi_get.inl.h
  static constexpr std::size_t kMultiGetGroup = 16;  // descents in flight
  std::size_t MultiGet(SessionState& state, std::span<const Key> keys, std::span<OwnedValue> values,
                       std::span<OpResult> results) const;

  // bw_tree_write.inl.h
  enum class Condition : uint8_t { kNone, kAbsent, kPresent };
  OpResult Write(SessionState& state, const Key& key, const Payload& payload, DeltaKind kind,
                 Condition condition);
  bool FindLastLeaf(const SessionState& state, const Probe& key, Node* leaf) const;

  // bw_tree_scan.inl.h
  Node FindNodeBefore(const Probe* end) const;
  template <class Visitor>
  std::size_t Scan(SessionState& state, const Key& first, std::size_t limit, Visitor&& visit);
  template <class Find>
  Node FindSettled(SessionState& state, Find&& find);
  template <class Visitor>
  std::size_t ReverseScan(SessionState& state, const Key* first, std::size_t limit,
                          Visitor&& visit);

  // bw_tree_consolidate.inl.h
  Attempt Consolidate(SessionState& state, const Node& node, const Delta<R>* extra);
  Attempt Absorb(SessionState& state, const Node& left, const Node& right);
  Attempt PublishTerm(SessionState& state, Node& parent, const Delta<R>& term);
  void AfterSplit(SessionState& state, const Node& node, const Split<R>& split);
  void FollowAdvice(SessionState& state, PageId leaf, const Probe& key, ConsolidationAdvice advice);
  void StartWorkers();
  void ConsolidateReported();

  // bw_tree_split.inl.h
  OpResult FindNodeForWrite(SessionState& state, Probe key, uint32_t level, Node* found);
  OpResult PostSeparator(SessionState& state, PageId left, const Probe& separator, PageId right,
                         uint32_t parent_level);
  OpResult GrowRoot(SessionState& state, uint64_t root_ref, const Node& root);
  bool SwingRoot(uint64_t root_ref, PageId id);

  // bw_tree_merge.inl.h
  void ShrinkAfterDelete(SessionState& state, PageId leaf);
  void TryMerge(SessionState& state, const Node& node);
  static uint64_t EntireBytes(const Node& node);
  bool MayMerge(const Node& left, const Node& right) const;
  OpResult HelpMerge(SessionState& state, const Node& parent, const IndexTerm& term);
  OpResult MarkVictim(SessionState& state, PageId victim, Node* marked);
  OpResult AbsorbVictim(SessionState& state, const Node& parent, const Node& victim, PageId* heir);
  void AfterMerge(SessionState& state, PageId parent, PageId heir, const Node& victim);
  void TryShrinkRoot(SessionState& state);
  void FinishRootShrink(SessionState& state, uint64_t root_ref, const Node& root);
  static PageId OnlyChild(const Node& inner);
  static bool IsEmpty(const Node& node);
  bool IsUnderfull(const Node& node) const;

  // bw_tree_memory.inl.h
  Editor Edit(SessionState& state) { return Editor(Host(*this, state)); }
  void CloseSession(SessionState& state);
  void ParkSession(SessionState& state);
  auto FreeRetired(SessionState& state);

  ConsolidationOptions ConsolidationNumbers() const {
    return {options_.leaf_chain_length, options_.consolidation_deltas_min,
            options_.background_workers, options_.background_queue_length};
  }

  // bw_tree_bulk_load.inl.h
  class BulkLoader;

  // bw_tree_validate.inl.h
  struct Validator;

  const TreeOptions options_;
  typename Traits::Allocator::Shared allocator_;
  typename Traits::Reclamation::Domain domain_;
  MappingTable table_;
  // Change count (32 bits) | page id of the root (32). The count tells a root that came back after
  // it had grown and shrunk, so that a late GrowRoot does not install what the earlier root's split
  // has since been merged into.
  alignas(kCacheLineBytes) Atomic<uint64_t> root_{kNoPage};
  alignas(kCacheLineBytes) SessionList<SessionState> states_;
  [[no_unique_address]] mutable Workers workers_;
};

/// One thread's access to a tree. Movable; a moved-from session may only be destroyed.
template <TreeTraits Traits>
class BwTree<Traits>::Session {
 public:
  ~Session() {
    if (tree_ != nullptr) tree_->CloseSession(*state_);
  }
  Session(Session&& other) noexcept
      : tree_(std::exchange(other.tree_, nullptr)), state_(std::exchange(other.state_, nullptr)) {}
  Session& operator=(Session&& other) noexcept {
    std::swap(tree_, other.tree_);
    std::swap(state_, other.state_);
    return *this;
  }

  // Writes return kTooLarge for byte strings beyond kKeyBytesMax and kValueBytesMax.

  /// @return kExists, and changes nothing, where the key is present.
  OpResult Insert(const Key& key, const Value& value) {
    return Write(key, value, DeltaKind::kInsert, Condition::kAbsent);
  }
  /// Inserts or replaces.
  OpResult Upsert(const Key& key, const Value& value) {
    return Write(key, value, DeltaKind::kUpdate, Condition::kNone);
  }
  /// @return kNotFound where the key is absent.
  OpResult Update(const Key& key, const Value& value) {
    return Write(key, value, DeltaKind::kUpdate, Condition::kPresent);
  }
  /// @return kNotFound where the key is absent.
  OpResult Delete(const Key& key) {
    return Write(key, Value{}, DeltaKind::kDelete, Condition::kPresent);
  }

  /// Stores the value of `key`, or leaves `*value` alone and returns kNotFound. A byte string takes
  /// memory only where `*value` has no room for it yet.
  OpResult Get(const Key& key, OwnedValue* value) {
    bool stored = true;
    const OpResult result = tree_->Get(
        *state_, key, [&](const Value& found) { stored = R::Value::Assign(value, found); });
    return stored ? result : OpResult::kOutOfMemory;
  }
  /// Calls take(value) where the key is present, without a copy: a byte string refers to the page
  /// and ends with the call.
  template <class F>
  requires std::invocable<F, const Value&> OpResult Get(const Key& key, F&& take) {
    return tree_->Get(*state_, key, std::forward<F>(take));
  }
  /// As a Get for each key, but with the cache misses of several overlapping. `values` and
  /// `results` must be as long as `keys`. @return keys found. Consistency: each Get by itself.
  /// Source: the interleaving of Chen et al., "Improving hash join performance through
  /// prefetching", ICDE 2004 (group prefetching), applied to descents.
  std::size_t MultiGet(std::span<const Key> keys, std::span<OwnedValue> values,
                       std::span<OpResult> results) {
    return tree_->MultiGet(*state_, keys, values, results);
  }

  /// Calls visit(key, value) -> bool for up to `limit` records with key >= `first`, in key order,
  /// until it returns false. The visitor may use this session; byte strings end with its return.
  /// @return records visited; fewer than `limit` without a false means the end of the key space.
  /// Consistency: atomic within a leaf, not across leaves. Progress: lock-free. While it runs no
  /// page that was retired since it began is freed.
  template <class Visitor>
  std::size_t Scan(const Key& first, std::size_t limit, Visitor&& visit) {
    return tree_->Scan(*state_, first, limit, std::forward<Visitor>(visit));
  }
  /// As Scan in descending order, with key <= `first`.
  template <class Visitor>
  std::size_t ReverseScan(const Key& first, std::size_t limit, Visitor&& visit) {
    return tree_->ReverseScan(*state_, &first, limit, std::forward<Visitor>(visit));
  }
  /// As Scan in descending order, from the greatest key on.
  template <class Visitor>
  std::size_t ReverseScan(std::size_t limit, Visitor&& visit) {
    return tree_->ReverseScan(*state_, nullptr, limit, std::forward<Visitor>(visit));
  }
  /// Loads `records`, strictly ascending, into an empty tree; far faster than inserting them, above
  /// all with an executor that runs the parts in parallel. Others may read meanwhile: they see
  /// nothing, or everything.
  /// @return InvalidArgument, with nothing changed, where the tree holds records or the position
  /// named is out of order or too large; OutOfMemory, likewise.
  template <class Executor = SerialExecutor>
  Status BulkLoad(std::span<const std::pair<Key, Value>> records,
                  const BulkLoadOptions& options = {}, const Executor& executor = {}) {
    return BulkLoader(*tree_, *state_, options).Load(records, executor);
  }

  /// Gives pooled memory of this session, and what no session holds, back to the system, as far as
  /// the allocator policy can; first collects what was retired. May run beside other sessions.
  void Trim() {
    state_->participant.Collect(tree_->FreeRetired(*state_));
    state_->pool.Trim();
  }

  /// Tells the reclamation policy that this session rests, so that it holds no memory of others
  /// back (Qsbr; an idle session of the other policies holds none). The next operation ends the
  /// rest. Not from inside a visitor.
  void Park() { tree_->ParkSession(*state_); }

  /// An iterator, which is not positioned yet. As many as wanted may live at a time.
  Iterator NewIterator() { return Iterator(tree_, state_); }

 private:
  friend class BwTree;
  Session(BwTree* tree, SessionState* state) : tree_(tree), state_(state) {}

  OpResult Write(const Key& key, const Value& value, DeltaKind kind, Condition condition) {
    return tree_->Write(*state_, key, R::Value::ToPayload(value), kind, condition);
  }

  BwTree* tree_;
  SessionState* state_;
};

}  // namespace bwlab

#include "bwlab/bwtree/bw_tree_bulk_load.inl.h"    // IWYU pragma: export
#include "bwlab/bwtree/bw_tree_consolidate.inl.h"  // IWYU pragma: export
#include "bwlab/bwtree/bw_tree_get.inl.h"          // IWYU pragma: export
#include "bwlab/bwtree/bw_tree_iterator.inl.h"     // IWYU pragma: export
#include "bwlab/bwtree/bw_tree_memory.inl.h"       // IWYU pragma: export
#include "bwlab/bwtree/bw_tree_merge.inl.h"        // IWYU pragma: export
#include "bwlab/bwtree/bw_tree_multi_get.inl.h"    // IWYU pragma: export
#include "bwlab/bwtree/bw_tree_scan.inl.h"         // IWYU pragma: export
#include "bwlab/bwtree/bw_tree_split.inl.h"        // IWYU pragma: export
#include "bwlab/bwtree/bw_tree_validate.inl.h"     // IWYU pragma: export
#include "bwlab/bwtree/bw_tree_write.inl.h"        // IWYU pragma: export
