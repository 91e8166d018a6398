#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bwlab/base/status.h"
#include "bwlab/experiment/engine.h"

namespace bwlab::experiment {

/// Every engine and variant of this build, hidden ones included. The build writes this table from
/// experiments/variants.cmake (registration by static constructors would be dropped from a static
/// archive).
std::span<const EngineEntry* const> BuiltEngines();

/// Those and then the ones that were added. Valid until the next is added.
std::span<const EngineEntry* const> AllEngines();

/// Adds an engine that lives until the process ends. Not beside other calls. Errors:
/// InvalidArgument where there is one of its name.
Status AddEngine(const EngineEntry* entry);

/// The entry that `label` names: `std_map_rwlock`, `bwtree/scalar`, or `bwtree` for
/// `bwtree/default`. Errors: InvalidArgument with the choices and "did you mean".
Result<const EngineEntry*> FindEngine(std::string_view label);

/// The same for the process of a cell: loads the plug-in at `plugin_path` and adds it as `label`,
/// where that path is not empty.
Result<const EngineEntry*> FindEngine(std::string_view label, const std::string& plugin_path);

/// Those that are not hidden, in the same order, and their labels.
std::vector<const EngineEntry*> ListedEngines();
std::vector<std::string> EngineLabels();

}  // namespace bwlab::experiment
