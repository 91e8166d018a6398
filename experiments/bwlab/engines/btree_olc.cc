#include "bwlab/engines/btree_olc.h"

#include <filesystem>
#include <nlohmann/json.hpp>

namespace bwlab::experiment {
namespace {

Result<nlohmann::json> Resolve(const nlohmann::json& options) {
  const Result<BTreeOptions> numbers = OverlayOptions(BTreeOptions(), options);
  if (!numbers.ok()) return numbers.status();
  using Traits = DefaultTraits;
  if (Status status = CheckSearch(Traits::Search::kName); !status.ok()) return status;
  return nlohmann::json{{"policies",
                         {{"search", Traits::Search::kName},
                          {"backoff", Traits::Backoff::kName},
                          {"reclamation", Traits::Reclamation::kName},
                          {"allocator", Traits::Allocator::kName},
                          {"stats", Traits::Stats::kName}}},
                        {"options", NumbersOf(numbers.value())}};
}

template <RecordForm kForm>
Result<std::unique_ptr<Engine>> OpenForm(const BTreeOptions& options) {
  auto tree = BTreeOlcEngine<kForm>::Tree::Open(options);
  if (!tree.ok()) return tree.status();
  return std::unique_ptr<Engine>(std::make_unique<BTreeOlcEngine<kForm>>(std::move(tree).value()));
}

Result<std::unique_ptr<Engine>> Open(const nlohmann::json& config, RecordForm form,
                                     const std::filesystem::path& /*folder*/) {
  const Result<BTreeOptions> options = OverlayOptions(BTreeOptions(), config.at("options"));
  if (!options.ok()) return options.status();
  if (form == RecordForm{true, true}) return OpenForm<RecordForm{true, true}>(options.value());
  if (form == RecordForm{true, false}) return OpenForm<RecordForm{true, false}>(options.value());
  if (form == RecordForm{false, true}) return OpenForm<RecordForm{false, true}>(options.value());
  return OpenForm<RecordForm{}>(options.value());
}

}  // namespace

constinit const EngineEntry kBTreeOlcEntry = {
    .engine = "btree_olc",
    .variant = "",
    .summary =
        "this project's B+-tree with optimistic lock coupling, on the policies of bwtree/default",
    .variant_summary = "",
    .capabilities = kBTreeOlcCapabilities,
    .no_counters_reason = "btree_olc is built with stats off",
    .no_validation_reason = "",
    .resolve = Resolve,
    .open = Open,
};

}  // namespace bwlab::experiment
