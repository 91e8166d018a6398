#pragma once

#include <array>
#include <cstdint>
#include <istream>
#include <string>
#include <string_view>
#include <vector>

#include "bwlab/workload/op.h"
#include "bwlab/workload/stream.h"
#include "bwlab/workload/trace.h"

namespace bwlab::workload {

/// Layouts of CSV files that become traces.
enum class CsvLayout : uint8_t { kTwitter, kOps };

struct CsvLayoutInfo {
  CsvLayout kind;
  std::string_view name;
  std::string_view summary;
};

inline constexpr std::array<CsvLayoutInfo, 2> kCsvLayouts = {{
    {CsvLayout::kTwitter, "twitter",
     "timestamp, key, key size, value size, client, operation, TTL: the cache traces of Yang et "
     "al., "
     "OSDI 2020"},
    {CsvLayout::kOps, "ops", "operation, key and, of scans, a length"},
}};

struct CsvOptions {
  CsvLayout layout = CsvLayout::kTwitter;
  uint32_t threads = 1;
  uint64_t ops_max = kOpsMax;  ///< lines after these are not read
};

/// What a CSV file says as operations on an index, or one sentence that names the line and what is
/// wrong.
struct [[nodiscard]] CsvTrace {
  std::vector<uint64_t> records;  ///< keys that are loaded first
  std::vector<std::vector<Op>> streams;
  uint64_t expected_misses = 0;
  std::string error;

  bool ok() const { return error.empty(); }
  /// Refers to this object.
  TraceView view() const;
};

/// Reads a CSV file. All operations of a key go to one thread, in their order, so that it is known
/// which of them find it. A key is a number where it is written as one that fits 64 bits, in the
/// layout `ops`; otherwise a hash of its text.
///
/// What a cache is asked becomes: get, gets: read. set: insert where the key is not there, else
/// update. add: insert. replace, cas, append, prepend, incr, decr: update. delete: delete. A key
/// whose first operation needs it is loaded before all operations, as it must have been in the
/// cache then.
CsvTrace ReadCsvTrace(std::istream& csv, std::string_view name, const CsvOptions& options);

}  // namespace bwlab::workload
