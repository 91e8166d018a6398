#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "bwlab/base/status.h"
#include "bwlab/experiment/cell.h"
#include "bwlab/experiment/latency.h"
#include "bwlab/experiment/phase.h"
#include "bwlab/workload/op.h"
#include "bwlab/workload/trace.h"

namespace bwlab::experiment {

/// All that is made of a cell before its load, so that the growth of the resident set from then on
/// is the engine's.
struct PreparedCell {
  Streams load;
  std::vector<Streams> warm_up;  ///< chunk by chunk
  Streams run;
  Samples samples;  ///< room for those of the run

  // What the streams refer to.
  std::deque<std::vector<workload::Op>> made;
  std::optional<workload::Trace> trace;
};

/// Makes the streams of a cell, or maps its trace. Errors: InvalidArgument where the trace cannot
/// be read, or is not the one that was planned. Throws std::bad_alloc.
Result<PreparedCell> PrepareCell(const Cell& cell);

/// Writes what PrepareCell would make to a trace file. Errors: InvalidArgument where the keys are
/// made at run time; IoError.
Status RecordTrace(const Cell& cell, const std::string& path);

}  // namespace bwlab::experiment
