#include "bwlab/experiment/provenance.h"

#include <fmt/core.h>
#include <openssl/opensslv.h>

#include <CLI/Version.hpp>
#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include "bwlab/experiment/build_info.h"
#include "bwlab/experiment/files.h"
#include "bwlab/experiment/host.h"
#include "bwlab/experiment/repository.h"
#include "bwlab/experiment/spec_environment.h"
#include "bwlab/experiment/subprocess.h"

namespace bwlab::experiment {
namespace {

using nlohmann::json;

/// Output of a git command in the repository, or null where git or the repository is absent. It
/// takes no locks, which would stay if this process were killed.
json Git(std::vector<std::string> arguments) {
  std::vector<std::string> argv = {"git", "--no-optional-locks", "-C", RepositoryRoot().string()};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  ProcessEnd end = RunProcess(argv, "");
  if (end.exit_code != 0) return nullptr;
  return std::move(end.output);
}

/// An argument as a result may show it: paths as PathForResult says.
std::string ShownArgument(const std::string& argument) {
  const size_t equals = argument.starts_with("--") ? argument.find("=/") : std::string::npos;
  if (equals != std::string::npos) {
    return argument.substr(0, equals + 1) + PathForResult(argument.substr(equals + 1));
  }
  return argument.starts_with('/') ? PathForResult(argument) : argument;
}

json LibraryVersions() {
  json versions = {
      {"nlohmann_json", fmt::format("{}.{}.{}", NLOHMANN_JSON_VERSION_MAJOR,
                                    NLOHMANN_JSON_VERSION_MINOR, NLOHMANN_JSON_VERSION_PATCH)},
      {"cli11", CLI11_VERSION},
      {"fmt",
       fmt::format("{}.{}.{}", FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100)},
      {"openssl", OPENSSL_VERSION_STR},
      {"tbb", kTbbVersion},
      {"hwloc", kHwlocVersion}};
#if defined(__GLIBC__)
  versions["glibc"] = fmt::format("{}.{}", __GLIBC__, __GLIBC_MINOR__);
#endif
  return versions;
}

}  // namespace

json GitState() {
  json commit = Git({"rev-parse", "--verify", "--quiet", "HEAD"});
  if (commit.is_string()) {
    auto& text = commit.get_ref<std::string&>();
    while (text.ends_with('\n')) text.pop_back();
  }
  const json status = Git({"status", "--porcelain"});
  const json diff = commit.is_null() ? json() : Git({"diff", "--no-ext-diff", "HEAD"});
  const bool differs = diff.is_string() && !diff.get_ref<const std::string&>().empty();
  return {
      {"git_commit", commit},
      {"git_dirty",
       status.is_string() ? json(!status.get_ref<const std::string&>().empty()) : json()},
      {"git_diff_sha256", differs ? json(Sha256Hex(diff.get_ref<const std::string&>())) : json()}};
}

bool IsForMeasuring(std::string_view build_type, std::string_view flags) {
  constexpr std::array<std::string_view, 3> kOptimised = {"release", "relwithdebinfo",
                                                          "minsizerel"};
  std::string lower(build_type);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::find(kOptimised.begin(), kOptimised.end(), lower) != kOptimised.end() &&
         flags.find("-fsanitize") == std::string_view::npos;
}

json CollectProvenance(const std::filesystem::path& spec_path, const json& spec,
                       const std::vector<std::string>& argv) {
  json provenance = DescribeHost();
  provenance.update(GitState());
  provenance["compiler"] = kCompiler;
  provenance["build_type"] = kBuildType.empty() ? "none" : kBuildType;
  provenance["flags"] = kCompilerFlags;
  provenance["binary_sha256"] = Sha256HexOfFile("/proc/self/exe");
  json shown = json::array();
  for (const std::string& argument : argv) {
    shown.push_back(shown.empty() ? std::filesystem::path(argument).filename().string()
                                  : ShownArgument(argument));
  }
  provenance["argv"] = shown;
  provenance["spec_path"] = PathForResult(spec_path);
  provenance["spec_sha256"] = Sha256Hex(spec.dump());
  provenance["library_versions"] = LibraryVersions();
  return provenance;
}

json CollectProvenance(const Plan& plan, const std::vector<std::string>& argv) {
  json provenance = CollectProvenance(plan.spec_path, plan.spec, argv);
  if (const SpecVariables variables = ReadSpecVariables(); !variables.empty()) {
    provenance["environment"] = variables;
  }
  for (const Cell& cell : plan.cells) {
    if (!cell.engine->is_plugin()) continue;
    provenance["engine_plugins"][cell.label()] = cell.engine_config.at("plugin");
  }
  return provenance;
}

}  // namespace bwlab::experiment
