#include "bwlab/engines/null_engine.h"

#include "bwlab/engines/peer_engine.h"

namespace bwlab::experiment {

constinit const EngineEntry kNullEngineEntry = {
    .engine = "null",
    .variant = "",
    .summary = "keeps nothing: shows what the harness itself costs (with verify off)",
    .variant_summary = "",
    .capabilities = NullIndex<RecordForm{}>::kCapabilities,
    .no_counters_reason = "it does nothing that could be counted",
    .no_validation_reason = "it keeps nothing that could be checked",
    .resolve =
        [](const nlohmann::json& options) {
          return ResolveNoOptions(options, {{"keeps", "nothing"}});
        },
    .open = OpenPeer<NullIndex>,
};

}  // namespace bwlab::experiment
