#pragma once

// Checks a tree against the invariants of PROTOCOL.md. Included by bw_tree.h.

#include <string>

#include "bwlab/bwtree/bw_tree.h"

namespace bwlab {

template <TreeTraits Traits>
struct BwTree<Traits>::Validator {
  const BwTree& tree;
  uint64_t records = 0;

  Snapshot At(PageId id) const { return {id, PackedWord(tree.table_.Load(id))}; }

  static Status Fault(const Snapshot& node, const std::string& what) {
    return Status::Corruption("node " + std::to_string(node.id) + " (level " +
                              std::to_string(node.page().level()) + "): " + what);
  }

  /// I1, I2, I5, I6: what one node shows by itself.
  Status CheckNode(const Snapshot& node) const {
    const PackedPage& page = node.page();
    if (page.count() > tree.capacity(page.level()) + page.slot_count()) {
      return Fault(node, "I6: " + std::to_string(page.count()) + " records exceed the capacity");
    }
    const SortedHeads sorted = page.sorted();
    for (uint32_t i = 0; i < sorted.count; ++i) {
      const Head head = sorted.heads[i];
      if (i > 0 && sorted.heads[i - 1] >= head) {
        return Fault(node, "I1: heads " + std::to_string(i - 1) + " and " + std::to_string(i) +
                               " are not ascending");
      }
      if (i % kBlockHeads == 0 && sorted.hints[i / kBlockHeads] != head) {
        return Fault(node, "I1: hint " + std::to_string(i / kBlockHeads) +
                               " differs from the first head of its block");
      }
      if (head < page.low() || page.IsBeyond(head)) {
        return Fault(node, "I2: head " + std::to_string(i) + " lies outside the node's range");
      }
    }
    const SortedDeltas deltas(page, node.word.members());
    for (uint32_t i = 0; i < deltas.size(); ++i) {
      if (i > 0 && deltas[i - 1].head == deltas[i].head) {
        return Fault(node, "I5: two members hold the same key");
      }
      if (deltas[i].head < page.low() || page.IsBeyond(deltas[i].head)) {
        return Fault(node, "I2: a delta lies outside the node's range");
      }
    }
    if (uint64_t{node.word.members()} >> page.slot_count() != 0) {
      return Fault(node, "I5: a member bit beyond the slots");
    }
    return Status::Ok();
  }

  /// I3: a node against its right sibling.
  Status CheckSibling(const Snapshot& node) const {
    const PackedPage& page = node.page();
    if (page.right() == kNoPage) return Status::Ok();
    const PackedPage& sibling = At(page.right()).page();
    if (sibling.level() != page.level()) return Fault(node, "I3: right sibling of another level");
    if (sibling.low() != page.high()) {
      return Fault(node, "I3: the right sibling does not begin where the node ends");
    }
    return Status::Ok();
  }

  /// I4, I7: an inner node against the level below. `below` walks that level along with the calls.
  Status CheckChildren(const Snapshot& node, Snapshot* below) const {
    const PackedPage& page = node.page();
    if (page.count() == 0 || page.heads()[0] != page.low()) {
      return Fault(node, "I4: the first separator is not the low key");
    }
    Status status;
    bool intent_before = true;  // as if before the first child, which may have none
    node.VisitTerms([&](const IndexTerm& term) {
      const PageId child = term.child();
      if (term.has_intent() && intent_before) {
        status = Fault(node, "I9: an intent on the first child, or on two neighbours");
        return false;
      }
      intent_before = term.has_intent();
      // A victim that was absorbed already stands in no level.
      if (term.has_intent() && At(child).word.marked()) return true;
      while (below->id != child && below->page().right() != kNoPage) {
        *below = At(below->page().right());
      }
      if (below->id != child) {
        status = Fault(node, "I7: child " + std::to_string(child) +
                                 " does not stand in the level below, or not in order");
      } else if (below->page().low() != term.separator) {
        status =
            Fault(node, "I4: child " + std::to_string(child) + " does not begin at its separator");
      } else if (below->page().level() + 1 != page.level()) {
        status = Fault(node, "I4: child " + std::to_string(child) + " has the wrong level");
      }
      return status.ok();
    });
    return status;
  }

  /// One level from its first node on, which `*first` names; moves it to the first node of the
  /// level below.
  Status CheckLevel(Snapshot* first) {
    Snapshot node = *first;
    if (node.page().low() != kHeadMin) return Fault(node, "I3: a level begins above the least key");
    const bool leaves = node.page().is_leaf();
    Snapshot below;
    if (!leaves) {
      if (Status status = CheckNode(node); !status.ok()) return status;
      below = At(TermFor(node, kHeadMin).child());
      *first = below;
    }
    for (;;) {
      if (Status status = CheckNode(node); !status.ok()) return status;
      if (Status status = CheckSibling(node); !status.ok()) return status;
      if (leaves) {
        VisitMerged(node.page(), SortedDeltas(node.page(), node.word.members()), 0,
                    [&](Head, uint64_t) { return ++records, true; });
      } else if (Status status = CheckChildren(node, &below); !status.ok()) {
        return status;
      }
      if (node.page().right() == kNoPage) return Status::Ok();
      node = At(node.page().right());
    }
  }
};

template <TreeTraits Traits>
Status BwTree<Traits>::Validate() const {
  Validator validator{*this};
  Snapshot first = validator.At(static_cast<PageId>(root_.load(std::memory_order_acquire)));
  for (;;) {
    const bool leaves = first.page().is_leaf();
    if (Status status = validator.CheckLevel(&first); !status.ok()) return status;
    if (leaves) break;
  }
  if (validator.records != Size()) {
    return Status::Corruption("I8: the leaves hold " + std::to_string(validator.records) +
                              " records, Size() says " + std::to_string(Size()));
  }
  return Status::Ok();
}

}  // namespace bwlab
