#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "bwlab/experiment/exit_code.h"
#include "bwlab/experiment/names.h"
#include "bwlab/experiment/registry.h"
#include "bwlab/experiment/repository.h"
#include "bwlab/policy/catalog.h"
#include "bwlab/workload/distribution.h"
#include "bwlab/workload/json_text.h"
#include "bwlab/workload/workload_json.h"
#include "run_experiment/command_line.h"

namespace bwlab::cli {
namespace {

using nlohmann::json;

/// An array of objects with at least `name` and `summary`.
using Listing = Result<json>;

uint32_t ValueBytesMax(const experiment::EngineEntry& entry) {
  return std::max(workload::kValueBytesMin, entry.capabilities.value_bytes_max);
}

Listing Engines() {
  json list = json::array();
  for (const experiment::EngineEntry* entry : experiment::ListedEngines()) {
    if (list.empty() || list.back()["name"] != entry->engine) {
      list.push_back({{"name", entry->engine},
                      {"summary", entry->summary},
                      {"variants", json::array()},
                      {"scan", entry->capabilities.scan},
                      {"reverse_scan", entry->capabilities.reverse_scan},
                      {"delete", entry->capabilities.erase},
                      {"byte_keys", entry->capabilities.byte_keys},
                      {"value_bytes_max", ValueBytesMax(*entry)},
                      {"keeps_files", entry->capabilities.keeps_files}});
      if (entry->is_plugin()) list.back()["plugin"] = entry->plugin_path;
    }
    if (!entry->variant.empty()) list.back()["variants"].push_back(entry->variant);
  }
  return list;
}

Listing Variants() {
  json list = json::array();
  for (const experiment::EngineEntry* entry : experiment::ListedEngines()) {
    if (entry->variant.empty()) continue;
    list.push_back({{"name", entry->variant},
                    {"summary", entry->variant_summary},
                    {"engine", entry->engine},
                    {"label", entry->Label()},
                    {"byte_keys", entry->capabilities.byte_keys},
                    {"value_bytes_max", ValueBytesMax(*entry)}});
  }
  return list;
}

Listing Policies() {
  json list = json::array();
  for (const PolicyEntry& policy : kPolicyCatalog) {
    list.push_back({{"name", policy.name},
                    {"summary", policy.summary},
                    {"family", policy.family},
                    {"available", policy.available}});
    if (!policy.available) list.back()["why_not"] = policy.why_not;
  }
  return list;
}

Listing Workloads() {
  json list = json::array();
  for (const std::string& name : workload::WorkloadNames(experiment::WorkloadsFolder())) {
    const auto parse = workload::LoadWorkload(experiment::WorkloadsFolder(), name);
    if (!parse.ok()) return Status::InvalidArgument(parse.error);
    list.push_back({{"name", name}, {"summary", parse.spec.title}});
  }
  return list;
}

Listing Distributions() {
  json list = json::array();
  for (const workload::DistributionInfo& info : workload::kDistributions) {
    list.push_back({{"name", info.name}, {"summary", info.summary}});
  }
  return list;
}

Listing Experiments() {
  json list = json::array();
  for (const std::string& name : experiment::ExperimentNames()) {
    const auto path = experiment::SpecsFolder() / (name + ".json");
    const workload::JsonParse parse = workload::ParseJsonFile(path.string());
    if (!parse.ok()) return Status::InvalidArgument(parse.error);
    const bool titled = parse.json.is_object() && parse.json.contains("title");
    list.push_back({{"name", name}, {"summary", titled ? parse.json["title"] : json("")}});
  }
  return list;
}

struct Topic {
  const char* name;
  Listing (*list)();
};

constexpr std::array<Topic, 6> kTopics = {{{"engines", Engines},
                                           {"policies", Policies},
                                           {"variants", Variants},
                                           {"workloads", Workloads},
                                           {"distributions", Distributions},
                                           {"experiments", Experiments}}};

/// The name that a person sees: with the family of a policy or the engine of a variant.
std::string ShownName(const json& item) {
  if (item.contains("label")) return item["label"].get<std::string>();
  const auto name = item["name"].get<std::string>();
  return item.contains("family") ? item["family"].get<std::string>() + " " + name : name;
}

void PrintText(const json& list) {
  size_t width = 0;
  for (const json& item : list) width = std::max(width, ShownName(item).size());
  for (const json& item : list) {
    std::cout << fmt::format("{:<{}}  {}", ShownName(item), width,
                             item["summary"].get<std::string>());
    if (item.contains("why_not")) {
      std::cout << fmt::format(" ({})", item["why_not"].get<std::string>());
    }
    std::cout << '\n';
  }
}

}  // namespace

std::vector<std::string> ListTopics() {
  std::vector<std::string> names;
  for (const Topic& topic : kTopics) names.emplace_back(topic.name);
  return names;
}

int List(const ListRequest& request) {
  const std::vector<std::string> names = ListTopics();
  if (request.topic.empty()) {
    return Fail(experiment::kExitUsage, "list: name a topic: " + experiment::JoinNames(names));
  }
  for (const Topic& topic : kTopics) {
    if (request.topic != topic.name) continue;
    const Listing list = topic.list();
    if (!list.ok()) return Fail(list.status());
    if (request.json) {
      std::cout << list.value().dump(2) << '\n';
    } else {
      PrintText(list.value());
    }
    return experiment::kExitOk;
  }
  return Fail(experiment::kExitUsage,
              "list: " + experiment::UnknownName("topic", request.topic, names));
}

}  // namespace bwlab::cli
