#pragma once

// Loading sorted records into an empty tree. Included by bw_tree.h.

#include <algorithm>
#include <deque>
#include <string>
#include <vector>

#include "bwlab/base/atomic.h"
#include "bwlab/bwtree/bw_tree.h"
#include "bwlab/bwtree/page_filler.h"

namespace bwlab {

/// Builds all nodes beside the tree and publishes them with one CAS on the empty root leaf, which
/// becomes the leftmost leaf: until then nobody sees anything, afterwards everything can be reached
/// to the right of it. The inner nodes follow when the root's id is swung to them; where writers
/// have grown the root meanwhile they are dropped, and the separators are posted one by one as
/// after any split.
template <TreeTraits Traits>
class BwTree<Traits>::BulkLoader {
 public:
  using Input = std::span<const std::pair<Key, Value>>;

  BulkLoader(BwTree& tree, SessionState& state, const BulkLoadOptions& options)
      : tree_(tree), state_(state), options_(options) {}

  template <class Executor>
  Status Load(Input records, const Executor& executor) {
    if (!(options_.fill_factor >= 0.1 && options_.fill_factor <= 1.0)) {
      return Status::InvalidArgument("fill_factor is " + std::to_string(options_.fill_factor) +
                                     "; allowed are 0.1 to 1");
    }
    const Pin pin(state_);
    uint64_t root_ref;
    const Node root = tree_.ReadRoot(&root_ref);
    if (!IsEmpty(root)) {
      return Status::InvalidArgument("a bulk load needs an empty tree; this one holds records");
    }
    if (records.empty()) return Status::Ok();
    if (Status status = CheckInput(records, executor); !status.ok()) return status;
    try {
      return Build(records, root, root_ref, executor);
    } catch (const std::bad_alloc&) {
      Discard(0);
      return Status::OutOfMemory("no memory for the list of nodes of a bulk load");
    }
  }

 private:
  /// A node that is built: its range begins at `low`.
  struct Built {
    Probe low;
    PageId id = kNoPage;
    Page* page = nullptr;
    std::size_t first = 0;  // of its records, or of its children in the level below
  };

  static bool IsEmpty(const Node& root) {
    return root.is_leaf() && root.right() == kNoPage && !root.marked() &&
           root.Visit([](const Record<R>&) { return false; });
  }

  template <class Executor>
  static Status CheckInput(Input records, const Executor& executor) {
    // The first position that is wrong, whichever part finds it.
    Atomic<std::size_t> wrong{records.size()};
    const uint32_t parts = executor.parts();
    executor.ForEach(parts, [&](uint32_t part) {
      const std::size_t end = records.size() * (part + 1) / parts;
      for (std::size_t i = records.size() * part / parts; i < end; ++i) {
        if (Fits(records[i]) && (i == 0 || KeyOf(records[i - 1]) < KeyOf(records[i]))) continue;
        // relaxed: the executor's return orders it.
        std::size_t least = wrong.load(std::memory_order_relaxed);
        while (i < least && !wrong.compare_exchange_weak(least, i, std::memory_order_relaxed)) {
        }
        return;
      }
    });
    const std::size_t at = wrong.load(std::memory_order_relaxed);
    if (at == records.size()) return Status::Ok();
    if (!Fits(records[at])) {
      return Status::InvalidArgument("record " + std::to_string(at) + ": " +
                                     std::string(ToString(OpResult::kTooLarge)));
    }
    return Status::InvalidArgument("record " + std::to_string(at) +
                                   ": its key is not above the one before it; a bulk load needs "
                                   "strictly ascending keys");
  }
  static Probe KeyOf(const std::pair<Key, Value>& record) { return R::Key::ToProbe(record.first); }
  static bool Fits(const std::pair<Key, Value>& record) {
    return R::kWords || (R::Key::BytesOf(KeyOf(record)) <= kKeyBytesMax &&
                         R::Value::BytesOf(record.second) <= kValueBytesMax);
  }

  /// Cuts `count` entries of a level into nodes. bytes_of(i) is what entry i adds to a page's
  /// bytes.
  template <class BytesOf>
  std::vector<Built> Cut(uint32_t level, std::size_t count, BytesOf&& bytes_of) const {
    const TreeOptions& numbers = tree_.options_;
    const auto share = [this](uint32_t limit) {
      return static_cast<uint32_t>(options_.fill_factor * limit);
    };
    // An inner node has two children at least.
    const bool alone = count <= share(numbers.capacity(level, true));
    const std::size_t entries_max = std::max(2u, share(numbers.capacity(level, alone)));
    const uint64_t bytes_max = share(numbers.page_bytes_max);
    std::vector<Built> nodes;
    nodes.reserve(count / entries_max + 1);
    uint64_t bytes = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const uint64_t added = bytes_of(i);
      const std::size_t entries = nodes.empty() ? entries_max : i - nodes.back().first;
      const bool too_many_bytes = !R::kWords && entries >= 2 && bytes + added > bytes_max;
      if (entries >= entries_max || too_many_bytes) {
        Built& node = nodes.emplace_back();
        node.first = i;
        bytes = 0;
      }
      bytes += added;
    }
    // The last two share what is left, so that no node is nearly empty and no inner one has an only
    // child.
    if (nodes.size() > 1) {
      const std::size_t before = nodes[nodes.size() - 2].first;
      const std::size_t half = before + (count - before + 1) / 2;
      nodes.back().first = std::min(nodes.back().first, std::max(half, before + 1));
    }
    return nodes;
  }

  template <class Executor>
  Status Build(Input records, const Node& root, uint64_t root_ref, const Executor& executor) {
    const auto leaf_bytes = [&](std::size_t i) {
      return Page::RecordBytes(0, R::Key::BytesOf(KeyOf(records[i])),
                               R::Value::ToPayload(records[i].second));
    };
    levels_.push_back(Cut(0, records.size(), leaf_bytes));
    std::vector<Built>& leaves = levels_[0];
    leaves[0].low = R::Key::kLeast;
    for (std::size_t i = 1; i < leaves.size(); ++i) {
      leaves[i].low =
          Separator(KeyOf(records[leaves[i].first - 1]), KeyOf(records[leaves[i].first]));
    }
    leaves[0].id = root.id();
    if (!TakeIds(leaves, 1)) return Fail(OpResult::kOutOfPageIds);

    const uint32_t parts =
        static_cast<uint32_t>(std::min<std::size_t>(executor.parts(), leaves.size()));
    Atomic<bool> failed{false};
    executor.ForEach(parts, [&](uint32_t part) {
      Result<Session> session = tree_.OpenSession();
      Editor editor = tree_.Edit(session.ok() ? *session.value().state_ : state_);
      const std::size_t end = leaves.size() * (part + 1) / parts;
      for (std::size_t i = leaves.size() * part / parts; i < end; ++i) {
        if (!session.ok() || !FillLeaf(editor, leaves, i, records, leaf_bytes)) {
          failed.store(true, std::memory_order_relaxed);  // the executor's return orders it
          return;
        }
      }
    });
    if (failed.load(std::memory_order_relaxed)) return Fail(OpResult::kOutOfMemory);
    while (levels_.back().size() > 1) {
      const OpResult result = BuildInnerLevel();
      if (result != OpResult::kOk) return Fail(result);
    }

    // The leftmost leaf last: it makes the others visible.
    for (std::size_t level = 0; level < levels_.size(); ++level) {
      for (std::size_t i = level == 0 ? 1 : 0; i < levels_[level].size(); ++i) {
        const Built& node = levels_[level][i];
        tree_.table_.Install(node.id, Editor::WordOf(node.page));
      }
    }
    uint64_t expected = root.raw();
    if (!tree_.table_.CompareExchange(root.id(), expected, Editor::WordOf(leaves[0].page))) {
      Discard(0);
      return Status::InvalidArgument("a bulk load needs an empty tree; a write came in between");
    }
    tree_.Edit(state_).RetirePageOf(root);
    // (C3)
    state_.size_delta.store(
        state_.size_delta.load(std::memory_order_relaxed) + static_cast<int64_t>(records.size()),
        std::memory_order_relaxed);
    if (levels_.size() > 1 && !tree_.SwingRoot(root_ref, levels_.back()[0].id)) Discard(1);
    return Status::Ok();
  }

  /// The least key above `left` and at most `right` that is worth keeping as a fence.
  static Probe Separator([[maybe_unused]] const Probe& left, const Probe& right) {
    if constexpr (R::Key::kInHead) {
      return right;
    } else {
      return right.substr(0, CommonPrefixLength(left, right) + 1);
    }
  }

  bool TakeIds(std::vector<Built>& nodes, std::size_t from) {
    Host host(tree_, state_);
    for (std::size_t i = from; i < nodes.size(); ++i) {
      nodes[i].id = host.TakeId();
      if (nodes[i].id == kNoPage) return false;
    }
    return true;
  }

  /// A page for node `i` of a level with entries first..last-1, or nullptr.
  template <class BytesOf>
  static Page* NewPage(Editor& editor, uint32_t level, const std::vector<Built>& nodes,
                       std::size_t i, std::size_t last, BytesOf&& bytes_of) {
    uint64_t bytes = 0;
    if constexpr (Page::kHasHeap) {
      for (std::size_t at = nodes[i].first; at < last; ++at) bytes += bytes_of(at);
    }
    const bool rightmost = i + 1 == nodes.size();
    return editor.NewPage({level, static_cast<uint32_t>(last - nodes[i].first), bytes, nodes[i].low,
                           rightmost ? Probe{} : nodes[i + 1].low,
                           rightmost ? kNoPage : nodes[i + 1].id});
  }

  template <class BytesOf>
  static bool FillLeaf(Editor& editor, std::vector<Built>& leaves, std::size_t i, Input records,
                       BytesOf&& bytes_of) {
    const std::size_t last = i + 1 == leaves.size() ? records.size() : leaves[i + 1].first;
    Page* page = NewPage(editor, 0, leaves, i, last, bytes_of);
    if (page == nullptr) return false;
    PageFiller<Page> filler(*page);
    for (std::size_t at = leaves[i].first; at < last; ++at) {
      filler.Add(KeyOf(records[at]), R::Value::ToPayload(records[at].second));
    }
    filler.Finish();
    leaves[i].page = page;
    return true;
  }

  OpResult BuildInnerLevel() {
    const auto level = static_cast<uint32_t>(levels_.size());
    const std::vector<Built>& children = levels_.back();
    const auto bytes_of = [&](std::size_t i) {
      return Page::RecordBytes(level, R::Key::BytesOf(children[i].low), Payload(children[i].id));
    };
    std::vector<Built> nodes = Cut(level, children.size(), bytes_of);
    for (Built& node : nodes) node.low = children[node.first].low;
    const bool ids = TakeIds(nodes, 0);
    Editor editor = tree_.Edit(state_);
    bool memory = true;
    for (std::size_t i = 0; ids && memory && i < nodes.size(); ++i) {
      const std::size_t last = i + 1 == nodes.size() ? children.size() : nodes[i + 1].first;
      nodes[i].page = NewPage(editor, level, nodes, i, last, bytes_of);
      memory = nodes[i].page != nullptr;
      if (!memory) break;
      PageFiller<Page> filler(*nodes[i].page);
      for (std::size_t at = nodes[i].first; at < last; ++at) {
        filler.Add(children[at].low, Payload(children[at].id));
      }
      filler.Finish();
    }
    levels_.push_back(std::move(nodes));
    if (!ids) return OpResult::kOutOfPageIds;
    return memory ? OpResult::kOk : OpResult::kOutOfMemory;
  }

  Status Fail(OpResult result) {
    Discard(0);
    return Status::OutOfMemory(result == OpResult::kOutOfPageIds ? "bulk load: out of page ids"
                                                                 : "bulk load: out of memory");
  }
  /// Frees what was built from a level on; nobody else knows of it. The leftmost leaf has the id of
  /// the tree's root.
  void Discard(std::size_t from_level) {
    for (std::size_t level = from_level; level < levels_.size(); ++level) {
      for (std::size_t i = 0; i < levels_[level].size(); ++i) {
        const Built& node = levels_[level][i];
        if (node.page != nullptr) tree_.Edit(state_).FreePage(node.page);
        if (node.id != kNoPage && !(level == 0 && i == 0)) tree_.table_.FreeId(node.id);
      }
    }
    levels_.clear();
  }

  BwTree& tree_;
  SessionState& state_;
  const BulkLoadOptions options_;
  std::deque<std::vector<Built>> levels_;  // leaves first; a deque, whose elements stay in place
};

}  // namespace bwlab
