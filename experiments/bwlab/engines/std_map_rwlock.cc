#include "bwlab/engines/std_map_rwlock.h"

#include <memory>

#include "bwlab/engines/peer_engine.h"

namespace bwlab::experiment {

constinit const EngineEntry kStdMapRwlockEntry = {
    .engine = "std_map_rwlock",
    .variant = "",
    .summary = "std::map behind a std::shared_mutex",
    .variant_summary = "",
    .capabilities = StdMapRwlock<RecordForm{}>::kCapabilities,
    .no_counters_reason = "std::map keeps no counters",
    .no_validation_reason = "std::map does not check itself",
    .resolve =
        [](const nlohmann::json& options) {
          return ResolveNoOptions(options, {{"map", "std::map"}, {"lock", "std::shared_mutex"}});
        },
    .open = OpenPeer<StdMapRwlock>,
};

}  // namespace bwlab::experiment
