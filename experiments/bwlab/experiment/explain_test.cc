#include "bwlab/experiment/explain.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <map>
#include <string>

#include "bwlab/experiment/plan.h"

namespace bwlab::experiment {
namespace {

using nlohmann::json;

class ExplainTest : public testing::Test {
 protected:
  void TearDown() override { std::remove(path_.c_str()); }

  /// Value and origin of each key of the only cell of the spec.
  std::map<std::string, std::pair<json, std::string>> Explained(
      const char* changes, const std::vector<Setting>& settings = {}) {
    json document = json::parse(R"({"schema_version": 1, "id": "x", "ops": 100,
        "keys": {"count": 10}, "matrix": {"workload": ["ycsb_e"], "engine": ["bwtree"],
        "threads": [1]}})");
    document.merge_patch(json::parse(changes));
    std::ofstream(path_) << document;
    const Result<Spec> spec = LoadSpec(path_, settings);
    EXPECT_TRUE(spec.ok()) << spec.status().message();
    const Result<Plan> plan = MakePlan(spec.value(), {}, UINT64_MAX);
    EXPECT_TRUE(plan.ok()) << plan.status().message();
    EXPECT_EQ(plan.value().cells.size(), 1u);
    std::map<std::string, std::pair<json, std::string>> values;
    for (const ExplainedValue& value : Explain(spec.value(), plan.value().cells[0])) {
      EXPECT_TRUE(values.try_emplace(value.key, value.value, value.from).second) << value.key;
    }
    return values;
  }

  using Value = std::pair<json, std::string>;
  const std::string path_ = testing::TempDir() + "explain_test_" +
                            testing::UnitTest::GetInstance()->current_test_info()->name() + ".json";
};

TEST_F(ExplainTest, EachValueHasItsOrigin) {
  auto values = Explained(
      R"({"keys": {"space": "mono_int"}, "sweep": {"seed": [7]},
          "engine_options": {"bwtree": {"leaf_capacity": 32, "inner_capacity": 32}},
          "overrides": [{"where": {"threads": 2}, "set": {"ops": 5}},
                        {"where": {"engine": "bwtree"}, "set": {"ops": 6,
                         "engine_options": {"bwtree": {"inner_capacity": 64}}}}]})",
      {{"--verify full", "verify", "full"}, ParseSweep("latency.sample_every=5").value()});
  EXPECT_EQ(values["workload"], Value("ycsb_e", "spec"));
  EXPECT_EQ(values["engine"], Value("bwtree/default", "spec"));
  EXPECT_EQ(values["threads"], Value(1, "spec"));
  EXPECT_EQ(values["keys.count"], Value(10, "spec"));
  EXPECT_EQ(values["keys.space"], Value("mono_int", "spec"));
  EXPECT_EQ(values["ops"], Value(6, "spec /overrides/1"));
  EXPECT_EQ(values["seed"], Value(7, "spec /sweep"));
  EXPECT_EQ(values["verify"], Value("full", "--verify full"));
  EXPECT_EQ(values["latency.sample_every"], Value(5, R"(--sweep "latency.sample_every=5")"));
  EXPECT_EQ(values["engine_options.bwtree.leaf_capacity"], Value(32, "spec"));
  EXPECT_EQ(values["engine_options.bwtree.inner_capacity"], Value(64, "spec /overrides/1"));
  EXPECT_EQ(values["engine_options.bwtree.huge_pages"].second, "engine bwtree");
  EXPECT_EQ(values["engine.policies.search"].second, "engine bwtree");
  EXPECT_EQ(values["workload_spec.mix.scan"], Value(0.95, "workloads/ycsb_e.json"));
  EXPECT_FALSE(values.contains("reps"));
}

TEST_F(ExplainTest, DefaultsOfTheSchemaAreNamed) {
  auto values = Explained("{}");
  EXPECT_EQ(values["keys.space"], Value("rand_int", "default"));
  EXPECT_EQ(values["seed"], Value(42, "default"));
}

TEST_F(ExplainTest, WhatAVariantChangesIsTheVariants) {
  auto values = Explained(R"({"matrix": {"engine": ["bwtree/scalar"]}})");
  EXPECT_EQ(values["engine.policies.search"].second, "variant scalar");
  EXPECT_EQ(values["engine.policies.backoff"].second, "engine bwtree");
  EXPECT_EQ(values["engine_options.bwtree.leaf_capacity"].second, "engine bwtree");
}

TEST_F(ExplainTest, PeersTellWhatTheyAre) {
  auto values = Explained(R"({"matrix": {"engine": ["std_map_rwlock"]}})");
  EXPECT_EQ(values["engine.lock"], Value("std::shared_mutex", "engine std_map_rwlock"));
}

}  // namespace
}  // namespace bwlab::experiment
