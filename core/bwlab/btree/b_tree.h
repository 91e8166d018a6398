#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

#include "bwlab/base/assert.h"
#include "bwlab/base/atomic.h"
#include "bwlab/base/cache_line.h"
#include "bwlab/base/memory_usage.h"
#include "bwlab/base/session_list.h"
#include "bwlab/base/status.h"
#include "bwlab/btree/b_tree_options.h"
#include "bwlab/btree/fit.h"
#include "bwlab/btree/page.h"
#include "bwlab/btree/patience.h"
#include "bwlab/btree/record_list.h"
#include "bwlab/policy/concepts.h"
#include "bwlab/policy/search/finger.h"
#include "bwlab/record/record_types.h"

namespace bwlab {

namespace test {
template <class Tree>
class TreeDamage;  // tests/conformance/b_tree_validate_test.cc
}  // namespace test

/// What a BTree is put together from; the traits of a Bw-tree will do.
template <class T>
concept BTreeTraits = SearchPolicy<typename T::Search> && BackoffPolicy<typename T::Backoff> &&
    ReclamationPolicy<typename T::Reclamation> && AllocatorPolicy<typename T::Allocator> &&
    StatsPolicy<typename T::Stats> && requires {
  typename T::Key;
  typename T::Value;
};

/// A B+-tree with optimistic lock coupling: the ordered map that the Bw-tree is compared with, with
/// the same keys, values, policies and answers. Readers lock nothing; writers lock the leaf that
/// they change in place.
///
/// Thread safety: every thread works through sessions of its own; OpenSession, Size, Memory and
/// Counters from any thread; Validate while nobody writes; the destructor runs alone, after the
/// sessions. Progress: blocking; a thread that stalls with a lock stops those that come to the same
/// node. Consistency: Insert, Upsert, Update, Delete and Get are linearizable: a write at the
/// unlock of its leaf, a read at the version that it validates. Protocol and invariants: README.md.
/// Source: Leis, Haubenschild, Neumann, "Optimistic Lock Coupling: A Scalable and Efficient
/// General-Purpose Synchronization Method", IEEE Data Eng. Bull. 2019. Differs: a node's range
/// never changes, structure changes write new nodes, and nodes are merged.
template <BTreeTraits Traits>
class BTree {
 public:
  using R = Records<typename Traits::Key, typename Traits::Value>;
  using Key = typename R::Key::View;
  using Value = typename R::Value::View;
  using OwnedValue = typename R::Value::Owned;
  class Session;

  static constexpr bool kCountsEvents = Traits::Stats::kEnabled;

  /// @return InvalidArgument for options out of range, OutOfMemory where the system gives no
  /// memory.
  static Result<std::unique_ptr<BTree>> Open(const BTreeOptions& options = {});
  ~BTree();
  BTree(const BTree&) = delete;
  BTree& operator=(const BTree&) = delete;

  /// A session for one thread at a time. It must end before the tree does. Open it once a thread,
  /// not once an operation.
  /// @return OutOfMemory where there is no memory for its state.
  Result<Session> OpenSession();

  /// Records in the tree: exact when no write overlaps the call; otherwise off by at most the
  /// writes that do.
  uint64_t Size() const;

  /// Checks the invariants of page.h and README.md on every node. @return Corruption that names the
  /// first node at fault by the way to it.
  Status Validate() const;

  MemoryUsage Memory() const;
  /// All zero where kCountsEvents is false. A lost CAS is one on a version that has changed; a node
  /// that is written anew without a split counts as a consolidation.
  TreeCounters Counters() const;
  const BTreeOptions& options() const { return options_; }

 private:
  friend class test::TreeDamage<BTree>;
  using Probe = typename R::Probe;
  using Payload = typename R::Payload;
  using Search = typename Traits::Search;
  using Stats = typename Traits::Stats;
  using Leaf = BTreePage<R>;
  /// Its values are the addresses of children, whose low fences are the keys.
  using Inner = BTreePage<Records<typename Traits::Key, U64Value>>;
  using Version = VersionLock::Version;
  using Waiting = Patience<typename Traits::Backoff>;

  /// What a session owns.
  struct SessionState {
    explicit SessionState(BTree& tree)
        : participant(tree.domain_),
          pool(tree.allocator_),
          backoff(BackoffLimits{tree.options_.backoff_spins_min, tree.options_.backoff_spins_max}) {
    }

    typename Traits::Reclamation::Participant participant;
    typename Traits::Allocator::Local pool;
    [[no_unique_address]] typename Traits::Backoff::Local backoff;
    [[no_unique_address]] Stats stats;
    Atomic<int64_t> size_delta{0};  // inserts minus deletes; written by the owner alone
    Atomic<int64_t> live_bytes{0};  // pages allocated minus freed; written by the owner alone
    Finger finger;
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

  /// A node that a descent has come to, and where its address stood.
  struct Spot {
    BTreeNode* node = nullptr;
    Version version = 0;
    Inner* parent = nullptr;  // null: the node is the root
    Version parent_version = 0;
    uint32_t index = 0;  // of the node in its parent
  };

  /// The child whose range holds a key.
  struct ByKey {
    const Probe& key;

    [[gnu::always_inline]] uint32_t operator()(const typename Inner::View& inner) const {
      return Before(inner.template Locate<Search>(inner.page().InPage(key)).upper);
    }
    /// The child whose separator is the last of `upper`; the first one where the node is torn.
    static uint32_t Before(uint32_t upper) { return upper > 0 ? upper - 1 : 0; }
  };
  /// The same for a writer. A type of its own, so that readers have no finger to ask for.
  struct ByKeyNear {
    const Probe& key;
    Finger* finger;

    [[gnu::always_inline]] uint32_t operator()(const typename Inner::View& inner) const {
      return ByKey::Before(inner.template Locate<Search>(inner.page().InPage(key), finger).upper);
    }
  };
  /// The child with the greatest keys that are below `end`, or at most `end` where that is
  /// included; without it the last one.
  struct UpTo {
    const Probe* end;
    bool included;

    /// Records of a node that are so.
    template <class View>
    uint32_t Count(const View& node) const {
      if (end == nullptr) return node.count();
      const Position position = node.template Locate<Search>(node.page().InPage(*end));
      return included ? position.upper : position.lower();
    }
    uint32_t operator()(const typename Inner::View& inner) const {
      const uint32_t count = Count(inner);
      return count > 0 ? count - 1 : 0;  // 0: torn
    }
  };

  enum class Outcome : uint8_t {
    kDone,
    kLost,        // something has changed meanwhile
    kParentFull,  // the parent has no room for a separator
    kOutOfMemory,
  };

  /// What became of an underfull node.
  enum class MergeResult : uint8_t {
    kMerged,     // with a neighbour
    kEvened,     // it shares its neighbour's records
    kNotNeeded,  // it is not underfull
    kOnlyChild,
    kLost,        // something has changed meanwhile
    kParentFull,  // the parent has no room for the new separator
    kFailed,      // without memory, or no new nodes would hold the records
  };
  /// What it is tried for one delete; what is left undone waits for the next one.
  static constexpr int kShrinkTriesMax = 64;
  /// Records that a page of kBytesMax always holds, however large they and the fences are.
  static constexpr uint32_t kFewRecords = 3;

  template <class Page>
  struct Division;

  /// Of a child that a descent comes to: the header, and the hints of 4 KB.
  static constexpr unsigned kPrefetchedLines = 5;

  explicit BTree(const BTreeOptions& options)
      : options_(options),
        leaf_limits_(LimitsOf<Leaf>(options.leaf_bytes, options.leaf_capacity)),
        inner_limits_(LimitsOf<Inner>(options.inner_bytes, options.inner_capacity)),
        allocator_(AllocatorOptions{HugePages(options.huge_pages), options.pooled_bytes_max}),
        domain_(ReclamationOptions{options.epoch_batch_size, options.epoch_frees_per_retire_max,
                                   options.membarrier != 0}) {}

  const PageLimits& Limits(uint32_t level) const {
    return level == 0 ? leaf_limits_ : inner_limits_;
  }
  static BTreeNode* ChildOf(uint64_t word) { return reinterpret_cast<BTreeNode*>(word); }
  static uint64_t WordOf(const BTreeNode* child) { return reinterpret_cast<uint64_t>(child); }

  // b_tree_get.inl.h
  static bool AwaitReadable(const BTreeNode& node, Waiting& waiting, Version* version);
  template <class Choose>
  bool Descend(uint32_t level, const Choose& choose, Waiting& waiting, Spot* spot) const;
  template <class F>
  OpResult Get(SessionState& state, const Key& key, F&& take) const;

  // b_tree_write.inl.h
  enum class WriteKind : uint8_t { kInsert, kUpsert, kUpdate, kDelete };
  OpResult Write(SessionState& state, const Key& key, const Payload& payload, WriteKind kind);
  static bool Lock(SessionState& state, BTreeNode& node, Version version);
  static void CountRecord(SessionState& state, int64_t change);

  // b_tree_split.inl.h
  template <class Page>
  Outcome Rewrite(SessionState& state, const Spot& spot, const RecordList<Page>& records,
                  bool ascending, uint64_t reserved_bytes, uint64_t* wanted_bytes);
  template <class Page>
  Outcome Distribute(SessionState& state, const Spot& spot, Page* second,
                     const Division<Page>& division, uint64_t reserved_bytes,
                     uint64_t* wanted_bytes);
  Inner* NewRoot(SessionState& state, uint32_t level, const Probe& separator);
  OpResult MakeRoom(SessionState& state, const Probe& key, uint32_t level, uint64_t bytes);

  // b_tree_merge.inl.h
  template <class Page>
  bool IsUnderfull(const Page& page) const;
  void ShrinkAfterDelete(SessionState& state, const Probe& key);
  template <class Page>
  MergeResult Merge(SessionState& state, const Spot& spot, uint64_t* wanted_bytes);
  template <class Page>
  MergeResult MergeLocked(SessionState& state, const Spot& spot, Page& first, Page& second,
                          uint64_t* wanted_bytes);
  bool ShrinkRoot(SessionState& state, const Spot& spot);

  // b_tree_scan.inl.h
  struct CopiedRecords;
  template <class Choose, class Range>
  CopiedRecords CopyLeaf(SessionState& state, const Choose& choose, const Range& range,
                         typename Leaf::CopyBuffer& buffer) const;
  template <class Visitor>
  std::size_t Scan(SessionState& state, const Key& first, std::size_t limit, Visitor&& visit) const;
  template <class Visitor>
  std::size_t ReverseScan(SessionState& state, const Key* first, std::size_t limit,
                          Visitor&& visit) const;

  // b_tree_memory.inl.h
  template <class Page>
  Page* NewPage(SessionState& state, const typename Page::Shape& shape);
  void FreePage(SessionState& state, Retired* page);
  void Retire(SessionState& state, BTreeNode& node);
  void CloseSession(SessionState& state);
  auto FreeRetired(SessionState& state);
  void FreeBelow(SessionState& state, BTreeNode* node);
  static void AddLive(SessionState& state, int64_t bytes);

  // b_tree_validate.inl.h
  struct Validator;

  const BTreeOptions options_;
  const PageLimits leaf_limits_;
  const PageLimits inner_limits_;
  typename Traits::Allocator::Shared allocator_;
  typename Traits::Reclamation::Domain domain_;
  // Changed by whoever holds the lock of the node that it names, which so is the root as long as it
  // is not obsolete.
  alignas(kCacheLineBytes) Atomic<BTreeNode*> root_{nullptr};
  alignas(kCacheLineBytes) SessionList<SessionState> states_;
};

/// One thread's access to a tree. Movable; a moved-from session may only be destroyed.
template <BTreeTraits Traits>
class BTree<Traits>::Session {
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
    return Write(key, value, WriteKind::kInsert);
  }
  /// Inserts or replaces.
  OpResult Upsert(const Key& key, const Value& value) {
    return Write(key, value, WriteKind::kUpsert);
  }
  /// @return kNotFound where the key is absent.
  OpResult Update(const Key& key, const Value& value) {
    return Write(key, value, WriteKind::kUpdate);
  }
  /// @return kNotFound where the key is absent.
  OpResult Delete(const Key& key) { return Write(key, Value{}, WriteKind::kDelete); }

  /// Stores the value of `key`, or leaves `*value` alone and returns kNotFound. A byte string takes
  /// memory only where `*value` has no room for it yet.
  OpResult Get(const Key& key, OwnedValue* value) {
    bool stored = true;
    const OpResult result = tree_->Get(
        *state_, key, [&](const Value& found) { stored = R::Value::Assign(value, found); });
    return stored ? result : OpResult::kOutOfMemory;
  }
  /// Calls take(value) where the key is present; a byte string ends with the call.
  template <class F>
  requires std::invocable<F, const Value&> OpResult Get(const Key& key, F&& take) {
    return tree_->Get(*state_, key, std::forward<F>(take));
  }

  /// Calls visit(key, value) -> bool for up to `limit` records with key >= `first`, in key order,
  /// until it returns false. The visitor may use this session; byte strings end with its return.
  /// @return records visited; fewer than `limit` without a false means the end of the key space.
  /// Consistency: atomic within a leaf, not across leaves. While it runs no page that was retired
  /// since it began is freed. Takes kBytesMax of page.h from the stack.
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

  /// Gives pooled memory of this session, and what no session holds, back to the system, as far as
  /// the allocator policy can; first collects what was retired. May run beside other sessions.
  void Trim() {
    state_->participant.Collect(tree_->FreeRetired(*state_));
    state_->pool.Trim();
  }

 private:
  friend class BTree;
  Session(BTree* tree, SessionState* state) : tree_(tree), state_(state) {}

  OpResult Write(const Key& key, const Value& value, WriteKind kind) {
    return tree_->Write(*state_, key, R::Value::ToPayload(value), kind);
  }

  BTree* tree_;
  SessionState* state_;
};

}  // namespace bwlab

#include "bwlab/btree/b_tree_get.inl.h"       // IWYU pragma: export
#include "bwlab/btree/b_tree_memory.inl.h"    // IWYU pragma: export
#include "bwlab/btree/b_tree_merge.inl.h"     // IWYU pragma: export
#include "bwlab/btree/b_tree_scan.inl.h"      // IWYU pragma: export
#include "bwlab/btree/b_tree_split.inl.h"     // IWYU pragma: export
#include "bwlab/btree/b_tree_validate.inl.h"  // IWYU pragma: export
#include "bwlab/btree/b_tree_write.inl.h"     // IWYU pragma: export
