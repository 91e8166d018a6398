#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bwlab/base/status.h"
#include "bwlab/experiment/engine.h"

namespace bwlab::experiment {

/// A number that experiments can set for a plug-in.
struct PluginOption {
  std::string name;
  std::string summary;
  uint64_t standard = 0;
  uint64_t min = 0;
  uint64_t max = 0;
};

/// What the library of a plug-in says of itself, checked.
struct PluginInfo {
  std::string interface;  ///< "bwlab" (engine_plugin.h) or "pibench" (pibench_tree.h)
  std::string name;       ///< what the engine is called where the user says nothing else
  std::string version;    ///< empty: the interface has none
  std::string summary;
  Capabilities capabilities;
  bool knows_size = false;
  bool knows_live_bytes = false;
  std::vector<PluginOption> options;
};

/// For the way from one process to another.
nlohmann::json ToJson(const PluginInfo& info);
PluginInfo PluginInfoFromJson(const nlohmann::json& object);

/// All options by name, with what `wanted` sets. InvalidArgument names the option, its value and
/// its range.
Result<nlohmann::json> ResolvePluginOptions(const PluginInfo& info, const nlohmann::json& wanted);

/// Whether `name` can be the name of an engine or of an option: as those of variants.
bool IsPluginName(const std::string& name);
inline constexpr const char* kPluginNameRule =
    "1 to 64 small letters, digits and _, of which a letter comes first";

}  // namespace bwlab::experiment
