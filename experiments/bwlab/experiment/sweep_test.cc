#include "bwlab/experiment/sweep.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "bwlab/experiment/spec_keys.h"

namespace bwlab::experiment {
namespace {

using nlohmann::json;

/// What CheckSweep says of a spec with this sweep.
std::string ViolationOf(const char* sweep) {
  json spec = {{"sweep", json::parse(sweep)}};
  return CheckSweep(spec).value_or("");
}

TEST(Sweep, TakesKeysOfCells) {
  EXPECT_EQ(ViolationOf(R"({"ops": [1, 2], "keys.count": [5], "keys.space": ["mono_int"],
      "engine_options.bwtree.leaf_capacity": [32, 64], "arrival.rate_ops_s": [1],
      "arrival.kind": ["closed", "burst"], "verify": ["off"], "latency.sample_every": [0],
      "seed": [18446744073709551615]})"),
            "");
}

TEST(Sweep, RefusesOtherKeysAndWrongValues) {
  EXPECT_NE(ViolationOf(R"({"reps": [1]})").find("/sweep/reps: \"reps\" is of the whole"),
            std::string::npos);
  EXPECT_NE(ViolationOf(R"({"reps": [1]})").find("arrival.*, engine_options.*, keys.*"),
            std::string::npos);
  EXPECT_NE(ViolationOf(R"({"matrix.threads": [1]})").find("axis of the matrix already"),
            std::string::npos);
  EXPECT_NE(ViolationOf(R"({"keys": [{"count": 1}]})").find("keys.count, keys.space"),
            std::string::npos);
  EXPECT_NE(ViolationOf(R"({"key.count": [1]})").find("did you mean \"keys\""), std::string::npos);
  EXPECT_NE(ViolationOf(R"({"ops": [1, 0]})").find("/sweep/ops/1: 0 is out of range"),
            std::string::npos);
  EXPECT_NE(ViolationOf(R"({"keys.space": ["rand"]})").find("rand_int"), std::string::npos);
}

TEST(Sweep, WholeNumbersBecomeIntegers) {
  json spec = {{"sweep", {{"ops", {1e3}}}}};
  EXPECT_FALSE(CheckSweep(spec));
  EXPECT_TRUE(spec["sweep"]["ops"][0].is_number_integer());
}

TEST(Sweep, CoordinatesAreAllCombinations) {
  const json spec = {{"sweep", {{"ops", {1, 2}}, {"seed", {3, 4, 5}}}}};
  const std::vector<json> all = AllCoordinates(spec);
  EXPECT_EQ(std::set<json>(all.begin(), all.end()).size(), 6u);
  EXPECT_EQ(all.back(), json::parse(R"({"ops": 2, "seed": 5})"));
  EXPECT_EQ(CountCoordinates(spec, 100), 6u);
  EXPECT_EQ(AllCoordinates(json::object()), std::vector<json>{json::object()});
  EXPECT_EQ(CountCoordinates(json::object(), 100), 1u);
}

TEST(Sweep, ManyAxesAreCountedOnlyAsFarAsNeeded) {
  json spec;
  for (int axis = 0; axis < 100; ++axis) {
    spec["sweep"]["axis" + std::to_string(axis)] = std::vector<int>(256, 0);
  }
  EXPECT_GT(CountCoordinates(spec, 1000), 1000u);
}

TEST(Sweep, AKeyTakesItsAxisAwayAndThoseBelowIt) {
  json spec = {{"sweep", {{"ops", {1}}, {"keys.count", {1}}, {"keys.space", {"mono_int"}}}}};
  EraseFromSweep("keys", spec);
  EXPECT_EQ(spec["sweep"], json({{"ops", {1}}}));
  EraseFromSweep("op", spec);
  EXPECT_TRUE(spec.contains("sweep"));
  EraseFromSweep("ops", spec);
  EXPECT_FALSE(spec.contains("sweep"));
}

TEST(Sweep, CoordinatesAreShownShortly) {
  const json coordinates = {{"engine_options.bwtree.leaf_capacity", 64},
                            {"keys.space", "mono_int"}};
  EXPECT_EQ(ShownCoordinates(coordinates), ", bwtree.leaf_capacity=64, keys.space=mono_int");
  EXPECT_EQ(ShownCoordinate(coordinates, "ops"), "-");
}

TEST(SpecKeys, AreThePathsOfAllValues) {
  const std::vector<std::string> keys = SpecKeys();
  const auto has = [&keys](const char* key) {
    return std::binary_search(keys.begin(), keys.end(), key);
  };
  EXPECT_TRUE(has("ops"));
  EXPECT_TRUE(has("keys.count"));
  EXPECT_TRUE(has("matrix.threads"));
  EXPECT_TRUE(has("engine_options.bwtree.leaf_capacity"));
  EXPECT_FALSE(has("keys"));
  EXPECT_FALSE(has("engine_options"));
  EXPECT_FALSE(has("sweep"));
}

}  // namespace
}  // namespace bwlab::experiment
