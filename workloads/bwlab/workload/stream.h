#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "bwlab/workload/distribution.h"
#include "bwlab/workload/key_space.h"
#include "bwlab/workload/mixgraph.h"
#include "bwlab/workload/op.h"
#include "bwlab/workload/permutation.h"
#include "bwlab/workload/scan.h"
#include "bwlab/workload/workload.h"

namespace bwlab::workload {

/// What one thread's stream is made from. Two equal configurations give the same bytes, on any
/// thread, in any order, in one piece or in chunks.
struct StreamConfig {
  const WorkloadSpec& workload;
  KeySpaceKind key_space = KeySpaceKind::kRandInt;
  uint64_t record_count = 0;  ///< records loaded before the stream runs: ranks 0 .. record_count-1
  uint64_t op_count = 0;      ///< operations of this thread
  uint32_t thread = 0;        ///< this thread, below `threads`
  uint32_t threads = 1;
  uint64_t seed = 0;
  uint64_t op_offset = 0;  ///< index of the first operation: a later chunk of the same stream
  /// Operations of the whole stream that this is a chunk of, of which phases get their shares; 0
  /// for op_offset + op_count. Not read where the workload has no phases.
  uint64_t op_total = 0;
};

inline constexpr uint64_t kRecordsMax = uint64_t{1} << 40;
inline constexpr uint32_t kThreadsMax = 1 << 16;
inline constexpr uint64_t kOpsMax = uint64_t{1} << 40;  ///< offset and count together, a thread

/// What one of `threads` threads does of `count` operations, or loads of so many records: the first
/// ones do one more where they do not divide evenly.
constexpr uint64_t ShareOf(uint64_t count, uint32_t thread, uint32_t threads) {
  return count / threads + (thread < count % threads ? 1 : 0);
}

/// Why no stream can be made from `config`: a sentence that names the field, its value and what is
/// allowed. Empty when one can. The functions below assert it.
std::string CheckStreamConfig(const StreamConfig& config);

/// Where the phases of a stream of `op_count` operations end: operation i belongs to the first
/// phase with i < its end. The last one is op_count. A workload without phases has one. A phase
/// with too small a share of too few operations is empty: it ends where the one before it does.
std::vector<uint64_t> PhaseEnds(const WorkloadSpec& workload, uint64_t op_count);

/// Inserts op_offset .. op_offset + op_count - 1, as far as there are so many, of those that load
/// this thread's share of the records: ranks thread, thread + threads, ..., in that order, version
/// 0. All threads together load each rank of [0, record_count) once, roughly in the order of the
/// ranks (what YCSB's shared insertion counter does).
std::vector<Op> MakeLoadStream(const StreamConfig& config);

/// Operations op_offset .. op_offset + op_count - 1 of this thread.
std::vector<Op> MakeStream(const StreamConfig& config);

/// Makes a stream piece by piece, for streams that do not fit in memory. Holds per-thread state;
/// not shared.
///
/// Operation i of thread t: its kind, record and scan length are functions of (seed, t, i), of the
/// phase that i belongs to and of the number of inserts among the operations before it.
/// version = 1 + i * threads + t, modulo 2^32.
///
/// kInsert: the thread's n-th insert (from 0) gets rank record_count + n * threads + t: never
/// loaded before, and unique over the threads.
///
/// Every other kind asks for a record of the request distribution. latest and exponential, which
/// are over recency, draw from the thread's own earlier inserts and, older than those, the loaded
/// records; the others draw from the loaded records. No operation depends on an insert of another
/// thread, so that a miss is an error (see MissIsError). Differs from YCSB, where the others may
/// also draw what was inserted during the run, and latest what another thread inserted: there a
/// read can miss by an accident of timing.
class StreamGenerator {
 public:
  /// Takes O(op_offset) where the workload inserts: the inserts of the skipped operations are
  /// counted.
  explicit StreamGenerator(const StreamConfig& config);

  /// Writes the next out.size() operations.
  void Fill(std::span<Op> out);

 private:
  class KindPicker {
   public:
    explicit KindPicker(const std::array<double, kOpKindCount>& mix);
    OpKind operator()(uint64_t draw) const;

   private:
    // kinds_[i] is picked for draws of [limits_[i-1], limits_[i]); unused entries hold the last
    // kind
    std::array<uint64_t, kOpKindCount - 1> limits_;
    std::array<OpKind, kOpKindCount> kinds_;
  };

  template <class Popularity>
  struct Scattered {
    Popularity popularity;
    Permutation scatter;

    template <class Random>
    uint64_t operator()(Random& random) const {
      return scatter(popularity(random));
    }
  };
  using Requests = std::variant<std::monostate, UniformDistribution, SequentialDistribution,
                                ZipfianDistribution, Scattered<ZipfianDistribution>,
                                HotspotDistribution, Scattered<HotspotDistribution>,
                                SelfSimilarDistribution, Scattered<SelfSimilarDistribution>,
                                LatestDistribution, ExponentialDistribution, MixGraphDistribution>;

  void CountInsertsBefore(uint64_t op_index);
  void EnterPhase(size_t phase);
  Requests MakeRequests(const RequestSpec& spec) const;
  template <class Popularity>
  Requests MakeScattered(Popularity popularity, bool scrambled) const;
  uint64_t InsertedRank(uint64_t n) const { return record_count_ + n * threads_ + thread_; }
  template <class Distribution>
  void FillFrom(Distribution& requests, std::span<Op> out);

  KeySpace keys_;
  uint64_t record_count_;
  uint32_t thread_;
  uint32_t threads_;
  uint64_t seed_;
  uint64_t next_index_;
  uint64_t inserted_ = 0;  // own inserts among the operations before next_index_

  std::vector<TrafficSpec> phases_;
  std::vector<uint64_t> phase_ends_;
  size_t phase_ = 0;  // the one that the next three belong to
  KindPicker kind_of_;
  ScanLengths scan_length_;
  Requests requests_;
};

}  // namespace bwlab::workload
