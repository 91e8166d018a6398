#include "bwlab/experiment/cell.h"

#include <gtest/gtest.h>

#include <set>

#include "bwlab/experiment/registry.h"
#include "bwlab/experiment/test_cells.h"

namespace bwlab::experiment {
namespace {

using workload::OpKind;

TEST(Cell, SurvivesTheWayToItsProcess) {
  Cell cell = TestCell("bwtree/stats", {{OpKind::kRead, 0.25}, {OpKind::kScan, 0.75}});
  cell.seed = UINT64_MAX;
  cell.latency_sample_every = 10;
  cell.warm_up = true;
  cell.interval_ms = 7;
  cell.values = {.kind = workload::ValueSizeKind::kPareto,
                 .size_min = 9,
                 .size_max = 99,
                 .shape = 0.25,
                 .scale = 20};
  const Result<Cell> copy = CellFromJson(cell.ToJson());
  ASSERT_TRUE(copy.ok()) << copy.status().message();
  EXPECT_EQ(copy.value().ToJson(), cell.ToJson());
  EXPECT_EQ(copy.value().Id(), cell.Id());
  EXPECT_EQ(copy.value().engine, cell.engine);
  EXPECT_EQ(copy.value().values, cell.values);
  EXPECT_EQ(copy.value().interval_ms, 7u);
  EXPECT_TRUE(copy.value().warm_up);
}

TEST(Cell, IdDependsOnEveryPartOfTheConfiguration) {
  const Cell base = TestCell("bwtree/default", {{OpKind::kRead, 1}});
  std::set<std::string> ids = {base.Id()};
  const auto differs = [&](auto&& change) {
    Cell cell = base;
    change(cell);
    return ids.insert(cell.Id()).second;
  };
  EXPECT_EQ(base.Id().size(), 16u);
  EXPECT_TRUE(differs([](Cell& cell) { cell.threads = 3; }));
  EXPECT_TRUE(differs([](Cell& cell) { ++cell.record_count; }));
  EXPECT_TRUE(differs([](Cell& cell) { ++cell.op_count; }));
  EXPECT_TRUE(differs([](Cell& cell) { ++cell.seed; }));
  EXPECT_TRUE(differs([](Cell& cell) { cell.verify = VerifyMode::kOff; }));
  EXPECT_TRUE(differs([](Cell& cell) { ++cell.latency_sample_every; }));
  EXPECT_TRUE(differs([](Cell& cell) { cell.key_space = workload::KeySpaceKind::kMonoInt; }));
  EXPECT_TRUE(differs([](Cell& cell) { cell.values.size_min = cell.values.size_max = 9; }));
  EXPECT_TRUE(differs([](Cell& cell) { cell.warm_up = true; }));
  EXPECT_TRUE(differs([](Cell& cell) { cell.engine = FindEngine("bwtree/scalar").value(); }));
  EXPECT_TRUE(differs([](Cell& cell) { cell.engine_config["options"]["leaf_capacity"] = 5; }));
  EXPECT_TRUE(differs([](Cell& cell) { cell.workload.request.theta = 0.5; }));
  EXPECT_FALSE(differs([](Cell&) {}));
}

TEST(Cell, WhatTheEngineCannotDoIsRefused) {
  EXPECT_TRUE(TestCell("std_map_rwlock", {{OpKind::kDelete, 1}}).CheckCapabilities().ok());
  const Status status =
      TestCell("tbb_concurrent_map", {{OpKind::kRead, 0.5}, {OpKind::kDelete, 0.5}})
          .CheckCapabilities();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("tbb_concurrent_map"), std::string::npos);
  EXPECT_NE(status.message().find("delete"), std::string::npos);
}

TEST(Cell, RecordsThatTheEngineCannotHoldAreRefused) {
  const auto refusal = [](std::string_view engine, auto&& change) {
    Cell cell = TestCell(engine, {{OpKind::kRead, 1}});
    change(cell);
    return cell.CheckCapabilities().message();
  };
  const auto email = [](Cell& cell) { cell.key_space = workload::KeySpaceKind::kEmail; };
  const auto large = [](Cell& cell) { cell.values.size_min = cell.values.size_max = 5000; };
  EXPECT_EQ(refusal("bwtree/default", email), "");
  EXPECT_EQ(refusal("std_map_rwlock", large), "");
  EXPECT_NE(refusal("bwtree/scalar", email).find("email"), std::string::npos);
  EXPECT_NE(refusal("bwtree/scalar", large).find("8 bytes"), std::string::npos);
  EXPECT_NE(refusal("bwtree/default", large).find("at most 4096 bytes, not 5000"),
            std::string::npos);
  EXPECT_NE(refusal("null", [](Cell&) {}).find("--verify off"), std::string::npos);
}

TEST(Cell, SizesOfValuesThatMakeNoSenseAreExplained) {
  const auto problem = [](const char* text) {
    return CheckValues(ValuesFromJson(nlohmann::json::parse(text)));
  };
  EXPECT_EQ(problem(R"({"size": 100})"), "");
  EXPECT_EQ(problem(R"({"size_min": 8, "size_max": 9, "distribution": "uniform"})"), "");
  EXPECT_NE(problem(R"({"size_min": 8, "size_max": 9})").find("distribution"), std::string::npos);
  EXPECT_NE(problem(R"({"size_min": 9, "size_max": 8, "distribution": "uniform"})").find("9"),
            std::string::npos);
  EXPECT_NE(problem(R"({"size_min": 8, "size_max": 9, "distribution": "pareto"})").find("sigma"),
            std::string::npos);
}

TEST(Cell, EstimateGrowsWithRecordsOperationsAndInserts) {
  Cell cell = TestCell("std_map_rwlock", {{OpKind::kRead, 1}});
  cell.record_count = 1000000000000;
  cell.op_count = 1000000000000;
  const uint64_t reads = cell.EstimatedBytes();
  EXPECT_GT(reads, uint64_t{100} * 1000000000000);
  cell.workload.mix = {};
  cell.workload.mix[workload::IndexOf(OpKind::kInsert)] = 1;
  EXPECT_GT(cell.EstimatedBytes(), reads);
}

TEST(Cell, FilesAreEstimatedFromTheRecordsThatTheyMayHold) {
  Cell cell = TestCell("std_map_rwlock", {{OpKind::kRead, 1}});
  cell.record_count = 1000000000;
  cell.op_count = 1000000000;
  const uint64_t reads = cell.EstimatedDiskBytes();
  EXPECT_GT(reads, cell.record_count * 16);
  EXPECT_LT(reads, cell.record_count * 256);
  cell.workload.mix = {};
  cell.workload.mix[workload::IndexOf(OpKind::kInsert)] = 1;
  EXPECT_GT(cell.EstimatedDiskBytes(), reads);
  cell.values = {.kind = workload::ValueSizeKind::kFixed, .size_min = 1000, .size_max = 1000};
  EXPECT_GT(cell.EstimatedDiskBytes(), cell.record_count * 2 * 1000);
}

TEST(Cell, EstimateIsOfTheCellsOwnKeysAndOfItsMeanValue) {
  Cell cell = TestCell("std_map_rwlock", {{OpKind::kRead, 1}});
  cell.record_count = 1000000;
  cell.op_count = 1;
  const auto bytes_a_record = [&cell] {
    return static_cast<double>(cell.EstimatedBytes()) / static_cast<double>(cell.record_count);
  };
  const double integers = bytes_a_record();
  cell.key_space = workload::KeySpaceKind::kComposite;
  EXPECT_NEAR(bytes_a_record() - integers, 2 * 16, 0.1) << "in the stream and in the index";
  cell.key_space = workload::KeySpaceKind::kRandInt;
  cell.values = {.kind = workload::ValueSizeKind::kUniform, .size_min = 8, .size_max = 1008};
  EXPECT_NEAR(bytes_a_record() - integers, 500, 0.1);
}

}  // namespace
}  // namespace bwlab::experiment
