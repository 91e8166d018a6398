#pragma once

// How nodes of the packed layout change: one delta and one CAS, or a new page and one CAS.

#include <algorithm>
#include <cstdint>
#include <new>
#include <utility>

#include "bwlab/bwtree/layout_packed.h"
#include "bwlab/bwtree/merge_plan.h"
#include "bwlab/bwtree/node_change.h"
#include "bwlab/bwtree/tree_options.h"
#include "bwlab/policy/stats/stats.h"

namespace bwlab {

/// Changes nodes on behalf of one session. `Host` is what the tree lends to a layout: memory, page
/// ids, the mapping table, options, counters and reclamation (BwTree::Host).
template <class R, class Search, class Host>
class PackedEditor {
 public:
  using Node = PackedNode<R, Search>;
  using Page = PackedPage<R>;
  using Word = PackedWord<R>;
  using Probe = typename R::Probe;
  using Payload = typename R::Payload;

  explicit PackedEditor(Host host) : host_(host) {}

  /// One write on its way to one page: what holds as long as the node's page stays, since a lost
  /// CAS then changed nothing but the members, or marked the node.
  class Cursor {
   public:
    Cursor(const Node& node, const Probe& probe) : page_(&node.page()), key_(page_->InPage(probe)) {
      in_base_ = page_->template Locate<Search>(key_).exact;
    }
    bool IsOn(const Node& node) const { return &node.page() == page_ && !node.marked(); }

    /// Whether the key is present. To be called with the node's present word before each Append.
    template <class Stats>
    bool Look(const Node& node, Stats& /*stats*/) {
      older_ = page_->template MatchSlots<Search>(node.word().members(), key_);
      if (older_ == 0) return in_base_;
      return page_->SlotKind(static_cast<uint32_t>(std::countr_zero(older_))) != DeltaKind::kDelete;
    }

   private:
    friend class PackedEditor;
    Page* page_;
    typename R::PageKey key_;
    bool in_base_;
    uint32_t older_ = 0;  // the member that the new delta replaces
    typename Page::Claim claim_;
  };

  /// Publishes `delta` in a slot, dropping the older delta of its key. The slot stays claimed when
  /// the CAS is lost, and `node` then holds the present word.
  Attempt Append(Node& node, const Delta<R>& delta, Cursor& cursor) {
    Page& page = *cursor.page_;
    if (!cursor.claim_.valid()) {
      cursor.claim_ = page.ClaimSlot(cursor.key_, delta.payload);
      if (!cursor.claim_.valid()) return Attempt::kFull;
      page.FillSlot(cursor.claim_, cursor.key_, delta.payload, delta.kind);
    }
    const uint32_t members = (node.word().members() & ~cursor.older_) | uint32_t{1}
                                                                            << cursor.claim_.slot;
    uint64_t expected = node.raw();
    if (!host_.table().CompareExchange(node.id(), expected, Word(&page, members).raw())) {
      host_.stats().Add(TreeEvent::kCasLost);
      node = Node(node.id(), expected);
      return Attempt::kLost;
    }
    host_.stats().Add(PublishedEvent(delta.kind));
    return Attempt::kDone;
  }

  /// Publishes a change to the index terms of `parent`, which must not be marked.
  Attempt PublishTerm(Node& parent, const Delta<R>& term, Split<R>* split) {
    if (term.kind == DeltaKind::kIndexTermInsert) {
      Cursor cursor(parent, term.key);
      const Attempt attempt = Append(parent, term, cursor);
      if (attempt != Attempt::kFull) return attempt;
    }
    const Attempt attempt = Consolidate(parent, &term, split);
    if (attempt == Attempt::kDone) host_.stats().Add(PublishedEvent(term.kind));
    return attempt;
  }

  /// Replaces a node's page by a new base node with its deltas, and `extra` if there is one, merged
  /// in; by two if they do not fit in one. `extra` takes effect with the CAS that installs the
  /// page. Source: Levandoski et al., ICDE 2013, sections III-B and IV-A. Differs: a split is a
  /// consolidation with two outcomes, not a delta.
  Attempt Consolidate(const Node& node, const Delta<R>* extra, Split<R>* split) {
    Deltas deltas = node.AllDeltas();
    if (extra != nullptr) {
      deltas.Supersede({node.InPage(extra->key), extra->payload, extra->kind});
    }
    const Plan plan = Plan::template Make<Search>(node.page(), deltas);
    return Replace(node, plan, nullptr, split);
  }

  /// Takes the records and the range of the marked node `right` into `left`, whose right sibling it
  /// is (PROTOCOL.md, M3).
  Attempt Absorb(const Node& left, const Node& right, Split<R>* split) {
    BWLAB_ASSERT(right.marked() && left.right() == right.id());
    const Deltas left_deltas = left.AllDeltas();
    const Deltas right_deltas = right.AllDeltas();
    const Plan plan = Plan::template Make<Search>(left.page(), left_deltas);
    const Plan tail = Plan::template Make<Search>(right.page(), right_deltas);
    return Replace(left, plan, &tail, split);
  }

  /// Freezes the node. On a lost CAS `node` stays as it was.
  Attempt Mark(Node& node) {
    uint64_t expected = node.raw();
    const Word frozen = node.word().WithMark();
    if (!host_.table().CompareExchange(node.id(), expected, frozen.raw())) {
      host_.stats().Add(TreeEvent::kCasLost);
      return Attempt::kLost;
    }
    node = Node(node.id(), frozen.raw());
    return Attempt::kDone;
  }

  /// A page that a PageFiller is to fill, or nullptr when there is no memory.
  Page* NewPage(const PageShape<R>& shape) {
    const TreeOptions& options = host_.options();
    const uint32_t slots =
        shape.level == 0 ? options.leaf_chain_length : options.inner_chain_length;
    const auto geometry = Page::GeometryOf(shape, slots);
    void* memory = host_.Allocate(geometry.bytes);
    if (memory == nullptr) return nullptr;
    return new (memory) Page(shape, slots, geometry);
  }
  /// For a page that no other thread can reach.
  void FreePage(Page* page) {
    const uint32_t bytes = page->bytes;
    page->~Page();
    host_.Free(page, bytes);
  }
  /// The mapping word of a page without deltas.
  static uint64_t WordOf(const Page* page) { return Word(page, 0).raw(); }

  /// Frees everything that a retired unit or a node of a dying tree holds. @return the page id that
  /// ends with it, or kNoPage.
  PageId FreeRetired(Retired* retired) {
    auto* page = static_cast<Page*>(retired);
    const PageId id = page->dying_id();
    FreePage(page);
    return id;
  }
  void FreeNode(const Node& node) { FreePage(&node.page()); }
  /// For a node whose present word a CAS has just replaced.
  void RetirePageOf(const Node& node) { host_.Retire(&node.page()); }
  /// For a marked node that no page leads to any more.
  void RetireNode(const Node& node) {
    node.page().set_dying_id(node.id());
    host_.Retire(&node.page());
  }

 private:
  using Deltas = typename Node::Deltas;
  using Plan = MergePlan<Page, kSlotsMax + 1>;

  struct Totals {
    uint32_t count = 0;
    uint64_t bytes = 0;  // of entire keys and values; 0 where pages have no heap
  };
  /// Where two pages of a split meet.
  struct Cut {
    Totals left;
    Probe separator;
  };

  /// Calls f(page, record) -> bool for the records of both plans, until it returns false.
  template <class F>
  static bool VisitBoth(const Plan& plan, const Plan* tail, F&& f) {
    const auto visit = [&f](const Plan& part) {
      const Page& page = part.base();
      return part.Visit([&](const Record<R>& record) { return f(page, record); });
    };
    return visit(plan) && (tail == nullptr || visit(*tail));
  }
  static uint64_t BytesOf(const Page& page, const Record<R>& record) {
    return Page::RecordBytes(page.level(), page.KeyBytes(record.key), record.payload);
  }
  static Totals TotalsOf(const Plan& plan, const Plan* tail) {
    Totals totals{plan.count() + (tail == nullptr ? 0 : tail->count()), 0};
    if constexpr (Page::kHasHeap) {
      VisitBoth(plan, tail, [&](const Page& page, const Record<R>& record) {
        totals.bytes += BytesOf(page, record);
        return true;
      });
    }
    return totals;
  }

  /// How many records the left half of a split keeps. At the right edge of the tree, where keys
  /// arrive in ascending order, nine tenths: the left half will not be written again. An inner node
  /// is not cut at a child that has an intent: it would become the first of its node, which cannot
  /// be merged to the left (I9).
  uint32_t LeftShareOfSplit(const Plan& plan, const Plan* tail, const Totals& totals) const {
    const Page& page = plan.base();
    const uint32_t capacity = host_.options().capacity(page.level());
    const bool ascending = page.right() == kNoPage && tail == nullptr && plan.AppendsOnly();
    uint32_t share = totals.count / 2;
    if (ascending) share = std::clamp(totals.count * 9 / 10, 1u, capacity);
    if (totals.count <= capacity) {  // too many bytes
      share = 0;
      uint64_t bytes = 0;
      VisitBoth(plan, tail, [&](const Page& part, const Record<R>& record) {
        bytes += BytesOf(part, record);
        return ++share < totals.count - 1 && bytes < totals.bytes / 2;
      });
    }
    if (!page.is_leaf()) {
      uint32_t at = 0;
      const bool clean = VisitBoth(plan, tail, [&](const Page&, const Record<R>& record) {
        return at++ != share || !IndexTerm{R::Value::TermOf(record.payload)}.has_intent();
      });
      if (!clean) share = share > 1 ? share - 1 : share + 1;  // neighbours have none
    }
    return share;
  }

  /// Joins the keys on both sides of the cut; the cut's separator refers to it.
  struct CutKeys {
    KeyBuffer<R> last_left;
    KeyBuffer<R> first_right;
  };
  Cut CutOfSplit(const Plan& plan, const Plan* tail, const Totals& totals, CutKeys& keys) const {
    Cut cut;
    cut.left.count = LeftShareOfSplit(plan, tail, totals);
    uint32_t at = 0;
    Probe last{};
    VisitBoth(plan, tail, [&](const Page& page, const Record<R>& record) {
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
      if (plan.base().is_leaf()) {
        cut.separator = cut.separator.substr(0, CommonPrefixLength(last, cut.separator) + 1);
      }
    }
    return cut;
  }

  /// Installs the records of `plan`, followed by those of `tail` if there is one, as the node's new
  /// page. If they exceed the capacity they go into two: the CAS that installs the left half
  /// publishes the split (PROTOCOL.md, S1-S2).
  Attempt Replace(const Node& node, const Plan& plan, const Plan* tail, Split<R>* split) {
    Page& old = node.page();
    const Page& end = tail == nullptr ? old : tail->base();
    const Totals totals = TotalsOf(plan, tail);
    const TreeOptions& options = host_.options();
    const bool splits = totals.count > options.capacity(old.level()) ||
                        (totals.bytes > options.page_bytes_max && totals.count > 1);
    Page* left = nullptr;
    Page* right = nullptr;
    PageId right_id = kNoPage;
    if (!splits) {
      left = NewPage({old.level(), totals.count, totals.bytes, old.low(), end.high(), end.right()});
      if (left == nullptr) return Attempt::kOutOfMemory;
    } else {
      const Attempt attempt = NewHalves(old, end, plan, tail, totals, &left, &right, &right_id);
      if (attempt != Attempt::kDone) return attempt;
    }

    RecordSink<Page> sink(left, right);
    plan.WriteTo(sink);
    if (tail != nullptr) tail->WriteTo(sink);
    sink.Finish();
    if (splits) host_.table().Install(right_id, WordOf(right));

    uint64_t expected = node.raw();
    if (!host_.table().CompareExchange(node.id(), expected, WordOf(left))) {
      host_.stats().Add(TreeEvent::kCasLost);
      FreePage(left);
      if (splits) {
        FreePage(right);
        host_.GiveBackId(right_id);
      }
      return Attempt::kLost;
    }

    const bool leaf = old.is_leaf();
    host_.stats().Add(leaf ? TreeEvent::kLeafConsolidation : TreeEvent::kInnerConsolidation);
    host_.stats().Add(TreeEvent::kDeltaConsolidated, plan.delta_count());
    if (splits) {
      host_.stats().Add(leaf ? TreeEvent::kLeafSplit : TreeEvent::kInnerSplit);
      *split = {right_id, left->high()};
    }
    host_.Retire(&old);
    return Attempt::kDone;
  }

  Attempt NewHalves(const Page& old, const Page& end, const Plan& plan, const Plan* tail,
                    const Totals& totals, Page** left, Page** right, PageId* right_id) {
    CutKeys keys;
    const Cut cut = CutOfSplit(plan, tail, totals, keys);
    *right_id = host_.TakeId();
    if (*right_id == kNoPage) return Attempt::kOutOfPageIds;
    *left =
        NewPage({old.level(), cut.left.count, cut.left.bytes, old.low(), cut.separator, *right_id});
    *right = *left == nullptr
                 ? nullptr
                 : NewPage({old.level(), totals.count - cut.left.count,
                            totals.bytes - cut.left.bytes, cut.separator, end.high(), end.right()});
    if (*right != nullptr) return Attempt::kDone;
    if (*left != nullptr) FreePage(*left);
    host_.GiveBackId(*right_id);
    return Attempt::kOutOfMemory;
  }

  Host host_;
};

/// Deltas in slots beside the base node, the live ones named by the mapping word.
struct PackedDeltas {
  static constexpr std::string_view kName = "packed";
  static constexpr std::string_view kSummary =
      "deltas in slots of the page, found by one SIMD comparison; the default and the fastest";
  static constexpr uint32_t kChainLengthMax = kSlotsMax;

  template <class R, class Search>
  using Node = PackedNode<R, Search>;
  template <class R, class Search, class Host>
  using Editor = PackedEditor<R, Search, Host>;
};

}  // namespace bwlab
