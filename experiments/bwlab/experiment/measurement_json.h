#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "bwlab/experiment/latency.h"
#include "bwlab/experiment/phase.h"
#include "bwlab/experiment/tick_clock.h"

namespace bwlab::experiment {

/// The "run" object of a result.
nlohmann::json RunJson(const PhaseResult& run);

/// The "latency_ns" object of a result: percentiles of all sampled operations, and of each kind
/// that the run had. The timer's own cost is reported and not subtracted.
nlohmann::json LatencyJson(const LatencyHistograms& ticks, uint32_t sample_every,
                           const TickScale& scale);

/// The "run.parts" array of a result.
nlohmann::json PartsJson(const std::vector<RunPart>& parts);

/// The "intervals" object of a result.
nlohmann::json IntervalsJson(const IntervalSeries& series);

/// `reason`, or null where there is none.
nlohmann::json ReasonJson(std::string_view reason);

}  // namespace bwlab::experiment
