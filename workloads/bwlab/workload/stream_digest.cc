#include "bwlab/workload/stream_digest.h"

#include <openssl/evp.h>

#include <array>
#include <bit>
#include <cstdint>
#include <memory>
#include <type_traits>

namespace bwlab::workload {

static_assert(std::endian::native == std::endian::little, "the digest is over little-endian bytes");
static_assert(std::has_unique_object_representations_v<Op>, "no padding may reach the digest");

std::string StreamsSha256(std::span<const std::vector<Op>> streams) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  if (context == nullptr || EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) != 1) return "";
  for (const auto& stream : streams) {
    const uint64_t count = stream.size();
    if (EVP_DigestUpdate(context.get(), &count, sizeof(count)) != 1 ||
        EVP_DigestUpdate(context.get(), stream.data(), count * sizeof(Op)) != 1) {
      return "";
    }
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int size = 0;
  if (EVP_DigestFinal_ex(context.get(), digest.data(), &size) != 1) return "";
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) {
    hex += kDigits[digest[i] >> 4];
    hex += kDigits[digest[i] & 15];
  }
  return hex;
}

}  // namespace bwlab::workload
