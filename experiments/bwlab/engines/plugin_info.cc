#include "bwlab/engines/plugin_info.h"

#include <algorithm>

#include "bwlab/experiment/names.h"

namespace bwlab::experiment {

using nlohmann::json;

json ToJson(const PluginInfo& info) {
  json options = json::array();
  for (const PluginOption& option : info.options) {
    options.push_back({{"name", option.name},
                       {"summary", option.summary},
                       {"standard", option.standard},
                       {"min", option.min},
                       {"max", option.max}});
  }
  return {{"interface", info.interface},
          {"name", info.name},
          {"version", info.version},
          {"summary", info.summary},
          {"scan", info.capabilities.scan},
          {"reverse_scan", info.capabilities.reverse_scan},
          {"erase", info.capabilities.erase},
          {"byte_keys", info.capabilities.byte_keys},
          {"value_bytes_max", info.capabilities.value_bytes_max},
          {"knows_size", info.knows_size},
          {"knows_live_bytes", info.knows_live_bytes},
          {"options", options}};
}

PluginInfo PluginInfoFromJson(const json& object) {
  PluginInfo info;
  object.at("interface").get_to(info.interface);
  object.at("name").get_to(info.name);
  object.at("version").get_to(info.version);
  object.at("summary").get_to(info.summary);
  object.at("scan").get_to(info.capabilities.scan);
  object.at("reverse_scan").get_to(info.capabilities.reverse_scan);
  object.at("erase").get_to(info.capabilities.erase);
  object.at("byte_keys").get_to(info.capabilities.byte_keys);
  object.at("value_bytes_max").get_to(info.capabilities.value_bytes_max);
  object.at("knows_size").get_to(info.knows_size);
  object.at("knows_live_bytes").get_to(info.knows_live_bytes);
  for (const json& option : object.at("options")) {
    info.options.push_back({.name = option.at("name").get<std::string>(),
                            .summary = option.at("summary").get<std::string>(),
                            .standard = option.at("standard").get<uint64_t>(),
                            .min = option.at("min").get<uint64_t>(),
                            .max = option.at("max").get<uint64_t>()});
  }
  return info;
}

Result<json> ResolvePluginOptions(const PluginInfo& info, const json& wanted) {
  json values = json::object();
  std::vector<std::string> names;
  for (const PluginOption& option : info.options) {
    values[option.name] = option.standard;
    names.push_back(option.name);
  }
  for (const auto& [name, value] : wanted.items()) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (names.empty()) {
      return Status::InvalidArgument("unknown key " + Quoted(name) +
                                     "; this engine has no options");
    }
    if (found == names.end()) return Status::InvalidArgument(UnknownName("option", name, names));
    const PluginOption& option = info.options[static_cast<size_t>(found - names.begin())];
    if (!value.is_number_integer() || value < option.min || value > option.max) {
      return Status::InvalidArgument(name + ": " + value.dump() + " is not an integer in " +
                                     std::to_string(option.min) + ".." +
                                     std::to_string(option.max));
    }
    values[name] = value.get<uint64_t>();
  }
  return values;
}

bool IsPluginName(const std::string& name) {
  constexpr size_t kLengthMax = 64;
  const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
  return !name.empty() && name.size() <= kLengthMax && is_letter(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '_'; });
}

}  // namespace bwlab::experiment
