#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "bwlab/base/status.h"
#include "bwlab/workload/op.h"

namespace bwlab::experiment {

/// A promise about the latency of a run, such as `p99<50us` or `max of scan < 2ms`.
struct Slo {
  std::string metric;                    ///< p50, p90, p99, p99_9 or max
  std::optional<workload::OpKind> kind;  ///< nothing: all operations
  double below_ns = 0;

  /// "p99" or "p99 of read".
  std::string Name() const;
  /// The latency in nanoseconds that the promise is about; nothing where no such operation was
  /// timed.
  std::optional<double> ValueIn(const nlohmann::json& result) const;
  bool IsKeptBy(double latency_ns) const { return latency_ns < below_ns; }
};

/// Reads promises with commas between them: METRIC [of KIND] < NUMBER UNIT, where UNIT is ns, us,
/// ms or s. Errors: InvalidArgument with the flag, what is wrong and what is allowed.
Result<std::vector<Slo>> ParseSlos(const std::string& flag, const std::string& text);

/// A latency with the unit that suits it: "512 ns", "50.3 us".
std::string ShownLatency(double ns);

}  // namespace bwlab::experiment
