#include "bwlab/experiment/registry.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "bwlab/experiment/test_folder.h"

namespace bwlab::experiment {
namespace {

using nlohmann::json;

TEST(Registry, LabelsAreUniqueAndFindTheirEngine) {
  std::set<std::string> labels;
  for (const EngineEntry* entry : AllEngines()) {
    EXPECT_TRUE(labels.insert(entry->Label()).second) << entry->Label();
    const Result<const EngineEntry*> found = FindEngine(entry->Label());
    ASSERT_TRUE(found.ok()) << entry->Label();
    EXPECT_EQ(found.value(), entry);
  }
  EXPECT_TRUE(labels.contains("bwtree/default"));
  EXPECT_TRUE(labels.contains("bwtree/scalar"));
}

TEST(Registry, AnEngineAloneMeansItsDefaultVariant) {
  EXPECT_EQ(FindEngine("bwtree").value()->Label(), "bwtree/default");
}

TEST(Registry, WhatDoesNotExistIsRefusedByName) {
  for (const char* label :
       {"", "/", "bwtre", "bwtree/", "bwtree/none", "std_map_rwlock/default2"}) {
    EXPECT_EQ(FindEngine(label).status().code(), StatusCode::kInvalidArgument) << label;
  }
}

/// All but those that this build cannot have.
std::vector<const EngineEntry*> BuiltEngines() {
  std::vector<const EngineEntry*> built;
  for (const EngineEntry* entry : AllEngines()) {
    const Status status = entry->resolve(json::object()).status();
    if (status.code() == StatusCode::kUnsupported && entry->hidden) {
      EXPECT_NE(status.message().find(entry->Label() + " is not built: "), std::string::npos)
          << status.message();
      continue;
    }
    built.push_back(entry);
  }
  return built;
}

TEST(Registry, ConfigurationsOfVariantsDiffer) {
  std::set<json> configurations;
  for (const EngineEntry* entry : BuiltEngines()) {
    const Result<json> config = entry->resolve(json::object());
    ASSERT_TRUE(config.ok()) << entry->Label();
    // A misspelt member in variants.cmake would leave a variant equal to the default.
    EXPECT_TRUE(configurations.insert(config.value()).second) << entry->Label();
  }
}

TEST(Registry, ResolvedConfigurationsOpen) {
  for (const EngineEntry* entry : BuiltEngines()) {
    const Result<json> config = entry->resolve(json::object());
    const TestFolder folder;
    const Result<std::unique_ptr<Engine>> engine =
        entry->open(config.value(), RecordForm{}, folder.path());
    ASSERT_TRUE(engine.ok()) << entry->Label() << ": " << engine.status().message();
    EXPECT_EQ(engine.value()->Size(), 0u);
    EXPECT_EQ(engine.value()->ReadCounters().has_value(), entry->no_counters_reason.empty());
    EXPECT_EQ(engine.value()->Validate().has_value(), entry->no_validation_reason.empty());
    EXPECT_EQ(engine.value()->LiveBytes().has_value(), entry->no_live_bytes_reason.empty());
    EXPECT_EQ(engine.value()->ReadWrittenBytes().has_value(), entry->capabilities.keeps_files);
    EXPECT_EQ(!std::filesystem::is_empty(folder.path()), entry->capabilities.keeps_files);
  }
}

TEST(Registry, BwTreeOptionsAreChecked) {
  const EngineEntry* entry = FindEngine("bwtree").value();
  EXPECT_EQ(entry->resolve({{"leaf_capacity", 64}}).value()["options"]["leaf_capacity"], 64);
  for (const json& options :
       {json{{"leaf_capacity", 0}}, json{{"leaf_capacity", 1 << 30}}, json{{"leaf_capacity", -1}},
        json{{"leaf_capacity", 64.5}}, json{{"leaf_capacity", "64"}}, json{{"leafcapacity", 64}},
        json{{"backoff_spins_min", 64}, {"backoff_spins_max", 8}}}) {
    EXPECT_EQ(entry->resolve(options).status().code(), StatusCode::kInvalidArgument) << options;
  }
}

}  // namespace
}  // namespace bwlab::experiment
