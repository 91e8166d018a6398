#include "bwlab/engines/absl_btree_rwlock.h"

#include "bwlab/engines/peer_engine.h"

namespace bwlab::experiment {

constinit const EngineEntry kAbslBtreeRwlockEntry = {
    .engine = "absl_btree_rwlock",
    .variant = "",
    .summary = "absl::btree_map behind a std::shared_mutex",
    .variant_summary = "",
    .capabilities = AbslBtreeRwlock<RecordForm{}>::kCapabilities,
    .no_counters_reason = "absl::btree_map keeps no counters",
    .no_validation_reason = "absl::btree_map does not check itself",
    .resolve =
        [](const nlohmann::json& options) {
          return ResolveNoOptions(options, {{"map", "absl::btree_map"},
                                            {"version", ABSL_LTS_RELEASE_VERSION},
                                            {"lock", "std::shared_mutex"}});
        },
    .open = OpenPeer<AbslBtreeRwlock>,
};

}  // namespace bwlab::experiment
