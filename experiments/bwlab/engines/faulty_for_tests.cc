#include "bwlab/engines/faulty_for_tests.h"

#include "bwlab/engines/peer_engine.h"

namespace bwlab::experiment {

constinit const EngineEntry kFaultyForTestsEntry = {
    .engine = "faulty_for_tests",
    .variant = "",
    .summary = "wrong on purpose: every 16th key reads as the value of another",
    .variant_summary = "",
    .capabilities = FaultyForTests<RecordForm{}>::kCapabilities,
    .no_counters_reason = "std::map keeps no counters",
    .no_validation_reason = "std::map does not check itself",
    .hidden = true,
    .resolve =
        [](const nlohmann::json& options) {
          return ResolveNoOptions(options, {{"faulty", true}});
        },
    .open = OpenPeer<FaultyForTests>,
};

}  // namespace bwlab::experiment
