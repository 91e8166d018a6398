#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace bwlab::workload {

inline constexpr uint32_t kValueBytesMin = 8;  ///< of a value that is a byte string or an integer
inline constexpr uint32_t kValueBytesMax = 64 * 1024;

/// How large values are. Those of kValueBytesMin bytes throughout are 64-bit integers (value.h).
enum class ValueSizeKind : uint8_t { kFixed, kUniform, kPareto };

struct ValueSpec {
  ValueSizeKind kind = ValueSizeKind::kFixed;
  uint32_t size_min = kValueBytesMin;  ///< bytes; of kPareto the least, to which shorter ones grow
  uint32_t size_max = kValueBytesMin;  ///< bytes; of kPareto the most, to which longer ones shrink
  double shape = 0;                    ///< kPareto alone: k, at least 0
  double scale = 0;                    ///< kPareto alone: sigma in bytes, above 0

  bool integers() const { return size_max == kValueBytesMin; }

  friend bool operator==(const ValueSpec&, const ValueSpec&) = default;
};

/// Makes and recognises byte-string values: the integer that the record would have (ValueOf), then
/// random bytes that no compressor shortens. Size and bytes are functions of key and version.
/// Immutable: shared by threads freely.
class ValueBytes {
 public:
  explicit ValueBytes(const ValueSpec& spec);

  /// Writes the value of version `version` of `key` to `to`, which has room for bytes_max().
  std::string_view Write(uint64_t key, uint32_t version, char* to) const;

  /// Whether `bytes` is some version of `key`'s value, whole.
  bool IsValueOf(uint64_t key, std::string_view bytes) const;

  uint32_t bytes_max() const { return bytes_max_; }
  double bytes_mean() const;

 private:
  static constexpr size_t kSizes = 4096;   // steps of the distribution of sizes
  static constexpr size_t kSlices = 4096;  // different bytes behind a value

  uint32_t SizeOf(uint64_t hash) const { return sizes_[hash % kSizes]; }
  const char* SliceOf(uint64_t hash) const { return filler_.data() + hash / kSizes % kSlices; }

  uint32_t bytes_max_;
  std::vector<uint32_t> sizes_;
  std::vector<char> filler_;
};

}  // namespace bwlab::workload
