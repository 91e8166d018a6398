#include "bwlab/workload/stream_digest.h"

#include <bit>
#include <type_traits>

namespace bwlab::workload {

static_assert(std::endian::native == std::endian::little, "the digest is over little-endian bytes");
static_assert(std::has_unique_object_representations_v<Op>, "no padding may reach the digest");

void StreamsDigest::Begin(uint64_t op_count) {
  digest_.Add({reinterpret_cast<const char*>(&op_count), sizeof(op_count)});
}

void StreamsDigest::Add(std::span<const Op> ops) {
  digest_.Add({reinterpret_cast<const char*>(ops.data()), ops.size_bytes()});
}

std::string StreamsSha256(std::span<const StreamView> streams) {
  StreamsDigest digest;
  for (const StreamView& stream : streams) {
    digest.Begin(stream.size());
    stream.ForEachPiece([&digest](std::span<const Op> ops) { digest.Add(ops); });
  }
  return digest.FinishHex();
}

}  // namespace bwlab::workload
