#pragma once

// How nodes of the packed layout change: one delta and one CAS, or a new page and one CAS.

#include <bit>
#include <cstdint>
#include <new>
#include <utility>

#include "bwlab/base/test_hooks.h"
#include "bwlab/bwtree/layout_packed.h"
#include "bwlab/bwtree/merge_plan.h"
#include "bwlab/bwtree/node_change.h"
#include "bwlab/bwtree/page_editor.h"
#include "bwlab/bwtree/tree_options.h"
#include "bwlab/policy/stats/stats.h"

namespace bwlab {

/// Changes nodes on behalf of one session. `Host` is what the tree lends to a layout: memory, page
/// ids, the mapping table, options, counters and reclamation (BwTree::Host).
template <class R, class Search, class Host>
class PackedEditor
    : public PageEditor<PackedEditor<R, Search, Host>, PackedPage<R>, kSlotsMax + 1, Host> {
  using Parent = PageEditor<PackedEditor, PackedPage<R>, kSlotsMax + 1, Host>;
  using Parent::host_;

 public:
  using Node = PackedNode<R, Search>;
  using Page = PackedPage<R>;
  using Word = PackedWord<R>;
  using Probe = typename R::Probe;
  using Payload = typename R::Payload;

  explicit PackedEditor(Host host) : Parent(host) {}

  /// One write on its way to one page: what holds as long as the node's page stays, since a lost
  /// CAS then changed nothing but the members, or marked the node.
  class Cursor {
   public:
    Cursor(const Node& node, const Probe& probe)
        : page_(&node.page()), key_(page_->InPage(probe)) {}
    /// Whether the last attempt asked for a new page that it can do without: the next one will not.
    bool DoesWithoutNewPage() {
      return std::exchange(opens_, false) && std::exchange(may_open_, false);
    }
    bool IsOn(const Node& node) const {
      if (BWLAB_MUTANT(AnyPageIsTheCursors)) return !node.marked();
      return &node.page() == page_ && (!node.marked() || BWLAB_MUTANT(MarkIgnored));
    }

    /// Whether the key is present. To be called with the node's present word before each Append.
    template <class Stats>
    bool Look(const Node& node, Stats& /*stats*/, Finger& finger) {
      older_ = page_->template MatchSlots<Search>(node.word().members(), key_);
      if (older_ == 0) {
        present_ = node.open() ? IsInOpenBase() : IsInBase(finger);
      } else {
        present_ = BWLAB_MUTANT(TombstoneTakenForKey) ||
                   !page_->SlotRemoves(static_cast<uint32_t>(std::countr_zero(older_)));
      }
      return present_;
    }

   private:
    friend class PackedEditor;
    enum class InBase : uint8_t { kUnknown, kNo, kYes };

    /// Looked up where no member holds the key: a key that is written often is in the slots, and
    /// spares the base node's lines.
    bool IsInBase(Finger& finger) {
      if (in_base_ == InBase::kUnknown) {
        in_base_ = page_->template Contains<Search>(key_, &finger) ? InBase::kYes : InBase::kNo;
      }
      return in_base_ == InBase::kYes;
    }
    /// As a Get looks it up: what is present may be updated where it stands.
    bool IsInOpenBase() {
      const Position position = page_->template Locate<Search>(key_);
      at_ = position.upper - 1;
      return position.exact;
    }
    /// Where the payload of a key that is present stands.
    uint64_t* Place() const {
      if (older_ == 0) return page_->BasePayload(at_);
      return page_->SlotPayload(static_cast<uint32_t>(std::countr_zero(older_)));
    }

    Page* page_;
    typename R::PageKey key_;
    InBase in_base_ = InBase::kUnknown;
    uint32_t at_ = 0;     // in the base, where kYes
    uint32_t older_ = 0;  // the member that the new delta replaces
    bool present_ = false;
    bool may_open_ = true;  // the leaf, by a new page, although there are slots
    bool opens_ = false;
    typename Page::Claim claim_;
  };

  /// Publishes `delta` in a slot, dropping the older delta of its key, or makes an update in place.
  /// The slot stays claimed when the CAS is lost, and `node` then holds the present word. kFull
  /// also where a new page is to take updates in place (DoesWithoutNewPage).
  [[gnu::always_inline]] Attempt Append(Node& node, const Delta<R>& delta, Cursor& cursor) {
    Page& page = *cursor.page_;
    const bool updates = cursor.present_ && !Removes(delta.kind);
    if constexpr (R::kWords) {
      if (updates && node.open()) {
        const Attempt attempt = UpdateInPlace(node, delta, cursor);
        if (attempt != Attempt::kFull) return attempt;
      } else if (updates && cursor.may_open_ && node.is_leaf() && IsToBeOpened(page, 1)) {
        cursor.opens_ = true;
        return Attempt::kFull;
      }
    }
    if (!cursor.claim_.valid()) {
      cursor.claim_ = page.ClaimSlot(cursor.key_, delta.payload, updates);
      if (!cursor.claim_.valid()) return Attempt::kFull;
      BWLAB_POINT(SlotClaimed);
      if (!BWLAB_MUTANT(PublishedBeforeFilled)) {
        page.FillSlot(cursor.claim_, cursor.key_, delta.payload, delta.kind);
      }
      BWLAB_POINT(SlotFilled);
    }
    const uint32_t dropped = BWLAB_MUTANT(OlderMemberStays) ? 0 : cursor.older_;
    const uint32_t members = (node.word().members() & ~dropped) | uint32_t{1} << cursor.claim_.slot;
    // Closed early, so that a restart of all threads comes along before the page is to be copied.
    const bool closes = node.open() && page.IsNearlyFull(cursor.claim_.slot);
    const Word desired = node.word().WithMembers(members);
    uint64_t expected = node.raw();
    if (!host_.table().CompareExchange(node.id(), expected,
                                       (closes ? desired.Closed() : desired).raw())) {
      host_.stats().Add(TreeEvent::kCasLost);
      if (BWLAB_MUTANT(LostCasCountsAsWon)) return Attempt::kDone;
      node = Node(node.id(), expected);
      return Attempt::kLost;
    }
    if (BWLAB_MUTANT(PublishedBeforeFilled)) {
      page.FillSlot(cursor.claim_, cursor.key_, delta.payload, delta.kind);
    }
    if constexpr (R::kWords) {
      if (closes) page.StampClosed();
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
    if (!node.page().in_place().opened()) [[likely]]
      return ConsolidateSettled(node, extra, split);
    Node settled = node;
    const Attempt attempt = SettlePage(settled);
    return attempt == Attempt::kDone ? ConsolidateSettled(settled, extra, split) : attempt;
  }

  /// Takes the records and the range of the marked node `right` into `left`, whose right sibling it
  /// is (PROTOCOL.md, M3).
  Attempt Absorb(Node left, Node right, Split<R>* split) {
    BWLAB_ASSERT(right.marked() && left.right() == right.id());
    if (const Attempt settled = SettlePage(left); settled != Attempt::kDone) return settled;
    if (const Attempt settled = SettlePage(right); settled != Attempt::kDone) return settled;
    if constexpr (R::kWords) in_place_ = InPlaceAfter(left.page(), nullptr, false).Closed();
    const Deltas left_deltas = left.AllDeltas();
    const Deltas right_deltas = right.AllDeltas();
    const Plan plan = Plan::template Make<Search>(left.page(), left_deltas);
    const Plan tail = Plan::template Make<Search>(right.page(), right_deltas);
    const Plan* const right_part = BWLAB_MUTANT(RightPartOfMergeLost) ? nullptr : &tail;
    return this->Replace(left, {plan, right_part, right.high(), right.right()}, split);
  }

  /// Sees to it that no record of the node changes any more. After kDone, `node` is as it was at a
  /// moment when none did: deltas that were published before that may tell of payloads that a store
  /// has replaced since. kLost where it has got another page.
  Attempt Settle(Node& node) {
    const Page& page = node.page();
    if (!page.in_place().opened()) return Attempt::kDone;
    if (SettlePage(node) != Attempt::kDone) return Attempt::kLost;
    if (!BWLAB_MUTANT(SettledWordStale)) node = Node(node.id(), host_.table().Load(node.id()));
    return &node.page() == &page ? Attempt::kDone : Attempt::kLost;
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
    if (!this->Fits(geometry)) return nullptr;
    void* memory = host_.Allocate(geometry.bytes);
    if (memory == nullptr) return nullptr;
    auto* const page = new (memory) Page(shape, slots, geometry);
    if (shape.level == 0) {
      const bool may_be_open = Word::MayBeOpen(Page::Geometry::Lines(shape.count));
      page->set_in_place(may_be_open ? in_place_ : in_place_.Closed());
    }
    return page;
  }
  /// For a page that no other thread can reach.
  void FreePage(Page* page) {
    const uint32_t bytes = page->bytes;
    page->~Page();
    host_.Free(page, bytes);
  }
  /// The mapping word of a page without deltas.
  static uint64_t WordOf(const Page* page) {
    const Word word(page, Page::Geometry::Lines(page->count()), 0);
    return page->in_place().opened() ? word.Opened().raw() : word.raw();
  }

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
  void RetirePageOf(const Node& node) {
    if (BWLAB_MUTANT(ReplacedPageFreedAtOnce)) return FreePage(&node.page());
    host_.Retire(&node.page());
  }
  /// For a marked node that no page leads to any more.
  void RetireNode(const Node& node) {
    if (BWLAB_MUTANT(IdReusedAtOnce)) {
      host_.table().FreeId(node.id());
    } else {
      node.page().set_dying_id(node.id());
    }
    host_.Retire(&node.page());
  }

 private:
  using Deltas = typename Node::Deltas;
  using typename Parent::Plan;

  /// Stores the payload where the old one stands, if the word has not changed; else `node` then
  /// holds the present one, and the attempt is lost. @return kFull where it cannot be done.
  [[gnu::noinline]] Attempt UpdateInPlace(Node& node, const Delta<R>& delta, const Cursor& cursor) {
    BWLAB_POINT(StoreDecided);
    const uint64_t raw = BWLAB_MUTANT(StoredWithoutComparison) ? host_.table().Load(node.id())  //
                                                               : node.raw();
    switch (host_.table().StoreWhileEqual(node.id(), raw, cursor.Place(), delta.payload)) {
      case StoreResult::kStored:
        host_.stats().Add(TreeEvent::kUpdatedInPlace);
        return Attempt::kDone;
      case StoreResult::kChanged:
        node = Node(node.id(), host_.table().Load(node.id()));
        return Attempt::kLost;
      case StoreResult::kInterrupted:
        break;
    }
    return Attempt::kFull;
  }

  /// Whether the page that follows `page`, which is a leaf's, is to take updates in place, with
  /// `more` of them.
  bool IsToBeOpened(const Page& page, uint32_t more) const {
    const uint32_t after = host_.options().in_place_after;
    const InPlace in_place = page.in_place();
    return after != 0 && !in_place.opened() && in_place.MayOpen() &&
           in_place.in_slots() + more >= after &&
           Word::MayBeOpen(Page::Geometry::Lines(page.count()));
  }
  /// What the page that follows `page` begins with, which is a leaf's and settled.
  InPlace InPlaceAfter(const Page& page, const Delta<R>* extra, bool updates_alone) const {
    const InPlace before = page.in_place();
    if (before.opened()) {
      return page.restarted() ? before.AfterRestart(host_.options().in_place_wait_max)
                              : before.AfterOpen();
    }
    const bool update = extra != nullptr && extra->kind == DeltaKind::kUpdate;
    const bool by_write = extra != nullptr && !update;
    if (!by_write && IsToBeOpened(page, update ? 1 : 0)) return before.Opened();
    return updates_alone ? before.AfterUpdatesAlone() : before.Closed();
  }

  /// Sees to it that no payload of the page changes any more. The node stays as the caller saw it,
  /// but for its open bit; kLost where it has changed otherwise.
  Attempt SettlePage(Node& node) {
    Page& page = node.page();
    if (!page.in_place().opened()) return Attempt::kDone;
    if (node.open()) {
      uint64_t expected = node.raw();
      const uint64_t closed = node.word().Closed().raw();
      if (!host_.table().CompareExchange(node.id(), expected, closed)) return Attempt::kLost;
      node = Node(node.id(), closed);
      BWLAB_POINT(WordClosed);
    }
    if (!page.IsSettled() && !BWLAB_MUTANT(PageNotSettled)) {
      RestartAllThreads();
      page.SetRestarted();
      host_.stats().Add(TreeEvent::kPageRestart);
    }
    return Attempt::kDone;
  }

  /// Consolidate, of a page whose payloads do not change any more.
  Attempt ConsolidateSettled(const Node& node, const Delta<R>* extra, Split<R>* split) {
    node.page().PrefetchAll();
    if constexpr (R::kWords) {
      Overwrites<Page, kSlotsMax + 1> overwrites;
      const bool updates_alone = OnlyOverwrites(node, extra, overwrites);
      if (node.is_leaf()) in_place_ = InPlaceAfter(node.page(), extra, updates_alone);
      if (updates_alone) return this->Overwrite(node, overwrites);
    }
    Deltas deltas = node.AllDeltas();
    if (BWLAB_MUTANT(DeltaForgotten) && deltas.size() > 1) {
      deltas = Node(node.id(), node.raw() & (node.raw() - 1)).AllDeltas();
    }
    if (extra != nullptr) {
      deltas.Supersede({node.InPage(extra->key), extra->payload, Removes(extra->kind)});
    }
    const Plan plan = Plan::template Make<Search>(node.page(), deltas);
    return this->Replace(node, {plan, nullptr, node.high(), node.right()}, split);
  }

  // What new pages of leaves begin with.
  InPlace in_place_;

  /// Whether the deltas of a leaf, and `extra` where there is one, only replace payloads; then
  /// `overwrites` holds them all. Not of a leaf above its capacity, which is to be split.
  bool OnlyOverwrites(const Node& node, const Delta<R>* extra,
                      Overwrites<Page, kSlotsMax + 1>& overwrites) const {
    const Page& base = node.page();
    if (!base.is_leaf() || base.count() > host_.options().leaf_capacity) return false;
    if (!node.VisitDeltas([&](const PageDelta<R>& delta) {
          return overwrites.template Add<Search>(base, delta);
        })) {
      return false;
    }
    return extra == nullptr ||
           overwrites.template Supersede<Search>(
               base, {node.InPage(extra->key), extra->payload, Removes(extra->kind)});
  }
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
