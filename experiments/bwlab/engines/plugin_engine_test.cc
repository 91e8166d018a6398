#include "bwlab/engines/plugin_engine.h"

#include <gtest/gtest.h>

#include "bwlab/engines/plugin_info.h"
#include "bwlab/engines/plugin_library.h"
#include "bwlab/experiment/files.h"
#include "bwlab/experiment/registry.h"

namespace bwlab::experiment {
namespace {

using nlohmann::json;

constexpr const char* kExample = BWLAB_EXAMPLE_PLUGIN;

PluginInfo InfoWithOptions() {
  PluginInfo info = PibenchInfo("libx.so");
  info.options = {{.name = "leaf_bytes", .summary = "", .standard = 64, .min = 8, .max = 4096},
                  {.name = "seed", .summary = "", .standard = 0, .min = 0, .max = UINT64_MAX}};
  return info;
}

TEST(PluginInfo, IsTheSameAfterTheWayThroughJson) {
  const PluginInfo info = InfoWithOptions();
  EXPECT_EQ(ToJson(PluginInfoFromJson(ToJson(info))), ToJson(info));
  EXPECT_EQ(PluginInfoFromJson(ToJson(info)).options.at(1).max, UINT64_MAX);
}

TEST(PluginInfo, OptionsThatAreNotSetAreTheStandard) {
  EXPECT_EQ(ResolvePluginOptions(InfoWithOptions(), json::object()).value(),
            (json{{"leaf_bytes", 64}, {"seed", 0}}));
  EXPECT_EQ(ResolvePluginOptions(InfoWithOptions(), {{"seed", UINT64_MAX}}).value(),
            (json{{"leaf_bytes", 64}, {"seed", UINT64_MAX}}));
}

TEST(PluginInfo, OptionsAreRefusedByNameAndRange) {
  const auto problem = [](const json& wanted) {
    return ResolvePluginOptions(InfoWithOptions(), wanted).status().message();
  };
  EXPECT_EQ(problem({{"leaf_bytes", 7}}), "leaf_bytes: 7 is not an integer in 8..4096");
  EXPECT_EQ(problem({{"leaf_bytes", "8"}}), "leaf_bytes: \"8\" is not an integer in 8..4096");
  EXPECT_NE(problem({{"leaf_byte", 8}}).find("did you mean \"leaf_bytes\"?"), std::string::npos);
  EXPECT_NE(ResolvePluginOptions(PluginInfo{}, {{"x", 1}}).status().message().find("no options"),
            std::string::npos);
}

TEST(PluginInfo, NamesAreThoseThatSpecsCanHold) {
  for (const char* name : {"a", "art_2", "b_tree"}) EXPECT_TRUE(IsPluginName(name)) << name;
  for (const char* name : {"", "2a", "_a", "A", "a-b", "a.b", "a/b", "\xc3\xa4"}) {
    EXPECT_FALSE(IsPluginName(name)) << name;
  }
  EXPECT_FALSE(IsPluginName(std::string(65, 'a')));
}

TEST(PluginLibrary, ALibraryForPibenchIsCalledAfterItsFile) {
  EXPECT_EQ(PibenchInfo("/some/where/libBz-Tree.v2.so").name, "bz_tree");
  EXPECT_EQ(PibenchInfo("art.so").name, "art");
}

TEST(PluginLibrary, WhatIsNoLibraryIsRefused) {
  for (const char* path : {"/none/libx.so", "/tmp", "/etc/passwd"}) {
    const Result<PluginLibrary> library = LoadPluginLibrary(path);
    ASSERT_EQ(library.status().code(), StatusCode::kInvalidArgument) << path;
    EXPECT_NE(library.status().message().find(path), std::string::npos);
  }
}

TEST(PluginLibrary, CapabilitiesAreTheFunctionsThatAreThere) {
  const Result<PluginLibrary> library = LoadPluginLibrary(kExample);
  ASSERT_TRUE(library.ok()) << library.status().message();
  const PluginInfo& info = library.value().info;
  EXPECT_TRUE(info.capabilities.scan);
  EXPECT_TRUE(info.capabilities.erase);
  EXPECT_FALSE(info.capabilities.reverse_scan);
  EXPECT_FALSE(info.capabilities.byte_keys);
  EXPECT_EQ(info.capabilities.value_bytes_max, 0u);
  EXPECT_TRUE(info.knows_size);
  EXPECT_FALSE(info.knows_live_bytes);
}

/// Adds the example once, under a name of its own, since engines stay.
const EngineEntry& Example() {
  static const EngineEntry* const entry = AddPlugin(kExample, "example_of_this_test").value();
  return *entry;
}

TEST(PluginEngine, IsFoundByTheNameThatTheUserGave) {
  EXPECT_EQ(FindEngine("example_of_this_test").value(), &Example());
  EXPECT_TRUE(Example().is_plugin());
}

TEST(PluginEngine, ItsConfigurationTellsTheFileApart) {
  const json config = Example().resolve(json::object()).value();
  EXPECT_EQ(config.at("plugin"), (json{{"file", "libexample_map.so"},
                                       {"sha256", Sha256HexOfFile(kExample)},
                                       {"interface", "bwlab"},
                                       {"version", "1.0"}}));
}

TEST(PluginEngine, AFileThatHasChangedIsNotRun) {
  json config = Example().resolve(json::object()).value();
  EXPECT_TRUE(Example().open(config, RecordForm{}, {}).ok());
  config["plugin"]["sha256"] = std::string(64, '0');
  const Status status = Example().open(config, RecordForm{}, {}).status();
  EXPECT_NE(status.message().find("has changed since"), std::string::npos) << status.message();
}

TEST(PluginEngine, ANameThatIsTakenIsRefused) {
  Example();
  for (const char* name : {"bwtree", "std_map_rwlock", "example_of_this_test"}) {
    const Status status = AddPlugin(kExample, name).status();
    EXPECT_NE(status.message().find("already"), std::string::npos) << status.message();
  }
  EXPECT_NE(AddPlugin(kExample, "No Name").status().message().find("small letters"),
            std::string::npos);
}

TEST(PluginEngine, AnUpsertWithoutOneIsAnUpdateOrAnInsert) {
  const auto engine = Example().open(Example().resolve(json::object()).value(), RecordForm{}, {});
  const auto session = engine.value()->OpenCheckSession();
  EXPECT_EQ(session.value()->Upsert(1, 10), OpResult::kOk);
  EXPECT_EQ(session.value()->Upsert(1, 11), OpResult::kOk);
  uint64_t value = 0;
  EXPECT_EQ(session.value()->Get(1, &value), OpResult::kOk);
  EXPECT_EQ(value, 11u);
  EXPECT_EQ(engine.value()->Size(), 1u);
}

}  // namespace
}  // namespace bwlab::experiment
