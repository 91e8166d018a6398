#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "bwlab/bwtree/bw_tree.h"
#include "bwlab/experiment/engine.h"
#include "bwlab/experiment/names.h"
#include "bwlab/experiment/typed_engine.h"
#include "bwlab/policy/catalog.h"

namespace bwlab::experiment {

constexpr Capabilities BwTreeCapabilities(bool holds_bytes) {
  return {.scan = true,
          .reverse_scan = true,
          .erase = true,
          .byte_keys = holds_bytes,
          .value_bytes_max = holds_bytes ? uint32_t{kValueBytesMax} : 0};
}

/// `Traits` with records of a form.
template <class Traits, RecordForm kForm>
struct WithRecordForm : Traits {
  using Key = std::conditional_t<kForm.byte_keys, BytesKey, U64Key>;
  using Value = std::conditional_t<kForm.byte_values, BytesValue, U64Value>;
};

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
    Counters counters;
    tree_->Counters().ForEach(
        [&counters](std::string_view name, uint64_t value) { counters.emplace_back(name, value); });
    return counters;
  }

 private:
  BwTree<Traits>& index() override { return *tree_; }

  std::unique_ptr<BwTree<Traits>> tree_;
};

/// Numbers by name from `options` over the variant's own; everything else keeps its value.
inline Result<TreeOptions> OverlayTreeOptions(TreeOptions tree_options,
                                              const nlohmann::json& options) {
  std::vector<std::string> names;
  tree_options.ForEach([&](std::string_view name, const auto&, uint64_t, uint64_t,
                           std::string_view) { names.emplace_back(name); });
  for (const auto& option : options.items()) {
    const std::string& key = option.key();
    const nlohmann::json& value = option.value();
    std::string error;
    bool known = false;
    tree_options.ForEach(
        [&](std::string_view name, auto& field, uint64_t min, uint64_t max, std::string_view) {
          if (name != key) return;
          known = true;
          const bool fits = value.is_number_integer() && value >= min && value <= max;
          if (fits) {
            field = value.template get<std::remove_reference_t<decltype(field)>>();
          } else {
            error = key + ": " + value.dump() + " is not an integer in " + std::to_string(min) +
                    ".." + std::to_string(max);
          }
        });
    if (!known) return Status::InvalidArgument(UnknownName("option", key, names));
    if (!error.empty()) return Status::InvalidArgument(error);
  }
  if (Status status = tree_options.Check(); !status.ok()) return status;
  return tree_options;
}

/// Unsupported where the processor lacks what a search was built with.
inline Status CheckSearch(std::string_view search) {
  for (const PolicyEntry& policy : kPolicyCatalog) {
    if (policy.family == "search" && policy.name == search && !policy.available) {
      return Status::Unsupported("search " + std::string(search) + ": " +
                                 std::string(policy.why_not));
    }
  }
  return Status::Ok();
}

template <class Traits>
Result<nlohmann::json> ResolveBwTree(const nlohmann::json& options) {
  const Result<TreeOptions> tree_options = OverlayTreeOptions(Traits::Options(), options);
  if (!tree_options.ok()) return tree_options.status();
  if (Status status = tree_options.value().template CheckFor<typename Traits::DeltaLayout>();
      !status.ok()) {
    return status;
  }
  if (Status status = CheckSearch(Traits::Search::kName); !status.ok()) return status;
  nlohmann::json numbers;
  tree_options.value().ForEach(
      [&numbers](std::string_view name, const auto& field, uint64_t, uint64_t, std::string_view) {
        numbers[std::string(name)] = field;
      });
  return nlohmann::json{{"policies",
                         {{"delta_layout", Traits::DeltaLayout::kName},
                          {"search", Traits::Search::kName},
                          {"backoff", Traits::Backoff::kName},
                          {"consolidation", Traits::Consolidation::kName},
                          {"reclamation", Traits::Reclamation::kName},
                          {"allocator", Traits::Allocator::kName},
                          {"stats", Traits::Stats::kName}}},
                        {"options", numbers}};
}

template <class VariantTraits, RecordForm kForm>
Result<std::unique_ptr<Engine>> OpenBwTree(const nlohmann::json& config) {
  using Traits = std::conditional_t<kForm == RecordForm{}, VariantTraits,
                                    WithRecordForm<VariantTraits, kForm>>;
  const Result<TreeOptions> options = OverlayTreeOptions(Traits::Options(), config.at("options"));
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
