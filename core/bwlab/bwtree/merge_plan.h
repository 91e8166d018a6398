#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "bwlab/base/assert.h"
#include "bwlab/base/test_hooks.h"
#include "bwlab/bwtree/delta.h"
#include "bwlab/bwtree/page_filler.h"

namespace bwlab {

/// Calls emit(Record) -> bool for the records of `page` from base position `at` on, up to base
/// position `end`, with `deltas` on top, in key order, until it returns false. The deltas must lie
/// between these positions. @return false if emit did.
template <class Page, class Deltas, class Emit>
[[gnu::always_inline]] inline bool VisitMerged(const Page& page, const Deltas& deltas, uint32_t at,
                                               uint32_t end, Emit&& emit) {
  const Head* const heads = page.heads();
  const uint64_t* const words = page.payload_words();
  for (const auto& delta : deltas) {
    for (; at < end && page.DecodeKey(heads[at], words[at]) < delta.key; ++at) {
      if (!emit(page.Decode(heads[at], words[at]))) return false;
    }
    if (at < end && page.DecodeKey(heads[at], words[at]) == delta.key) ++at;
    if (!delta.removes && !emit({delta.key, delta.payload})) return false;
  }
  for (; at < end; ++at) {
    if (!emit(page.Decode(heads[at], words[at]))) return false;
  }
  return true;
}
/// VisitMerged to the end of the page.
template <class Page, class Deltas, class Emit>
[[gnu::always_inline]] inline bool VisitMerged(const Page& page, const Deltas& deltas, uint32_t at,
                                               Emit&& emit) {
  return VisitMerged(page, deltas, at, page.count(), emit);
}

/// As VisitMerged in descending order, from the record before base position `end` on. The deltas
/// must lie below that position.
template <class Page, class Deltas, class Emit>
bool VisitMergedBackward(const Page& page, const Deltas& deltas, uint32_t end, Emit&& emit) {
  for (uint32_t i = deltas.size(); i > 0; --i) {
    const auto& delta = deltas[i - 1];
    for (; end > 0 && page.KeyAt(end - 1) > delta.key; --end) {
      if (!emit(page.RecordAt(end - 1))) return false;
    }
    if (end > 0 && page.KeyAt(end - 1) == delta.key) --end;
    if (!delta.removes && !emit({delta.key, delta.payload})) return false;
  }
  for (; end > 0; --end) {
    if (!emit(page.RecordAt(end - 1))) return false;
  }
  return true;
}

/// Fills one new page, or two of a split, with records in ascending order.
template <class Page>
class RecordSink {
 public:
  using R = typename Page::RecordsType;

  /// `right` is null where there is no split; otherwise records past left->count() go there.
  RecordSink(Page* left, Page* right) : filler_(*left), room_(left->count()), right_(right) {}

  void Run(const Page& from, uint32_t first, uint32_t count) {
    if (count > room_) {
      const uint32_t left_count = room_;
      filler_.Run(from, first, left_count);
      NextPage();
      first += left_count;
      count -= left_count;
    }
    filler_.Run(from, first, count);
    room_ -= count;
  }

  void One(std::string_view prefix, const Record<R>& record) {
    if (room_ == 0) NextPage();
    filler_.Add(prefix, record);
    --room_;
  }

  void Finish() {
    BWLAB_ASSERT(room_ == 0 && right_ == nullptr);
    filler_.Finish();
  }

 private:
  void NextPage() {
    BWLAB_ASSERT(right_ != nullptr);
    filler_.Finish();
    filler_ = PageFiller<Page>(*right_);
    room_ = right_->count();
    right_ = nullptr;
  }

  PageFiller<Page> filler_;
  uint32_t room_;
  Page* right_;
};

/// Fills the right page of a split whose left half stays as it is: passes over the records of that
/// half.
template <class Page>
class RightHalfSink {
 public:
  using R = typename Page::RecordsType;

  RightHalfSink(Page& right, uint32_t left_count) : filler_(right), to_skip_(left_count) {}

  void Run(const Page& from, uint32_t first, uint32_t count) {
    const uint32_t skipped = std::min(to_skip_, count);
    to_skip_ -= skipped;
    filler_.Run(from, first + skipped, count - skipped);
  }
  void One(std::string_view prefix, const Record<R>& record) {
    if (to_skip_ > 0) {
      --to_skip_;
    } else {
      filler_.Add(prefix, record);
    }
  }
  void Finish() { filler_.Finish(); }

 private:
  PageFiller<Page> filler_;
  uint32_t to_skip_;
};

/// Deltas that only give records of a base node new payloads, so that neither an order nor a merge
/// is needed: the base is copied as it is. Of pages without a heap.
template <class Page, uint32_t kDeltasMax>
class Overwrites {
 public:
  using R = typename Page::RecordsType;

  /// Adds a delta of a key that no other has. @return false where the delta does something else
  /// than to replace the payload of a base record.
  template <class Search>
  bool Add(const Page& base, const PageDelta<R>& delta) {
    if (delta.removes) return false;
    const auto position = base.template Locate<Search>(delta.key);
    if (!position.exact) return false;
    BWLAB_ASSERT(size_ < kDeltasMax);
    steps_[size_++] = {position.lower(), delta.payload};
    return true;
  }
  /// Adds a delta that replaces the one of its key, if there is one.
  template <class Search>
  bool Supersede(const Page& base, const PageDelta<R>& delta) {
    if (!Add<Search>(base, delta)) return false;
    const Step& last = steps_[size_ - 1];
    for (uint32_t i = 0; i + 1 < size_; ++i) {
      if (steps_[i].at != last.at) continue;
      steps_[i] = last;
      --size_;
      break;
    }
    return true;
  }

  uint32_t size() const { return size_; }

  /// `page` has the shape of `base`.
  void WriteTo(const Page& base, Page& page) const {
    PageFiller<Page> filler(page);
    filler.Run(base, 0, base.count());
    for (uint32_t i = BWLAB_MUTANT(OverwriteForgotten) ? 1 : 0; i < size_; ++i) {
      filler.Overwrite(steps_[i].at, steps_[i].payload);
    }
    filler.Finish();
  }

 private:
  struct Step {
    uint32_t at;
    typename R::Payload payload;
  };

  uint32_t size_ = 0;
  std::array<Step, kDeltasMax> steps_;
};

/// How a page's base node and its sorted deltas become one sorted run: the base is copied in the
/// runs between the deltas, not record by record. Source: sorted-segment consolidation, Wang et
/// al., SIGMOD 2018, section 4.3.
template <class Page, uint32_t kDeltasMax>
class MergePlan {
 public:
  using R = typename Page::RecordsType;
  using Deltas = SortedDeltas<R, kDeltasMax>;

  /// Refers to both.
  template <class Search>
  static MergePlan Make(const Page& base, const Deltas& deltas) {
    return Make<Search>(base, deltas, base.count());
  }
  /// Of the first `base_end` records of the base node alone; the deltas must lie among them.
  template <class Search>
  static MergePlan Make(const Page& base, const Deltas& deltas, uint32_t base_end) {
    MergePlan plan(base, deltas, base_end);
    // What ascending insertion leaves need not be looked for.
    const bool all_behind =
        deltas.size() > 0 && (base_end == 0 || base.KeyAt(base_end - 1) < deltas[0].key);
    for (uint32_t i = 0; i < deltas.size(); ++i) {
      Step& step = plan.steps_[i];
      step = {base_end, false};
      if (!all_behind) {
        const auto position = base.template Locate<Search>(deltas[i].key);
        step = {position.lower(), position.exact};
      }
      if (deltas[i].removes) {
        plan.count_ -= step.in_base && !BWLAB_MUTANT(TombstoneForgotten) ? 1 : 0;
      } else {
        plan.count_ += step.in_base ? 0 : 1;
      }
    }
    return plan;
  }

  const Page& base() const { return base_; }
  uint32_t delta_count() const { return deltas_.size(); }
  /// Records after the merge.
  uint32_t count() const { return count_; }

  /// Whether every delta lies behind the last base record: what ascending insertion leaves.
  bool AppendsOnly() const { return deltas_.size() > 0 && steps_[0].base_position == base_end_; }

  /// Calls emit(Record) -> bool for every record after the merge, until it returns false.
  template <class Emit>
  bool Visit(Emit&& emit) const {
    return VisitMerged(base_, deltas_, 0, base_end_, emit);
  }

  /// The record that `place` others go before, after the merge. place < count().
  Record<R> RecordAt(uint32_t place) const {
    uint32_t shift = 0;  // of the places of base records, modulo 2^32
    for (uint32_t i = 0; i < deltas_.size(); ++i) {
      const Step& step = steps_[i];
      const uint32_t at = step.base_position + shift;
      if (at > place) break;
      if (at == place && !deltas_[i].removes) return {deltas_[i].key, deltas_[i].payload};
      shift += (deltas_[i].removes ? 0 : 1) - (step.in_base ? 1 : 0);
    }
    return base_.RecordAt(place - shift);
  }

  /// `sink` is a RecordSink or a RightHalfSink.
  template <class Sink>
  void WriteTo(Sink& sink) const {
    uint32_t done = 0;
    for (uint32_t i = 0; i < deltas_.size(); ++i) {
      const Step& step = steps_[i];
      sink.Run(base_, done, step.base_position - done);
      if (!deltas_[i].removes) sink.One(base_.prefix(), {deltas_[i].key, deltas_[i].payload});
      if (BWLAB_MUTANT(TombstoneForgotten) && deltas_[i].removes) {
        done = step.base_position;
        continue;
      }
      done = step.base_position + (step.in_base ? 1 : 0);
    }
    sink.Run(base_, done, base_end_ - done);
  }

  /// Whether InterleaveTo writes the plan, and better than in runs: it does not know removals, and
  /// gains where runs are short.
  bool Interleaves() const {
    if constexpr (!R::kWords) {
      return false;
    } else {
      return base_.is_leaf() && base_end_ == base_.count() && !AppendsOnly() &&
             count_ <= Gaps::kPlacesMax &&
             std::none_of(deltas_.begin(), deltas_.end(),
                          [](const PageDelta<R>& delta) { return delta.removes; });
    }
  }

  /// As WriteTo a RecordSink of these pages, with branches that depend on the numbers of records
  /// alone: where random keys fall, runs are of any length, and each was a wrong guess.
  void InterleaveTo(Page& left, Page* right) const requires R::kWords {
    Gaps gaps;
    std::array<uint32_t, kDeltasMax> places;
    uint32_t added = 0;
    for (uint32_t i = 0; i < deltas_.size(); ++i) {
      places[i] = steps_[i].base_position + added;
      gaps.Set(places[i], !steps_[i].in_base);
      added += steps_[i].in_base ? 0 : 1;
    }
    uint32_t base_at = 0;
    uint32_t delta_at = 0;
    uint32_t first = 0;
    for (Page* page : {&left, right}) {
      if (page == nullptr) break;
      PageFiller<Page> filler(*page);
      base_at = filler.Spread(base_, base_at, gaps, first);
      const uint32_t end = first + page->count();
      for (; delta_at < deltas_.size() && places[delta_at] < end; ++delta_at) {
        const PageDelta<R>& delta = deltas_[delta_at];
        filler.Overwrite(places[delta_at] - first, {delta.key, delta.payload});
      }
      filler.Finish();
      first = end;
    }
  }

 private:
  struct Step {
    uint32_t base_position;  // first base record that is not below the delta
    bool in_base;            // whether that record has the delta's key
  };

  MergePlan(const Page& base, const Deltas& deltas, uint32_t base_end)
      : base_(base), deltas_(deltas), base_end_(base_end), count_(base_end) {}

  const Page& base_;
  const Deltas& deltas_;
  uint32_t base_end_;
  uint32_t count_;
  std::array<Step, kDeltasMax> steps_;
};

}  // namespace bwlab
