#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "bwlab/experiment/cell.h"
#include "bwlab/workload/key_space.h"
#include "bwlab/workload/workload.h"

namespace bwlab::experiment {

/// What the plan of an experiment needs of a trace file that its matrix names.
struct PlannedTrace {
  workload::WorkloadSpec workload;  ///< its name is that of the file
  TraceSource source;
  workload::KeySpaceKind key_space = workload::KeySpaceKind::kRandInt;
  uint64_t records = 0;
  uint64_t ops = 0;
  uint32_t threads = 1;

  /// Makes a cell one of this trace. @return what is wrong, or ""
  std::string ApplyTo(Cell* cell) const;
};

/// Whether the name of a workload is the path of a trace.
bool IsTracePath(std::string_view name);

/// Reads the trace at `path`: relative to the folder of the spec, or to the working directory.
/// @return what is wrong, or ""
std::string ReadTraceFor(const std::string& spec_path, const std::string& path,
                         PlannedTrace* trace);

}  // namespace bwlab::experiment
