#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "bwlab/base/status.h"
#include "bwlab/experiment/cell.h"

namespace bwlab::experiment {

/// Runs one cell in this process: streams, load, run, checks. An engine that keeps files keeps them
/// in `data_folder`, which is there and empty. @return the measured part of a result: everything
/// but its identity and the provenance of the experiment. Errors: Corruption where a read was
/// wrong, a record is missing or the engine's own invariants are broken (nothing of the measurement
/// is worth keeping then), OutOfMemory where the engine or the harness lacks memory, IoError where
/// the engine's files failed, InvalidArgument.
Result<nlohmann::json> RunCell(const Cell& cell, const std::filesystem::path& data_folder = {});

}  // namespace bwlab::experiment
