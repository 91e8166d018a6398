#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "bwlab/workload/catalogue.h"
#include "bwlab/workload/random.h"

namespace bwlab::workload {

/// How the number of a record (its rank, 0 for the first one loaded) becomes its key.
enum class KeySpaceKind : uint8_t {
  kMonoInt,
  kRandInt,
  kMonoHc,
  kEmail,
  kUrl,
  kComposite,
};

/// What an engine is given as a key.
enum class KeyForm : uint8_t {
  kInteger,        ///< the 64 bits of the operation's key
  kBytes,          ///< a byte string that WriteKeyBytes() makes from them
  kMadeAtRunTime,  ///< 64 bits that are made when the insert runs; a stream holds a placeholder
};

struct KeySpaceInfo {
  KeySpaceKind kind;
  std::string_view name;
  std::string_view summary;
  KeyForm form;
  size_t key_bytes_max;  ///< no key is longer
};

inline constexpr std::array<KeySpaceInfo, 6> kKeySpaces = {{
    {KeySpaceKind::kMonoInt, "mono_int",
     "keys are 0, 1, 2, ... in the order of insertion: inserts append at the right edge",
     KeyForm::kInteger, 8},
    {KeySpaceKind::kRandInt, "rand_int",
     "keys are unique and spread over all 64 bits: inserts land anywhere", KeyForm::kInteger, 8},
    {KeySpaceKind::kMonoHc, "mono_hc",
     "keys are (processor's time stamp << 6) | thread, made when the insert runs: all threads "
     "fight for the right edge; inserts only, and streams hold the rank in place of the key",
     KeyForm::kMadeAtRunTime, 8},
    {KeySpaceKind::kEmail, "email",
     "e-mail addresses of 31 bytes, host first, some hosts far more popular than others: inserts "
     "land anywhere",
     KeyForm::kBytes, 31},
    {KeySpaceKind::kUrl, "url",
     "URLs of 46 to 99 bytes with long prefixes in common: inserts land anywhere", KeyForm::kBytes,
     99},
    {KeySpaceKind::kComposite, "composite",
     "16 bytes: tenant and sequence number, big-endian; inserts come in runs of 16 and append to "
     "1024 tenants in turn",
     KeyForm::kBytes, 16},
}};
static_assert(IsInOrder(kKeySpaces));

constexpr std::string_view ToString(KeySpaceKind kind) { return InfoOf(kKeySpaces, kind).name; }

constexpr std::optional<KeySpaceKind> KeySpaceFromName(std::string_view name) {
  return KindFromName(kKeySpaces, name);
}

/// Whether engines are given byte strings, which key_bytes.h makes.
constexpr bool HasByteKeys(KeySpaceKind kind) {
  return InfoOf(kKeySpaces, kind).form == KeyForm::kBytes;
}

/// Whether the key of an operation is a placeholder for one that is made when the operation runs.
/// Nothing can ask for such a key again, so that only inserts make sense.
/// Source of mono_hc: Wang et al., "Building a Bw-Tree Takes More Than Just Buzz Words", SIGMOD
/// 2018 (Mono-HC).
constexpr bool KeysMadeAtRunTime(KeySpaceKind kind) {
  return InfoOf(kKeySpaces, kind).form == KeyForm::kMadeAtRunTime;
}

/// Of composite keys. The key's 64 bits are the tenant above the sequence number within it.
inline constexpr int kTenantBits = 10;
inline constexpr int kSequenceBits = 64 - kTenantBits;

/// Maps ranks to keys and back; a bijection of the 64-bit integers for every kind and seed, so that
/// keys are unique without a table. Immutable: shared by threads freely.
///
/// composite: a table that many tenants share, each with a counter of its own. Ranks come in runs
/// of 16 neighbours of one tenant (an order and its lines, a batch of events), and 1024 runs make a
/// turn, in which each tenant has one, in an order that differs from turn to turn. So inserts
/// append at 1024 places at once, where mono_int has one such place and rand_int none; and what was
/// inserted together is found together.
class KeySpace {
 public:
  constexpr KeySpace(KeySpaceKind kind, uint64_t seed)
      : kind_(kind), offset_(DerivedSeed(seed, kPurpose)) {}

  constexpr uint64_t KeyOf(uint64_t rank) const {
    switch (kind_) {
      case KeySpaceKind::kMonoInt:
      case KeySpaceKind::kMonoHc:
        return rank;
      case KeySpaceKind::kRandInt:
      case KeySpaceKind::kEmail:
      case KeySpaceKind::kUrl:
        break;
      case KeySpaceKind::kComposite:
        return CompositeKeyOf(rank);
    }
    return Mix64(rank + offset_);
  }

  /// The rank whose key is `key`.
  constexpr uint64_t RankOf(uint64_t key) const {
    switch (kind_) {
      case KeySpaceKind::kMonoInt:
      case KeySpaceKind::kMonoHc:
        return key;
      case KeySpaceKind::kRandInt:
      case KeySpaceKind::kEmail:
      case KeySpaceKind::kUrl:
        break;
      case KeySpaceKind::kComposite:
        return CompositeRankOf(key);
    }
    return Unmix64(key) - offset_;
  }

  constexpr KeySpaceKind kind() const { return kind_; }

 private:
  static constexpr uint64_t kPurpose = 0x6b65795f73706163;

  static constexpr int kRunBits = 4;
  static constexpr uint64_t kTenantMask = (uint64_t{1} << kTenantBits) - 1;
  static constexpr uint64_t kRunMask = (uint64_t{1} << kRunBits) - 1;
  /// Neighbouring runs go to tenants that are far apart: 2^10 over the golden ratio.
  static constexpr uint64_t kTenantStep = 633;
  static constexpr uint64_t kTenantStepInverse = 969;
  static_assert(((kTenantStep * kTenantStepInverse) & kTenantMask) == 1);

  // A rank is (turn, place in the turn, place in the run), a key is (tenant, turn, place in the
  // run).
  constexpr uint64_t CompositeKeyOf(uint64_t rank) const {
    const uint64_t turn = rank >> (kRunBits + kTenantBits);
    const uint64_t place = (rank >> kRunBits) & kTenantMask;
    const uint64_t tenant = ((place * kTenantStep) & kTenantMask) ^ TurnMask(turn);
    return tenant << kSequenceBits | turn << kRunBits | (rank & kRunMask);
  }

  constexpr uint64_t CompositeRankOf(uint64_t key) const {
    const uint64_t tenant = key >> kSequenceBits;
    const uint64_t turn = key << kTenantBits >> (kTenantBits + kRunBits);
    const uint64_t place = ((tenant ^ TurnMask(turn)) * kTenantStepInverse) & kTenantMask;
    return turn << (kRunBits + kTenantBits) | place << kRunBits | (key & kRunMask);
  }

  constexpr uint64_t TurnMask(uint64_t turn) const { return Mix64(turn + offset_) & kTenantMask; }

  KeySpaceKind kind_;
  uint64_t offset_;
};

}  // namespace bwlab::workload
