#pragma once

#include <string>

#include "bwlab/base/status.h"
#include "bwlab/experiment/result_set.h"
#include "run_experiment/command_line.h"

namespace bwlab::cli {

/// Results folders of the two sides.
struct ComparedPaths {
  std::string a;
  std::string b;
};

/// InvalidArgument with the reasons where two sets should not be compared.
Status CheckComparable(const experiment::ResultSet& a, const experiment::ResultSet& b);

/// Measures the cells of a spec with two builds of run_experiment in turn (A B, B A, A B, ... cell
/// by cell, so that a drift of the machine hits both alike), each repetition by the binary's own
/// `run` in fresh processes, so that a result says of its own build where it comes from. Cells that
/// only one of the two has are left out, with a note.
/// @return the exit code; whatever it is, finished results stay where `paths` says.
int MeasureBoth(const CompareRequest& request, ComparedPaths* paths);

}  // namespace bwlab::cli
