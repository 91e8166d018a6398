#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "bwlab/base/status.h"
#include "bwlab/experiment/engine.h"
#include "bwlab/workload/arrival.h"
#include "bwlab/workload/key_space.h"
#include "bwlab/workload/value_bytes.h"
#include "bwlab/workload/workload.h"

namespace bwlab::experiment {

/// The trace file whose operations a cell runs.
struct TraceSource {
  std::string path;    ///< not part of the configuration
  std::string sha256;  ///< the trace's own digest
  uint64_t expected_misses = 0;
  /// Of its operations (StreamsSha256), which `sha256` covers: no part of the configuration. Empty
  /// where it is not known.
  std::string stream_sha256;
};

/// One fully resolved measurement: what is hashed to its `cell_id`, and all that the process which
/// runs it is told.
struct Cell {
  workload::WorkloadSpec workload;
  const EngineEntry* engine = nullptr;
  nlohmann::json engine_config;  ///< as EngineEntry::resolve returned it
  uint32_t threads = 1;
  uint64_t record_count = 1;
  uint64_t op_count = 1;
  uint64_t seed = 0;
  workload::KeySpaceKind key_space = workload::KeySpaceKind::kRandInt;
  workload::ValueSpec values;
  bool warm_up = false;
  double seconds_max = 0;       ///< after which the run is cut; 0: never
  uint64_t stream_ops_max = 0;  ///< in memory at once, of all threads; 0: all. Not of a trace.
  uint32_t interval_ms = 50;    ///< of the series of a result; not read where nothing is timed
  VerifyMode verify = VerifyMode::kSample;
  uint32_t latency_sample_every = 0;  ///< not read in an open loop, which times every operation
  workload::ArrivalSpec arrival;
  std::optional<TraceSource> trace;  ///< nothing: streams are made from `workload`
  /// Names of the events that are counted (perf_counters.h); nothing: all.
  std::optional<std::vector<std::string>> counters;
  /// Values on those axes of the sweep that matter to the cell: {"keys.count": 1000}. They tell it
  /// from its neighbours and are no part of what it is: their effect is in the values above.
  nlohmann::json coordinates = nlohmann::json::object();

  std::string label() const { return engine->Label(); }

  RecordForm form() const { return {workload::HasByteKeys(key_space), !values.integers()}; }
  /// Every n-th operation is timed; 0: none.
  uint32_t TimedEvery() const { return arrival.open() ? 1 : latency_sample_every; }

  /// Operations of a thread that are in memory at once: a multiple of TimedEvery(), where that is
  /// not 0.
  uint64_t StreamOpsAtOnce() const;

  /// The resolved configuration, with the same names as in a result.
  nlohmann::json ToJson() const;
  /// What CellFromJson takes: the configuration, the coordinates, and where its files are.
  nlohmann::json RequestJson() const;
  /// The first 64 bits of the SHA-256 of ToJson(), in hexadecimal. Two experiments that resolve to
  /// the same configuration share it.
  std::string Id() const;
  /// For people: "ycsb_a, bwtree/default, 2 threads", and its coordinates.
  std::string Describe() const;

  /// Bytes that the streams and the samples take, and the index with them by a rule of thumb (96 a
  /// record, and its bytes).
  uint64_t EstimatedBytes() const;
  /// Bytes that the files of an engine take which keeps some, by a rule of thumb: its logs, and
  /// three times the records, half empty pages and files that are being rewritten included.
  uint64_t EstimatedDiskBytes() const;

  /// InvalidArgument where the workload needs what the engine cannot do.
  Status CheckCapabilities() const;

 private:
  /// Records that may be in the index at the end.
  double RecordsMax() const;
};

/// As specs and results have them. The inverse takes what conforms to the spec's schema.
nlohmann::json ArrivalJson(const workload::ArrivalSpec& arrival);
workload::ArrivalSpec ArrivalFromJson(const nlohmann::json& object);
nlohmann::json ValuesJson(const workload::ValueSpec& values);
workload::ValueSpec ValuesFromJson(const nlohmann::json& object);
/// What is wrong with values whose keys each conform; empty where nothing is.
std::string CheckValues(const workload::ValueSpec& values);

/// The inverse of Cell::RequestJson, for the process that runs the cell. Loads the engine's library
/// where it has one, once in a process.
Result<Cell> CellFromJson(const nlohmann::json& request);

}  // namespace bwlab::experiment
