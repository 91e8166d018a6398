#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <type_traits>
#include <utility>

#include "bwlab/bwtree/bw_tree.h"
#include "bwlab/engines/tree_engine.h"
#include "bwlab/experiment/engine.h"
#include "bwlab/experiment/typed_engine.h"

namespace bwlab::experiment {

constexpr Capabilities BwTreeCapabilities(bool holds_bytes) {
  return {.scan = true,
          .reverse_scan = true,
          .erase = true,
          .byte_keys = holds_bytes,
          .value_bytes_max = holds_bytes ? uint32_t{kValueBytesMax} : 0};
}

/// The Engine around one variant of the Bw-tree. Variants are listed in experiments/variants.cmake;
/// the build writes a translation unit for each, and one more for those that hold byte strings too.
template <class Traits, RecordForm kForm>
class BwTreeEngine final : public TypedEngine<BwTree<Traits>, BwTreeCapabilities(true), kForm> {
 public:
  explicit BwTreeEngine(std::unique_ptr<BwTree<Traits>> tree) : tree_(std::move(tree)) {}

  uint64_t Size() const override { return tree_->Size(); }

  /// Pages in use and retired, and the mapping table; not the free pages that the allocator policy
  /// keeps.
  std::optional<uint64_t> LiveBytes() const override {
    const MemoryUsage usage = tree_->Memory();
    return usage.live_bytes + usage.mapping_table_bytes;
  }

  std::optional<Status> Validate() const override { return tree_->Validate(); }

  std::optional<Counters> ReadCounters() const override {
    if constexpr (!BwTree<Traits>::kCountsEvents) return std::nullopt;
    return NamedCounters(tree_->Counters());
  }

 private:
  BwTree<Traits>& index() override { return *tree_; }

  std::unique_ptr<BwTree<Traits>> tree_;
};

template <class Traits>
Result<nlohmann::json> ResolveBwTree(const nlohmann::json& options) {
  const Result<TreeOptions> tree_options = OverlayOptions(Traits::Options(), options);
  if (!tree_options.ok()) return tree_options.status();
  if (Status status = tree_options.value().template CheckFor<typename Traits::DeltaLayout>();
      !status.ok()) {
    return status;
  }
  if (Status status = CheckSearch(Traits::Search::kName); !status.ok()) return status;
  return nlohmann::json{{"policies",
                         {{"delta_layout", Traits::DeltaLayout::kName},
                          {"search", Traits::Search::kName},
                          {"backoff", Traits::Backoff::kName},
                          {"consolidation", Traits::Consolidation::kName},
                          {"reclamation", Traits::Reclamation::kName},
                          {"allocator", Traits::Allocator::kName},
                          {"stats", Traits::Stats::kName}}},
                        {"options", NumbersOf(tree_options.value())}};
}

template <class VariantTraits, RecordForm kForm>
Result<std::unique_ptr<Engine>> OpenBwTree(const nlohmann::json& config) {
  using Traits = std::conditional_t<kForm == RecordForm{}, VariantTraits,
                                    WithRecordForm<VariantTraits, kForm>>;
  const Result<TreeOptions> options = OverlayOptions(Traits::Options(), config.at("options"));
  if (!options.ok()) return options.status();
  Result<std::unique_ptr<BwTree<Traits>>> tree = BwTree<Traits>::Open(options.value());
  if (!tree.ok()) return tree.status();
  return std::unique_ptr<Engine>(
      std::make_unique<BwTreeEngine<Traits, kForm>>(std::move(tree).value()));
}

/// Of the forms with byte strings.
template <class Traits>
Result<std::unique_ptr<Engine>> OpenBwTreeOfBytes(const nlohmann::json& config, RecordForm form) {
  if (!form.byte_keys) return OpenBwTree<Traits, RecordForm{false, true}>(config);
  if (!form.byte_values) return OpenBwTree<Traits, RecordForm{true, false}>(config);
  return OpenBwTree<Traits, RecordForm{true, true}>(config);
}

/// `open` of a variant without byte strings.
template <class Traits>
Result<std::unique_ptr<Engine>> OpenBwTreeOfIntegers(const nlohmann::json& config, RecordForm,
                                                     const std::filesystem::path&) {
  return OpenBwTree<Traits, RecordForm{}>(config);
}

template <class Traits>
constexpr EngineEntry BwTreeEntry(bool holds_bytes, decltype(EngineEntry::open) open) {
  return {
      .engine = "bwtree",
      .variant = Traits::kName,
      .summary = "this project's latch-free Bw-tree",
      .variant_summary = Traits::kSummary,
      .capabilities = BwTreeCapabilities(holds_bytes),
      .no_counters_reason =
          Traits::Stats::kEnabled ? "" : "the variant counts no events; one with Stats on does",
      .no_validation_reason = "",
      .resolve = ResolveBwTree<Traits>,
      .open = open,
  };
}

}  // namespace bwlab::experiment
