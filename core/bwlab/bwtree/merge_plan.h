#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "bwlab/base/assert.h"
#include "bwlab/bwtree/layout_packed.h"

namespace bwlab {

/// One change to a node's records.
struct Delta {
  Head head;
  uint64_t payload;
  DeltaKind kind;

  bool removes() const { return kind == DeltaKind::kDelete || kind == DeltaKind::kIndexTermDelete; }
};

/// The members of a page in key order, from a head on. Fixed size: lives on the stack.
class SortedDeltas {
 public:
  SortedDeltas(const PackedPage& page, uint32_t members, Head from = kHeadMin) {
    ForEachMember(members, [&](uint32_t slot) {
      const Head head = page.SlotHead(slot);
      if (head >= from) Insert({head, page.SlotPayload(slot), page.SlotKind(slot)});
    });
  }

  /// Adds a delta that replaces the one of its key, if there is one.
  void Supersede(const Delta& delta) {
    for (uint32_t i = 0; i < size_; ++i) {
      if (deltas_[i].head == delta.head) {
        deltas_[i] = delta;
        return;
      }
    }
    Insert(delta);
  }

  uint32_t size() const { return size_; }
  const Delta& operator[](uint32_t i) const { return deltas_[i]; }
  const Delta* begin() const { return deltas_.data(); }
  const Delta* end() const { return deltas_.data() + size_; }

 private:
  /// Insertion sort: at most 21 deltas, most of them few.
  void Insert(const Delta& delta) {
    uint32_t at = size_++;
    for (; at > 0 && deltas_[at - 1].head > delta.head; --at) deltas_[at] = deltas_[at - 1];
    deltas_[at] = delta;
  }

  uint32_t size_ = 0;
  std::array<Delta, kSlotsMax + 1> deltas_;
};

/// Calls emit(head, payload) -> bool for the records of `page` from base position `at` on with
/// `deltas` on top, in key order, until it returns false. The deltas must not lie below that
/// position. @return false if emit did.
template <class Emit>
bool VisitMerged(const PackedPage& page, const SortedDeltas& deltas, uint32_t at, Emit&& emit) {
  const Head* const heads = page.heads();
  const uint64_t* const payloads = page.payloads();
  const uint32_t count = page.count();
  for (const Delta& delta : deltas) {
    for (; at < count && heads[at] < delta.head; ++at) {
      if (!emit(heads[at], payloads[at])) return false;
    }
    if (at < count && heads[at] == delta.head) ++at;
    if (!delta.removes() && !emit(delta.head, delta.payload)) return false;
  }
  for (; at < count; ++at) {
    if (!emit(heads[at], payloads[at])) return false;
  }
  return true;
}

/// Fills one new page, or two of a split, with records in ascending order.
class RecordSink {
 public:
  /// `right` is null where there is no split; otherwise records past left->count() go there.
  RecordSink(PackedPage* left, PackedPage* right) : page_(left), right_(right) {}

  void Run(const Head* heads, const uint64_t* payloads, uint32_t count) {
    const uint32_t room = page_->count() - filled_;
    if (count > room) {
      Copy(heads, payloads, room);
      NextPage();
      heads += room;
      payloads += room;
      count -= room;
    }
    Copy(heads, payloads, count);
  }

  void One(Head head, uint64_t payload) {
    if (filled_ == page_->count()) NextPage();
    page_->mutable_heads()[filled_] = head;
    page_->mutable_payloads()[filled_] = payload;
    ++filled_;
  }

  bool Complete() const { return right_ == nullptr && filled_ == page_->count(); }

 private:
  void NextPage() {
    BWLAB_ASSERT(right_ != nullptr);
    page_ = right_;
    right_ = nullptr;
    filled_ = 0;
  }
  void Copy(const Head* heads, const uint64_t* payloads, uint32_t count) {
    std::memcpy(page_->mutable_heads() + filled_, heads, count * sizeof(Head));
    std::memcpy(page_->mutable_payloads() + filled_, payloads, count * sizeof(uint64_t));
    filled_ += count;
  }

  PackedPage* page_;
  PackedPage* right_;
  uint32_t filled_ = 0;
};

/// How a page's base node and its sorted deltas become one sorted run: the base is copied in the
/// runs between the deltas, not record by record. Source: sorted-segment consolidation, Wang et
/// al., SIGMOD 2018, section 4.3.
class MergePlan {
 public:
  template <class Search>
  static MergePlan Make(const PackedPage& base, const SortedDeltas& deltas) {
    MergePlan plan(base, deltas);
    const SortedHeads sorted = base.sorted();
    for (uint32_t i = 0; i < deltas.size(); ++i) {
      const uint32_t upper = Search::UpperBound(sorted, deltas[i].head);
      const bool in_base = upper > 0 && sorted.heads[upper - 1] == deltas[i].head;
      plan.steps_[i] = {in_base ? upper - 1 : upper, in_base};
      if (deltas[i].removes()) {
        plan.count_ -= in_base ? 1 : 0;
      } else {
        plan.count_ += in_base ? 0 : 1;
      }
    }
    return plan;
  }

  const PackedPage& base() const { return base_; }
  uint32_t delta_count() const { return deltas_.size(); }
  /// Records after the merge.
  uint32_t count() const { return count_; }

  /// Whether every delta lies behind the last base record: what ascending insertion leaves.
  bool AppendsOnly() const {
    return deltas_.size() > 0 && steps_[0].base_position == base_.count();
  }

  /// Calls emit(head, payload) -> bool for every record after the merge, until it returns false.
  template <class Emit>
  bool Visit(Emit&& emit) const {
    return VisitMerged(base_, deltas_, 0, emit);
  }

  void WriteTo(RecordSink& sink) const {
    uint32_t done = 0;
    for (uint32_t i = 0; i < deltas_.size(); ++i) {
      const Step& step = steps_[i];
      sink.Run(base_.heads() + done, base_.payloads() + done, step.base_position - done);
      if (!deltas_[i].removes()) sink.One(deltas_[i].head, deltas_[i].payload);
      done = step.base_position + (step.in_base ? 1 : 0);
    }
    sink.Run(base_.heads() + done, base_.payloads() + done, base_.count() - done);
  }

 private:
  struct Step {
    uint32_t base_position;  // first base record that is not below the delta
    bool in_base;            // whether that record has the delta's key
  };

  MergePlan(const PackedPage& base, const SortedDeltas& deltas)
      : base_(base), deltas_(deltas), count_(base.count()) {}

  const PackedPage& base_;
  const SortedDeltas& deltas_;
  uint32_t count_;
  std::array<Step, kSlotsMax + 1> steps_;
};

}  // namespace bwlab
