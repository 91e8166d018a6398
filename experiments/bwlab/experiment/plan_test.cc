#include "bwlab/experiment/plan.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <utility>

namespace bwlab::experiment {
namespace {

using nlohmann::json;

constexpr uint64_t kPlenty = uint64_t{1} << 40;

/// The plan of a spec that is valid; an empty one, and a failed test, otherwise.
Plan PlanOf(const Spec& spec, const std::vector<Filter>& filters = {}) {
  Result<Plan> plan = MakePlan(spec, filters, kPlenty);
  EXPECT_TRUE(plan.ok()) << plan.status().message();
  return plan.ok() ? std::move(plan).value() : Plan{};
}

Spec SpecOf(const char* changes = "{}") {
  json document = json::parse(R"({"schema_version": 1, "id": "x", "ops": 100, "title": "",
      "hypothesis": "", "keys": {"count": 10, "space": "rand_int"}, "reps": 3, "seed": 1,
      "verify": "sample", "latency": {"sample_every": 64},
      "measure": {"warmup": "auto", "interval_ms": 50, "seconds_max": 0, "stream_ops_max": 0},
      "overrides": [], "exclude": [], "figures": [], "matrix": {"workload": ["ycsb_a", "ycsb_e"],
      "engine": ["bwtree", "std_map_rwlock"], "threads": [1, 2]}})");
  document.merge_patch(json::parse(changes));
  return {document, "x.json", "x.json"};
}

TEST(Plan, CellsAreAllCombinations) {
  const Result<Plan> plan = MakePlan(SpecOf(), {}, kPlenty);
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  std::set<std::string> cells;
  std::set<std::string> ids;
  for (const Cell& cell : plan.value().cells) {
    cells.insert(cell.Describe());
    ids.insert(cell.Id());
  }
  EXPECT_EQ(cells.size(), 8u);
  EXPECT_EQ(ids.size(), 8u);
  EXPECT_TRUE(cells.contains("ycsb_e, bwtree/default, 1 thread"));
  EXPECT_EQ(plan.value().baseline, "bwtree/default");
}

TEST(Plan, RepetitionsGoForthAndBackOverAllCells) {
  const Plan plan = PlanOf(SpecOf());
  std::vector<PlannedRun> runs;
  for (uint32_t rep = 0; rep < plan.reps; ++rep) {
    for (const PlannedRun& run : plan.RunsOf(rep, RunOrder::kAbba)) runs.push_back(run);
  }
  ASSERT_EQ(runs.size(), 24u);
  EXPECT_EQ(runs[0].cell, 0u);
  EXPECT_EQ(runs[7].cell, 7u);
  EXPECT_EQ(runs[8].cell, 7u);
  EXPECT_EQ(runs[15].cell, 0u);
  EXPECT_EQ(runs[16].cell, 0u);
  std::map<size_t, std::set<uint32_t>> reps;
  for (const PlannedRun& run : runs) EXPECT_TRUE(reps[run.cell].insert(run.rep).second);
  EXPECT_EQ(reps.size(), 8u);
}

TEST(Plan, LaterOverridesWinWhereTheyMatch) {
  const Plan plan = PlanOf(SpecOf(R"({"overrides": [
      {"where": {"workload": "ycsb_e"}, "set": {"ops": 20, "keys": {"count": 5}}},
      {"where": {"workload": "ycsb_*", "engine": "bwtree", "threads": 2},
       "set": {"ops": 30, "engine_options": {"bwtree": {"leaf_capacity": 32}}}}]})"));
  for (const Cell& cell : plan.cells) {
    const bool second = cell.engine->engine == "bwtree" && cell.threads == 2;
    const bool first = cell.workload.name == "ycsb_e";
    EXPECT_EQ(cell.op_count, second ? 30u : first ? 20u : 100u) << cell.Describe();
    EXPECT_EQ(cell.record_count, first ? 5u : 10u) << cell.Describe();
    if (second) {
      EXPECT_EQ(cell.engine_config["options"]["leaf_capacity"], 32);
    }
  }
}

TEST(Plan, FiltersAndExclusionsLeaveCellsOut) {
  const std::vector<Filter> filters = {ParseFilter("engine=bwtree/*").value(),
                                       ParseFilter("threads=2|3").value()};
  const Plan plan = PlanOf(SpecOf(R"({"exclude": [{"workload": "ycsb_e"}]})"), filters);
  ASSERT_EQ(plan.cells.size(), 1u);
  EXPECT_EQ(plan.cells[0].Describe(), "ycsb_a, bwtree/default, 2 threads");
}

TEST(Plan, MemoryIsCheckedBeforeAnythingIsAllocated) {
  const Spec spec = SpecOf(R"({"keys": {"count": 1000000000000}, "ops": 1000000000000})");
  const Result<Plan> plan = MakePlan(spec, {}, kPlenty);
  EXPECT_EQ(plan.status().code(), StatusCode::kInvalidArgument);
  EXPECT_NE(plan.status().message().find("1024.0 GiB are free"), std::string::npos)
      << plan.status().message();
  EXPECT_TRUE(MakePlan(SpecOf(), {}, 1 << 20).ok());
  EXPECT_FALSE(MakePlan(SpecOf(), {}, 1 << 10).ok());
}

TEST(Plan, TheBaselineMustBeInTheMatrix) {
  EXPECT_EQ(PlanOf(SpecOf(R"({"baseline": "std_map_rwlock"})")).baseline, "std_map_rwlock");
  EXPECT_FALSE(MakePlan(SpecOf(R"({"baseline": "tbb_concurrent_map"})"), {}, kPlenty).ok());
}

std::vector<std::string> Described(const Plan& plan) {
  std::vector<std::string> described;
  for (const Cell& cell : plan.cells) described.push_back(cell.Describe());
  return described;
}

const char* const kSweep = R"({"matrix": {"workload": ["ycsb_a"], "threads": [1]},
    "sweep": {"keys.count": [10, 20], "engine_options.bwtree.leaf_capacity": [32, 64]}})";

TEST(Plan, ASweepMultipliesTheCellsItMattersTo) {
  const Plan plan = PlanOf(SpecOf(kSweep));
  EXPECT_EQ(Described(plan),
            (std::vector<std::string>{
                "ycsb_a, bwtree/default, 1 thread, bwtree.leaf_capacity=32, keys.count=10",
                "ycsb_a, bwtree/default, 1 thread, bwtree.leaf_capacity=32, keys.count=20",
                "ycsb_a, bwtree/default, 1 thread, bwtree.leaf_capacity=64, keys.count=10",
                "ycsb_a, bwtree/default, 1 thread, bwtree.leaf_capacity=64, keys.count=20",
                "ycsb_a, std_map_rwlock, 1 thread, keys.count=10",
                "ycsb_a, std_map_rwlock, 1 thread, keys.count=20"}));
  EXPECT_EQ(plan.cells[2].engine_config["options"]["leaf_capacity"], 64);
  EXPECT_EQ(plan.cells[3].record_count, 20u);
  const std::vector<std::string> ids = plan.CellIds();
  EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), 6u);
}

TEST(Plan, FiltersOnASweepChangeNoCell) {
  const Plan all = PlanOf(SpecOf(kSweep));
  const Plan some =
      PlanOf(SpecOf(kSweep), {ParseFilter("engine_options.bwtree.leaf_capacity=64").value(),
                              ParseFilter("keys.count=1*").value()});
  EXPECT_EQ(Described(some), (std::vector<std::string>{Described(all)[2], Described(all)[4]}))
      << "the map, which has no leaf_capacity, is there to compare with";
  const Result<Plan> none = MakePlan(SpecOf(kSweep), {ParseFilter("seed=1").value()}, kPlenty);
  EXPECT_NE(none.status().message().find("keys.count"), std::string::npos);
  const Result<Plan> other =
      MakePlan(SpecOf(kSweep), {ParseFilter("keys.count=30").value()}, kPlenty);
  EXPECT_NE(other.status().message().find("10, 20"), std::string::npos) << other.status().message();
}

TEST(Plan, ASweepGoesBeforeOverrides) {
  const Plan plan = PlanOf(SpecOf(R"({"sweep": {"ops": [5, 6]},
      "overrides": [{"where": {}, "set": {"ops": 9}}]})"));
  EXPECT_EQ(plan.cells.size(), 16u);
  EXPECT_EQ(plan.cells[0].op_count, 5u);
  EXPECT_EQ(plan.cells[1].op_count, 6u);
}

TEST(Plan, ASweepKnowsWhatItsValuesMeanTogether) {
  const Plan plan = PlanOf(SpecOf(R"({"matrix": {"engine": ["bwtree"], "workload": ["ycsb_a"],
      "threads": [1]}, "sweep": {"arrival.kind": ["closed", "poisson"],
      "arrival.rate_ops_s": [100, 200]}})"));
  EXPECT_EQ(Described(plan),
            (std::vector<std::string>{
                "ycsb_a, bwtree/default, 1 thread, arrival.kind=closed",
                "ycsb_a, bwtree/default, 1 thread, arrival.kind=poisson, arrival.rate_ops_s=100",
                "ycsb_a, bwtree/default, 1 thread, arrival.kind=poisson, arrival.rate_ops_s=200"}));
  const Result<Plan> without =
      MakePlan(SpecOf(R"({"sweep": {"arrival.rate_ops_s": [1]}})"), {}, kPlenty);
  EXPECT_NE(without.status().message().find("/arrival: the key \"kind\" is missing (ycsb_a"),
            std::string::npos)
      << without.status().message();
}

TEST(Plan, SweepsThatAreTooMuchAreRefusedBeforeTheyAreMade) {
  Spec spec = SpecOf();
  for (const char* key : {"ops", "seed", "keys.count"}) {
    for (int value = 1; value <= 256; ++value) spec.document["sweep"][key].push_back(value);
  }
  const Result<Plan> plan = MakePlan(spec, {}, kPlenty);
  EXPECT_NE(plan.status().message().find("at most 100000"), std::string::npos)
      << plan.status().message();
}

}  // namespace
}  // namespace bwlab::experiment
