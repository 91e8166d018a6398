#pragma once

#include <cstdint>

#include "bwlab/workload/random.h"

namespace bwlab::workload {

/// The value that version `version` of `key` has: a tag made from the key in the upper 32 bits, the
/// version in the lower 32. A reader can therefore tell a value that belongs to another key from a
/// stale one.
constexpr uint64_t ValueOf(uint64_t key, uint32_t version) {
  constexpr uint64_t kTagSalt =
      0x62776c61622d7631;  // keeps the tag apart from other hashes of a key
  return (Mix64(key ^ kTagSalt) & 0xffffffff00000000) | version;
}

constexpr uint32_t VersionOf(uint64_t value) { return static_cast<uint32_t>(value); }

/// Whether `value` is some version of `key`'s value. A wrong value passes with probability 2^-32.
constexpr bool IsValueOf(uint64_t key, uint64_t value) {
  return ValueOf(key, VersionOf(value)) == value;
}

}  // namespace bwlab::workload
