#pragma once

// How nodes of the linked layout change: one delta on top of the chain, or a new base page, and one
// CAS.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>
#include <string_view>

#include "bwlab/base/test_hooks.h"
#include "bwlab/bwtree/layout_linked.h"
#include "bwlab/bwtree/node_change.h"
#include "bwlab/bwtree/page_editor.h"
#include "bwlab/policy/stats/stats.h"

namespace bwlab {

/// Changes nodes on behalf of one session; Host as for PackedEditor. `kPreallocated`: whether
/// deltas are cut from an area of their base page.
template <class R, class Search, class Host, bool kPreallocated>
class LinkedEditor : public PageEditor<LinkedEditor<R, Search, Host, kPreallocated>, LinkedPage<R>,
                                       kLinkedDeltasMax, Host> {
  using Parent = PageEditor<LinkedEditor, LinkedPage<R>, kLinkedDeltasMax, Host>;
  using Parent::host_;
  using typename Parent::Content;
  using typename Parent::Cut;
  using typename Parent::CutKeys;
  using typename Parent::Plan;
  using typename Parent::Totals;

 public:
  using Node = LinkedNode<R, Search>;
  using Page = LinkedPage<R>;
  using Word = LinkedWord<R>;
  using ChainDelta = LinkedDelta<R>;
  using Probe = typename R::Probe;
  using Payload = typename R::Payload;

  explicit LinkedEditor(Host host) : Parent(host) {}

  /// One write on its way to one key: what holds as long as the node's base page stays, since a
  /// lost CAS then only put a delta on top.
  class Cursor {
   public:
    Cursor(const Node& node, const Probe& probe) : base_(&node.base()), probe_(probe) {
      const Page& page = node.PageFor(probe);
      in_base_ = page.template Locate<Search>(page.InPage(probe));
    }
    bool IsOn(const Node& node) const {
      return &node.base() == base_ && !node.marked() && !node.IsBeyond(probe_);
    }

    /// Nothing is tried here that a new page is not needed for.
    bool DoesWithoutNewPage() { return false; }
    /// Whether the key is present. To be called with the node's present word before each Append.
    template <class Stats>
    bool Look(const Node& node, Stats& stats, Finger& /*finger*/) {
      const ChainDelta* newest = node.FindDelta(probe_, stats).delta;
      present_ = newest == nullptr ? in_base_.exact : !Removes(newest->kind);
      return present_;
    }

   private:
    friend class LinkedEditor;
    Page* base_;
    Probe probe_;
    Position in_base_;
    bool present_ = false;
    void* cut_ = nullptr;  // memory for the delta in the base page's area
  };

  /// Puts `delta` on top of the chain. When the CAS is lost, `node` holds the present word.
  Attempt Append(Node& node, const Delta<R>& delta, Cursor& cursor) {
    const std::size_t heap_bytes = ChainDelta::HeapBytesOf(delta.key, delta.payload, node.level());
    if (node.delta_count() >= ChainLength(node.level()) ||
        node.delta_bytes() + heap_bytes > kDeltaBytesMax) {
      return Attempt::kFull;
    }
    const uint32_t bytes = ChainDelta::BytesFor(heap_bytes);
    void* memory = cursor.cut_;
    if constexpr (kPreallocated) {
      if (memory == nullptr) memory = node.base().CutDelta(bytes);
      if (memory == nullptr) return Attempt::kFull;
      cursor.cut_ = memory;
    } else {
      memory = host_.Allocate(bytes);
      if (memory == nullptr) return Attempt::kOutOfMemory;
    }
    ChainDelta* top = FillChange(memory, node, delta);
    if (host_.options().search_shortcuts != 0) {
      top->position = static_cast<uint16_t>(cursor.in_base_.lower());
    }
    if (cursor.present_) --top->count;
    if (!Removes(delta.kind)) ++top->count;
    BWLAB_POINT(DeltaFilled);

    uint64_t expected = node.raw();
    if (!Publish(node, top, &expected)) {
      if (BWLAB_MUTANT(LinkedLostCasCountsAsWon)) return Attempt::kDone;
      if constexpr (!kPreallocated) FreeDelta(top);
      node = Node(node.id(), expected);
      return Attempt::kLost;
    }
    host_.stats().Add(PublishedEvent(delta.kind));
    return Attempt::kDone;
  }

  /// Publishes a change to the index terms of `parent`, which must not be marked.
  Attempt PublishTerm(Node& parent, const Delta<R>& term, Split<R>* split) {
    Cursor cursor(parent, term.key);
    cursor.present_ = term.kind != DeltaKind::kIndexTermInsert;
    Attempt attempt = Append(parent, term, cursor);
    if (attempt != Attempt::kFull) return attempt;
    attempt = Consolidate(parent, &term, split);
    if (attempt == Attempt::kDone) host_.stats().Add(PublishedEvent(term.kind));
    return attempt;
  }

  /// Replaces a node's chain by a new base page with its deltas, and `extra` if there is one,
  /// merged in. If the records exceed the capacity, a chain without split or merge gets a split on
  /// top, and its left half stays as it is until the next consolidation; any other is replaced by
  /// two pages. Either way one CAS does it, and `extra` takes effect with it. Source: Levandoski et
  /// al., ICDE 2013, sections III-B and IV-A.
  Attempt Consolidate(const Node& node, const Delta<R>* extra, Split<R>* split) {
    BWLAB_ASSERT(!node.marked());
    const ChainDelta* seam = node.Merge();
    Deltas left_deltas = node.DeltasOf(node.LeftPart(seam));
    Deltas right_deltas;
    if (seam != nullptr) right_deltas = node.DeltasOf(node.RightPart(seam));
    if (extra != nullptr) {
      const bool in_right = seam != nullptr && extra->key >= seam->key();
      (in_right ? right_deltas : left_deltas)
          .Supersede(
              {node.PageFor(extra->key).InPage(extra->key), extra->payload, Removes(extra->kind)});
    }
    const Plan plan = PlanOf(node, node.LeftPart(seam), left_deltas);
    std::optional<Plan> tail;
    if (seam != nullptr) tail.emplace(PlanOf(node, node.RightPart(seam), right_deltas));
    const Content content{plan, tail ? &*tail : nullptr, node.high(), node.right()};
    if (!node.HasStructure() && ChainLength(node.level()) > 0) {
      const Totals totals = Parent::TotalsOf(content);
      if (this->NeedsSplit(content, totals)) {
        return SplitOnTop(node, content, totals, extra, split);
      }
    }
    return this->Replace(node, content, split);
  }

  /// Takes the records and the range of the marked node `right` into `left`, whose right sibling it
  /// is (PROTOCOL.md, M3): by a merge on top of `left` where both base pages together are not
  /// larger than one, otherwise by new pages. A `left` that has a split or a merge already is
  /// consolidated first, and the attempt counts as lost.
  Attempt Absorb(const Node& left, const Node& right, Split<R>* split) {
    BWLAB_ASSERT(right.marked() && !left.marked() && left.right() == right.id());
    if (left.HasStructure()) {
      const Attempt attempt = Consolidate(left, nullptr, split);
      return attempt == Attempt::kDone ? Attempt::kLost : attempt;
    }
    if (ChainLength(left.level()) > 0 && FitTogether(left, right)) return MergeOnTop(left, right);
    const Deltas left_deltas = left.DeltasOf(left.LeftPart(nullptr));
    const Deltas right_deltas = right.DeltasOf(right.LeftPart(nullptr));
    const Plan plan = PlanOf(left, left.LeftPart(nullptr), left_deltas);
    const Plan tail = PlanOf(right, right.LeftPart(nullptr), right_deltas);
    return this->Replace(left, {plan, &tail, right.high(), right.right()}, split);
  }

  /// Published records never change here.
  Attempt Settle(Node&) { return Attempt::kDone; }

  /// Ends the chain with a removal: the node is frozen. A chain with a merge is consolidated first,
  /// and the attempt counts as lost. (If that splits the node, the next writer posts the
  /// separator.) On a lost CAS `node` stays as it was.
  Attempt Mark(Node& node) {
    if (node.Merge() != nullptr) {
      Split<R> unposted;
      const Attempt attempt = Consolidate(node, nullptr, &unposted);
      return attempt == Attempt::kDone ? Attempt::kLost : attempt;
    }
    ChainDelta* removal = NewStructural(DeltaKind::kRemove, node.top(), node.base(), Probe{});
    if (removal == nullptr) return Attempt::kOutOfMemory;
    removal->word = 1;  // Owners: the node itself
    uint64_t expected = node.raw();
    if (!Publish(node, removal, &expected)) {
      FreeDelta(removal);
      return Attempt::kLost;
    }
    host_.stats().Add(PublishedEvent(DeltaKind::kRemove));
    node = Node(node.id(), Word(removal).raw());
    return Attempt::kDone;
  }

  /// A page that a PageFiller is to fill, or nullptr when there is no memory.
  Page* NewPage(const PageShape<R>& shape) {
    const uint32_t area_bytes = AreaBytes(shape);
    const typename Page::Geometry geometry(shape, 0, area_bytes);
    if (!this->Fits(geometry)) return nullptr;
    void* memory = host_.Allocate(geometry.bytes);
    if (memory == nullptr) return nullptr;
    return new (memory) Page(shape, area_bytes, geometry);
  }
  /// For a page that no other thread can reach.
  void FreePage(Page* page) {
    const uint32_t bytes = page->bytes;
    page->~Page();
    host_.Free(page, bytes);
  }
  /// The mapping word of a page without deltas.
  static uint64_t WordOf(const Page* page) { return Word(page).raw(); }

  /// Frees what a retired unit holds: a page, a chain, or a removed node with all that no merge has
  /// taken over. @return the page id that ends with it, or kNoPage.
  PageId FreeRetired(Retired* retired) {
    ChainDelta* delta = ChainDelta::AsDelta(retired);
    if (delta == nullptr) {
      FreePage(static_cast<Page*>(retired));
      return kNoPage;
    }
    const PageId dying_id = delta->dying_id;
    FreeChain(delta);
    return dying_id;
  }
  /// Frees what a node of a dying tree holds.
  void FreeNode(const Node& node) {
    if (node.top() == nullptr) {
      FreePage(&node.base());
    } else {
      FreeChain(node.top());
    }
  }
  /// For a node whose present word a CAS has just replaced by one that does not lead to it.
  void RetirePageOf(const Node& node) {
    ChainDelta* top = node.top();
    if (top == nullptr) {
      host_.Retire(&node.base());
    } else {
      top->bytes = ChainBytes(top);
      host_.Retire(top);
    }
  }
  /// For a marked node that no page leads to any more: its removal and its id are retired, and with
  /// them its chain, unless a merge still leads to it.
  void RetireNode(const Node& node) {
    ChainDelta* removal = node.top();
    const bool alone = typename ChainDelta::Owners(*removal).count() == 1;
    removal->bytes = alone ? ChainBytes(removal) : 0;
    removal->dying_id = node.id();
    host_.Retire(removal);
  }

 private:
  using Deltas = typename Node::Deltas;

  static constexpr uint32_t kAreaBytesMax = 16 << 10;
  static constexpr uint64_t kAreaRecordBytesMin = 32;

  uint32_t ChainLength(uint32_t level) const {
    const TreeOptions& options = host_.options();
    return level == 0 ? options.leaf_chain_length : options.inner_chain_length;
  }

  /// Room for a chain and its split, merge or removal, as far as the deltas are of the average
  /// size.
  uint32_t AreaBytes(const PageShape<R>& shape) const {
    const uint32_t chain_length = ChainLength(shape.level);
    if (!kPreallocated || chain_length == 0) return 0;
    uint64_t average = 0;
    if constexpr (Page::kHasHeap) {
      average = std::max(shape.record_bytes / std::max(shape.count, 1u), kAreaRecordBytesMin);
    }
    const uint32_t bytes = (chain_length + 1) * ChainDelta::BytesFor(average);
    return std::min(bytes, kAreaBytesMax);
  }

  static Plan PlanOf(const Node& node, const typename Node::Part& part, const Deltas& deltas) {
    return Plan::template Make<Search>(*part.page, deltas, node.EndOf(part));
  }

  /// The CAS that puts `top` on the chain of `node`.
  bool Publish(const Node& node, const ChainDelta* top, uint64_t* expected) {
    if (host_.table().CompareExchange(node.id(), *expected, Word(top).raw())) return true;
    host_.stats().Add(TreeEvent::kCasLost);
    return false;
  }

  /// Memory for a delta that must not fail for want of an area; nullptr when there is none.
  void* AllocateDelta(Page& base, std::size_t heap_bytes) {
    const uint32_t bytes = ChainDelta::BytesFor(heap_bytes);
    void* cut = kPreallocated ? base.CutDelta(bytes) : nullptr;
    return cut != nullptr ? cut : host_.Allocate(bytes);
  }
  /// `change` as a delta on top of the node, which does not tell the number of records yet.
  static ChainDelta* FillChange(void* memory, const Node& node, const Delta<R>& change) {
    auto* delta = new (memory) ChainDelta(change.kind, node.top(), &node.base());
    delta->SetKey(change.key, node.prefix().size());
    delta->SetPayload(change.payload);
    return delta;
  }
  /// A split, merge or removal that does not tell yet what it changes; nullptr when there is no
  /// memory.
  ChainDelta* NewStructural(DeltaKind kind, ChainDelta* older, Page& base, const Probe& key) {
    void* memory = AllocateDelta(base, ChainDelta::HeapBytesOf(key));
    if (memory == nullptr) return nullptr;
    auto* delta = new (memory) ChainDelta(kind, older, &base);
    delta->SetKey(key, 0);
    return delta;
  }
  /// For a delta that is not published, or no longer.
  void FreeDelta(ChainDelta* delta) {
    if (!delta->base->Holds(delta)) host_.Free(delta, delta->allocated_bytes());
  }

  /// S1 and S2 by a split on top. Where `extra` belongs to the left half it goes below the split.
  Attempt SplitOnTop(const Node& node, const Content& content, const Totals& totals,
                     const Delta<R>* extra, Split<R>* split) {
    CutKeys keys;
    const Cut cut = this->CutOfSplit(content, totals, keys);
    const bool extra_stays = extra != nullptr && extra->key < cut.separator;
    Page& base = node.base();
    const PageId right_id = host_.TakeId();
    if (right_id == kNoPage) return Attempt::kOutOfPageIds;

    Page* right = this->NewRightPage(content, totals, cut);
    ChainDelta* change = nullptr;
    ChainDelta* top = nullptr;
    if (right != nullptr && extra_stays) {
      const std::size_t heap_bytes =
          ChainDelta::HeapBytesOf(extra->key, extra->payload, node.level());
      if (void* memory = AllocateDelta(base, heap_bytes); memory != nullptr) {
        change = FillChange(memory, node, *extra);
        change->count = static_cast<uint16_t>(totals.count);
      }
    }
    if (right != nullptr && (change != nullptr || !extra_stays)) {
      ChainDelta* older = extra_stays ? change : node.top();
      top = NewStructural(DeltaKind::kSplit, older, base, cut.separator);
    }
    const auto give_up = [&](Attempt outcome) {
      if (top != nullptr) FreeDelta(top);
      if (change != nullptr) FreeDelta(change);
      if (right != nullptr) FreePage(right);
      host_.GiveBackId(right_id);
      return outcome;
    };
    if (top == nullptr) return give_up(Attempt::kOutOfMemory);

    RightHalfSink<Page> sink(*right, cut.left.count);
    content.WriteTo(sink);
    host_.table().Install(right_id, WordOf(right));
    BWLAB_POINT(RightHalfInstalled);
    top->word = right_id;
    top->end = top;
    top->count = static_cast<uint16_t>(cut.left.count);

    uint64_t expected = node.raw();
    if (!Publish(node, top, &expected)) return give_up(Attempt::kLost);
    const bool leaf = node.is_leaf();
    host_.stats().Add(PublishedEvent(DeltaKind::kSplit));
    if (change != nullptr && leaf) host_.stats().Add(PublishedEvent(extra->kind));
    host_.stats().Add(leaf ? TreeEvent::kLeafSplit : TreeEvent::kInnerSplit);
    *split = {right_id, top->key()};
    return Attempt::kDone;
  }

  /// Whether a merge may lead to two base pages: they are not larger than one, and neither are the
  /// records (I6).
  bool FitTogether(const Node& left, const Node& right) const {
    const uint32_t capacity = host_.options().capacity(left.level());
    if (left.base_count() + right.base_count() > capacity) return false;
    if (left.records_at_most() + right.records_at_most() > capacity) return false;
    return R::kWords || (left.bytes() + right.bytes() <= host_.options().page_bytes_max &&
                         left.delta_bytes() + right.delta_bytes() <= kDeltaBytesMax);
  }

  /// M3 by a merge on top.
  Attempt MergeOnTop(const Node& left, const Node& right) {
    ChainDelta* removal = right.top();
    ChainDelta* top = NewStructural(DeltaKind::kMerge, left.top(), left.base(), right.low());
    if (top == nullptr) return Attempt::kOutOfMemory;
    top->set_victim(removal);
    top->end = removal->end;
    top->count = static_cast<uint16_t>(top->count + removal->count);
    top->AddChainBytes(removal->chain_bytes());
    top->depth = static_cast<uint8_t>(left.delta_count() + removal->depth);
    top->has_merge = true;

    typename ChainDelta::Owners owners(*removal);
    owners.Add();
    uint64_t expected = left.raw();
    if (!Publish(left, top, &expected)) {
      [[maybe_unused]] const bool last = owners.Drop();
      BWLAB_ASSERT(!last);
      FreeDelta(top);
      return Attempt::kLost;
    }
    host_.stats().Add(PublishedEvent(DeltaKind::kMerge));
    return Attempt::kDone;
  }

  /// Gives up a chain: a removal's only if nobody else owns it.
  void FreeChain(ChainDelta* top) {
    if (top->kind == DeltaKind::kRemove && !typename ChainDelta::Owners(*top).Drop()) return;
    Page* base = top->base;
    for (ChainDelta* delta = top; delta != nullptr;) {
      ChainDelta* older = delta->older;
      if (delta->kind == DeltaKind::kMerge) FreeChain(delta->victim());
      FreeDelta(delta);
      delta = older;
    }
    FreePage(base);
  }
  /// Bytes that FreeChain frees where nobody else owns a part.
  static uint32_t ChainBytes(const ChainDelta* top) {
    uint32_t bytes = top->base->bytes;
    for (const ChainDelta* delta = top; delta != nullptr; delta = delta->older) {
      if (!delta->base->Holds(delta)) bytes += delta->allocated_bytes();
      if (delta->kind == DeltaKind::kMerge) bytes += ChainBytes(delta->victim());
    }
    return bytes;
  }
};

/// Deltas in a chain, each allocated by itself.
struct LinkedDeltas {
  static constexpr std::string_view kName = "linked";
  static constexpr std::string_view kSummary =
      "a chain of separately allocated deltas, as in the Bw-Tree of 2013; the baseline that shows "
      "what the packed layout is worth";
  static constexpr uint32_t kChainLengthMax = kLinkedChainLengthMax;

  template <class R, class Search>
  using Node = LinkedNode<R, Search>;
  template <class R, class Search, class Host>
  using Editor = LinkedEditor<R, Search, Host, false>;
};

/// Deltas in a chain, cut from an area of their base page.
struct PreallocatedDeltas {
  static constexpr std::string_view kName = "linked_preallocated";
  static constexpr std::string_view kSummary =
      "a chain of deltas cut from an area of the base page, as in OpenBw-Tree; faster than linked "
      "where allocation is slow, for more memory a page";
  static constexpr uint32_t kChainLengthMax = kLinkedChainLengthMax;

  template <class R, class Search>
  using Node = LinkedNode<R, Search>;
  template <class R, class Search, class Host>
  using Editor = LinkedEditor<R, Search, Host, true>;
};

}  // namespace bwlab
