#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

#include "bwlab/base/assert.h"
#include "bwlab/base/cache_line.h"
#include "bwlab/base/status.h"
#include "bwlab/bwtree/layout_packed.h"
#include "bwlab/bwtree/mapping_table.h"
#include "bwlab/bwtree/merge_plan.h"
#include "bwlab/bwtree/tree_options.h"
#include "bwlab/policy/concepts.h"

namespace bwlab {

/// Memory of a tree in bytes.
struct MemoryUsage {
  uint64_t live_bytes = 0;           // pages in use, retired ones included
  uint64_t retired_bytes = 0;        // of these: unlinked, waiting for their grace period
  uint64_t pooled_bytes = 0;         // free pages that the allocator policy keeps
  uint64_t mapping_table_bytes = 0;  // words of the page ids handed out
};

/// A latch-free ordered map from 64-bit keys to 64-bit values; all bits of both are the user's.
///
/// Thread safety: every thread works through sessions of its own; OpenSession, Size, Memory and
/// Counters from any thread; Validate while nobody writes; the destructor runs alone, after the
/// sessions. Progress: operations are lock-free; a thread that stalls anywhere stops nobody else.
/// Consistency: Insert, Upsert, Update, Delete and Get are linearizable: a write at its CAS on the
/// mapping table, a read at its load of the leaf's word. The states of a node, the steps of
/// structure modifications and the invariants are in PROTOCOL.md. Source: Levandoski, Lomet,
/// Sengupta, "The Bw-Tree", ICDE 2013; Wang et al., SIGMOD 2018.
template <TreeTraits Traits>
class BwTree {
 public:
  using Key = uint64_t;
  using Value = uint64_t;
  class Session;

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

  /// Checks the invariants I1-I9 of PROTOCOL.md on every node. @return Corruption that names the
  /// first node at fault.
  Status Validate() const;

  MemoryUsage Memory() const;
  /// All zero where kCountsEvents is false.
  TreeCounters Counters() const;
  const TreeOptions& options() const { return options_; }

 private:
  using Search = typename Traits::Search;

  /// What a session owns. Lives until the tree dies and serves one session after the other, so that
  /// its counters go on.
  struct SessionState {
    explicit SessionState(BwTree& tree) : participant(tree.domain_), pool(tree.allocator_) {}

    typename Traits::Reclamation::Participant participant;
    typename Traits::Allocator::Local pool;
    [[no_unique_address]] typename Traits::Stats stats;
    std::atomic<int64_t> size_delta{0};  // inserts minus deletes; written by the owner alone
    std::atomic<int64_t> live_bytes{0};  // pages allocated minus freed; written by the owner alone
    PageId spare_id = kNoPage;           // allocated for a node that was never published
    uint32_t merge_nesting = 0;          // merges under way that made each other possible
    std::atomic<bool> in_use{true};
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

  /// A node as one load of its mapping word saw it; what a CAS on it expects.
  struct Snapshot {
    PageId id = kNoPage;
    PackedWord word{0};

    PackedPage& page() const { return *word.page(); }

    /// Of an inner node: calls f(IndexTerm) -> bool in key order until it returns false. @return
    /// false if it did.
    template <class F>
    bool VisitTerms(F&& f) const {
      return VisitMerged(page(), SortedDeltas(page(), word.members()), 0,
                         [&f](Head separator, uint64_t payload) {
                           return f(IndexTerm{separator, payload});
                         });
    }
  };

  /// How an attempt to change a node ended.
  enum class Attempt : uint8_t { kDone, kLost, kOutOfMemory, kOutOfPageIds };
  static OpResult FailureOf(Attempt attempt) {
    return attempt == Attempt::kOutOfMemory ? OpResult::kOutOfMemory : OpResult::kOutOfPageIds;
  }

  explicit BwTree(const TreeOptions& options)
      : options_(options), domain_(options.epoch_batch_size), table_(options.pages_max) {}

  // bw_tree_get.inl.h
  Snapshot Read(PageId id) const;
  Snapshot FindNode(Head head, uint32_t level) const;
  Snapshot ReadRoot(uint64_t* root = nullptr) const;
  static IndexTerm TermFor(const Snapshot& inner, Head head);
  static PageId ChildFor(const Snapshot& inner, Head head);
  OpResult Get(SessionState& state, Key key, Value* value) const;

  // bw_tree_write.inl.h
  enum class Condition : uint8_t { kNone, kAbsent, kPresent };
  OpResult Write(SessionState& state, const Delta& delta, Condition condition);
  Attempt Append(SessionState& state, Snapshot& node, const Delta& delta, uint32_t& slot,
                 uint32_t superseded);

  // bw_tree_scan.inl.h
  template <class Visitor>
  std::size_t Scan(SessionState& state, Key first, std::size_t limit, Visitor&& visit) const;

  // bw_tree_consolidate.inl.h
  Attempt Consolidate(SessionState& state, const Snapshot& node, const Delta* extra);
  Attempt Absorb(SessionState& state, const Snapshot& left, const Snapshot& right);
  Attempt Replace(SessionState& state, const Snapshot& node, const MergePlan& plan,
                  const MergePlan* tail);
  uint32_t LeftShareOfSplit(const MergePlan& plan, const MergePlan* tail) const;

  // bw_tree_split.inl.h
  OpResult FindNodeForWrite(SessionState& state, Head head, uint32_t level, Snapshot* node);
  OpResult PostSeparator(SessionState& state, PageId left, Head separator, PageId right,
                         uint32_t parent_level);
  OpResult GrowRoot(SessionState& state, uint64_t root_ref, const Snapshot& root);
  bool SwingRoot(uint64_t root_ref, PageId id);

  // bw_tree_merge.inl.h
  void ShrinkAfterDelete(SessionState& state, PageId leaf);
  void TryMerge(SessionState& state, const Snapshot& node);
  bool MayMerge(const Snapshot& left, const Snapshot& right) const;
  OpResult HelpMerge(SessionState& state, const Snapshot& parent, const IndexTerm& term);
  OpResult MarkVictim(SessionState& state, PageId victim, Snapshot* marked);
  OpResult AbsorbVictim(SessionState& state, const Snapshot& parent, const IndexTerm& term,
                        const Snapshot& victim, PageId* heir);
  void AfterMerge(SessionState& state, PageId parent, PageId heir, const Snapshot& victim);
  void TryShrinkRoot(SessionState& state);
  void FinishRootShrink(SessionState& state, uint64_t root_ref, const Snapshot& root);
  bool IsUnderfull(const Snapshot& node) const;

  // bw_tree_memory.inl.h
  SessionState* NewSessionState();
  void CloseSession(SessionState& state);
  PackedPage* NewPage(SessionState& state, uint32_t level, uint32_t count);
  void FreePage(SessionState& state, PackedPage* page);
  void FreeUnpublished(SessionState& state, PageId id, PackedPage* page);
  void RetirePage(SessionState& state, PackedPage* page);
  void RetireNode(SessionState& state, const Snapshot& node);
  auto FreeRetired(SessionState& state);
  PageId TakeId(SessionState& state);
  template <class F>
  void ForEachState(F&& f) const;

  // bw_tree_validate.inl.h
  struct Validator;

  uint32_t capacity(uint32_t level) const {
    return level == 0 ? options_.leaf_capacity : options_.inner_capacity;
  }

  const TreeOptions options_;
  typename Traits::Allocator::Shared allocator_;
  typename Traits::Reclamation::Domain domain_;
  MappingTable table_;
  // Change count (32 bits) | page id of the root (32). The count tells a root that came back after
  // it had grown and shrunk, so that a late GrowRoot does not install what the earlier root's split
  // has since been merged into.
  alignas(kCacheLineBytes) std::atomic<uint64_t> root_{kNoPage};
  alignas(kCacheLineBytes) std::atomic<SessionState*> states_{nullptr};
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

  /// @return kExists, and changes nothing, where the key is present.
  OpResult Insert(Key key, Value value) {
    return tree_->Write(*state_, {HeadOf(key), value, DeltaKind::kInsert}, Condition::kAbsent);
  }
  /// Inserts or replaces.
  OpResult Upsert(Key key, Value value) {
    return tree_->Write(*state_, {HeadOf(key), value, DeltaKind::kUpdate}, Condition::kNone);
  }
  /// @return kNotFound where the key is absent.
  OpResult Update(Key key, Value value) {
    return tree_->Write(*state_, {HeadOf(key), value, DeltaKind::kUpdate}, Condition::kPresent);
  }
  /// @return kNotFound where the key is absent.
  OpResult Delete(Key key) {
    return tree_->Write(*state_, {HeadOf(key), 0, DeltaKind::kDelete}, Condition::kPresent);
  }
  /// Stores the value of `key`, or leaves `*value` alone and returns kNotFound.
  OpResult Get(Key key, Value* value) { return tree_->Get(*state_, key, value); }

  /// Calls visit(key, value) -> bool for up to `limit` records with key >= `first`, in key order,
  /// until it returns false. The visitor may use this session.
  /// @return records visited; fewer than `limit` without a false means the end of the key space.
  /// Consistency: atomic within a leaf, not across leaves. Progress: lock-free. While it runs no
  /// page that was retired since it began is freed.
  template <class Visitor>
  std::size_t Scan(Key first, std::size_t limit, Visitor&& visit) {
    return tree_->Scan(*state_, first, limit, std::forward<Visitor>(visit));
  }

 private:
  friend class BwTree;
  Session(BwTree* tree, SessionState* state) : tree_(tree), state_(state) {}

  BwTree* tree_;
  SessionState* state_;
};

}  // namespace bwlab

#include "bwlab/bwtree/bw_tree_consolidate.inl.h"  // IWYU pragma: export
#include "bwlab/bwtree/bw_tree_get.inl.h"          // IWYU pragma: export
#include "bwlab/bwtree/bw_tree_memory.inl.h"       // IWYU pragma: export
#include "bwlab/bwtree/bw_tree_merge.inl.h"        // IWYU pragma: export
#include "bwlab/bwtree/bw_tree_scan.inl.h"         // IWYU pragma: export
#include "bwlab/bwtree/bw_tree_split.inl.h"        // IWYU pragma: export
#include "bwlab/bwtree/bw_tree_validate.inl.h"     // IWYU pragma: export
#include "bwlab/bwtree/bw_tree_write.inl.h"        // IWYU pragma: export
