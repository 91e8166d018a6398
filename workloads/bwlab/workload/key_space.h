#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "bwlab/workload/random.h"

namespace bwlab::workload {

/// How the number of a record (its rank, 0 for the first one loaded) becomes its key.
enum class KeySpaceKind : uint8_t {
  kMonoInt,
  kRandInt,
};

struct KeySpaceInfo {
  KeySpaceKind kind;
  std::string_view name;
  std::string_view summary;
};

inline constexpr std::array<KeySpaceInfo, 2> kKeySpaces = {{
    {KeySpaceKind::kMonoInt, "mono_int",
     "keys are 0, 1, 2, ... in the order of insertion: inserts append at the right edge"},
    {KeySpaceKind::kRandInt, "rand_int",
     "keys are unique and spread over all 64 bits: inserts land anywhere"},
}};

constexpr std::string_view ToString(KeySpaceKind kind) {
  return kKeySpaces[static_cast<size_t>(kind)].name;
}

constexpr std::optional<KeySpaceKind> KeySpaceFromName(std::string_view name) {
  for (const KeySpaceInfo& info : kKeySpaces) {
    if (info.name == name) return info.kind;
  }
  return std::nullopt;
}

/// Maps ranks to keys and back; a bijection of the 64-bit integers for every kind and seed, so that
/// keys are unique without a table. Immutable: shared by threads freely.
class KeySpace {
 public:
  constexpr KeySpace(KeySpaceKind kind, uint64_t seed)
      : kind_(kind), offset_(DerivedSeed(seed, kPurpose)) {}

  constexpr uint64_t KeyOf(uint64_t rank) const {
    return kind_ == KeySpaceKind::kMonoInt ? rank : Mix64(rank + offset_);
  }

  /// The rank whose key is `key`.
  constexpr uint64_t RankOf(uint64_t key) const {
    return kind_ == KeySpaceKind::kMonoInt ? key : Unmix64(key) - offset_;
  }

  constexpr KeySpaceKind kind() const { return kind_; }

 private:
  static constexpr uint64_t kPurpose = 0x6b65795f73706163;

  KeySpaceKind kind_;
  uint64_t offset_;
};

}  // namespace bwlab::workload
