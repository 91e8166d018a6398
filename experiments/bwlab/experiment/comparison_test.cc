#include "bwlab/experiment/comparison.h"

#include <gtest/gtest.h>

#include <string>

namespace bwlab::experiment {
namespace {

using nlohmann::json;

/// What the comparison reads of a result.
json ResultOf(const std::string& label, double ops_per_second, uint32_t rep = 0,
              const std::string& cell_id = "") {
  return {{"cell_id", cell_id.empty() ? label : cell_id},
          {"rep", rep},
          {"workload", "ycsb_a"},
          {"workload_spec", {{"mix", {{"read", 1}}}}},
          {"engine", label.substr(0, label.find('/'))},
          {"variant", nullptr},
          {"label", label},
          {"threads", 2},
          {"record_count", 100},
          {"op_count", 100},
          {"key_space", "rand_int"},
          {"seed", 1},
          {"config", {{"leaf_capacity", 64}}},
          {"verify", {{"mode", "off"}}},
          {"run", {{"throughput_ops_s", ops_per_second}}},
          {"latency_ns", {{"sample_every", 64}, {"all", {{"p50", 200}, {"p99", 900}}}}},
          {"memory", {{"bytes_per_key", 20.5}}},
          {"provenance",
           {{"cpu_model", "Example"},
            {"cores_online", 2},
            {"git_commit", std::string(40, 'a')},
            {"git_dirty", false},
            {"binary_sha256", std::string(64, 'b')},
            {"build_type", "Release"},
            {"flags", "-O3"}}}};
}

/// Five repetitions that lie within 2% of `ops_per_second`.
ResultSet Around(const std::string& label, double ops_per_second, const std::string& cell_id = "") {
  ResultSet set{"folder", {}};
  uint32_t rep = 0;
  for (const double share : {0.99, 1.01, 1.0, 0.995, 1.005}) {
    set.results.push_back(ResultOf(label, ops_per_second * share, rep++, cell_id));
  }
  return set;
}

const Effect& ThroughputOf(const Comparison& comparison) {
  return *comparison.cells.front().Deciding();
}

TEST(Comparison, TheIntervalOfTheRatioDecides) {
  const Comparison faster = Compare(Around("peer", 1e6), Around("peer", 1.2e6));
  ASSERT_EQ(faster.cells.size(), 1u);
  EXPECT_EQ(faster.cells[0].Verdict(), EffectVerdict::kBetter);
  EXPECT_DOUBLE_EQ(ThroughputOf(faster).ratio, 1.2);
  EXPECT_GT(ThroughputOf(faster).interval->low, 1);
  EXPECT_EQ(Compare(Around("peer", 1.2e6), Around("peer", 1e6)).cells[0].Verdict(),
            EffectVerdict::kWorse);
  EXPECT_EQ(Compare(Around("peer", 1e6), Around("peer", 1.001e6)).cells[0].Verdict(),
            EffectVerdict::kNoDifference);
}

TEST(Comparison, TwoRepetitionsAreTooFewForAVerdict) {
  ResultSet few = Around("peer", 9e6);
  few.results.resize(2);
  const Comparison comparison = Compare(Around("peer", 1e6), few);
  EXPECT_EQ(comparison.cells[0].Verdict(), EffectVerdict::kTooFew);
  EXPECT_DOUBLE_EQ(ThroughputOf(comparison).ratio, 9);
  EXPECT_TRUE(comparison.Json()["cells"][0]["effects"][0]["ratio_interval"].is_null());
}

TEST(Comparison, LessLatencyAndLessMemoryAreBetter) {
  ResultSet b = Around("peer", 1e6);
  for (json& result : b.results) {
    result["latency_ns"]["all"] = {{"p50", 100}, {"p99", 1800}};
    result["memory"]["bytes_per_key"] = 20.5;
  }
  const Comparison comparison = Compare(Around("peer", 1e6), b);
  const std::vector<Effect>& effects = comparison.cells[0].effects;
  ASSERT_EQ(effects.size(), 4u) << "no result has instructions";
  EXPECT_EQ(effects[1].verdict, EffectVerdict::kBetter);
  EXPECT_EQ(effects[1].ratio, 0.5);
  EXPECT_EQ(effects[2].verdict, EffectVerdict::kWorse);
  EXPECT_EQ(effects[3].verdict, EffectVerdict::kNoDifference);
}

TEST(Comparison, InstructionsAreComparedWhereBothCountedThem) {
  ResultSet a = Around("peer", 1e6);
  ResultSet b = Around("peer", 1e6);
  for (json& result : a.results) result["hardware_counters"]["instructions"]["per_op"] = 1000;
  for (json& result : b.results) result["hardware_counters"]["instructions"]["per_op"] = nullptr;
  EXPECT_EQ(Compare(a, b).cells[0].effects.back().metric->name, "bytes_per_key");
  for (json& result : b.results) result["hardware_counters"]["instructions"]["per_op"] = 1010;
  const Effect effect = Compare(a, b).cells[0].effects.back();
  EXPECT_EQ(effect.metric->name, "instructions_per_op");
  EXPECT_EQ(effect.verdict, EffectVerdict::kWorse);
}

TEST(Comparison, OpenLoopsAreJudgedByTheirLatency) {
  ResultSet a = Around("peer", 1e6);
  ResultSet b = Around("peer", 1e6);
  for (ResultSet* set : {&a, &b}) {
    for (json& result : set->results) result["arrival"] = {{"kind", "poisson"}};
  }
  for (json& result : b.results) result["latency_ns"]["all"]["p99"] = 450;
  EXPECT_EQ(Compare(a, b).cells[0].Verdict(), EffectVerdict::kBetter);
  EXPECT_EQ(Compare(a, b).Json()["cells"][0]["decided_by"], "latency_p99_ns");
}

TEST(Comparison, AMetricThatIsZeroIsLeftOut) {
  ResultSet a = Around("peer", 1e6);
  for (json& result : a.results) result["memory"]["bytes_per_key"] = 0;
  EXPECT_EQ(Compare(a, Around("peer", 1e6)).cells[0].effects.size(), 3u);
  for (json& result : a.results) result["run"]["throughput_ops_s"] = 0;
  EXPECT_EQ(Compare(a, Around("peer", 1e6)).cells[0].Verdict(), EffectVerdict::kTooFew);
}

TEST(Comparison, CellsOfOneNameArePairedAcrossConfigurations) {
  ResultSet b = Around("peer", 1e6, "changed");
  for (json& result : b.results) result["config"]["leaf_capacity"] = 128;
  const Comparison comparison = Compare(Around("peer", 1e6), b);
  ASSERT_EQ(comparison.cells.size(), 1u);
  EXPECT_EQ(comparison.cells[0].pairing, Pairing::kLabel);
  EXPECT_EQ(comparison.cells[0].differences, std::vector<std::string>{"/config/leaf_capacity"});
  EXPECT_EQ(Compare(Around("peer", 1e6), Around("peer", 1e6)).cells[0].pairing, Pairing::kCellId);
}

TEST(Comparison, OtherAmountsOfWorkAreNoPartners) {
  ResultSet b = Around("peer", 1e6, "changed");
  for (json& result : b.results) result["record_count"] = 200;
  const Comparison comparison = Compare(Around("peer", 1e6), b);
  EXPECT_TRUE(comparison.cells.empty());
  ASSERT_EQ(comparison.alone.size(), 2u);
  EXPECT_EQ(comparison.alone[0].why, "not there");
  EXPECT_TRUE(comparison.alone[0].in_a);
  EXPECT_FALSE(comparison.alone[1].in_a);
  b = Around("peer", 1e6, "changed");
  for (json& result : b.results) result["values"] = {{"size", 100}};
  EXPECT_TRUE(Compare(Around("peer", 1e6), b).cells.empty());
}

TEST(Comparison, TwoEnginesArePairedWhereEachSideHasOne) {
  const Comparison comparison = Compare(Around("tree/a", 1e6), Around("tree/b", 2e6));
  ASSERT_EQ(comparison.cells.size(), 1u);
  EXPECT_EQ(comparison.cells[0].pairing, Pairing::kWorkload);
  EXPECT_EQ(comparison.cells[0].b.label, "tree/b");
  ResultSet b = Around("tree/b", 2e6);
  for (const json& more : Around("tree/c", 2e6).results) b.results.push_back(more);
  EXPECT_TRUE(Compare(Around("tree/a", 1e6), b).cells.empty()) << "which one, is not said";
}

TEST(Comparison, SeveralCellsOfOneNameArePairedByTheirConfigurationAlone) {
  ResultSet a = Around("peer", 1e6, "first");
  for (const json& more : Around("peer", 1e6, "second").results) a.results.push_back(more);
  ResultSet b = Around("peer", 1e6, "second");
  for (const json& more : Around("peer", 1e6, "third").results) b.results.push_back(more);
  const Comparison comparison = Compare(a, b);
  ASSERT_EQ(comparison.cells.size(), 1u);
  EXPECT_EQ(comparison.cells[0].a.cell_id, "second");
  ASSERT_EQ(comparison.alone.size(), 2u);
  EXPECT_EQ(comparison.alone[0].cell.cell_id, "first");
  EXPECT_EQ(comparison.alone[0].why, "several cells of this name differ in configuration");
}

TEST(Comparison, CellsOfASweepArePairedByTheirCoordinates) {
  const auto swept = [](const char* prefix) {
    ResultSet set;
    for (const int size : {32, 64}) {
      ResultSet cell = Around("peer", 1e6 * size, prefix + std::to_string(size));
      for (json& result : cell.results) {
        result["sweep"] = {{"size", size}};
        set.results.push_back(result);
      }
    }
    return set;
  };
  const Comparison comparison = Compare(swept("before"), swept("after"));
  ASSERT_EQ(comparison.cells.size(), 2u);
  for (const ComparedCells& cells : comparison.cells) {
    EXPECT_EQ(cells.a.coordinates, cells.b.coordinates);
    EXPECT_EQ(cells.effects.front().ratio, 1);
  }
}

TEST(WhyNotCompared, FitResultsMayDifferInCommitAndBinary) {
  ResultSet b = Around("peer", 1e6);
  for (json& result : b.results) {
    result["provenance"]["git_commit"] = std::string(40, 'c');
    result["provenance"]["binary_sha256"] = std::string(64, 'd');
  }
  EXPECT_TRUE(WhyNotCompared(Around("peer", 1e6), b).empty());
  b.results.back()["provenance"]["git_commit"] = std::string(40, 'e');
  const auto reasons = WhyNotCompared(Around("peer", 1e6), b);
  ASSERT_EQ(reasons.size(), 1u);
  EXPECT_EQ(reasons[0], "the results of folder mix 2 commits (cccccccccccc, eeeeeeeeeeee)");
}

TEST(WhyNotCompared, EveryReasonIsNamed) {
  ResultSet b = Around("peer", 1e6);
  b.results[0]["provenance"]["cores_online"] = 4;
  b.results[1]["provenance"]["git_dirty"] = true;
  b.results[2]["provenance"]["git_dirty"] = nullptr;
  b.results[3]["provenance"]["flags"] = "-fsanitize=thread";
  b.results[4]["provenance"]["binary_sha256"] = std::string(64, 'f');
  const auto reasons = WhyNotCompared(Around("peer", 1e6), b);
  ASSERT_EQ(reasons.size(), 4u);
  EXPECT_EQ(reasons[0], "the results of folder mix 2 binaries (bbbbbbbbbbbb, ffffffffffff)");
  EXPECT_EQ(reasons[1], "the results mix 2 hosts (Example, 2 cores, Example, 4 cores)");
  EXPECT_EQ(reasons[2], "2 of 10 results come from a tree with uncommitted changes or without git");
  EXPECT_EQ(reasons[3],
            "results come from builds that are not for measuring (Release with sanitizers)");
}

}  // namespace
}  // namespace bwlab::experiment
