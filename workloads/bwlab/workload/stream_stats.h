#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
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

  /// Skew, over the operations that ask for a record (all but inserts). Exact where there are up to
  /// kSkewSampleMax operations; beyond that over every n-th request, n = ceil(ops /
  /// kSkewSampleMax), which is known before the first of them.
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

/// Makes them while the operations of all streams go by once.
class StreamStatsMaker {
 public:
  /// Of as many operations in all. Throws std::bad_alloc, as Add does.
  explicit StreamStatsMaker(uint64_t op_count);
  ~StreamStatsMaker();

  /// The next operations of one stream after the other.
  void Add(std::span<const Op> ops);
  StreamStats Finish();

 private:
  class KeyCounts;

  const uint64_t stride_;
  StreamStats stats_;
  std::unique_ptr<KeyCounts> counts_;  // nothing before the first request
  uint64_t to_skip_ = 0;
};

StreamStats ComputeStreamStats(std::span<const StreamView> streams);

inline StreamStats ComputeStreamStats(std::span<const std::span<const Op>> streams) {
  return ComputeStreamStats(ViewsOf(streams));
}
inline StreamStats ComputeStreamStats(const std::vector<std::vector<Op>>& streams) {
  return ComputeStreamStats(SpansOf(streams));
}

}  // namespace bwlab::workload
