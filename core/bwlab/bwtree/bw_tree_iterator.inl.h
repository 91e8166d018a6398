#pragma once

// Iterators. Included by bw_tree.h.

#include <algorithm>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "bwlab/base/test_hooks.h"
#include "bwlab/bwtree/bw_tree.h"

namespace bwlab {

/// Walks the records in both directions. It holds a copy of one leaf and no pin: it keeps nothing
/// from being freed however long it lives, survives every change of the tree, and many may live on
/// one session. The session must outlive it and is used by Seek, Next and Prev.
///
/// Consistency: each leaf is as it was at one moment between the call that reached it and the call
/// before; keys ascend strictly under Next and descend strictly under Prev whatever others do.
/// Errors: without memory for the copy the iterator becomes invalid and status() says so.
template <TreeTraits Traits>
class BwTree<Traits>::Iterator {
 public:
  /// To the first record with key >= `target`.
  void Seek(const Key& target) { SeekProbe(R::Key::ToProbe(target)); }
  void SeekToFirst() { SeekProbe(R::Key::kLeast); }
  /// To the last record with key <= `target`.
  void SeekForPrev(const Key& target) {
    if (!SetBound(R::Key::ToProbe(target)) || !LoadAtBound()) return;
    at_ = CountBelow(bound_, true);
    StepBack();
  }
  void SeekToLast() {
    if (!Load([&] { return tree_->FindNodeBefore(nullptr); })) return;
    at_ = records_.size();
    StepBack();
  }

  bool Valid() const { return at_ < records_.size(); }
  /// kOk where the iterator is valid or has run over an end.
  OpResult status() const { return status_; }

  // While Valid(). What key() and value() return lasts until the iterator moves.
  void Next() {
    BWLAB_ASSERT(Valid());
    ++at_;
    SkipForward();
  }
  void Prev() {
    BWLAB_ASSERT(Valid());
    StepBack();
  }
  Key key() const { return R::Key::FromProbe(KeyAt(at_)); }
  Value value() const {
    BWLAB_ASSERT(Valid());
    const Entry& entry = records_[at_];
    if constexpr (std::is_same_v<Value, uint64_t>) {
      return entry.value;
    } else {
      return {bytes_.data() + entry.value_begin, entry.value_bytes};
    }
  }

 private:
  friend class Session;
  static constexpr bool kKeyInEntry = R::Key::kInHead;
  static constexpr bool kValueInEntry = std::is_same_v<Value, uint64_t>;

  /// A record of the copied leaf; byte strings lie in bytes_.
  struct Entry {
    Probe key{};  // where kKeyInEntry
    uint64_t value = 0;
    uint32_t key_begin = 0, key_bytes = 0, value_begin = 0, value_bytes = 0;
  };

  Iterator(BwTree* tree, SessionState* state) : tree_(tree), state_(state) {}

  Probe KeyAt(std::size_t at) const {
    BWLAB_ASSERT(at < records_.size());
    const Entry& entry = records_[at];
    if constexpr (kKeyInEntry) {
      return entry.key;
    } else {
      return {bytes_.data() + entry.key_begin, entry.key_bytes};
    }
  }

  /// Records of the copy that are below `key`, or at it where `inclusive`.
  std::size_t CountBelow(const Probe& key, bool inclusive) const {
    std::size_t first = 0;
    std::size_t last = records_.size();
    while (first < last) {
      const std::size_t middle = (first + last) / 2;
      const Probe other = KeyAt(middle);
      if (other < key || (inclusive && other == key)) {
        first = middle + 1;
      } else {
        last = middle;
      }
    }
    return first;
  }

  /// Copies the leaf that `find` leads to. @return false, with the status set, without memory.
  template <class Find>
  bool Load(Find&& find) {
    const Pin pin(*state_);
    const Node leaf = tree_->FindSettled(*state_, find);
    records_.clear();
    bytes_.clear();
    status_ = OpResult::kOk;
    try {
      records_.reserve(leaf.records_at_most());
      KeyBuffer<R> keys;
      keys.SetPrefix(leaf.prefix());
      leaf.Visit([&](const Record<R>& record) {
        Entry entry;
        const Probe key = keys.JoinProbe(record.key);
        if constexpr (kKeyInEntry) {
          entry.key = key;
        } else {
          entry.key_begin = static_cast<uint32_t>(bytes_.size());
          entry.key_bytes = static_cast<uint32_t>(key.size());
          bytes_.append(key);
        }
        const Value value = R::Value::FromPayload(record.payload);
        if constexpr (kValueInEntry) {
          entry.value = value;
        } else {
          entry.value_begin = static_cast<uint32_t>(bytes_.size());
          entry.value_bytes = static_cast<uint32_t>(value.size());
          bytes_.append(value);
        }
        records_.push_back(entry);
        return true;
      });
      low_ = leaf.low();
      last_leaf_ = leaf.right() == kNoPage;
      if (!last_leaf_) high_ = leaf.high();
    } catch (const std::bad_alloc&) {
      records_.clear();
      status_ = OpResult::kOutOfMemory;
    }
    return status_ == OpResult::kOk;
  }

  /// Copies a target: it may lie in the leaf that a load replaces. @return as Load.
  bool SetBound(const Probe& key) {
    try {
      bound_ = key;
      return true;
    } catch (const std::bad_alloc&) {
      records_.clear();
      status_ = OpResult::kOutOfMemory;
      return false;
    }
  }
  bool LoadAtBound() {
    return Load([&] { return tree_->FindNode(bound_, 0, state_->stats); });
  }

  void SeekProbe(const Probe& key) {
    if (!SetBound(key) || !LoadAtBound()) return;
    at_ = CountBelow(bound_, false);
    SkipForward();
  }
  /// To the next leaf that holds something, where this one has come to its end.
  void SkipForward() {
    while (at_ == records_.size() && !last_leaf_) {
      // The leaf found may begin lower, if it has absorbed its neighbour since.
      std::swap(bound_, high_);
      if (!LoadAtBound()) return;
      at_ = BWLAB_MUTANT(IteratorRepeatsAbsorbed) ? 0 : CountBelow(bound_, false);
    }
  }
  /// To the record before at_, where need be in an earlier leaf.
  void StepBack() {
    while (at_ == 0) {
      if (Probe(low_) == R::Key::kLeast) {
        at_ = records_.size();  // over the end
        return;
      }
      std::swap(bound_, low_);
      const Probe end = bound_;
      if (!Load([&] { return tree_->FindNodeBefore(&end); })) return;
      at_ = CountBelow(end, false);
    }
    --at_;
  }

  BwTree* tree_;
  SessionState* state_;
  std::vector<Entry> records_;
  std::string bytes_;
  std::size_t at_ = 0;
  OwnedProbe low_{};
  OwnedProbe high_{};
  OwnedProbe bound_{};  // what the leaf was or is to be found by
  bool last_leaf_ = true;
  OpResult status_ = OpResult::kOk;
};

}  // namespace bwlab
