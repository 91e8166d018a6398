#pragma once

// Checks a tree against the invariants of PROTOCOL.md. Included by bw_tree.h.

#include <string>

#include "bwlab/bwtree/bw_tree.h"

namespace bwlab {

template <TreeTraits Traits>
struct BwTree<Traits>::Validator {
  const BwTree& tree;
  uint64_t records = 0;

  Stats ignored{};  // what validating traverses

  Node At(PageId id) const { return Node(id, tree.table_.Load(id)); }

  static Status Fault(const Node& node, const std::string& what) {
    return Status::Corruption("node " + std::to_string(node.id()) + " (level " +
                              std::to_string(node.level()) + "): " + what);
  }

  /// I1, I2, I5, I6: what one node shows by itself.
  Status CheckNode(const Node& node) const {
    const TreeOptions& options = tree.options_;
    const uint32_t chain = node.is_leaf() ? options.leaf_chain_length : options.inner_chain_length;
    // Of an inner node, since it may be half of a root.
    if (node.base_count() > options.capacity(node.level(), true) + chain) {
      return Fault(node,
                   "I6: " + std::to_string(node.base_count()) + " records exceed the capacity");
    }
    const std::string fault = node.Check();
    return fault.empty() ? Status::Ok() : Fault(node, fault);
  }

  /// I3: a node against its right sibling.
  Status CheckSibling(const Node& node) const {
    if (node.right() == kNoPage) return Status::Ok();
    const Node sibling = At(node.right());
    if (sibling.level() != node.level()) return Fault(node, "I3: right sibling of another level");
    if (sibling.low() != node.high()) {
      return Fault(node, "I3: the right sibling does not begin where the node ends");
    }
    return Status::Ok();
  }

  /// I4, I7: an inner node against the level below. `below` walks that level along with the calls.
  Status CheckChildren(const Node& node, Node* below) const {
    Status status;
    bool first = true;
    KeyBuffer<R> separator;
    separator.SetPrefix(node.prefix());
    bool intent_before = true;  // as if before the first child, which may have none
    node.Visit([&](const Record<R>& record) {
      const IndexTerm term{R::Value::TermOf(record.payload)};
      const PageId child = term.child();
      if (first && record.key != node.InPage(node.low())) {
        status = Fault(node, "I4: the first separator is not the low key");
        return false;
      }
      first = false;
      if (term.has_intent() && intent_before) {
        status = Fault(node, "I9: an intent on the first child, or on two neighbours");
        return false;
      }
      intent_before = term.has_intent();
      // A victim that was absorbed already stands in no level.
      if (term.has_intent() && At(child).marked()) return true;
      while (below->id() != child && below->right() != kNoPage) *below = At(below->right());
      if (below->id() != child) {
        status = Fault(node, "I7: child " + std::to_string(child) +
                                 " does not stand in the level below, or not in order");
      } else if (below->low() != separator.JoinProbe(record.key)) {
        status =
            Fault(node, "I4: child " + std::to_string(child) + " does not begin at its separator");
      } else if (below->level() + 1 != node.level()) {
        status = Fault(node, "I4: child " + std::to_string(child) + " has the wrong level");
      }
      return status.ok();
    });
    if (first && status.ok()) return Fault(node, "I4: an inner node without children");
    return status;
  }

  /// One level from its first node on, which `*first` names; moves it to the first node of the
  /// level below.
  Status CheckLevel(Node* first) {
    Node node = *first;
    if (node.low() != R::Key::kLeast) return Fault(node, "I3: a level begins above the least key");
    const bool leaves = node.is_leaf();
    Node below;
    if (!leaves) {
      if (Status status = CheckNode(node); !status.ok()) return status;
      below = At(node.TermFor(R::Key::kLeast, ignored).child());
      *first = below;
    }
    for (;;) {
      if (Status status = CheckNode(node); !status.ok()) return status;
      if (Status status = CheckSibling(node); !status.ok()) return status;
      if (leaves) {
        node.Visit([&](const Record<R>&) { return ++records, true; });
      } else if (Status status = CheckChildren(node, &below); !status.ok()) {
        return status;
      }
      if (node.right() == kNoPage) return Status::Ok();
      node = At(node.right());
    }
  }
};

template <TreeTraits Traits>
Status BwTree<Traits>::Validate() const {
  WaitForWorkers();
  Validator validator{*this};
  Node first = validator.At(static_cast<PageId>(root_.load(std::memory_order_acquire)));
  for (;;) {
    const bool leaves = first.is_leaf();
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
