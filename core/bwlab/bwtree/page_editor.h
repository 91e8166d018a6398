#pragma once

// What every delta layout needs to change a node by writing new pages.

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "bwlab/base/assert.h"
#include "bwlab/base/test_hooks.h"
#include "bwlab/bwtree/merge_plan.h"
#include "bwlab/bwtree/node_change.h"
#include "bwlab/bwtree/tree_options.h"
#include "bwlab/policy/stats/stats.h"

namespace bwlab {

/// Writes the records of a node into one new page, or into the two pages of a split. The editor of
/// a layout derives from it and passes itself as Derived, which has
///   Page* NewPage(shape), or nullptr; void FreePage(page); static uint64_t WordOf(page);
///   void RetirePageOf(node): for what a CAS has just replaced.
template <class Derived, class PageType, uint32_t kDeltasMax, class Host>
class PageEditor {
 protected:
  using Page = PageType;
  using R = typename Page::RecordsType;
  using Probe = typename R::Probe;
  using Plan = MergePlan<Page, kDeltasMax>;

  explicit PageEditor(Host host) : host_(host) {}

  /// What a node is to hold: the records of a plan, followed by those of another one where there is
  /// a tail, up to where the node's range ends.
  struct Content {
    const Plan& plan;
    const Plan* tail;
    Probe high;  // means nothing where right is kNoPage
    PageId right;

    uint32_t level() const { return plan.base().level(); }
    Probe low() const { return plan.base().low(); }
    uint32_t delta_count() const {
      return plan.delta_count() + (tail == nullptr ? 0 : tail->delta_count());
    }

    /// Calls f(page, record) -> bool for every record, until it returns false.
    template <class F>
    bool Visit(F&& f) const {
      const auto visit = [&f](const Plan& part) {
        const Page& page = part.base();
        return part.Visit([&](const Record<R>& record) { return f(page, record); });
      };
      return visit(plan) && (tail == nullptr || visit(*tail));
    }
    template <class Sink>
    void WriteTo(Sink& sink) const {
      plan.WriteTo(sink);
      if (tail != nullptr) tail->WriteTo(sink);
      sink.Finish();
    }
    /// Fills one new page, or two of a split.
    void WriteTo(Page& left_page, Page* right_page) const {
      if constexpr (R::kWords) {
        if (tail == nullptr && plan.Interleaves()) return plan.InterleaveTo(left_page, right_page);
      }
      RecordSink<Page> sink(&left_page, right_page);
      WriteTo(sink);
    }
  };
  struct Totals {
    uint32_t count = 0;
    uint64_t bytes = 0;  // of entire keys, and values; 0 where pages have no heap
  };
  /// Where two pages of a split meet.
  struct Cut {
    Totals left;
    Probe separator;
  };
  /// Joins the keys on both sides of the cut; the cut's separator refers to it.
  struct CutKeys {
    KeyBuffer<R> last_left;
    KeyBuffer<R> first_right;
  };

  static Totals TotalsOf(const Content& content) {
    const Plan* tail = content.tail;
    Totals totals{content.plan.count() + (tail == nullptr ? 0 : tail->count()), 0};
    if constexpr (Page::kHasHeap) {
      content.Visit([&](const Page& page, const Record<R>& record) {
        totals.bytes += BytesOf(page, record);
        return true;
      });
    }
    return totals;
  }

  /// Records that the node holds before it splits.
  uint32_t CapacityOf(const Content& content) const {
    const bool alone = content.right == kNoPage && content.low() == R::Key::kLeast;
    return host_.options().capacity(content.level(), alone);
  }

  /// By the bytes of entire keys, though a page leaves out the prefix that its range fixes: a later
  /// merge may widen the range, and what was left out must find room then.
  bool NeedsSplit(const Content& content, const Totals& totals) const {
    return totals.count > CapacityOf(content) ||
           (totals.bytes > host_.options().page_bytes_max && totals.count > 1);
  }

  /// Of one page for all of the content.
  static PageShape<R> ShapeOf(const Content& content, const Totals& totals) {
    return {content.level(), totals.count, totals.bytes,
            content.low(),   content.high, content.right};
  }

  Cut CutOfSplit(const Content& content, const Totals& totals, CutKeys& keys) const {
    Cut cut;
    cut.left.count = LeftShareOfSplit(content, totals);
    if constexpr (R::kWords) {
      if (content.tail == nullptr) {
        cut.separator = content.plan.RecordAt(cut.left.count).key;
        return cut;
      }
    }
    uint32_t at = 0;
    Probe last{};
    content.Visit([&](const Page& page, const Record<R>& record) {
      if (at == cut.left.count) {
        keys.first_right.SetPrefix(page.prefix());
        cut.separator = keys.first_right.JoinProbe(record.key);
        return false;
      }
      if (++at == cut.left.count) {
        keys.last_left.SetPrefix(page.prefix());
        last = keys.last_left.JoinProbe(record.key);
      }
      if constexpr (Page::kHasHeap) cut.left.bytes += BytesOf(page, record);
      return true;
    });
    if constexpr (!R::Key::kInHead) {
      // The shortest key that tells the halves apart (suffix truncation, Bayer and Unterauer, TODS
      // 1977). Not in inner nodes, whose separators are the low keys of their children.
      if (content.level() == 0) {
        const uint32_t more = BWLAB_MUTANT(SeparatorTooShort) ? 0 : 1;
        cut.separator = cut.separator.substr(0, CommonPrefixLength(last, cut.separator) + more);
      }
    }
    return cut;
  }

  /// A page for the right half of a split, or nullptr.
  Page* NewRightPage(const Content& content, const Totals& totals, const Cut& cut) {
    return derived().NewPage({content.level(), totals.count - cut.left.count,
                              totals.bytes - cut.left.bytes, cut.separator, content.high,
                              content.right});
  }

  /// Installs `content` as the node's new page. If it exceeds the capacity it goes into two: the
  /// CAS that installs the left half publishes the split (PROTOCOL.md, S1-S2).
  template <class Node>
  Attempt Replace(const Node& node, const Content& content, Split<R>* split) {
    const Totals totals = TotalsOf(content);
    const bool splits = NeedsSplit(content, totals);
    Page* left = nullptr;
    Page* right = nullptr;
    PageId right_id = kNoPage;
    if (!splits) {
      left = derived().NewPage(ShapeOf(content, totals));
      if (left == nullptr) return Attempt::kOutOfMemory;
    } else {
      const Attempt attempt = NewHalves(content, totals, &left, &right, &right_id);
      if (attempt != Attempt::kDone) return attempt;
    }

    content.WriteTo(*left, right);
    BWLAB_POINT(ReplacementWritten);
    if (splits) {
      host_.table().Install(right_id, Derived::WordOf(right));
      BWLAB_POINT(RightHalfInstalled);
    }
    if (!Install(node, left, content.delta_count())) {
      if (splits) {
        derived().FreePage(right);
        host_.GiveBackId(right_id);
      }
      return Attempt::kLost;
    }
    if (splits) {
      const bool leaf = content.level() == 0;
      host_.stats().Add(leaf ? TreeEvent::kLeafSplit : TreeEvent::kInnerSplit);
      *split = {right_id, left->high()};
    }
    derived().RetirePageOf(node);
    return Attempt::kDone;
  }

  /// As Replace where all that changes are payloads at positions of the base node.
  template <class Node>
  Attempt Overwrite(const Node& node, const Overwrites<Page, kDeltasMax>& overwrites) {
    const Page& base = node.page();
    Page* const page =
        derived().NewPage({base.level(), base.count(), 0, base.low(), base.high(), base.right()});
    if (page == nullptr) return Attempt::kOutOfMemory;
    overwrites.WriteTo(base, *page);
    BWLAB_POINT(ReplacementWritten);
    if (!Install(node, page, overwrites.size())) return Attempt::kLost;
    derived().RetirePageOf(node);
    return Attempt::kDone;
  }

  /// A page of this size may exist. The limits of splits and deltas see to it; should they fail, it
  /// is a failed allocation and not a page that refers to the wrong places.
  static bool Fits(const typename Page::Geometry& geometry) {
    const bool fits = !Page::kHasHeap || geometry.bytes <= Locator::kPageBytesMax;
    BWLAB_ASSERT(fits);
    return fits;
  }

  Host host_;

 private:
  /// Makes `page` the node's in one CAS; frees it where that is lost.
  template <class Node>
  bool Install(const Node& node, Page* page, uint32_t delta_count) {
    uint64_t expected = node.raw();
    if (!host_.table().CompareExchange(node.id(), expected, Derived::WordOf(page))) {
      host_.stats().Add(TreeEvent::kCasLost);
      derived().FreePage(page);
      return false;
    }
    host_.stats().Add(page->is_leaf() ? TreeEvent::kLeafConsolidation
                                      : TreeEvent::kInnerConsolidation);
    host_.stats().Add(TreeEvent::kDeltaConsolidated, delta_count);
    return true;
  }

  static uint64_t BytesOf(const Page& page, const Record<R>& record) {
    return Page::RecordBytes(page.level(), page.KeyBytes(record.key), record.payload);
  }

  /// How many records the left half of a split keeps. At the right edge of the tree, where keys
  /// arrive in ascending order, nine tenths, up to a whole line of heads, as far as the right half
  /// does not get too many: the left half will not be written again. An inner node is not cut at a
  /// child that has an intent: it would become the first of its node, which cannot be merged to the
  /// left (I9).
  uint32_t LeftShareOfSplit(const Content& content, const Totals& totals) const {
    const uint32_t capacity = CapacityOf(content);
    const bool ascending =
        content.right == kNoPage && content.tail == nullptr && content.plan.AppendsOnly();
    uint32_t share = totals.count / 2;
    if (ascending && totals.count <= 2 * capacity) {
      const auto in_lines = static_cast<uint32_t>(RoundUp(totals.count * 9 / 10, kBlockHeads));
      share = std::clamp(in_lines, 1u, capacity);
    }
    if (totals.bytes > host_.options().page_bytes_max) {
      // Where the bytes are halved, as far as the counts allow.
      const uint32_t half = totals.count / 2;
      const uint32_t first = totals.count > capacity ? std::min(totals.count - capacity, half) : 1;
      const uint32_t last = std::min(totals.count - 1, std::max(capacity, half));
      share = 0;
      uint64_t bytes = 0;
      content.Visit([&](const Page& part, const Record<R>& record) {
        bytes += BytesOf(part, record);
        return ++share < last && (share < first || bytes < totals.bytes / 2);
      });
    }
    if (content.level() > 0) {
      uint32_t at = 0;
      const bool clean = content.Visit([&](const Page&, const Record<R>& record) {
        return at++ != share || !IndexTerm{R::Value::TermOf(record.payload)}.has_intent();
      });
      if (!clean) share = share > 1 ? share - 1 : share + 1;  // neighbours have none
    }
    return share;
  }

  Attempt NewHalves(const Content& content, const Totals& totals, Page** left, Page** right,
                    PageId* right_id) {
    CutKeys keys;
    const Cut cut = CutOfSplit(content, totals, keys);
    *right_id = host_.TakeId();
    if (*right_id == kNoPage) return Attempt::kOutOfPageIds;
    const PageId sibling = BWLAB_MUTANT(RightHalfLost) ? content.right : *right_id;
    *left = derived().NewPage(
        {content.level(), cut.left.count, cut.left.bytes, content.low(), cut.separator, sibling});
    *right = *left == nullptr ? nullptr : NewRightPage(content, totals, cut);
    if (*right != nullptr) return Attempt::kDone;
    if (*left != nullptr) derived().FreePage(*left);
    host_.GiveBackId(*right_id);
    return Attempt::kOutOfMemory;
  }

  Derived& derived() { return static_cast<Derived&>(*this); }
};

}  // namespace bwlab
