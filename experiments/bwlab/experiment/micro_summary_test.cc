#include "bwlab/experiment/micro_summary.h"

#include <gtest/gtest.h>

namespace bwlab::experiment {
namespace {

using nlohmann::json;

json Measured(const char* name, const char* clock, double time_ns, const json& items_per_second) {
  return {{"name", name},
          {"threads", 1},
          {"iterations", 10},
          {"clock", clock},
          {"real_time_ns", std::string_view(clock) == "real" ? time_ns : 1e15},
          {"cpu_time_ns", std::string_view(clock) == "cpu" ? time_ns : 1e15},
          {"items_per_second", items_per_second},
          {"counters", json::object()}};
}

json Result(const char* program, std::vector<json> benchmarks) {
  return {{"program", program},
          {"question", "How fast?"},
          {"baseline", "none"},
          {"benchmarks", std::move(benchmarks)}};
}

TEST(MicroSummary, TheClockOfABenchmarkSaysWhichTimeCounts) {
  MicroSummary summary;
  summary.Add(Result("a_bench", {Measured("x", "cpu", 3, 5.0), Measured("y", "real", 4, json())}));
  ASSERT_EQ(summary.rows().size(), 2u);
  EXPECT_EQ(summary.rows()[0].time_ns, std::vector<double>{3});
  EXPECT_EQ(summary.rows()[1].time_ns, std::vector<double>{4});
  EXPECT_EQ(summary.rows()[0].items_per_second, std::vector<double>{5});
  EXPECT_TRUE(summary.rows()[1].items_per_second.empty());
}

TEST(MicroSummary, RepetitionsOfABenchmarkShareARow) {
  MicroSummary summary;
  for (const double time_ns : {3.0, 1.0, 2.0}) {
    summary.Add(Result("a_bench", {Measured("x", "cpu", time_ns, 2e8)}));
  }
  summary.Add(Result("b_bench", {Measured("x", "cpu", 9, 2e8)}));
  const json rows = summary.Json();
  ASSERT_EQ(rows.size(), 2u) << "equal names of two programs are two benchmarks";
  EXPECT_EQ(rows[0]["time_ns"], json({3, 1, 2}));
  EXPECT_EQ(rows[0]["time_ns_median"], 2);
  EXPECT_LE(rows[0]["time_ns_interval"][0], 2);
  EXPECT_GE(rows[0]["time_ns_interval"][1], 2);
  EXPECT_TRUE(rows[1]["time_ns_interval"].is_null()) << "one repetition has no interval";
}

TEST(MicroSummary, TheTextHasAReadableUnitForEachNumber) {
  MicroSummary summary;
  summary.Add(Result(
      "a_bench", {Measured("x", "cpu", 2.5, 217.8e6), Measured("y", "real", 125.25e6, json())}));
  summary.Add(Result("b_bench", {Measured("z", "cpu", 1, 1)}));
  const std::string text = summary.Text();
  EXPECT_TRUE(text.starts_with("a_bench: How fast?\nBaseline: none\nbenchmark")) << text;
  EXPECT_NE(text.find("2.50 ns"), std::string::npos) << text;
  EXPECT_NE(text.find("217.80 M/s"), std::string::npos) << text;
  EXPECT_NE(text.find("125.25 ms"), std::string::npos) << text;
  EXPECT_LT(text.find("125.25 ms"), text.find("b_bench: "));
}

}  // namespace
}  // namespace bwlab::experiment
