#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "bwlab/experiment/cell.h"
#include "bwlab/experiment/spec.h"

namespace bwlab::experiment {

/// What a spec says of one cell: `ops`, `keys`, `engine_options` and the like.
struct CellSettings {
  nlohmann::json values;
  Origins origins;  ///< of each value
};

/// The settings for all cells, the overrides that match this one, and its coordinates on the sweep,
/// each before what stands before it. `cell` has workload, engine, threads and coordinates.
CellSettings SettingsOf(const Spec& spec, const Cell& cell);

}  // namespace bwlab::experiment
