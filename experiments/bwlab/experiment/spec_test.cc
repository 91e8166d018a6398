#include "bwlab/experiment/spec.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

namespace bwlab::experiment {
namespace {

using nlohmann::json;

class SpecTest : public testing::Test {
 protected:
  void TearDown() override { std::remove(path_.c_str()); }

  Result<Spec> Load(const std::string& text, const std::vector<std::string>& sets = {}) {
    std::ofstream(path_) << text;
    std::vector<Setting> settings;
    for (const std::string& set : sets) settings.push_back(ParseSetting(set).value());
    return LoadSpec(path_, settings);
  }

  Result<Spec> LoadSwept(const std::string& text, const std::string& sweep) {
    std::ofstream(path_) << text;
    return LoadSpec(path_, {ParseSweep(sweep).value()});
  }

  const std::string path_ = testing::TempDir() + "spec_test_" +
                            testing::UnitTest::GetInstance()->current_test_info()->name() + ".json";
  const std::string small_ = R"({"schema_version": 1, "id": "x", "ops": 5, "keys": {"count": 7},
      "matrix": {"workload": ["ycsb_a"], "engine": ["bwtree"], "threads": [1]},
      "overrides": [{"where": {}, "set": {"ops": 9, "keys": {"count": 3}}}]})";
};

TEST_F(SpecTest, DefaultsAreFilledIn) {
  const Result<Spec> spec = Load(small_);
  ASSERT_TRUE(spec.ok()) << spec.status().message();
  const json& document = spec.value().document;
  EXPECT_EQ(document["reps"], 3);
  EXPECT_EQ(document["seed"], 42);
  EXPECT_EQ(document["verify"], "sample");
  EXPECT_EQ(document["latency"]["sample_every"], 64);
  EXPECT_EQ(document["keys"]["space"], "rand_int");
  EXPECT_EQ(document["overrides"][0]["set"], json::parse(R"({"ops": 9, "keys": {"count": 3}})"))
      << "an override sets nothing by default";
}

TEST_F(SpecTest, ASettingGoesBeforeTheFileAndItsOverrides) {
  const Result<Spec> spec = Load(small_, {"ops=6", "verify=full", "matrix.threads=1,2,4"});
  ASSERT_TRUE(spec.ok()) << spec.status().message();
  EXPECT_EQ(spec.value().document["ops"], 6);
  EXPECT_EQ(spec.value().document["verify"], "full");
  EXPECT_EQ(spec.value().document["matrix"]["threads"], json::parse("[1, 2, 4]"));
  EXPECT_EQ(spec.value().document["overrides"][0]["set"], json::parse(R"({"keys": {"count": 3}})"));
}

TEST_F(SpecTest, ASettingCanMakeObjectsThatAreNotThere) {
  const Result<Spec> spec = Load(small_, {"engine_options.bwtree.leaf_capacity=64"});
  ASSERT_TRUE(spec.ok()) << spec.status().message();
  EXPECT_EQ(spec.value().document["engine_options"]["bwtree"]["leaf_capacity"], 64);
}

TEST_F(SpecTest, TextStaysTextWhereTheKeyWantsText) {
  EXPECT_EQ(Load(small_, {"title=5"}).value().document["title"], "5");
  EXPECT_EQ(Load(small_, {"title=\"5\""}).value().document["title"], "5");
  EXPECT_EQ(Load(small_, {"title=a=b"}).value().document["title"], "a=b");
}

TEST_F(SpecTest, AWrongSettingIsBlamedOnTheSetting) {
  const Result<Spec> spec = Load(small_, {"ops=0"});
  EXPECT_EQ(spec.status().message().find("--set \"ops=0\": /ops: 0 is out of range"), 0u)
      << spec.status().message();
}

TEST_F(SpecTest, AWrongFileIsBlamedOnTheFile) {
  const Result<Spec> spec = Load("{}");
  EXPECT_EQ(spec.status().message().find(path_ + ": /: "), 0u) << spec.status().message();
}

TEST_F(SpecTest, ASettingIntoSomethingThatIsNoObjectIsRefused) {
  EXPECT_FALSE(Load(R"({"keys": 3})", {"keys.count=3"}).ok());
  EXPECT_FALSE(Load(R"({"overrides": [3, {"set": 3}], "keys": {}})", {"keys.count=3"}).ok());
}

TEST_F(SpecTest, ASweepOfTheCommandLineIsAnAxis) {
  const Result<Spec> spec = LoadSwept(small_, "keys.count=1e3,20");
  ASSERT_TRUE(spec.ok()) << spec.status().message();
  EXPECT_EQ(spec.value().document["sweep"], json::parse(R"({"keys.count": [1000, 20]})"));
  EXPECT_EQ(LoadSwept(small_, "keys.space=mono_int").value().document["sweep"]["keys.space"],
            json::array({"mono_int"}));
  EXPECT_EQ(LoadSwept(small_, "ops=[1, 2]").value().document["sweep"]["ops"], json({1, 2}));
}

TEST_F(SpecTest, ASweepOverAnAxisOfTheMatrixSetsIt) {
  for (const char* sweep : {"threads=1,2", "matrix.threads=1,2"}) {
    const Result<Spec> spec = LoadSwept(small_, sweep);
    ASSERT_TRUE(spec.ok()) << spec.status().message();
    EXPECT_EQ(spec.value().document["matrix"]["threads"], json({1, 2}));
    EXPECT_FALSE(spec.value().document.contains("sweep"));
  }
}

TEST_F(SpecTest, AWrongSweepIsBlamedOnTheFlag) {
  const auto error = [this](const char* sweep) {
    return LoadSwept(small_, sweep).status().message();
  };
  EXPECT_EQ(error("ops=1,1"), "--sweep \"ops=1,1\": /sweep/ops/1: 1 is in the list twice");
  EXPECT_EQ(error("ops=1,x").find("--sweep \"ops=1,x\": /sweep/ops/1: expected an integer"), 0u);
  EXPECT_EQ(error("reps=1").find("--sweep \"reps=1\": \"reps\" is of the whole"), 0u);
  EXPECT_FALSE(ParseSweep("ops").ok());
}

TEST_F(SpecTest, ASettingTakesTheFilesSweepOfItsKeyAway) {
  json swept = json::parse(small_);
  swept["sweep"] = {{"keys.count", {1, 2}}, {"seed", {1, 2}}};
  EXPECT_EQ(Load(swept.dump(), {"keys.count=5"}).value().document["sweep"],
            json({{"seed", {1, 2}}}));
  EXPECT_NE(Load(swept.dump(), {"sweep.seed=5"}).status().message().find("--sweep KEY"),
            std::string::npos);
}

TEST_F(SpecTest, OriginsTellFileFlagAndDefault) {
  const Origins origins =
      Load(small_, {R"(keys={"count": 8})", "engine_options.bwtree.leaf_capacity=64"})
          .value()
          .origins;
  EXPECT_EQ(origins.at("/ops"), "spec");
  EXPECT_EQ(origins.at("/matrix/threads"), "spec");
  EXPECT_EQ(origins.at("/keys/count"), R"(--set "keys={"count": 8}")");
  EXPECT_EQ(origins.at("/keys/space"), "default");
  EXPECT_EQ(origins.at("/seed"), "default");
  EXPECT_EQ(origins.at("/engine_options/bwtree/leaf_capacity"),
            "--set \"engine_options.bwtree.leaf_capacity=64\"");
}

const char* const kSized = R"({"schema_version": 1, "id": "x", "ops": 5, "keys": {"count": 7},
    "matrix": {"workload": ["ycsb_a"], "engine": ["bwtree"], "threads": [1]},
    "overrides": [{"where": {}, "set": {"ops": 9}}],
    "sizes": {"quick": {}, "full": {"ops": 50, "keys": {"count": 70}, "overrides": []}}})";

TEST_F(SpecTest, ASizeGoesBeforeTheFileAndAfterOtherSettings) {
  EXPECT_EQ(Load(kSized).value().document["ops"], 5);
  EXPECT_EQ(Load(kSized, {"size=quick"}).value().document["ops"], 5);
  const Result<Spec> spec = Load(kSized, {"ops=6", "size=full"});
  ASSERT_TRUE(spec.ok()) << spec.status().message();
  EXPECT_EQ(spec.value().document["ops"], 6);
  EXPECT_EQ(spec.value().document["keys"]["count"], 70);
  EXPECT_EQ(spec.value().document["keys"]["space"], "rand_int");
  EXPECT_TRUE(spec.value().document["overrides"].empty());
  EXPECT_EQ(spec.value().origins.at("/keys/count"), "spec /sizes/full");
  EXPECT_EQ(spec.value().origins.at("/ops"), "--set \"ops=6\"");
}

TEST_F(SpecTest, ASpecWithASizeInPlaceReadsTheSameAgain) {
  const Spec spec = Load(kSized, {"size=full", "ops=6"}).value();
  const Result<Spec> again = Load(spec.document.dump());
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_EQ(again.value().document, spec.document);
}

TEST_F(SpecTest, SizesThatAreNotThereOrMakeNoSenseAreRefused) {
  const auto refused = [this](const std::string& text, const std::vector<std::string>& sets) {
    const Status status = Load(text, sets).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    return status.message();
  };
  EXPECT_NE(refused(kSized, {"size=ful"}).find("did you mean \"full\""), std::string::npos);
  EXPECT_NE(refused(small_, {"size=full"}).find("--set \"size=full\": the spec has no sizes"),
            std::string::npos);
  json document = json::parse(kSized);
  document["size"] = "fast";
  EXPECT_NE(refused(document.dump(), {}).find("/size: unknown size \"fast\""), std::string::npos);
  document["size"] = 3;
  EXPECT_NE(refused(document.dump(), {}).find("/size: expected"), std::string::npos);
  document["size"] = "full";
  document["sizes"]["full"]["opps"] = 3;
  EXPECT_NE(refused(document.dump(), {}).find("/sizes/full: unknown key \"opps\""),
            std::string::npos);
  document.erase("size");
  EXPECT_NE(refused(document.dump(), {}).find("/sizes/full: unknown key \"opps\""),
            std::string::npos);
}

}  // namespace
}  // namespace bwlab::experiment
