#include "bwlab/experiment/result_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <system_error>
#include <utility>

#include "bwlab/experiment/json_schema.h"
#include "bwlab/experiment/provenance.h"
#include "bwlab/workload/json_text.h"

namespace bwlab::experiment {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// Different values, as they are shown in a sentence.
using Values = std::set<std::string>;

std::string TextOf(const json& value) {
  return value.is_string() ? value.get<std::string>() : "unknown";
}

std::string Shown(const Values& values) {
  constexpr size_t kShownMax = 3;
  constexpr size_t kHashMin = 40;  // of a commit; a binary's has 64 digits
  constexpr size_t kHashShown = 12;
  std::string text;
  size_t count = 0;
  for (const std::string& value : values) {
    if (count == kShownMax) return text + ", ...";
    const bool is_hash = value.size() >= kHashMin && value.find(' ') == std::string::npos;
    text += (count++ == 0 ? "" : ", ") + (is_hash ? value.substr(0, kHashShown) : value);
  }
  return text;
}

void AddHosts(const ResultSet& set, Values* hosts) {
  for (const json& result : set.results) {
    const json& provenance = result["provenance"];
    hosts->insert(fmt::format("{}, {} cores", TextOf(provenance["cpu_model"]),
                              provenance["cores_online"].get<uint64_t>()));
  }
}

void AddMixes(const ResultSet& set, std::vector<std::string>* reasons) {
  for (const auto& [key, plural] :
       {std::pair("git_commit", "commits"), std::pair("binary_sha256", "binaries")}) {
    Values values;
    for (const json& result : set.results) values.insert(TextOf(result["provenance"][key]));
    if (values.size() < 2) continue;
    reasons->push_back(fmt::format("the results of {} mix {} {} ({})", set.path, values.size(),
                                   plural, Shown(values)));
  }
}

}  // namespace

Result<ResultSet> LoadResults(const std::string& path) {
  std::error_code error;
  std::vector<std::string> files = {path};
  if (fs::is_directory(path, error)) {
    files.clear();
    for (const fs::directory_entry& entry :
         fs::directory_iterator(fs::path(path) / "cells", error)) {
      if (entry.path().extension() == ".json") files.push_back(entry.path().string());
    }
    std::sort(files.begin(), files.end());
    if (files.empty()) {
      return Status::InvalidArgument(path + ": holds no results (cells/*.json)");
    }
  }
  ResultSet set{path, {}};
  std::map<std::pair<std::string, uint64_t>, std::string> seen;
  for (const std::string& file : files) {
    workload::JsonParse parse = workload::ParseJsonFile(file);
    if (!parse.ok()) return Status::InvalidArgument(parse.error);
    if (!parse.json.is_object() || !parse.json.contains("cell_id")) {
      return Status::InvalidArgument(file + ": is no result: it has no cell_id");
    }
    if (const auto violation = ResultSchema().Check(parse.json)) {
      return Status::InvalidArgument(file + ": " + *violation);
    }
    const std::pair identity(parse.json["cell_id"].get<std::string>(),
                             parse.json["rep"].get<uint64_t>());
    const auto [first, is_new] = seen.emplace(identity, file);
    if (!is_new) {
      return Status::InvalidArgument(fmt::format("{}: repeats cell_id {}, rep {} of {}", file,
                                                 identity.first, identity.second, first->second));
    }
    set.results.push_back(std::move(parse.json));
  }
  return set;
}

std::vector<std::string> WhyNotCompared(const ResultSet& a, const ResultSet& b) {
  std::vector<std::string> reasons;
  Values hosts;
  Values builds;
  size_t dirty = 0;
  for (const ResultSet* set : {&a, &b}) {
    AddHosts(*set, &hosts);
    AddMixes(*set, &reasons);
    for (const json& result : set->results) {
      const json& provenance = result["provenance"];
      if (provenance["git_dirty"] != json(false) || provenance["git_commit"].is_null()) ++dirty;
      const auto build = provenance["build_type"].get<std::string>();
      const auto flags = provenance["flags"].get<std::string>();
      if (IsForMeasuring(build, flags)) continue;
      const bool sanitized = flags.find("-fsanitize") != std::string::npos;
      builds.insert(build + (sanitized ? " with sanitizers" : ""));
    }
  }
  if (hosts.size() > 1) {
    reasons.push_back(fmt::format("the results mix {} hosts ({})", hosts.size(), Shown(hosts)));
  }
  if (dirty > 0) {
    reasons.push_back(
        fmt::format("{} of {} results come from a tree with uncommitted changes or without git",
                    dirty, a.results.size() + b.results.size()));
  }
  if (!builds.empty()) {
    reasons.push_back("results come from builds that are not for measuring (" + Shown(builds) +
                      ")");
  }
  return reasons;
}

}  // namespace bwlab::experiment
