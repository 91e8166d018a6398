#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "bwlab/base/status.h"
#include "bwlab/experiment/engine.h"
#include "bwlab/experiment/engine_loop.h"
#include "bwlab/experiment/names.h"

namespace bwlab::experiment {

/// The Engine around a peer `Index` that is default-constructed and has Size() and LiveBytes().
template <class Index>
class PeerEngine final : public TypedEngine<Index, Index::kCapabilities> {
 public:
  uint64_t Size() const override { return index_.Size(); }
  uint64_t LiveBytes() const override { return index_.LiveBytes(); }

 private:
  Index& index() override { return index_; }

  Index index_;
};

template <class Index>
Result<std::unique_ptr<Engine>> OpenPeer(const nlohmann::json& /*config*/) {
  return std::unique_ptr<Engine>(std::make_unique<PeerEngine<Index>>());
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
