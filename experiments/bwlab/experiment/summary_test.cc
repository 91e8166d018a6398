#include "bwlab/experiment/summary.h"

#include <gtest/gtest.h>

namespace bwlab::experiment {
namespace {

using nlohmann::json;

json ResultOf(const char* label, uint32_t threads, double ops_per_second, json bytes_per_key) {
  return {{"cell_id", std::string(label) + std::to_string(threads)},
          {"workload", "ycsb_a"},
          {"threads", threads},
          {"label", label},
          {"run", {{"throughput_ops_s", ops_per_second}}},
          {"memory", {{"bytes_per_key", std::move(bytes_per_key)}}}};
}

TEST(Summary, RatiosCompareTheSameThreads) {
  Summary summary("peer");
  summary.Add(ResultOf("peer", 1, 1e6, 48));
  summary.Add(ResultOf("peer", 2, 4e6, 48));
  for (const double speed : {2e6, 1e6, 9e6}) summary.Add(ResultOf("mine", 2, speed, 20));
  summary.Add(ResultOf("mine", 3, 1e6, nullptr));
  ASSERT_EQ(summary.rows().size(), 4u);
  EXPECT_EQ(summary.RatioToBaseline(summary.rows()[1]), 1);
  EXPECT_EQ(summary.RatioToBaseline(summary.rows()[2]), 0.5);
  EXPECT_EQ(summary.RatioToBaseline(summary.rows()[3]), 0) << "no baseline at 3 threads";
  const json rows = summary.Json();
  EXPECT_EQ(rows[2]["reps"], 3);
  EXPECT_EQ(rows[2]["throughput_ops_s_min"], 1e6);
  EXPECT_EQ(rows[2]["throughput_ops_s_max"], 9e6);
  EXPECT_TRUE(rows[3]["bytes_per_key"].is_null());
  EXPECT_TRUE(rows[3]["ratio_to_baseline"].is_null());
}

TEST(Summary, TableHasALineForEveryCell) {
  Summary summary("peer");
  summary.Add(ResultOf("peer", 1, 1.5e6, 48));
  summary.Add(ResultOf("mine", 1, 3e6, nullptr));
  EXPECT_EQ(
      summary.Text(),
      "workload  threads  engine    Mops/s     95% interval         min .. max      bytes/key  "
      "x peer\n"
      "ycsb_a          1  peer       1.500          -             1.500 .. 1.500         48.0  "
      "1.00\n"
      "ycsb_a          1  mine       3.000          -             3.000 .. 3.000            -  "
      "2.00\n");
}

TEST(Summary, RepetitionsGiveIntervalsAndOutliers) {
  Summary summary("peer");
  for (const double speed : {1.0e6, 1.1e6, 1.2e6, 1.1e6, 9e6}) {
    summary.Add(ResultOf("peer", 1, speed, 48));
    summary.Add(ResultOf("mine", 1, 2 * speed, 20));
  }
  const json rows = summary.Json();
  EXPECT_LE(rows[0]["throughput_ops_s_interval"][0], 1.1e6);
  EXPECT_GE(rows[0]["throughput_ops_s_interval"][1], 1.1e6);
  EXPECT_EQ(rows[0]["throughput_ops_s_outliers"], json::array({9e6}));
  EXPECT_TRUE(rows[0]["ratio_interval"].is_null()) << "of the baseline to itself";
  EXPECT_LE(rows[1]["ratio_interval"][0], 2);
  EXPECT_GE(rows[1]["ratio_interval"][1], 2);
  EXPECT_NE(summary.Text().find("Outlier: ycsb_a, peer, 1 thread: 9.000"), std::string::npos);
}

TEST(Summary, TellsWhatWasCutAndWhatEnginesHaveToSay) {
  Summary summary("peer");
  json cut = ResultOf("peer", 1, 1e6, 48);
  summary.Add(cut);
  EXPECT_EQ(summary.Text().find("Cut"), std::string::npos);
  EXPECT_EQ(summary.Text().find("Note"), std::string::npos);
  cut["run"]["share_done"] = 0.25;
  summary.Add(cut);
  summary.Add(ResultOf("peer", 1, 1e6, 48));
  json noted = ResultOf("files", 2, 1e6, 48);
  noted["config"]["note"] = "built with assertions";
  summary.Add(noted);
  const std::string text = summary.Text();
  EXPECT_NE(text.find("Cut by measure.seconds_max: 1 of 2 cells; the shortest, ycsb_a, peer, "
                      "1 thread, did 25.0% of its operations\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("Note: files: built with assertions\n"), std::string::npos) << text;
  const json rows = summary.Json();
  EXPECT_EQ(rows[0]["share_done"], 0.25);
  EXPECT_TRUE(rows[0]["note"].is_null());
  EXPECT_EQ(rows[1]["share_done"], 1);
  EXPECT_EQ(rows[1]["note"], "built with assertions");
}

TEST(Summary, RatiosCompareEqualCoordinates) {
  const auto result = [](const char* label, double speed, json coordinates) {
    json made = ResultOf(label, 1, speed, nullptr);
    made["cell_id"] = label + coordinates.dump();
    made["sweep"] = std::move(coordinates);
    return made;
  };
  Summary summary("peer");
  summary.Add(result("peer", 1e6, {{"ops", 1}}));
  summary.Add(result("peer", 2e6, {{"ops", 2}}));
  summary.Add(result("mine", 4e6, {{"leaf", 32}, {"ops", 1}}));
  summary.Add(result("mine", 4e6, {{"leaf", 32}, {"ops", 2}}));
  summary.Add(result("mine", 4e6, {{"leaf", 32}, {"ops", 3}}));
  summary.Add(result("mine", 4e6, {{"leaf", 32}}));
  const json rows = summary.Json();
  EXPECT_EQ(rows[0]["ratio_to_baseline"], 1);
  EXPECT_EQ(rows[1]["ratio_to_baseline"], 1);
  EXPECT_EQ(rows[2]["ratio_to_baseline"], 4) << "an axis that the baseline lacks is left aside";
  EXPECT_EQ(rows[3]["ratio_to_baseline"], 2);
  EXPECT_TRUE(rows[4]["ratio_to_baseline"].is_null()) << "the baseline was not measured there";
  EXPECT_TRUE(rows[5]["ratio_to_baseline"].is_null()) << "two baselines would do";
  EXPECT_EQ(rows[3]["sweep"], json::parse(R"({"leaf": 32, "ops": 2})"));
  const std::string text = summary.Text();
  EXPECT_EQ(text.find("workload  threads  engine  leaf  ops    Mops/s"), 0u) << text;
  EXPECT_NE(text.find("\nycsb_a          1  peer       -    2     2.000"), std::string::npos)
      << text;
}

}  // namespace
}  // namespace bwlab::experiment
