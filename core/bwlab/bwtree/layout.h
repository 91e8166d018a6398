#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "bwlab/bwtree/base_page.h"
#include "bwlab/bwtree/delta.h"
#include "bwlab/bwtree/mapping_table.h"
#include "bwlab/bwtree/node_change.h"
#include "bwlab/bwtree/tree_options.h"
#include "bwlab/policy/concepts.h"
#include "bwlab/policy/reclamation/retired.h"
#include "bwlab/policy/stats/stats.h"

namespace bwlab {

/// What a delta layout must offer so that the tree can work with it: how nodes are read (NodeView),
/// how they change (NodeEditor), and a bundle of both (DeltaLayoutPolicy). What the verbs mean to
/// the protocol is in PROTOCOL.md; layout_packed.h and layout_linked.h are the two layouts there
/// are.

/// What a layout borrows from the tree, on behalf of one session (BwTree::Host). Declared only, to
/// check layouts against.
struct LayoutHost {
  MappingTable& table();
  const TreeOptions& options() const;
  NoStats& stats();
  /// Whole cache lines, or nullptr when there is no memory.
  void* Allocate(std::size_t bytes);
  void Free(void* memory, std::size_t bytes);
  /// For what a CAS has just made unreachable.
  void Retire(Retired* retired);
  /// A page id for a node that is to be published, or kNoPage; what was not published goes back.
  PageId TakeId();
  void GiveBackId(PageId id);
};

/// A node as one load of its mapping word saw it, and nothing later: small, copied freely, valid
/// while the thread is pinned. Two nodes of equal id and raw() are the same.
///
/// Keys that are passed in lie in the node's range [low, high), unless said otherwise. Records that
/// a visitor gets have keys without the node's prefix(); they end with the call. Visitors return
/// false to stop, and so does then the visit.
template <class N, class R>
concept NodeView = std::default_initializable<N> && std::copyable<N> &&
    std::constructible_from<N, PageId, uint64_t> &&
    requires(const N& node, const typename R::Probe& key, typename R::Payload* payload,
             NoStats& stats, bool* exact, Finger* finger, bool (*visit)(const Record<R>&),
             bool (*visit_delta)(const PageDelta<R>&), uint32_t at, double share) {
  // What it is: high() means nothing where right() is kNoPage. A marked node never changes again.
  { node.id() } -> std::same_as<PageId>;
  { node.raw() } -> std::same_as<uint64_t>;
  { node.level() } -> std::same_as<uint32_t>;
  { node.is_leaf() } -> std::same_as<bool>;
  { node.low() } -> std::same_as<typename R::Probe>;
  { node.high() } -> std::same_as<typename R::Probe>;
  { node.right() } -> std::same_as<PageId>;
  { node.IsBeyond(key) } -> std::same_as<bool>;
  { node.marked() } -> std::same_as<bool>;
  // Whether updates may be storing into its page's records (NodeEditor::Settle).
  { node.open() } -> std::same_as<bool>;
  // Of a word: false only where its node is not marked. Reads the word alone.
  { N::MayHaveEnded(uint64_t{}) } -> std::same_as<bool>;
  { node.prefix() } -> std::same_as<std::string_view>;
  { node.InPage(key) } -> std::same_as<typename R::PageKey>;

  // How much it holds: records of the base, deltas on top, a bound of the records with both, and
  // the bytes that they take in a page.
  { node.base_count() } -> std::same_as<uint32_t>;
  { node.delta_count() } -> std::same_as<uint32_t>;
  { node.records_at_most() } -> std::same_as<uint32_t>;
  { node.bytes() } -> std::same_as<uint32_t>;
  { node.VisitDeltas(visit_delta) } -> std::same_as<bool>;  // the newest of each key

  // Asks for what a search touches first; for where it will find `key`; and, before the first has
  // arrived, for where it should find a key that has `share` of the node's range below it, for
  // reading or for a write.
  node.Prefetch();
  node.PrefetchRecords(key);
  node.PrefetchEstimate(share);
  node.PrefetchForWrite(share);

  // Leaves: the value of a key. Inner nodes: the term of the greatest separator at most `key`,
  // below `key` (which may lie beyond the range), and of all. Deltas that the search walks over are
  // counted. A writer's finger may be asked, or left alone. `at` is the term's position in the
  // base, or left alone; ShareBelow, how much of the child's range lies below the key then.
  { node.Find(key, payload, stats) } -> std::same_as<bool>;
  { node.TermFor(key, stats, exact, finger, &at) } -> std::same_as<IndexTerm>;
  { node.ShareBelow(at, key) } -> std::same_as<double>;
  { node.TermBefore(key) } -> std::same_as<IndexTerm>;
  { node.LastTerm() } -> std::same_as<IndexTerm>;

  // All records, those from a key on, and those up to a key in descending order.
  { node.Visit(visit) } -> std::same_as<bool>;
  { node.VisitFrom(key, visit) } -> std::same_as<bool>;
  { node.VisitBackward(&key, true, visit) } -> std::same_as<bool>;

  // What is wrong with it by itself (I1, I2, I5); empty where nothing is.
  { node.Check() } -> std::same_as<std::string>;
};

/// Changes nodes, each by one CAS that expects the word of the node that is passed in. A change
/// that did not happen has no effect on the node, except as Attempt::kLost says.
template <class E, class N, class R>
concept NodeEditor = std::constructible_from<E, LayoutHost> &&
    std::constructible_from<typename E::Cursor, const N&, const typename R::Probe&> &&
    requires(E editor, N& node, const N& other, const Delta<R>& delta, Split<R>* split,
             typename E::Cursor& cursor, NoStats& stats, Finger& finger, const PageShape<R>& shape,
             typename E::Page* page, Retired* retired) {
  // A cursor is one write on its way to one key. IsOn: whether what it remembers holds for the
  // node's present word; otherwise the write starts again. Look: whether the key is present.
  // DoesWithoutNewPage: after kFull, whether the next attempt needs no memory.
  { cursor.IsOn(other) } -> std::same_as<bool>;
  { cursor.Look(other, stats, finger) } -> std::same_as<bool>;
  { cursor.DoesWithoutNewPage() } -> std::same_as<bool>;

  // One delta more, or an update in place; `node` holds the present word after kLost. A change to
  // the index terms of an inner node. The deltas merged into the base, with one more where there is
  // one. The records and the range of a marked right sibling (M3). The mark (M2, R1); `node` is
  // marked after kDone.
  { editor.Append(node, delta, cursor) } -> std::same_as<Attempt>;
  { editor.PublishTerm(node, delta, split) } -> std::same_as<Attempt>;
  { editor.Consolidate(other, &delta, split) } -> std::same_as<Attempt>;
  { editor.Absorb(other, other, split) } -> std::same_as<Attempt>;
  { editor.Mark(node) } -> std::same_as<Attempt>;
  // Sees to it that no record of the node changes any more. After kDone, `node` is as it was at a
  // moment when none did; after kLost it has got another page.
  { editor.Settle(node) } -> std::same_as<Attempt>;

  // Pages that a PageFiller completes, before anybody sees them, and the word of such a page.
  { editor.NewPage(shape) } -> std::same_as<typename E::Page*>;
  editor.FreePage(page);
  { E::WordOf(page) } -> std::same_as<uint64_t>;

  // Retires what a CAS has replaced; what is left of a node that nothing leads to any more, with
  // its id; frees what was retired and says which id ends with it; frees a node of a dying tree.
  editor.RetirePageOf(other);
  editor.RetireNode(other);
  { editor.FreeRetired(retired) } -> std::same_as<PageId>;
  editor.FreeNode(other);
};

/// A delta layout as traits name it, for records R and a search policy. kChainLengthMax bounds the
/// chain lengths of TreeOptions.
template <class L, class R, class Search>
concept DeltaLayoutPolicy = NamedPolicy<L> && requires {
  { L::kChainLengthMax } -> std::convertible_to<uint32_t>;
} && NodeView<typename L::template Node<R, Search>, R> &&
    NodeEditor < typename L::template Editor<R, Search, LayoutHost>,
typename L::template Node<R, Search>, R > ;

}  // namespace bwlab
