#pragma once

#include <string>

#include "bwlab/base/status.h"
#include "bwlab/engines/plugin_info.h"
#include "bwlab/experiment/engine.h"

namespace bwlab::experiment {

/// Adds the engine of the library at `path`, which `info` describes, under `name`, or where that is
/// empty under the library's own. The library is loaded by the first `open`. Errors:
/// InvalidArgument with the path: it cannot be read, or there is an engine of that name.
Result<const EngineEntry*> AddPlugin(const std::string& path, const std::string& name,
                                     const PluginInfo& info);

/// The same, loading the library at once to ask it what it is (LoadPluginLibrary).
Result<const EngineEntry*> AddPlugin(const std::string& path, const std::string& name);

}  // namespace bwlab::experiment
