#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "bwlab/btree/b_tree.h"
#include "bwlab/engines/tree_engine.h"
#include "bwlab/experiment/engine.h"
#include "bwlab/experiment/typed_engine.h"
#include "bwlab/policy/default_traits.h"

namespace bwlab::experiment {

inline constexpr Capabilities kBTreeOlcCapabilities{.scan = true,
                                                    .reverse_scan = true,
                                                    .erase = true,
                                                    .byte_keys = true,
                                                    .value_bytes_max = uint32_t{kValueBytesMax}};

/// The Engine around this project's B+-tree with optimistic lock coupling. Its policies are those
/// of the Bw-tree's variant `default`, so that the two differ in how threads come to an agreement,
/// and in nothing else that can be the same.
template <RecordForm kForm>
class BTreeOlcEngine final : public TypedEngine<BTree<WithRecordForm<DefaultTraits, kForm>>,
                                                kBTreeOlcCapabilities, kForm> {
 public:
  using Tree = BTree<WithRecordForm<DefaultTraits, kForm>>;

  explicit BTreeOlcEngine(std::unique_ptr<Tree> tree) : tree_(std::move(tree)) {}

  uint64_t Size() const override { return tree_->Size(); }

  /// Pages in use and retired; not the free pages that the allocator policy keeps.
  std::optional<uint64_t> LiveBytes() const override { return tree_->Memory().live_bytes; }

  std::optional<Status> Validate() const override { return tree_->Validate(); }

 private:
  Tree& index() override { return *tree_; }

  std::unique_ptr<Tree> tree_;
};

extern const EngineEntry kBTreeOlcEntry;

}  // namespace bwlab::experiment
