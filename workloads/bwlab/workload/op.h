#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace bwlab::workload {

/// What one operation of a stream asks of an index.
enum class OpKind : uint8_t {
  kRead,             ///< look the key up
  kUpdate,           ///< replace the value of a key that is there
  kInsert,           ///< add a key that is not there
  kUpsert,           ///< replace or add
  kDelete,           ///< remove the key
  kReadModifyWrite,  ///< read the key, then update it
  kScan,             ///< visit up to `length` records from the key upwards
  kReverseScan,      ///< visit up to `length` records from the key downwards
};

inline constexpr size_t kOpKindCount = 8;

inline constexpr std::array<OpKind, kOpKindCount> kAllOpKinds = {
    OpKind::kRead,   OpKind::kUpdate,          OpKind::kInsert, OpKind::kUpsert,
    OpKind::kDelete, OpKind::kReadModifyWrite, OpKind::kScan,   OpKind::kReverseScan};

/// The names that workload files and results use, indexed by the value of OpKind.
inline constexpr std::array<std::string_view, kOpKindCount> kOpKindNames = {
    "read", "update", "insert", "upsert", "delete", "read_modify_write", "scan", "reverse_scan"};

constexpr size_t IndexOf(OpKind kind) { return static_cast<size_t>(kind); }

constexpr bool IsScan(OpKind kind) { return kind == OpKind::kScan || kind == OpKind::kReverseScan; }

constexpr std::string_view ToString(OpKind kind) { return kOpKindNames[IndexOf(kind)]; }

constexpr std::optional<OpKind> OpKindFromName(std::string_view name) {
  for (const OpKind kind : kAllOpKinds) {
    if (ToString(kind) == name) return kind;
  }
  return std::nullopt;
}

/// One operation, as laid out in a stream. Four fit in a cache line and there is no padding, so
/// that the bytes of a stream can be hashed.
struct Op {
  uint64_t key = 0;
  uint32_t version = 0;  ///< what a write stores: ValueOf(key, version)
  uint16_t length = 0;   ///< records a scan asks for; 0 for every other kind
  OpKind kind = OpKind::kRead;
  uint8_t reserved = 0;  ///< always 0

  friend bool operator==(const Op&, const Op&) = default;
};
static_assert(sizeof(Op) == 16, "four a cache line, and no padding to hash");

/// Views of the streams of all threads.
inline std::vector<std::span<const Op>> SpansOf(const std::vector<std::vector<Op>>& streams) {
  return {streams.begin(), streams.end()};
}

}  // namespace bwlab::workload
