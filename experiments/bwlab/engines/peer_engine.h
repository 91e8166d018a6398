#pragma once

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "bwlab/base/status.h"
#include "bwlab/experiment/engine.h"
#include "bwlab/experiment/names.h"
#include "bwlab/experiment/typed_engine.h"

namespace bwlab::experiment {

/// The Engine around a peer `Index` that is default-constructed and has Size() and LiveBytes().
template <class Index, RecordForm kForm>
class PeerEngine final : public TypedEngine<Index, Index::kCapabilities, kForm> {
 public:
  uint64_t Size() const override { return index_.Size(); }
  std::optional<uint64_t> LiveBytes() const override { return index_.LiveBytes(); }

 private:
  Index& index() override { return index_; }

  Index index_;
};

template <template <RecordForm> class Index, RecordForm kForm>
std::unique_ptr<Engine> MakePeer() {
  constexpr Capabilities kCapabilities = Index<RecordForm{}>::kCapabilities;
  if constexpr ((kForm.byte_keys && !kCapabilities.byte_keys) ||
                (kForm.byte_values && kCapabilities.value_bytes_max == 0)) {
    std::abort();  // Cell::CheckCapabilities refuses it
  } else {
    return std::make_unique<PeerEngine<Index<kForm>, kForm>>();
  }
}

/// Opens the peer for one of the forms that its capabilities name.
template <template <RecordForm> class Index>
Result<std::unique_ptr<Engine>> OpenPeer(const nlohmann::json& /*config*/, RecordForm form,
                                         const std::filesystem::path& /*folder*/) {
  if (form == RecordForm{true, true}) return MakePeer<Index, RecordForm{true, true}>();
  if (form == RecordForm{true, false}) return MakePeer<Index, RecordForm{true, false}>();
  if (form == RecordForm{false, true}) return MakePeer<Index, RecordForm{false, true}>();
  return MakePeer<Index, RecordForm{}>();
}

/// What `resolve` returns for an engine without run-time options: its fixed `description`.
inline Result<nlohmann::json> ResolveNoOptions(const nlohmann::json& options,
                                               nlohmann::json description) {
  if (!options.empty()) {
    return Status::InvalidArgument("unknown key " + Quoted(options.begin().key()) +
                                   "; this engine has no options");
  }
  return description;
}

}  // namespace bwlab::experiment
