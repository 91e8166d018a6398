#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "bwlab/base/assert.h"
#include "bwlab/base/cache_line.h"
#include "bwlab/base/test_hooks.h"
#include "bwlab/bwtree/base_page.h"
#include "bwlab/bwtree/delta.h"
#include "bwlab/bwtree/linked_chain.h"
#include "bwlab/bwtree/merge_plan.h"
#include "bwlab/policy/stats/stats.h"

namespace bwlab {

/// Deltas of one base page at most: a chain's, the one that a split takes along, and the one that a
/// consolidation adds.
inline constexpr uint32_t kLinkedDeltasMax = kLinkedChainLengthMax + 2;

/// A node as one load of its mapping word saw it; what a CAS on it expects. Keys that are passed in
/// lie in the node's range, unless said otherwise.
///
/// A node has one part, or two where it has absorbed its right sibling: a part is a base page with
/// the deltas of its keys (LinkedDelta).
template <class R, class Search>
class LinkedNode {
 public:
  using Page = LinkedPage<R>;
  using ChainDelta = LinkedDelta<R>;
  using Word = LinkedWord<R>;
  using Key = typename R::PageKey;
  using Probe = typename R::Probe;
  using Payload = typename R::Payload;
  using Deltas = SortedDeltas<R, kLinkedDeltasMax>;

  LinkedNode() = default;
  LinkedNode(PageId id, uint64_t raw) : id_(id), word_(raw) {}

  PageId id() const { return id_; }
  Word word() const { return word_; }
  uint64_t raw() const { return word_.raw(); }
  /// Null where the chain has no delta.
  ChainDelta* top() const { return word_.delta(); }
  /// The page with the node's low key.
  Page& base() const {
    const ChainDelta* first = top();
    return first == nullptr ? *word_.page() : *first->base;
  }

  /// Asks for the delta on top, or for the header and the hints of a base page.
  void Prefetch() const {
    PrefetchLines(word_.address(), word_.is_delta() ? 1 : Page::kLinesOfDescent);
  }
  // Nothing: where the lines are is known only to who has followed the chain.
  void PrefetchEstimate(double /*share*/) const {}
  void PrefetchForWrite(double /*share*/) const {}
  static double ShareBelow(uint32_t /*at*/, const typename R::Probe& /*key*/) { return 0; }
  /// Asks for the lines of the base page in which `probe` is to be looked for.
  void PrefetchRecords(const Probe& probe) const {
    if (IsBeyond(probe)) return;
    const Page& page = PageFor(probe);
    page.PrefetchRecords(page.InPage(probe));
  }

  uint32_t level() const {
    const ChainDelta* first = top();
    return first == nullptr ? word_.page()->level() : first->level;
  }
  bool is_leaf() const { return level() == 0; }
  Probe low() const { return base().low(); }
  Probe high() const { return HighOf(RangeEnd()); }
  PageId right() const { return RightOf(RangeEnd()); }
  bool IsBeyond(const Probe& key) const { return right() != kNoPage && key >= high(); }
  /// Its word does not tell.
  static constexpr bool MayHaveEnded(uint64_t /*raw*/) { return true; }
  static constexpr bool open() { return false; }
  bool marked() const {
    const ChainDelta* first = top();
    return first != nullptr && first->kind == DeltaKind::kRemove;
  }

  std::string_view prefix() const {
    const std::string_view whole = base().prefix();
    if constexpr (!R::Key::kInHead) {
      // What all keys of both base pages have in common, whatever a split has cut off since.
      if (const ChainDelta* seam = Merge(); seam != nullptr) {
        const Page& last = *seam->victim()->base;
        return whole.substr(0,
                            last.right() == kNoPage ? 0 : CommonPrefixLength(low(), last.high()));
      }
    }
    return whole;
  }
  Key InPage(const Probe& key) const {
    if constexpr (R::Key::kInHead) {
      return key;
    } else {
      const std::string_view suffix = key.substr(prefix().size());
      return {HeadOfBytes(suffix), suffix};
    }
  }

  /// Records of the base pages that are in the node's range, and deltas on top of them.
  uint32_t base_count() const {
    const ChainDelta* seam = Merge();
    uint32_t count = EndOf(LeftPart(seam));
    if (seam != nullptr) count += EndOf(RightPart(seam));
    return count;
  }
  uint32_t delta_count() const { return word_.is_delta() ? top()->depth : 0; }
  uint32_t delta_bytes() const { return word_.is_delta() ? top()->chain_bytes() : 0; }
  /// Records: exactly; and the bytes of the page that a consolidation would write.
  uint32_t records_at_most() const {
    const ChainDelta* first = top();
    return first == nullptr ? word_.page()->count() : first->count;
  }
  uint32_t bytes() const;

  /// Of a leaf: stores the value of `key` in `*payload` and returns true where it is present.
  template <class Stats>
  bool Find(const Probe& probe, Payload* payload, Stats& stats) const {
    const Newest newest = FindDelta(probe, stats);
    if (newest.delta != nullptr) {
      if (Removes(newest.delta->kind)) return false;
      *payload = newest.delta->payload();
      return true;
    }
    const auto position =
        newest.shortcut.template Locate<Search>(*newest.page, newest.page->InPage(probe));
    if (!position.exact) return false;
    *payload = newest.page->RecordAt(position.upper - 1).payload;
    return true;
  }

  /// Of an inner node: the index term whose child's range holds `probe`: that of the greatest
  /// separator not above it. `*exact`, where wanted, says whether the separator equals it.
  template <class Stats>
  IndexTerm TermFor(const Probe& probe, Stats& stats, bool* exact = nullptr,
                    Finger* /*finger*/ = nullptr, uint32_t* /*at*/ = nullptr) const {
    return NewestTerm(probe, true, stats, exact);
  }
  /// Of an inner node: the term with the greatest separator below `probe`, which lies above the
  /// node's low key and may lie beyond its range.
  IndexTerm TermBefore(const Probe& probe) const {
    NoStats uncounted;
    return NewestTerm(IsBeyond(probe) ? high() : probe, false, uncounted, nullptr);
  }
  /// Of an inner node: the term with the greatest separator.
  IndexTerm LastTerm() const {
    IndexTerm term;
    VisitBackward(nullptr, false, [&](const Record<R>& record) {
      term = {R::Value::TermOf(record.payload)};
      return false;
    });
    return term;
  }

  /// Calls f(Record) -> bool for every record in key order until it returns false. The keys end
  /// with the call. @return false if f did.
  template <class F>
  bool Visit(F&& f) const {
    const ChainDelta* seam = Merge();
    if (seam == nullptr) return VisitPart(LeftPart(nullptr), nullptr, f);
    return VisitPart(LeftPart(seam), nullptr, Rebased(LeftPart(seam), f)) &&
           VisitPart(RightPart(seam), nullptr, Rebased(RightPart(seam), f));
  }
  /// Visit from the first record that is not below `from` on.
  template <class F>
  bool VisitFrom(const Probe& from, F&& f) const {
    const ChainDelta* seam = Merge();
    if (seam == nullptr) return VisitPart(LeftPart(nullptr), &from, f);
    const bool both = from < seam->key();
    if (both && !VisitPart(LeftPart(seam), &from, Rebased(LeftPart(seam), f))) return false;
    return VisitPart(RightPart(seam), both ? nullptr : &from, Rebased(RightPart(seam), f));
  }
  /// Calls f(Record) -> bool in descending order until it returns false: for every record below
  /// `end`, or at `end` where `inclusive`. `end` may lie beyond the range; null means no end.
  template <class F>
  bool VisitBackward(const Probe* end, bool inclusive, F&& f) const {
    if (end != nullptr && IsBeyond(*end)) end = nullptr;
    const ChainDelta* seam = Merge();
    if (seam == nullptr) return VisitPartBackward(LeftPart(nullptr), end, inclusive, f);
    const bool both = end == nullptr || *end >= seam->key();
    if (both && !VisitPartBackward(RightPart(seam), end, inclusive, Rebased(RightPart(seam), f))) {
      return false;
    }
    return VisitPartBackward(LeftPart(seam), both ? nullptr : end, inclusive,
                             Rebased(LeftPart(seam), f));
  }

  /// Calls f(PageDelta) -> bool for the newest delta of every key in the node's range until it
  /// returns false. @return false if it did.
  template <class F>
  bool VisitDeltas(F&& f) const {
    const ChainDelta* seam = Merge();
    for (const PageDelta<R>& delta : DeltasOf(LeftPart(seam))) {
      if (!f(delta)) return false;
    }
    if (seam == nullptr) return true;
    for (const PageDelta<R>& delta : DeltasOf(RightPart(seam))) {
      if (!f(delta)) return false;
    }
    return true;
  }

  /// I1, I2, I5 and D2 of PROTOCOL.md. @return what is wrong; empty where nothing is.
  std::string Check() const;

  // ---- For the editor.

  /// The newest delta of a key, where there is one, and the base page that the key belongs to.
  struct Newest {
    const ChainDelta* delta;
    const Page* page;
    SearchShortcut shortcut;  // in that page
  };
  template <class Stats>
  Newest FindDelta(const Probe& probe, Stats& stats) const {
    if (!word_.is_delta()) return {nullptr, word_.page(), {}};
    ChainKey<R> key(probe);
    const ChainDelta* delta = top();
    const Page* page = delta->base;
    SearchShortcut shortcut;
    while (delta != nullptr) {
      stats.Add(TraversedEvent(delta->kind));
      if (!IsStructural(delta->kind)) {
        const auto order = key.Order(*delta);
        if (order == 0) return {delta, page, {}};
        shortcut.Meet(order, *delta);
      } else if (delta->kind == DeltaKind::kMerge &&
                 (BWLAB_MUTANT(MergeForkAtWrongSide) ? probe > delta->key()
                                                     : probe >= delta->key())) {
        delta = delta->victim();
        page = delta->base;
        continue;
      }
      delta = delta->older;
    }
    return {nullptr, page, shortcut};
  }
  const Page& PageFor(const Probe& probe) const {
    const ChainDelta* seam = Merge();
    return seam == nullptr || probe < seam->key() ? base() : *seam->victim()->base;
  }

  /// The chain's merge, or null.
  const ChainDelta* Merge() const {
    const ChainDelta* delta = top();
    if (delta == nullptr || !delta->has_merge) [[likely]]
      return nullptr;
    while (delta->kind != DeltaKind::kMerge) delta = delta->older;
    return delta;
  }
  /// Whether there is a split or a merge in the chain.
  bool HasStructure() const {
    const ChainDelta* first = top();
    return first != nullptr && (first->has_merge || ChainDelta::AsDelta(first->end) != nullptr);
  }

  /// A base page with the deltas of its keys.
  struct Part {
    const Page* page;
    const ChainDelta* seam;  // the node's merge, where there is one
    bool is_right;           // whether the keys are those from the seam on
    bool ends_range;         // whether the part ends with the node's range, not with the seam
  };
  Part LeftPart(const ChainDelta* seam) const { return {&base(), seam, false, seam == nullptr}; }
  Part RightPart(const ChainDelta* seam) const { return {seam->victim()->base, seam, true, true}; }

  /// Base records of a part: those of the page but for what a split has cut off.
  uint32_t EndOf(const Part& part) const {
    const ChainDelta* split = part.ends_range ? ChainDelta::AsDelta(RangeEnd()) : nullptr;
    if (split == nullptr) return part.page->count();
    return part.page->template Locate<Search>(part.page->InPage(split->key())).lower();
  }

  Deltas DeltasOf(const Part& part) const {
    return DeltasOf(part, [](const Key&) { return true; });
  }
  /// The newest deltas of the part's keys for which wanted(Key) holds.
  template <class Wanted>
  Deltas DeltasOf(const Part& part, Wanted&& wanted) const {
    Deltas deltas;
    const ChainDelta* split = ChainDelta::AsDelta(RangeEnd());
    for (const ChainDelta* delta = top(); delta != nullptr;) {
      if (!IsStructural(delta->kind)) {
        const Probe key = delta->key();
        const bool cut_off = split != nullptr && key >= split->key();
        const bool other_part = part.seam != nullptr && (key >= part.seam->key()) != part.is_right;
        if (!cut_off && !other_part) {
          const Key page_key = part.page->InPage(key);
          if (wanted(page_key))
            deltas.InsertOlder({page_key, delta->payload(), Removes(delta->kind)});
        }
      } else if (delta->kind == DeltaKind::kMerge && part.is_right) {
        delta = delta->victim();
        continue;
      }
      delta = delta->older;
    }
    return deltas;
  }

 private:
  const Retired* RangeEnd() const {
    const ChainDelta* first = top();
    return first == nullptr ? word_.page() : first->end;
  }

  static Probe HighOf(const Retired* end) {
    const ChainDelta* split = ChainDelta::AsDelta(end);
    return split == nullptr ? static_cast<const Page*>(end)->high() : split->key();
  }
  static PageId RightOf(const Retired* end) {
    const ChainDelta* split = ChainDelta::AsDelta(end);
    return split == nullptr ? static_cast<const Page*>(end)->right() : split->right();
  }

  /// Passes records on to f, which expects what the node leaves out of its keys to be left out; the
  /// page of a part may leave out more.
  template <class F>
  class RebasedVisitor {
   public:
    RebasedVisitor(F& f, std::string_view page_prefix, std::size_t left_out) : f_(f) {
      joined_.SetPrefix(page_prefix.substr(left_out));
    }
    bool operator()(const Record<R>& record) {
      if constexpr (R::Key::kInHead) {
        return f_(record);
      } else {
        const std::string_view suffix = joined_.JoinProbe(record.key);
        return f_(Record<R>{{HeadOfBytes(suffix), suffix}, record.payload});
      }
    }

   private:
    F& f_;
    [[no_unique_address]] KeyBuffer<R> joined_;
  };
  template <class F>
  RebasedVisitor<F> Rebased(const Part& part, F& f) const {
    return RebasedVisitor<F>(f, part.page->prefix(), prefix().size());
  }

  /// D3, for one chain down to its base page.
  static bool TellsRightPositions(const ChainDelta* chain) {
    for (const ChainDelta* delta = chain; delta != nullptr; delta = delta->older) {
      if (delta->position == kNoPosition || delta->has_merge) continue;
      const Page& page = *delta->base;
      const auto position = page.template Locate<Search>(page.InPage(delta->key()));
      if (delta->position != position.lower()) return false;
    }
    return true;
  }

  /// Visits the records of a part from `from`, which lies in it, or from its beginning where `from`
  /// is null.
  template <class F>
  bool VisitPart(const Part& part, const Probe* from, F&& f) const {
    const uint32_t end = EndOf(part);
    if (from == nullptr) return VisitMerged(*part.page, DeltasOf(part), 0, end, f);
    const Key first = part.page->InPage(*from);
    const Deltas deltas = DeltasOf(part, [&](const Key& key) { return key >= first; });
    return VisitMerged(*part.page, deltas, part.page->template Locate<Search>(first).lower(), end,
                       f);
  }
  /// Visits the records of a part in descending order, from `end`, which lies in it, or from its
  /// end where `end` is null.
  template <class F>
  bool VisitPartBackward(const Part& part, const Probe* end, bool inclusive, F&& f) const {
    if (end == nullptr) return VisitMergedBackward(*part.page, DeltasOf(part), EndOf(part), f);
    const Key last = part.page->InPage(*end);
    const Deltas deltas =
        DeltasOf(part, [&](const Key& key) { return key < last || (inclusive && key == last); });
    const auto position = part.page->template Locate<Search>(last);
    return VisitMergedBackward(*part.page, deltas, inclusive ? position.upper : position.lower(),
                               f);
  }

  /// Separators that deltas have removed, during a search for the greatest one that is left.
  class RemovedTerms {
   public:
    void Add(const ChainDelta* delta) { deltas_[count_++] = delta; }
    bool Contains(const Probe& key) const {
      for (uint32_t i = 0; i < count_; ++i) {
        if (deltas_[i]->key() == key) return true;
      }
      return false;
    }
    bool ContainsRecord(const Page& page, uint32_t at) const {
      for (uint32_t i = 0; i < count_; ++i) {
        if (page.InPage(deltas_[i]->key()) == page.KeyAt(at)) return true;
      }
      return false;
    }
    void ForgetBelow(const Probe& key) {
      uint32_t kept = 0;
      for (uint32_t i = 0; i < count_; ++i) {
        if (deltas_[i]->key() >= key) deltas_[kept++] = deltas_[i];
      }
      count_ = kept;
    }

   private:
    uint32_t count_ = 0;
    std::array<const ChainDelta*, kLinkedDeltasMax> deltas_;
  };

  /// The term with the greatest separator below `probe`, or at it where `inclusive`.
  ///
  /// Walks from the newest delta to the oldest and keeps the best so far: of deltas below it none
  /// matters, and one above it is the newest of its key unless a newer one has removed the key.
  template <class Stats>
  IndexTerm NewestTerm(const Probe& probe, bool inclusive, Stats& stats, bool* exact) const {
    ChainKey<R> key(probe);
    const ChainDelta* best = nullptr;
    const ChainDelta* seam = nullptr;  // where the walk has turned right
    RemovedTerms removed;
    const Page* page = &base();
    SearchShortcut shortcut;
    for (const ChainDelta* delta = top(); delta != nullptr;) {
      stats.Add(TraversedEvent(delta->kind));
      if (!IsStructural(delta->kind)) {
        const auto order = key.Order(*delta);
        shortcut.Meet(order, *delta);
        if ((order < 0 || (inclusive && order == 0)) &&
            (best == nullptr || delta->key() > best->key())) {
          if (Removes(delta->kind)) {
            removed.Add(delta);
          } else if (!removed.Contains(delta->key())) {
            best = delta;
          }
        }
      } else if (delta->kind == DeltaKind::kMerge &&
                 (probe > delta->key() || (inclusive && probe == delta->key()))) {
        seam = delta;
        removed.ForgetBelow(seam->key());
        if (best != nullptr && best->key() < seam->key()) best = nullptr;
        delta = seam->victim();
        page = delta->base;
        continue;
      }
      delta = delta->older;
    }

    const Key page_key = page->InPage(probe);
    const auto position = shortcut.template Locate<Search>(*page, page_key);
    uint32_t end = inclusive ? position.upper : position.lower();
    while (end > 0 && removed.ContainsRecord(*page, end - 1)) --end;
    if (end == 0 && best == nullptr) {
      // The absorbed node's first child has been merged across the seam.
      BWLAB_ASSERT(seam != nullptr);  // I4: the first separator is the low key, and stays
      if (exact != nullptr) *exact = false;
      return NewestTerm(seam->key(), false, stats, nullptr);
    }
    if (end == 0 || (best != nullptr && page->InPage(best->key()) >= page->KeyAt(end - 1))) {
      if (exact != nullptr) *exact = best->key() == probe;
      return {R::Value::TermOf(best->payload())};
    }
    if (exact != nullptr) *exact = page->KeyAt(end - 1) == page_key;
    return page->TermAt(end - 1);
  }

  PageId id_ = kNoPage;
  Word word_{uint64_t{0}};
};

template <class R, class Search>
uint32_t LinkedNode<R, Search>::bytes() const {
  uint64_t record_bytes = 0;
  if constexpr (Page::kHasHeap) {
    const std::size_t left_out = prefix().size();
    Visit([&](const Record<R>& record) {
      std::size_t key_bytes = sizeof(Head);
      if constexpr (!R::Key::kInHead) key_bytes = left_out + record.key.suffix.size();
      record_bytes += Page::RecordBytes(level(), key_bytes, record.payload);
      return true;
    });
  }
  const PageShape<R> shape{level(), records_at_most(), record_bytes, low(), high(), right()};
  return typename Page::Geometry(shape, 0, 0).bytes;
}

template <class R, class Search>
std::string LinkedNode<R, Search>::Check() const {
  const ChainDelta* seam = Merge();
  if (std::string fault = CheckBase(base()); !fault.empty()) return fault;
  if (seam != nullptr) {
    if (std::string fault = CheckBase(*seam->victim()->base); !fault.empty()) return fault;
  }
  uint32_t structural = 0;
  for (const ChainDelta* delta = top(); delta != nullptr; delta = delta->older) {
    const bool merges = delta->kind == DeltaKind::kMerge;
    const uint32_t below = delta->older == nullptr ? 0 : delta->older->depth;
    if (delta->depth != below + (merges ? delta->victim()->depth : 1u)) {
      return "I5: the depth of a delta is wrong";
    }
    if (delta->base != &base()) return "I5: a delta leads to another base page";
    if (delta->kind == DeltaKind::kRemove && delta != top()) return "D2: a delta on a removal";
    if (merges || delta->kind == DeltaKind::kSplit) ++structural;
    if (!IsStructural(delta->kind) &&
        (delta->key() < low() ||
         (RightOf(delta->end) != kNoPage && delta->key() >= HighOf(delta->end)))) {
      return "I2: a delta lies outside the node's range";
    }
  }
  if (!TellsRightPositions(top()) || (seam != nullptr && !TellsRightPositions(seam->victim()))) {
    return "D3: a delta tells a wrong place of its key";
  }
  if (structural > 1) return "D2: more than one split or merge in a chain";
  uint32_t count = 0;
  Visit([&](const Record<R>&) { return ++count, true; });
  if (count != records_at_most()) return "I5: the newest delta tells a wrong number of records";
  return "";
}

}  // namespace bwlab
