#include "bwlab/workload/stream_digest.h"

#include <bit>
#include <cstdint>
#include <type_traits>

#include "bwlab/workload/sha256.h"

namespace bwlab::workload {

static_assert(std::endian::native == std::endian::little, "the digest is over little-endian bytes");
static_assert(std::has_unique_object_representations_v<Op>, "no padding may reach the digest");

std::string StreamsSha256(std::span<const StreamView> streams) {
  Sha256 digest;
  for (const StreamView& stream : streams) {
    const uint64_t count = stream.size();
    digest.Add({reinterpret_cast<const char*>(&count), sizeof(count)});
    stream.ForEachPiece([&digest](std::span<const Op> ops) {
      digest.Add({reinterpret_cast<const char*>(ops.data()), ops.size_bytes()});
    });
  }
  return digest.FinishHex();
}

}  // namespace bwlab::workload
