#pragma once

#include <string>

#include "bwlab/base/status.h"
#include "bwlab/engines/pibench_tree.h"
#include "bwlab/engines/plugin_info.h"
#include "bwlab/plugin/engine_plugin.h"

namespace bwlab::experiment {

/// A shared library with an index in it, loaded into this process, where it stays. It has one of
/// the two.
struct PluginLibrary {
  const BwlabEnginePlugin* functions = nullptr;
  CreateTreeFunction create_tree = nullptr;
  PluginInfo info;
};

/// Loads a library and checks what it says of itself. Runs its code: a fault of that ends this
/// process. Errors: InvalidArgument with the path where it is no library, exports neither symbol,
/// or was made for another version of the interface.
Result<PluginLibrary> LoadPluginLibrary(const std::string& path);

/// Names of the options of all libraries for PiBench, and what values mean.
PluginInfo PibenchInfo(const std::string& path);

}  // namespace bwlab::experiment
