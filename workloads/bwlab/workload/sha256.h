#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>

struct evp_md_ctx_st;

namespace bwlab::workload {

/// The SHA-256 of bytes that come piece by piece. Where the cryptographic library cannot make one,
/// the constructor throws std::bad_alloc.
class Sha256 {
 public:
  static constexpr size_t kBytes = 32;
  using Digest = std::array<unsigned char, kBytes>;

  Sha256();

  void Add(std::span<const char> bytes);
  /// Of all that was added. Must be called once at most.
  Digest Finish();
  /// The same in lower-case hexadecimal digits.
  std::string FinishHex();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

std::string HexOf(const Sha256::Digest& digest);

}  // namespace bwlab::workload
