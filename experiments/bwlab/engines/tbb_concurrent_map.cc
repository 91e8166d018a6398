#include "bwlab/engines/tbb_concurrent_map.h"

#include "bwlab/engines/peer_engine.h"

namespace bwlab::experiment {

constinit const EngineEntry kTbbConcurrentMapEntry = {
    .engine = "tbb_concurrent_map",
    .variant = "",
    .summary = "tbb::concurrent_map, a lock-free skip list; cannot delete while others read",
    .variant_summary = "",
    .capabilities = TbbConcurrentMap<RecordForm{}>::kCapabilities,
    .no_counters_reason = "tbb::concurrent_map keeps no counters",
    .no_validation_reason = "tbb::concurrent_map does not check itself",
    .resolve =
        [](const nlohmann::json& options) {
          return ResolveNoOptions(
              options, {{"map", "tbb::concurrent_map"}, {"allocator", "tbb::tbb_allocator"}});
        },
    .open = OpenPeer<TbbConcurrentMap>,
};

}  // namespace bwlab::experiment
