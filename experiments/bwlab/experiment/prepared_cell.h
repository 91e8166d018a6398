#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bwlab/base/status.h"
#include "bwlab/experiment/cell.h"
#include "bwlab/experiment/latency.h"
#include "bwlab/experiment/phase.h"
#include "bwlab/workload/op.h"
#include "bwlab/workload/stream.h"
#include "bwlab/workload/stream_view.h"
#include "bwlab/workload/trace.h"

namespace bwlab::experiment {

/// What the threads of a cell do. All of it is made before the load, so that the growth of the
/// resident set from then on is the engine's; but where the load or the run are longer than
/// Cell::stream_ops_max they come in pieces, of which one at a time is in memory, and each is made
/// when it is asked for. The functions that make something throw std::bad_alloc.
class PreparedCell {
 public:
  /// `cell` must outlive it. Errors: InvalidArgument where its trace cannot be read, or is not the
  /// one that was planned.
  static Result<PreparedCell> Of(const Cell& cell);

  size_t load_pieces() const { return in_pieces_ ? Pieces(cell_->record_count) : 1; }
  size_t warm_up_chunks() const;
  size_t run_pieces() const { return in_pieces_ ? Pieces(cell_->op_count) : 1; }
  bool in_pieces() const { return in_pieces_; }

  /// To be asked for from piece 0 on, in order; from 0 again as often as one likes. What is
  /// returned stays as it is until the next call of any of the three.
  const Streams& Load(size_t piece);
  const Streams& WarmUp(size_t chunk);
  const Streams& Run(size_t piece);
  /// What Run returned last.
  const Streams& LastRun() const { return in_pieces_ ? piece_.streams : run_.streams; }

  /// Operations of the run, of each thread.
  std::vector<uint64_t> RunOps() const;
  /// The whole of the run.
  std::vector<workload::StreamView> RunViews() const;
  /// The digest of RunViews, where the plan has told it; empty otherwise.
  std::string_view planned_run_sha256() const {
    return cell_->trace ? std::string_view(cell_->trace->stream_sha256) : "";
  }
  /// Room for the samples of the run.
  Samples& samples() { return samples_; }

 private:
  /// Streams and what they refer to.
  struct Made {
    std::vector<std::vector<workload::Op>> ops;
    Streams streams;
  };

  explicit PreparedCell(const Cell& cell);

  workload::StreamConfig ConfigOf(uint32_t thread) const;
  size_t Pieces(uint64_t count) const;
  template <class MakeOne>
  Made MakeStreams(const MakeOne& make) const;
  Streams WithKeys(std::vector<std::span<const workload::Op>> ops) const;
  Made MakeLoad(size_t piece) const;
  Made MakeWarmUp(size_t chunk) const;
  Made MakeRun(size_t piece);
  Status TakeTrace(const TraceSource& source);

  const Cell* cell_;
  uint64_t piece_ops_;  // of a thread
  bool in_pieces_;
  workload::WorkloadSpec warm_up_workload_;
  std::vector<workload::StreamGenerator> generators_;  // of the run, where its last piece ended

  // Where not in pieces.
  Made load_;
  std::vector<Made> warm_up_;
  Made run_;
  // Where in pieces: the one asked for last.
  Made piece_;

  Samples samples_;
  std::optional<workload::Trace> trace_;
};

/// Writes what a cell loads and runs to a trace file. Errors: InvalidArgument where the keys are
/// made at run time; IoError.
Status RecordTrace(const Cell& cell, const std::string& path);

}  // namespace bwlab::experiment
