#pragma once

#include <cstddef>
#include <cstdint>

#include "bwlab/base/assert.h"
#include "bwlab/record/record_types.h"

namespace bwlab {

/// Where the parts of a record lie that do not fit its head: `upper (33 bits) | suffix bytes (13) |
/// offset in the page (18)`. What stands at the offset and what the upper part means is the page's
/// matter; in a leaf it is the bytes of the value.
class Locator {
 public:
  static constexpr uint32_t kOffsetBits = 18;
  static constexpr uint32_t kSuffixBits = 13;
  static constexpr std::size_t kPageBytesMax = std::size_t{1} << kOffsetBits;
  static_assert(kKeyBytesMax < (std::size_t{1} << kSuffixBits));

  explicit Locator(uint64_t raw) : raw_(raw) {}
  Locator(std::size_t offset, std::size_t suffix_bytes, uint64_t upper)
      : raw_(upper << (kOffsetBits + kSuffixBits) | uint64_t{suffix_bytes} << kOffsetBits |
             offset) {
    BWLAB_ASSERT(this->offset() == offset && this->suffix_bytes() == suffix_bytes &&
                 this->upper() == upper);
  }

  uint64_t raw() const { return raw_; }
  uint32_t offset() const { return static_cast<uint32_t>(raw_) & (kPageBytesMax - 1); }
  uint32_t suffix_bytes() const {
    return static_cast<uint32_t>(raw_ >> kOffsetBits) & ((1u << kSuffixBits) - 1);
  }
  uint64_t upper() const { return raw_ >> (kOffsetBits + kSuffixBits); }

 private:
  uint64_t raw_;
};

}  // namespace bwlab
