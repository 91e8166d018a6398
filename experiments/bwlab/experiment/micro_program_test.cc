#include "bwlab/experiment/micro_program.h"

#include <gtest/gtest.h>

#include <fstream>

#include "bwlab/experiment/exit_code.h"

namespace bwlab::experiment {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

MicroProgram Program(const char* name, std::vector<std::string> benchmarks) {
  return {name, {}, "Why?", "none", std::move(benchmarks)};
}

json Report(const char* name, const char* unit, double time) {
  return {{"context", {{"host_name", "secret"}}},
          {"benchmarks",
           {{{"name", name},
             {"run_name", name},
             {"run_type", "iteration"},
             {"family_index", 0},
             {"per_family_instance_index", 0},
             {"repetitions", 1},
             {"repetition_index", 0},
             {"threads", 2},
             {"iterations", 10},
             {"real_time", time},
             {"cpu_time", time / 2},
             {"time_unit", unit},
             {"lost", 0.5}}}}};
}

TEST(MicroProgram, TimesAreInNanosecondsWhateverTheReportHas) {
  for (const auto& [unit, nanoseconds] :
       {std::pair{"ns", 1.0}, std::pair{"us", 1e3}, std::pair{"ms", 1e6}, std::pair{"s", 1e9}}) {
    const Result<json> benchmarks = BenchmarksOf(Report("a/b", unit, 3));
    ASSERT_TRUE(benchmarks.ok()) << benchmarks.status().message();
    EXPECT_DOUBLE_EQ(benchmarks.value()[0]["real_time_ns"].get<double>(), 3 * nanoseconds);
    EXPECT_DOUBLE_EQ(benchmarks.value()[0]["cpu_time_ns"].get<double>(), 1.5 * nanoseconds);
  }
}

TEST(MicroProgram, TheNameSaysWhichClockCounts) {
  EXPECT_EQ(BenchmarksOf(Report("a/b", "ns", 3)).value()[0]["clock"], "cpu");
  EXPECT_EQ(BenchmarksOf(Report("a/b/real_time/threads:2", "ns", 3)).value()[0]["clock"], "real");
}

TEST(MicroProgram, WhatIsNotOfGoogleBenchmarkIsACounter) {
  const json benchmark = BenchmarksOf(Report("a/b", "ns", 3)).value()[0];
  EXPECT_EQ(benchmark["counters"], json({{"lost", 0.5}}));
  EXPECT_TRUE(benchmark["items_per_second"].is_null());
  EXPECT_EQ(benchmark.dump().find("secret"), std::string::npos);
}

TEST(MicroProgram, ABenchmarkThatFailedOrAReportThatIsNoneGivesNothing) {
  json failed = Report("a/b", "ns", 3);
  failed["benchmarks"][0]["error_occurred"] = true;
  failed["benchmarks"][0]["error_message"] = "out of memory";
  EXPECT_EQ(BenchmarksOf(failed).status().message(), "a/b failed: out of memory");
  EXPECT_EQ(BenchmarksOf(json::object()).status().code(), StatusCode::kCorruption);
  EXPECT_EQ(BenchmarksOf({{"benchmarks", {{{"name", 5}}}}}).status().code(),
            StatusCode::kCorruption);
}

TEST(MicroProgram, AFilterKeepsWhatItIsFoundIn) {
  const std::vector<MicroProgram> programs = {Program("a_bench", {"a/x", "a/y"}),
                                              Program("b_bench", {"b/x"})};
  const auto kept = Filtered(programs, "a/(x|z)$");
  ASSERT_TRUE(kept.ok());
  ASSERT_EQ(kept.value().size(), 1u) << "a program without any is left out";
  EXPECT_EQ(kept.value()[0].benchmarks, std::vector<std::string>{"a/x"});
  EXPECT_EQ(Filtered(programs, "").value().size(), 2u);
  EXPECT_NE(Filtered(programs, "c").status().message().find("none of the names of the 3"),
            std::string::npos);
  EXPECT_EQ(Filtered(programs, "(").status().code(), StatusCode::kInvalidArgument);
}

TEST(MicroProgram, AProgramThatIsNotThereIsToldWithTheCommandThatBuildsIt) {
  const std::vector<std::string> names = {"none_bench"};
  const auto programs = FindMicroPrograms("/none", names);
  EXPECT_EQ(ExitCodeOf(programs.status()), kExitEnvironment);
  EXPECT_EQ(programs.status().message(),
            "/none/none_bench: is not there; build the micro-benchmarks: cmake --build /none "
            "--target micro_benchmarks");
}

}  // namespace
}  // namespace bwlab::experiment
