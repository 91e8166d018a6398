#include "run_experiment/engine_plugins.h"

#include <chrono>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "bwlab/engines/plugin_engine.h"
#include "bwlab/engines/plugin_info.h"
#include "bwlab/engines/plugin_library.h"
#include "bwlab/experiment/exit_code.h"
#include "bwlab/experiment/names.h"
#include "bwlab/experiment/private_output.h"
#include "bwlab/experiment/subprocess.h"
#include "bwlab/workload/json_text.h"

namespace bwlab::cli {
namespace {

namespace fs = std::filesystem;

/// [NAME=]FILE. What holds a slash before its first "=" is a path.
struct PluginValue {
  explicit PluginValue(const std::string& value) {
    const size_t equals = value.find('=');
    const bool is_named = equals != std::string::npos && value.find('/') > equals;
    if (is_named) name = value.substr(0, equals);
    path = is_named ? value.substr(equals + 1) : value;
  }

  std::string name;  // empty where none is given
  std::string path;
};

Result<experiment::PluginInfo> AskForInfo(const std::string& path) {
  constexpr std::chrono::seconds kTimeMax(60);
  const experiment::ProcessEnd end = experiment::RunProcess(
      {"/proc/self/exe", std::string(kDescribePluginCommand), path}, "", kTimeMax);
  if (!end.not_started.empty()) {
    return Status::IoError("cannot start the process that loads it: " + end.not_started);
  }
  if (end.timed_out) {
    return Status::InvalidArgument(path + ": is not loaded after " +
                                   std::to_string(kTimeMax.count()) + " s");
  }
  if (end.exit_code == experiment::kExitUsage) {
    return Status::InvalidArgument(experiment::LastLine(end.error));
  }
  const workload::JsonParse info = workload::ParseJsonText(end.output, path);
  if (end.exit_code != experiment::kExitOk || !info.ok()) {
    return Status::InvalidArgument(path + ": the process that loaded it " +
                                   experiment::FailureText(end));
  }
  return experiment::PluginInfoFromJson(info.json);
}

}  // namespace

Status AddEnginePlugins(const std::vector<std::string>& values) {
  for (const std::string& value : values) {
    const PluginValue plugin(value);
    const auto refused = [](const Status& status) {
      return Status(status.code(), "--engine-plugin " + status.message());
    };
    if (plugin.path.empty()) {
      return Status::InvalidArgument("--engine-plugin " + experiment::Quoted(value) +
                                     " names no file; it takes [NAME=]FILE");
    }
    const Result<experiment::PluginInfo> info = AskForInfo(plugin.path);
    if (!info.ok()) return refused(info.status());
    const auto added = experiment::AddPlugin(plugin.path, plugin.name, info.value());
    if (!added.ok()) return refused(added.status());
  }
  return Status::Ok();
}

std::string WithAbsolutePath(const std::string& value) {
  const PluginValue plugin(value);
  const std::string path = fs::absolute(plugin.path).string();
  return plugin.name.empty() ? path : plugin.name + "=" + path;
}

int DescribePlugin(const std::string& path) {
  experiment::PrivateOutput output;
  const Result<experiment::PluginLibrary> library = experiment::LoadPluginLibrary(path);
  if (!library.ok()) {
    std::cerr << library.status().message() << '\n';
    return experiment::ExitCodeOf(library.status());
  }
  output.Write(experiment::ToJson(library.value().info).dump());
  return experiment::kExitOk;
}

}  // namespace bwlab::cli
