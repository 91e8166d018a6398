#include "bwlab/experiment/registry.h"

#include <algorithm>

#include "bwlab/engines/plugin_engine.h"
#include "bwlab/experiment/names.h"

namespace bwlab::experiment {
namespace {

std::vector<const EngineEntry*>& Engines() {
  static std::vector<const EngineEntry*> engines(BuiltEngines().begin(), BuiltEngines().end());
  return engines;
}

}  // namespace

std::span<const EngineEntry* const> AllEngines() { return Engines(); }

Status AddEngine(const EngineEntry* entry) {
  for (const EngineEntry* other : Engines()) {
    if (other->engine != entry->engine) continue;
    return Status::InvalidArgument("there is an engine " + Quoted(entry->engine) + " already");
  }
  Engines().push_back(entry);
  return Status::Ok();
}

Result<const EngineEntry*> FindEngine(std::string_view label) {
  const size_t slash = label.find('/');
  const std::string_view engine = label.substr(0, slash);
  const std::string_view variant =
      slash == std::string_view::npos ? "default" : label.substr(slash + 1);
  std::vector<std::string> engines;
  std::vector<std::string> variants;
  for (const EngineEntry* entry : AllEngines()) {
    if (entry->Label() == label) return entry;
    if (entry->engine == engine && entry->variant == variant) return entry;
    if (entry->engine == engine) variants.emplace_back(entry->variant);
    if (!entry->hidden &&
        std::find(engines.begin(), engines.end(), entry->engine) == engines.end()) {
      engines.emplace_back(entry->engine);
    }
  }
  if (variants.empty()) return Status::InvalidArgument(UnknownName("engine", engine, engines));
  if (variants.front().empty()) {
    return Status::InvalidArgument("the engine " + Quoted(engine) + " has no variants, so " +
                                   Quoted(label) + " names nothing");
  }
  return Status::InvalidArgument(
      UnknownName("variant", variant, variants).insert(0, "engine " + Quoted(engine) + ": "));
}

Result<const EngineEntry*> FindEngine(std::string_view label, const std::string& plugin_path) {
  return plugin_path.empty() ? FindEngine(label) : AddPlugin(plugin_path, std::string(label));
}

std::vector<const EngineEntry*> ListedEngines() {
  std::vector<const EngineEntry*> listed;
  for (const EngineEntry* entry : AllEngines()) {
    if (!entry->hidden) listed.push_back(entry);
  }
  return listed;
}

std::vector<std::string> EngineLabels() {
  std::vector<std::string> labels;
  for (const EngineEntry* entry : ListedEngines()) labels.push_back(entry->Label());
  return labels;
}

}  // namespace bwlab::experiment
