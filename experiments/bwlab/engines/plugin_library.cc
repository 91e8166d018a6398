#include "bwlab/engines/plugin_library.h"

#include <dlfcn.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>
#include <vector>

#include "bwlab/engines/pibench_index.h"
#include "bwlab/experiment/names.h"

namespace bwlab::experiment {
namespace {

namespace fs = std::filesystem;

/// The file's name as that of an engine: libSome-Tree.so becomes some_tree.
std::string NameOfFile(const std::string& path) {
  std::string name = fs::path(path).filename().string();
  name = name.substr(0, name.find('.'));
  if (name.starts_with("lib")) name.erase(0, 3);
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if ((c < 'a' || c > 'z') && (c < '0' || c > '9')) c = '_';
  }
  return name;
}

std::string TextOf(const char* text) { return text == nullptr ? "" : text; }

/// What is wrong with the options; empty where nothing is.
std::string ReadOptions(const BwlabEnginePlugin& plugin, std::vector<PluginOption>* options) {
  if (plugin.option_count > 0 && plugin.options == nullptr) return "options is NULL";
  std::set<std::string> names;
  for (size_t i = 0; i < plugin.option_count; ++i) {
    const BwlabOption& from = plugin.options[i];
    const std::string name = TextOf(from.name);
    if (!IsPluginName(name)) {
      return "the option " + Quoted(name) + " must be called by " + kPluginNameRule;
    }
    if (!names.insert(name).second) return "two options are called " + Quoted(name);
    if (from.min > from.standard || from.standard > from.max) {
      return "the standard of the option " + Quoted(name) + " is not in its range";
    }
    options->push_back({.name = name,
                        .summary = TextOf(from.summary),
                        .standard = from.standard,
                        .min = from.min,
                        .max = from.max});
  }
  return "";
}

/// What is wrong with a plug-in; empty where nothing is.
std::string ReadInfo(const BwlabEnginePlugin& plugin, PluginInfo* info) {
  if (plugin.abi_version != BWLAB_ENGINE_PLUGIN_ABI_VERSION) {
    return "it was made for version " + std::to_string(plugin.abi_version) +
           " of engine_plugin.h, and this program has version " +
           std::to_string(BWLAB_ENGINE_PLUGIN_ABI_VERSION) + "; compile it again";
  }
  if (plugin.struct_size < sizeof(BwlabEnginePlugin)) {
    return "its struct_size is " + std::to_string(plugin.struct_size) + ", less than the " +
           std::to_string(sizeof(BwlabEnginePlugin)) + " bytes of BwlabEnginePlugin";
  }
  info->interface = "bwlab";
  info->name = TextOf(plugin.name);
  info->version = TextOf(plugin.version);
  info->summary = TextOf(plugin.summary);
  if (!IsPluginName(info->name)) {
    return "its name " + Quoted(info->name) + " must be " + kPluginNameRule;
  }
  for (const std::string* text : {&info->version, &info->summary}) {
    if (text->empty() || !IsUtf8(*text)) return "its version and summary must be text in UTF-8";
  }
  const std::pair<const char*, bool> needed[] = {{"create", plugin.create != nullptr},
                                                 {"destroy", plugin.destroy != nullptr},
                                                 {"insert", plugin.insert != nullptr},
                                                 {"update", plugin.update != nullptr},
                                                 {"get", plugin.get != nullptr}};
  for (const auto& [function, is_there] : needed) {
    if (!is_there) return std::string("its function ") + function + " is NULL";
  }
  if ((plugin.open_session == nullptr) != (plugin.close_session == nullptr)) {
    return "it must have both of open_session and close_session, or neither";
  }
  if (plugin.value_bytes_max > workload::kValueBytesMax) {
    return "its value_bytes_max is " + std::to_string(plugin.value_bytes_max) + ", and at most " +
           std::to_string(workload::kValueBytesMax) + " is allowed";
  }
  info->capabilities = {.scan = plugin.scan != nullptr,
                        .reverse_scan = plugin.reverse_scan != nullptr,
                        .erase = plugin.remove != nullptr,
                        .byte_keys = plugin.takes_byte_keys != 0,
                        .value_bytes_max = plugin.value_bytes_max};
  info->knows_size = plugin.size != nullptr;
  info->knows_live_bytes = plugin.live_bytes != nullptr;
  return ReadOptions(plugin, &info->options);
}

}  // namespace

PluginInfo PibenchInfo(const std::string& path) {
  constexpr uint64_t kWordBytes = sizeof(uint64_t);
  return {.interface = "pibench",
          .name = NameOfFile(path),
          .version = "",
          .summary = "a library written for PiBench",
          .capabilities = PibenchIndex::kCapabilities,
          .options = {{"key_size", "bytes of a key, of which the last 8 tell keys apart",
                       kWordBytes, kWordBytes, PibenchOptions::kKeyBytesMax},
                      {"value_size", "bytes of a value", kWordBytes, kWordBytes,
                       PibenchOptions::kValueBytesMax},
                      {"big_endian_keys", "1 for a tree that compares keys byte by byte", 0, 0, 1},
                      {"num_threads",
                       "threads that the tree is told to expect; each phase of a "
                       "measurement has new ones",
                       64, 1, 65536},
                      {"scan_records_max", "records that one call of scan is asked for at most",
                       100, 1, 1000000}}};
}

Result<PluginLibrary> LoadPluginLibrary(const std::string& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) {
    return Status::InvalidArgument(path + ": there is no such file");
  }
  void* const handle = ::dlopen(fs::absolute(path).c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return Status::InvalidArgument("cannot be loaded: " + TextOf(::dlerror()));
  PluginLibrary library;
  if (void* const symbol = ::dlsym(handle, "bwlab_engine_plugin")) {
    library.functions = reinterpret_cast<decltype(&bwlab_engine_plugin)>(symbol)();
    if (library.functions == nullptr) {
      return Status::InvalidArgument(path + ": bwlab_engine_plugin returned NULL");
    }
    const std::string problem = ReadInfo(*library.functions, &library.info);
    if (!problem.empty()) return Status::InvalidArgument(path + ": " + problem);
    return library;
  }
  if (void* const symbol = ::dlsym(handle, "create_tree")) {
    library.create_tree = reinterpret_cast<CreateTreeFunction>(symbol);
    library.info = PibenchInfo(path);
    return library;
  }
  return Status::InvalidArgument(
      path +
      ": is no engine plug-in: it exports neither bwlab_engine_plugin nor, as libraries for "
      "PiBench do, create_tree");
}

}  // namespace bwlab::experiment
