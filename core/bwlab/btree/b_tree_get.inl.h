#pragma once

// Descent and point reads. Included by b_tree.h.

#include <algorithm>
#include <array>

#include "bwlab/btree/b_tree.h"

namespace bwlab {

/// A version of the node to read under, once nobody holds its lock. @return false where the node is
/// obsolete.
template <BTreeTraits Traits>
bool BTree<Traits>::AwaitReadable(const BTreeNode& node, Waiting& waiting, Version* version) {
  *version = node.lock.Load();
  while (VersionLock::IsLocked(*version)) {
    waiting.Pause();
    *version = node.lock.Load();
  }
  return !VersionLock::IsObsolete(*version);
}

/// Goes down to `level`, or to the root where that is below it. choose(view) is the index of a
/// child and may see torn nodes. @return false where what it saw has changed; then begin again.
///
/// A parent is validated before the address that it held is followed, and not once more after the
/// child's version was loaded, as the source does: a node's range never changes (P1), so that a
/// child which is not obsolete is the right one however its parent may have changed.
template <BTreeTraits Traits>
template <class Choose>
bool BTree<Traits>::Descend(uint32_t level, const Choose& choose, Waiting& waiting,
                            Spot* spot) const {
  // (G1) acquire: pairs with (G2), so that what never changes in the root is there.
  *spot = {.node = root_.load(std::memory_order_acquire)};
  if (!AwaitReadable(*spot->node, waiting, &spot->version)) return false;
  while (spot->node->level > level) {
    auto* inner = static_cast<Inner*>(spot->node);
    typename Inner::ReadBuffer buffer;
    const typename Inner::View view = inner->Read(buffer);
    const uint32_t index = choose(view);
    BTreeNode* const child = ChildOf(view.PayloadAt(index));
    if (!inner->lock.Validate(spot->version)) return false;
    PrefetchLines(child, kPrefetchedLines);
    *spot = {.node = child, .parent = inner, .parent_version = spot->version, .index = index};
    if (!AwaitReadable(*child, waiting, &spot->version)) return false;
  }
  return true;
}

/// A value that a reader keeps until it knows that it was whole.
template <class Payload>
class PayloadCopy {
 public:
  void Take(const Payload& payload) { payload_ = payload; }
  const Payload& payload() const { return payload_; }

 private:
  Payload payload_{};
};

template <>
class PayloadCopy<BytesValue::Payload> {
 public:
  void Take(const BytesValue::Payload& payload) {
    size_ = std::min(payload.bytes.size(), bytes_.size());  // more only where it is torn
    CopyBytes(bytes_.data(), payload.bytes.substr(0, size_));
  }
  BytesValue::Payload payload() const {
    return BytesValue::Payload(std::string_view(bytes_.data(), size_));
  }

 private:
  std::array<char, kValueBytesMax> bytes_;
  std::size_t size_ = 0;
};

template <BTreeTraits Traits>
template <class F>
OpResult BTree<Traits>::Get(SessionState& state, const Key& key, F&& take) const {
  const Pin pin(state);
  const Probe probe = R::Key::ToProbe(key);
  Waiting waiting(state.backoff);
  for (;; waiting.Pause()) {
    Spot spot;
    if (!Descend(0, ByKey{probe}, waiting, &spot)) continue;
    const auto* leaf = static_cast<const Leaf*>(spot.node);
    typename Leaf::ReadBuffer buffer;
    const typename Leaf::View view = leaf->Read(buffer);
    const Position position = view.template Locate<Search>(leaf->InPage(probe));
    PayloadCopy<Payload> found;
    if (position.exact) found.Take(view.PayloadAt(position.upper - 1));
    if (!leaf->lock.Validate(spot.version)) continue;
    if (!position.exact) return OpResult::kNotFound;
    take(R::Value::FromPayload(found.payload()));
    return OpResult::kOk;
  }
}

}  // namespace bwlab
