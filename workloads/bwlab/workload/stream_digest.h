#pragma once

#include <span>
#include <string>
#include <vector>

#include "bwlab/workload/op.h"
#include "bwlab/workload/stream_view.h"

namespace bwlab::workload {

/// SHA-256 over the streams in thread order, as 64 hexadecimal digits. Of each stream: the number
/// of its operations as eight bytes, then its operations as they lie in memory; little-endian.
std::string StreamsSha256(std::span<const StreamView> streams);

inline std::string StreamsSha256(std::span<const std::span<const Op>> streams) {
  return StreamsSha256(ViewsOf(streams));
}
inline std::string StreamsSha256(const std::vector<std::vector<Op>>& streams) {
  return StreamsSha256(SpansOf(streams));
}

}  // namespace bwlab::workload
