#include "bwlab/experiment/runner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "bwlab/experiment/engine_test_name.h"
#include "bwlab/experiment/test_cells.h"

namespace bwlab::experiment {
namespace {

using nlohmann::json;
using workload::OpKind;

class EveryEngine : public testing::TestWithParam<const EngineEntry*> {};

TEST_P(EveryEngine, RunsReadsWritesAndScansWithoutAFault) {
  const Cell cell = TestCell(GetParam()->Label(), {{OpKind::kRead, 0.2},
                                                   {OpKind::kUpdate, 0.2},
                                                   {OpKind::kInsert, 0.2},
                                                   {OpKind::kUpsert, 0.1},
                                                   {OpKind::kReadModifyWrite, 0.2},
                                                   {OpKind::kScan, 0.1}});
  const Result<json> result = RunCell(cell);
  ASSERT_TRUE(result.ok()) << result.status().message();
  const json& run = result.value()["run"];
  EXPECT_EQ(result.value()["size"]["expected"], 2000 + run["ops"]["insert"]["ok"].get<uint64_t>());
  EXPECT_EQ(result.value()["size"]["counted"], result.value()["size"]["expected"]);
  uint64_t ops = 0;
  for (const json& counts : run["ops"]) ops += counts["ok"].get<uint64_t>();
  EXPECT_EQ(ops, cell.op_count) << "every operation must find or add its key";
  EXPECT_GT(run["records_scanned"], 0);
  EXPECT_EQ(result.value()["latency_ns"]["all"]["count"], 1334);  // ceil(2001/3) + ceil(2000/3)
}

TEST_P(EveryEngine, RunsDeletesWhereItCan) {
  if (!GetParam()->capabilities.erase) GTEST_SKIP() << "cannot erase";
  const Cell cell = TestCell(
      GetParam()->Label(), {{OpKind::kRead, 0.4}, {OpKind::kDelete, 0.4}, {OpKind::kInsert, 0.2}});
  const Result<json> result = RunCell(cell);
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_GT(result.value()["run"]["ops"]["delete"]["ok"], 0);
  EXPECT_GT(result.value()["run"]["ops"]["delete"]["miss"], 0);
}

INSTANTIATE_TEST_SUITE_P(Runner, EveryEngine, testing::ValuesIn(ListedEngines()), EngineTestName);

TEST(Runner, TheSameCellRunsTheSameStream) {
  const Cell cell = TestCell("std_map_rwlock", {{OpKind::kRead, 1}});
  EXPECT_EQ(RunCell(cell).value()["stream"], RunCell(cell).value()["stream"]);
}

TEST(Runner, AWrongEngineIsFoundWhateverItIsAsked) {
  for (const OpKind kind : {OpKind::kRead, OpKind::kScan, OpKind::kReadModifyWrite}) {
    Cell cell = TestCell("faulty_for_tests", {{kind, 1}});
    EXPECT_EQ(RunCell(cell).status().code(), StatusCode::kCorruption) << workload::ToString(kind);
    cell.verify = VerifyMode::kSample;
    EXPECT_EQ(RunCell(cell).status().code(), StatusCode::kCorruption) << workload::ToString(kind);
    cell.verify = VerifyMode::kOff;
    EXPECT_TRUE(RunCell(cell).ok()) << workload::ToString(kind);
  }
}

TEST(Runner, FullVerificationReadsEveryRecordAtTheEnd) {
  // No read at all in the run: only the final pass can see that the engine is wrong.
  const Cell cell = TestCell("faulty_for_tests", {{OpKind::kInsert, 1}});
  const Status status = RunCell(cell).status();
  EXPECT_EQ(status.code(), StatusCode::kCorruption);
  EXPECT_NE(status.message().find("pass over all records"), std::string::npos);
}

TEST(Runner, AnEngineThatLacksRoomFailsTheCell) {
  Cell cell = TestCell("bwtree/default", {{OpKind::kRead, 1}});
  cell.engine_config["options"]["pages_max"] = 16;
  cell.engine_config["options"]["leaf_capacity"] = 16;
  const Status status = RunCell(cell).status();
  EXPECT_EQ(status.code(), StatusCode::kOutOfMemory) << status.message();
}

TEST(Runner, SizeIsNotExpectedWhereItDependsOnTheSchedule) {
  const Cell cell = TestCell("std_map_rwlock", {{OpKind::kUpsert, 0.5}, {OpKind::kDelete, 0.5}});
  const Result<json> result = RunCell(cell);
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_TRUE(result.value()["size"]["expected"].is_null());
}

}  // namespace
}  // namespace bwlab::experiment
