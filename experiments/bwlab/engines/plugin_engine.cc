#include "bwlab/engines/plugin_engine.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "bwlab/engines/pibench_index.h"
#include "bwlab/engines/plugin_index.h"
#include "bwlab/engines/plugin_library.h"
#include "bwlab/experiment/files.h"
#include "bwlab/experiment/names.h"
#include "bwlab/experiment/registry.h"
#include "bwlab/experiment/typed_engine.h"

namespace bwlab::experiment {
namespace {

using nlohmann::json;
using Opened = Result<std::unique_ptr<Engine>>;

/// The Engine around an index that is made beforehand.
template <class Index, RecordForm kForm>
class PluginEngine final : public TypedEngine<Index, Index::kCapabilities, kForm> {
 public:
  explicit PluginEngine(std::unique_ptr<Index> index) : index_(std::move(index)) {}

  uint64_t Size() const override { return index_->Size(); }
  std::optional<uint64_t> LiveBytes() const override { return index_->LiveBytes(); }

 private:
  Index& index() override { return *index_; }

  std::unique_ptr<Index> index_;
};

/// What an EngineEntry of a plug-in refers to.
class Plugin {
 public:
  Plugin(const std::string& path, const std::string& name, PluginInfo info)
      : path_(std::filesystem::absolute(path).string()),
        file_(std::filesystem::path(path).filename().string()),
        name_(name.empty() ? info.name : name),
        info_(std::move(info)),
        sha256_(Sha256HexOfFile(path)),
        entry_{.engine = name_,
               .variant = "",
               .summary = info_.summary,
               .variant_summary = "",
               .capabilities = info_.capabilities,
               .no_counters_reason = "a plug-in has no counters",
               .no_validation_reason = "a plug-in does not check itself",
               .no_size_reason = info_.knows_size ? "" : "the plug-in does not count its records",
               .no_live_bytes_reason =
                   info_.knows_live_bytes ? "" : "the plug-in does not tell its memory",
               .plugin_path = path_,
               .resolve = decltype(EngineEntry::resolve)::Of<&Plugin::Resolve>(this),
               .open = decltype(EngineEntry::open)::Of<&Plugin::Open>(this)} {}
  Plugin(const Plugin&) = delete;
  Plugin& operator=(const Plugin&) = delete;

  const EngineEntry& entry() const { return entry_; }
  bool is_readable() const { return !sha256_.empty(); }

 private:
  /// Another build of the library has another configuration, so that cells of both are told apart.
  Result<json> Resolve(const json& wanted) const {
    const Result<json> options = ResolvePluginOptions(info_, wanted);
    if (!options.ok()) return options.status();
    return json{{"plugin",
                 {{"file", file_},
                  {"sha256", sha256_},
                  {"interface", info_.interface},
                  {"version", info_.version.empty() ? json() : json(info_.version)}}},
                {"options", options.value()}};
  }

  Opened Open(const json& config, RecordForm form, const std::filesystem::path& /*folder*/) const {
    if (config.at("plugin").at("sha256") != sha256_) {
      return Status::InvalidArgument(path_ + ": has changed since the experiment was planned");
    }
    const Result<PluginLibrary> library = LoadPluginLibrary(path_);
    if (!library.ok()) return library.status();
    const json& options = config.at("options");
    if (library.value().create_tree != nullptr) return OpenTree(library.value(), options);
    if (form == RecordForm{true, true})
      return Create<RecordForm{true, true}>(library.value(), options);
    if (form == RecordForm{true, false})
      return Create<RecordForm{true, false}>(library.value(), options);
    if (form == RecordForm{false, true})
      return Create<RecordForm{false, true}>(library.value(), options);
    return Create<RecordForm{}>(library.value(), options);
  }

  template <RecordForm kForm>
  Opened Create(const PluginLibrary& library, const json& options) const {
    std::vector<uint64_t> values;
    for (const PluginOption& option : info_.options) {
      values.push_back(options.at(option.name).get<uint64_t>());
    }
    auto index = std::make_unique<PluginIndex<kForm>>(library.functions, file_);
    if (Status status = index->Create(values); !status.ok()) return status;
    return std::unique_ptr<Engine>(
        std::make_unique<PluginEngine<PluginIndex<kForm>, kForm>>(std::move(index)));
  }

  Opened OpenTree(const PluginLibrary& library, const json& options) const {
    const auto number = [&options](const char* name) { return options.at(name).get<size_t>(); };
    const PibenchOptions how{.key_size = number("key_size"),
                             .value_size = number("value_size"),
                             .big_endian_keys = number("big_endian_keys") != 0,
                             .num_threads = number("num_threads"),
                             .scan_records_max = number("scan_records_max")};
    auto index = std::make_unique<PibenchIndex>(library.create_tree, how, file_);
    if (Status status = index->Check(); !status.ok()) return status;
    return std::unique_ptr<Engine>(
        std::make_unique<PluginEngine<PibenchIndex, RecordForm{}>>(std::move(index)));
  }

  const std::string path_;
  const std::string file_;  // its name alone
  const std::string name_;
  const PluginInfo info_;
  const std::string sha256_;
  const EngineEntry entry_;
};

}  // namespace

Result<const EngineEntry*> AddPlugin(const std::string& path, const std::string& name,
                                     const PluginInfo& info) {
  if (const std::string& chosen = name.empty() ? info.name : name; !IsPluginName(chosen)) {
    return Status::InvalidArgument(path + ": the name " + Quoted(chosen) + " must be " +
                                   kPluginNameRule + "; give it one by NAME=FILE");
  }
  static std::vector<std::unique_ptr<Plugin>> plugins;  // entries live until the process ends
  auto plugin = std::make_unique<Plugin>(path, name, info);
  if (!plugin->is_readable()) return Status::InvalidArgument(path + ": cannot be read");
  plugins.push_back(std::move(plugin));
  const EngineEntry* const entry = &plugins.back()->entry();
  if (Status status = AddEngine(entry); !status.ok()) {
    plugins.pop_back();
    return Status::InvalidArgument(path + ": " + status.message() +
                                   "; give the plug-in another name by NAME=FILE");
  }
  return entry;
}

Result<const EngineEntry*> AddPlugin(const std::string& path, const std::string& name) {
  const Result<PluginLibrary> library = LoadPluginLibrary(path);
  if (!library.ok()) return library.status();
  return AddPlugin(path, name, library.value().info);
}

}  // namespace bwlab::experiment
