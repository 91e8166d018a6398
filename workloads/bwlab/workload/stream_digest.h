#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "bwlab/workload/op.h"
#include "bwlab/workload/sha256.h"
#include "bwlab/workload/stream_view.h"

namespace bwlab::workload {

/// SHA-256 over streams in thread order. Of each stream: the number of its operations as eight
/// bytes, then its operations as they lie in memory; little-endian.
class StreamsDigest {
 public:
  /// The next stream begins, of so many operations, which Add gets piece by piece.
  void Begin(uint64_t op_count);
  void Add(std::span<const Op> ops);
  /// As 64 hexadecimal digits. Must be called once at most.
  std::string FinishHex() { return digest_.FinishHex(); }

 private:
  Sha256 digest_;
};

std::string StreamsSha256(std::span<const StreamView> streams);

inline std::string StreamsSha256(std::span<const std::span<const Op>> streams) {
  return StreamsSha256(ViewsOf(streams));
}
inline std::string StreamsSha256(const std::vector<std::vector<Op>>& streams) {
  return StreamsSha256(SpansOf(streams));
}

}  // namespace bwlab::workload
