#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bwlab/workload/key_space.h"
#include "bwlab/workload/op.h"
#include "bwlab/workload/workload.h"

// Trace files: operations that were recorded or converted once, to be replayed from memory that the
// file is mapped to. All numbers little-endian.
//
//   offset  bytes
//   0       8            "bwtrace1"
//   8       4            threads
//   12      4            0
//   16      8            records: keys that are loaded before the operations
//   24      8            operations that do not find their key (an insert: that find it);
//                        2^64 - 1 where that depends on the order in which the threads run
//   32      24           name of the key space, filled up with zeros
//   56      32           SHA-256 of the file, with zeros here
//   88      8            0
//   96      8 * threads  operations of each thread
//           8 * records  keys to load, in the order of loading
//           0 or 8       zeros, up to a multiple of 16
//           16 * ...     operations (struct Op), thread by thread

namespace bwlab::workload {

/// Of a trace whose misses depend on the order in which its threads run.
inline constexpr uint64_t kUnknownMisses = UINT64_MAX;

/// What a trace says. The spans refer to memory of somebody else's.
struct TraceView {
  KeySpaceKind key_space = KeySpaceKind::kRandInt;
  uint64_t expected_misses = 0;
  std::span<const uint64_t> records;
  std::vector<std::span<const Op>> streams;

  uint64_t ops() const;
};

/// Reads what lies at `bytes`, but for its digest. `bytes` must begin at a multiple of 16.
/// @return a sentence without the file's name, or "" and the view
std::string ParseTrace(std::span<const char> bytes, TraceView* view);

struct TraceOpened;

/// A trace file, mapped to memory. Movable.
class Trace {
 public:
  /// Reads all of the file, for its digest.
  static TraceOpened Open(const std::filesystem::path& path);
  /// The same without its digest, which is neither compared nor known afterwards: for who opens it
  /// again before anything is done with it.
  static TraceOpened OpenUnchecked(const std::filesystem::path& path);

  Trace(Trace&& other) noexcept;
  Trace& operator=(Trace&& other) noexcept;
  ~Trace();

  const TraceView& view() const { return view_; }
  const std::string& sha256() const { return sha256_; }

 private:
  explicit Trace(std::span<const char> mapping) : mapping_(mapping) {}

  std::span<const char> mapping_;
  TraceView view_;
  std::string sha256_;  // hexadecimal
};

/// A trace, or one sentence that names the file and what is wrong with it.
struct [[nodiscard]] TraceOpened {
  std::optional<Trace> trace;
  std::string error;

  bool ok() const { return error.empty(); }
};

/// Writes a trace, whole or not at all. @return a sentence that names the file, or ""
std::string WriteTrace(const std::filesystem::path& path, const TraceView& view);

/// The mix of a trace as a workload that is called `name`, for engines to be asked whether they can
/// run it.
WorkloadSpec WorkloadOf(const TraceView& view, const std::string& name, const std::string& source);

}  // namespace bwlab::workload
