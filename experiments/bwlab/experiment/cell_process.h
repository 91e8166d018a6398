#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "bwlab/experiment/data_folder.h"
#include "bwlab/experiment/plan.h"

namespace bwlab::experiment {

/// How the process of one cell ended.
struct CellOutcome {
  int exit_code = 0;      ///< as in exit_code.h; 0 where there is a result
  std::string message;    ///< why there is no result
  nlohmann::json result;  ///< complete, and conforming to the result schema
};

/// Runs one repetition of a cell in a fresh process of this binary (its hidden command `cell`) and
/// completes what that measured with identity and provenance. An engine that keeps files gets a
/// folder for them, which is gone again when this returns, however the process ended, unless it is
/// to be kept. A process that takes longer than `time_max` is ended and has failed. What a plug-in
/// does to its process is kExitEnvironment.
CellOutcome RunCellProcess(const Plan& plan, const PlannedRun& run,
                           const nlohmann::json& provenance, const DataPlace& data,
                           std::optional<std::chrono::seconds> time_max = std::nullopt);

/// The other side: reads the cell from standard input and writes what was measured to standard
/// output.
/// @return the exit code
int RunCellFromStandardInput();

}  // namespace bwlab::experiment
