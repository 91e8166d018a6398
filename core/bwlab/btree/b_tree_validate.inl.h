#pragma once

// Checks a tree against the invariants of page.h and README.md. Included by b_tree.h.

#include <string>

#include "bwlab/btree/b_tree.h"

namespace bwlab {

template <BTreeTraits Traits>
struct BTree<Traits>::Validator {
  uint64_t records = 0;

  /// Where a node must fit in: what its parent says of it.
  struct Place {
    std::string path;  // "root", then the index of each child
    uint32_t level;
    Probe low;
    Probe high;
    bool bounded;
  };

  static Status Fault(const Place& place, const std::string& what) {
    return Status::Corruption("node " + place.path + " (level " + std::to_string(place.level) +
                              "): " + what);
  }

  /// (T1), (T2) and what page.h says of one page.
  template <class Page>
  static Status CheckPage(const Page& page, const Place& place) {
    const Version version = page.lock.Load();
    if (VersionLock::IsLocked(version) || VersionLock::IsObsolete(version)) {
      return Fault(place, "T1: it is locked or obsolete");
    }
    if (page.low() != place.low || page.bounded() != place.bounded ||
        (place.bounded && page.high() != place.high)) {
      return Fault(place, "T2: its range is not what its parent says");
    }
    const std::string fault = page.Check();
    return fault.empty() ? Status::Ok() : Fault(place, fault);
  }

  Status CheckChildren(const Inner& inner, const Place& place) {
    const typename Inner::View view = inner.Held();
    if (view.count() == 0) return Fault(place, "T3: an inner node without children");
    KeyBuffer<typename Inner::RecordsType> low;
    KeyBuffer<typename Inner::RecordsType> high;
    low.SetPrefix(inner.prefix());
    high.SetPrefix(inner.prefix());
    if (low.JoinProbe(view.KeyAt(0)) != inner.low()) {
      return Fault(place, "T3: the first separator is not the low key");
    }
    for (uint32_t i = 0; i < view.count(); ++i) {
      const bool last = i + 1 == view.count();
      const Place child{
          place.path + "/" + std::to_string(i), place.level - 1, low.JoinProbe(view.KeyAt(i)),
          last ? inner.high() : high.JoinProbe(view.KeyAt(i + 1)), !last || inner.bounded()};
      if (Status status = CheckNode(ChildOf(view.PayloadAt(i)), child); !status.ok()) return status;
    }
    return Status::Ok();
  }

  Status CheckNode(const BTreeNode* node, const Place& place) {
    if (node->level != place.level) return Fault(place, "T2: it is of another level");
    if (place.level > 0) {
      const auto& inner = *static_cast<const Inner*>(node);
      if (Status status = CheckPage(inner, place); !status.ok()) return status;
      return CheckChildren(inner, place);
    }
    const auto& leaf = *static_cast<const Leaf*>(node);
    records += leaf.count();
    return CheckPage(leaf, place);
  }
};

template <BTreeTraits Traits>
Status BTree<Traits>::Validate() const {
  Validator validator;
  const BTreeNode* root = root_.load(std::memory_order_acquire);
  const typename Validator::Place place{"root", root->level, R::Key::kLeast, Probe{}, false};
  if (Status status = validator.CheckNode(root, place); !status.ok()) return status;
  if (validator.records != Size()) {
    return Status::Corruption("T4: the leaves hold " + std::to_string(validator.records) +
                              " records, Size() says " + std::to_string(Size()));
  }
  return Status::Ok();
}

}  // namespace bwlab
