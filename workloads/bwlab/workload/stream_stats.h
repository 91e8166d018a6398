#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "bwlab/workload/op.h"
#include "bwlab/workload/stream_view.h"

namespace bwlab::workload {

/// What the streams of all threads really contain, for the result file.
struct StreamStats {
  uint64_t ops = 0;
  std::array<uint64_t, kOpKindCount> ops_by_kind = {};

  /// Skew, over the operations that ask for a record (all but inserts). Exact up to kSkewSampleMax
  /// of them; beyond that over every n-th, n = ceil(requests / kSkewSampleMax).
  /// Over a whole stream: where inserts move the peak (latest), no single key stays on top.
  uint64_t requests = 0;
  uint64_t requests_examined = 0;
  uint64_t distinct_keys = 0;  ///< among the examined
  uint64_t top_key = 0;        ///< the key asked for most often (the smallest of those that tie)
  double top_key_share = 0;    ///< its share of the examined; 0 where there are none

  double RealisedShare(OpKind kind) const {
    return ops == 0 ? 0.0
                    : static_cast<double>(ops_by_kind[IndexOf(kind)]) / static_cast<double>(ops);
  }
  /// Shares of the kinds that occur, by their names.
  std::map<std::string, double> RealisedMix() const;
};

inline constexpr uint64_t kSkewSampleMax = uint64_t{1} << 22;  // its table of counts takes 96 MiB

StreamStats ComputeStreamStats(std::span<const StreamView> streams);

inline StreamStats ComputeStreamStats(std::span<const std::span<const Op>> streams) {
  return ComputeStreamStats(ViewsOf(streams));
}
inline StreamStats ComputeStreamStats(const std::vector<std::vector<Op>>& streams) {
  return ComputeStreamStats(SpansOf(streams));
}

}  // namespace bwlab::workload
