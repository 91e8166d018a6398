#include "bwlab/experiment/runner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "bwlab/experiment/prepared_cell.h"
#include "bwlab/experiment/test_cells.h"
#include "bwlab/experiment/test_folder.h"
#include "bwlab/experiment/tested_engines.h"
#include "bwlab/workload/stream_digest.h"
#include "bwlab/workload/trace.h"

namespace bwlab::experiment {
namespace {

using nlohmann::json;
using workload::OpKind;

class EveryEngine : public testing::TestWithParam<TestedEngine> {
 protected:
  static Cell CellOf(std::initializer_list<std::pair<OpKind, double>> mix) {
    Cell cell = TestCell(GetParam().entry->Label(), mix);
    if (GetParam().form.byte_keys) cell.key_space = workload::KeySpaceKind::kEmail;
    if (GetParam().form.byte_values) {
      cell.values = {.kind = workload::ValueSizeKind::kUniform, .size_min = 8, .size_max = 300};
    }
    return cell;
  }

  const TestFolder folder_;
};

TEST_P(EveryEngine, RunsReadsWritesAndTheScansItCanWithoutAFault) {
  const bool scan = GetParam().entry->capabilities.scan;
  const bool reverse = GetParam().entry->capabilities.reverse_scan;
  Cell cell = CellOf({{OpKind::kUpdate, 0.2},
                      {OpKind::kInsert, 0.2},
                      {OpKind::kUpsert, 0.1},
                      {OpKind::kReadModifyWrite, 0.2},
                      {OpKind::kRead, scan ? 0.2 : 0.3},
                      {OpKind::kScan, !scan     ? 0
                                      : reverse ? 0.05
                                                : 0.1},
                      {OpKind::kReverseScan, reverse ? 0.05 : 0}});
  cell.warm_up = true;
  const Result<json> result = RunCell(cell, folder_.path());
  ASSERT_TRUE(result.ok()) << result.status().message();
  const json& run = result.value()["run"];
  EXPECT_EQ(result.value()["size"]["expected"], 2000 + run["ops"]["insert"]["ok"].get<uint64_t>());
  EXPECT_EQ(result.value()["size"]["counted"], result.value()["size"]["expected"]);
  uint64_t ops = 0;
  for (const json& counts : run["ops"]) ops += counts["ok"].get<uint64_t>();
  EXPECT_EQ(ops, cell.op_count) << "every operation must find or add its key";
  EXPECT_EQ(run["records_scanned"] > 0, scan);
  EXPECT_EQ(result.value()["latency_ns"]["all"]["count"], 1334);  // ceil(2001/3) + ceil(2000/3)
  uint64_t in_intervals = 0;
  for (const json& count : result.value()["intervals"]["ops"]) {
    in_intervals += count.get<uint64_t>();
  }
  EXPECT_EQ(in_intervals, cell.op_count);
  EXPECT_GE(result.value()["warmup"]["throughput_ops_s"].size(), 3u);
}

TEST_P(EveryEngine, RunsDeletesWhereItCan) {
  if (!GetParam().entry->capabilities.erase) GTEST_SKIP() << "cannot erase";
  Cell cell = CellOf({{OpKind::kRead, 0.4}, {OpKind::kDelete, 0.4}, {OpKind::kInsert, 0.2}});
  cell.warm_up = true;
  const Result<json> result = RunCell(cell, folder_.path());
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_GT(result.value()["run"]["ops"]["delete"]["ok"], 0);
  EXPECT_GT(result.value()["run"]["ops"]["delete"]["miss"], 0);
}

INSTANTIATE_TEST_SUITE_P(Runner, EveryEngine, testing::ValuesIn(TestedEngines()), TestedEngineName);

TEST(Runner, TheSameCellRunsTheSameStream) {
  const Cell cell = TestCell("std_map_rwlock", {{OpKind::kRead, 1}});
  EXPECT_EQ(RunCell(cell).value()["stream"], RunCell(cell).value()["stream"]);
}

TEST(Runner, AStreamInPiecesIsTheSameStream) {
  for (const workload::KeySpaceKind keys :
       {workload::KeySpaceKind::kRandInt, workload::KeySpaceKind::kEmail}) {
    Cell cell = TestCell("bwtree/default", {{OpKind::kRead, 0.5},
                                            {OpKind::kInsert, 0.3},
                                            {OpKind::kUpdate, 0.1},
                                            {OpKind::kScan, 0.1}});
    cell.key_space = keys;
    cell.warm_up = true;
    const json whole = RunCell(cell).value();
    cell.stream_ops_max = 1000;
    const Result<json> ran = RunCell(cell);
    ASSERT_TRUE(ran.ok()) << ran.status().message();
    json pieces = ran.value();
    // 498 operations a thread, a multiple of latency_sample_every.
    EXPECT_EQ(pieces["stream"]["pieces"], (json{{"load", 3}, {"run", 5}}));
    pieces["stream"].erase("pieces");
    EXPECT_EQ(pieces["stream"], whole["stream"]);
    EXPECT_EQ(pieces["run"]["ops"], whole["run"]["ops"]);
    EXPECT_EQ(pieces["size"], whole["size"]);
    EXPECT_EQ(pieces["latency_ns"]["all"]["count"], whole["latency_ns"]["all"]["count"]);
    EXPECT_FALSE(whole["stream"].contains("pieces"));
  }
}

TEST(Runner, ARunIsCutWhenItsTimeIsOver) {
  for (const uint64_t pieces : {0, 1000}) {
    Cell cell = TestCell("bwtree/default", {{OpKind::kRead, 0.5}, {OpKind::kInsert, 0.5}});
    cell.warm_up = true;
    cell.seconds_max = 1e-6;
    cell.stream_ops_max = pieces;
    const Result<json> ran = RunCell(cell);
    ASSERT_TRUE(ran.ok()) << ran.status().message();
    const json& result = ran.value();
    uint64_t ops = 0;
    for (const json& counts : result["run"]["ops"]) ops += counts["ok"].get<uint64_t>();
    EXPECT_GE(ops, cell.threads);
    EXPECT_LT(ops, cell.op_count);
    EXPECT_DOUBLE_EQ(result["run"]["share_done"].get<double>(),
                     static_cast<double>(ops) / static_cast<double>(cell.op_count));
    EXPECT_EQ(result["size"]["counted"],
              cell.record_count + result["run"]["ops"]["insert"]["ok"].get<uint64_t>());
    uint64_t in_intervals = 0;
    for (const json& count : result["intervals"]["ops"]) in_intervals += count.get<uint64_t>();
    EXPECT_EQ(in_intervals, ops);
    EXPECT_LT(result["warmup"]["ops"], cell.op_count / 2);
  }
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

TEST(Runner, KeysMadeAtRunTimeAreAllThereAtTheEnd) {
  Cell cell = TestCell("bwtree/default", {{OpKind::kInsert, 1}});
  cell.key_space = workload::KeySpaceKind::kMonoHc;
  const Result<json> result = RunCell(cell);
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_EQ(result.value()["size"]["counted"], cell.record_count + cell.op_count);
}

TEST(Runner, TheHarnessAloneIsTimedOnAnEngineThatDoesNothing) {
  Cell cell = TestCell("null", {{OpKind::kRead, 1}});
  cell.verify = VerifyMode::kOff;
  const Result<json> result = RunCell(cell);
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_EQ(result.value()["harness"]["ops"], 2001);
  EXPECT_GT(result.value()["harness"]["ns_per_op"], 0);
  EXPECT_EQ(result.value()["size"]["counted"], 0);
}

TEST(Runner, PartsOfARunThatChangesOverTimeAreToldApart) {
  Cell cell = TestCell("std_map_rwlock", {});
  workload::PhaseSpec reads;
  reads.share = 0.75;
  reads.mix[workload::IndexOf(OpKind::kRead)] = 1;
  workload::PhaseSpec inserts;
  inserts.share = 0.25;
  inserts.mix[workload::IndexOf(OpKind::kInsert)] = 1;
  cell.workload.SetPhases({reads, inserts});
  cell.op_count = 4000;
  const Result<json> result = RunCell(cell);
  ASSERT_TRUE(result.ok()) << result.status().message();
  const json& parts = result.value()["run"]["parts"];
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(parts[0]["ops"], 3000);
  EXPECT_EQ(parts[1]["ops"], 1000);
  EXPECT_GT(parts[0]["throughput_ops_s"], 0);
}

TEST(Runner, NothingIsTimedWhereNothingIsSampled) {
  Cell cell = TestCell("std_map_rwlock", {{OpKind::kRead, 1}});
  cell.latency_sample_every = 0;
  const Result<json> result = RunCell(cell);
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_TRUE(result.value()["intervals"].is_null());
  EXPECT_TRUE(result.value()["warmup"].is_null());
}

TEST(Runner, SizeIsNotExpectedWhereItDependsOnTheSchedule) {
  const Cell cell = TestCell("std_map_rwlock", {{OpKind::kUpsert, 0.5}, {OpKind::kDelete, 0.5}});
  const Result<json> result = RunCell(cell);
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_TRUE(result.value()["size"]["expected"].is_null());
}

TEST(Runner, TheDigestOfATracesOperationsIsThePlansAndThatOfTheFileIsChecked) {
  const TestFolder folder;
  const std::string path = (folder.path() / "t.bwtrace").string();
  Cell cell = TestCell("std_map_rwlock", {{OpKind::kRead, 1}});
  ASSERT_TRUE(RecordTrace(cell, path).ok());
  const workload::TraceOpened opened = workload::Trace::Open(path);
  ASSERT_TRUE(opened.ok()) << opened.error;
  cell.trace = {path, opened.trace->sha256(), 0, "told"};
  const Result<json> result = RunCell(cell, folder.path());
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_EQ(result.value()["stream"]["sha256"], "told");
  cell.trace->stream_sha256.clear();
  EXPECT_EQ(RunCell(cell, folder.path()).value()["stream"]["sha256"],
            workload::StreamsSha256(opened.trace->view().streams));
  cell.trace->sha256[0] ^= 1;
  EXPECT_EQ(RunCell(cell, folder.path()).status().message(),
            path + ": has changed since the run was planned");
}

}  // namespace
}  // namespace bwlab::experiment
