#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>

#include "bwlab/base/status.h"

namespace bwlab::experiment {

/// What has become of a write when it returns. The names are the same for all storage engines; each
/// can do some of them.
enum class Durability : uint8_t {
  kNone,   ///< no log is written: what is in memory only is lost with the process
  kWal,    ///< it is in a log that the system has: lost with the machine, not with the process
  kFsync,  ///< it is on the device, by a sync of its own; writes wait for each other
  kGroup,  ///< it is on the device, by a sync that writes of several threads share
};
inline constexpr std::array<std::string_view, 4> kDurabilityNames = {"none", "wal", "fsync",
                                                                     "group"};

/// Bytes that an engine may keep of its files in memory, unless a spec says otherwise: the same for
/// all of them. One that buffers writes in memory too has its buffers in it.
inline constexpr uint64_t kCacheBytes = uint64_t{64} << 20;

/// What a storage engine can be told.
struct StorageOptions {
  /// An option that is a number.
  struct Number {
    std::string_view name;
    uint64_t initial;
    uint64_t min;
    uint64_t max;
  };

  std::string_view engine;
  std::span<const Durability> durabilities;  ///< that it can do; the first one where none is given
  std::string_view why_no_other;             ///< why it cannot do the rest
  Number number;

  /// Defaults overlaid with `options`: {"durability": "none", "cache_bytes": 67108864}. Errors:
  /// InvalidArgument with the key, its value, and what the engine can do.
  Result<nlohmann::json> Resolve(const nlohmann::json& options) const;

 private:
  Result<std::string_view> CheckDurability(const nlohmann::json& value) const;
};

/// The option of all engines with a cache of their own.
inline constexpr StorageOptions::Number kCacheBytesOption = {"cache_bytes", kCacheBytes,
                                                             uint64_t{1} << 20, uint64_t{1} << 40};

/// Of options that Resolve returned.
Durability DurabilityOf(const nlohmann::json& options);

/// Whether a write must be on the device when it returns.
inline bool IsSynced(Durability durability) {
  return durability == Durability::kFsync || durability == Durability::kGroup;
}

}  // namespace bwlab::experiment
