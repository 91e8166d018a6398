#include "bwlab/experiment/engine_loop.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <iterator>
#include <map>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "bwlab/experiment/histogram.h"
#include "bwlab/workload/value.h"

namespace bwlab::experiment {
namespace {

using workload::Op;
using workload::OpKind;
using workload::ValueOf;

constexpr Capabilities kAll{.scan = true, .reverse_scan = true, .erase = true};

/// A std::map whose faults can be switched on.
struct FakeSession {
  std::map<uint64_t, uint64_t> map;
  bool swaps_values = false;
  bool scans_backwards = false;
  bool scans_too_much = false;
  bool miscounts_scans = false;
  bool is_full = false;
  uint64_t stall_at_get = 0;  // counted from 1; this one takes 10 ms
  uint64_t gets = 0;

  OpResult Insert(uint64_t key, uint64_t value) {
    if (is_full) return OpResult::kOutOfMemory;
    return map.emplace(key, value).second ? OpResult::kOk : OpResult::kExists;
  }
  OpResult Upsert(uint64_t key, uint64_t value) {
    map[key] = value;
    return OpResult::kOk;
  }
  OpResult Update(uint64_t key, uint64_t value) {
    if (!map.contains(key)) return OpResult::kNotFound;
    map[key] = value;
    return OpResult::kOk;
  }
  OpResult Delete(uint64_t key) {
    return map.erase(key) == 1 ? OpResult::kOk : OpResult::kNotFound;
  }
  OpResult Get(uint64_t key, uint64_t* value) {
    if (++gets == stall_at_get) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    const auto found = map.find(key);
    if (found == map.end()) return OpResult::kNotFound;
    *value = swaps_values ? ValueOf(key + 1, 0) : found->second;
    return OpResult::kOk;
  }
  template <class Visitor>
  size_t Scan(uint64_t first, size_t limit, Visitor&& visit) {
    std::vector<std::pair<uint64_t, uint64_t>> found;
    for (auto at = map.lower_bound(first);
         at != map.end() && found.size() < limit + (scans_too_much ? 1 : 0); ++at) {
      found.emplace_back(at->first, swaps_values ? ValueOf(at->first + 1, 0) : at->second);
    }
    return Show(std::move(found), visit);
  }
  template <class Visitor>
  size_t ReverseScan(uint64_t first, size_t limit, Visitor&& visit) {
    std::vector<std::pair<uint64_t, uint64_t>> found;
    for (auto at = std::make_reverse_iterator(map.upper_bound(first));
         at != map.rend() && found.size() < limit; ++at) {
      found.emplace_back(*at);
    }
    return Show(std::move(found), visit);
  }
  template <class Visitor>
  size_t Show(std::vector<std::pair<uint64_t, uint64_t>> found, Visitor&& visit) const {
    if (scans_backwards) found = {found.rbegin(), found.rend()};
    for (const auto& [key, value] : found) visit(key, value);
    return found.size() + (miscounts_scans ? 1 : 0);
  }
};

std::unique_ptr<ThreadTally> RunOn(FakeSession& session, ThreadTask task) {
  auto tally = std::make_unique<ThreadTally>();
  StreamLoop<FakeSession, kAll, RecordForm{}> loop(session, task, tally.get());
  loop.Run();
  loop.CountSuccesses();
  return tally;
}

std::unique_ptr<ThreadTally> RunOn(FakeSession& session, const std::vector<Op>& ops,
                                   VerifyMode verify) {
  ThreadTask task;
  task.ops = ops;
  task.verify = verify;
  return RunOn(session, task);
}

Op OpOf(OpKind kind, uint64_t key, uint32_t version = 1, uint16_t length = 0) {
  return {.key = key, .version = version, .length = length, .kind = kind};
}

FakeSession Loaded(uint64_t keys) {
  FakeSession session;
  for (uint64_t key = 0; key < keys; ++key) session.map[key] = ValueOf(key, 0);
  return session;
}

TEST(StreamLoop, DoesAndCountsEachKindOfOperation) {
  FakeSession session = Loaded(10);
  const auto tally =
      RunOn(session,
            {OpOf(OpKind::kRead, 1), OpOf(OpKind::kRead, 99), OpOf(OpKind::kUpdate, 2, 7),
             OpOf(OpKind::kUpdate, 99, 7), OpOf(OpKind::kInsert, 20, 5),
             OpOf(OpKind::kInsert, 3, 5), OpOf(OpKind::kUpsert, 30, 6), OpOf(OpKind::kDelete, 4),
             OpOf(OpKind::kDelete, 4), OpOf(OpKind::kReadModifyWrite, 5, 8),
             OpOf(OpKind::kReadModifyWrite, 98, 8), OpOf(OpKind::kScan, 6, 0, 3)},
            VerifyMode::kFull);
  const auto counts = [&](OpKind kind) { return tally->ops[workload::IndexOf(kind)]; };
  for (const OpKind kind : {OpKind::kRead, OpKind::kUpdate, OpKind::kInsert, OpKind::kDelete,
                            OpKind::kReadModifyWrite}) {
    EXPECT_EQ(counts(kind).ok, 1u) << workload::ToString(kind);
    EXPECT_EQ(counts(kind).miss, 1u) << workload::ToString(kind);
    EXPECT_EQ(counts(kind).fail, 0u) << workload::ToString(kind);
  }
  EXPECT_EQ(counts(OpKind::kUpsert).ok, 1u);
  EXPECT_EQ(counts(OpKind::kScan).ok, 1u);
  EXPECT_EQ(tally->records_scanned, 3u);
  EXPECT_EQ(tally->checked, 5u);  // two reads, two read-modify-writes, one scan
  EXPECT_EQ(tally->wrong, 0u);
  EXPECT_EQ(session.map[2], ValueOf(2, 7));
  EXPECT_EQ(session.map[20], ValueOf(20, 5));
  EXPECT_EQ(session.map[3], ValueOf(3, 0)) << "a failed insert changes nothing";
  EXPECT_EQ(session.map[30], ValueOf(30, 6));
  EXPECT_EQ(session.map[5], ValueOf(5, 8));
  EXPECT_FALSE(session.map.contains(4));
}

TEST(StreamLoop, CountsFailuresApartFromMisses) {
  FakeSession session;
  session.is_full = true;
  const auto tally = RunOn(session, {OpOf(OpKind::kInsert, 1)}, VerifyMode::kOff);
  EXPECT_EQ(tally->ops[workload::IndexOf(OpKind::kInsert)].fail, 1u);
}

TEST(StreamLoop, FindsEachFaultOfAnEngine) {
  const std::vector<Op> read = {OpOf(OpKind::kRead, 3)};
  const std::vector<Op> modify = {OpOf(OpKind::kReadModifyWrite, 3)};
  const std::vector<Op> scan = {OpOf(OpKind::kScan, 2, 0, 4)};
  const std::vector<Op> reverse_scan = {OpOf(OpKind::kReverseScan, 8, 0, 4)};
  const auto wrong = [](bool FakeSession::*fault, const std::vector<Op>& ops) {
    FakeSession session = Loaded(10);
    session.*fault = true;
    const auto tally = RunOn(session, ops, VerifyMode::kFull);
    EXPECT_EQ(tally->first_wrong.empty(), tally->wrong == 0);
    return tally->wrong;
  };
  EXPECT_EQ(wrong(&FakeSession::swaps_values, read), 1u);
  EXPECT_EQ(wrong(&FakeSession::swaps_values, modify), 1u);
  EXPECT_EQ(wrong(&FakeSession::swaps_values, scan), 1u);
  EXPECT_EQ(wrong(&FakeSession::scans_backwards, scan), 1u);
  EXPECT_EQ(wrong(&FakeSession::scans_too_much, scan), 1u);
  EXPECT_EQ(wrong(&FakeSession::miscounts_scans, scan), 1u);
  EXPECT_EQ(wrong(&FakeSession::scans_backwards, reverse_scan), 1u);
  EXPECT_EQ(wrong(&FakeSession::miscounts_scans, reverse_scan), 1u);
  FakeSession right = Loaded(10);
  EXPECT_EQ(RunOn(right, scan, VerifyMode::kFull)->wrong, 0u);
  EXPECT_EQ(RunOn(right, reverse_scan, VerifyMode::kFull)->wrong, 0u);
}

TEST(StreamLoop, TheLargestKeyMayBeScanned) {
  FakeSession session;
  session.map[UINT64_MAX] = ValueOf(UINT64_MAX, 0);
  session.map[UINT64_MAX - 1] = ValueOf(UINT64_MAX - 1, 0);
  const auto tally = RunOn(session, {OpOf(OpKind::kScan, UINT64_MAX - 1, 0, 5)}, VerifyMode::kFull);
  EXPECT_EQ(tally->wrong, 0u);
  EXPECT_EQ(tally->records_scanned, 2u);
}

TEST(StreamLoop, ChecksNoneOneIn64OrAll) {
  FakeSession session = Loaded(10);
  const std::vector<Op> ops(6400, OpOf(OpKind::kRead, 1));
  EXPECT_EQ(RunOn(session, ops, VerifyMode::kOff)->checked, 0u);
  EXPECT_EQ(RunOn(session, ops, VerifyMode::kSample)->checked, 100u);
  EXPECT_EQ(RunOn(session, ops, VerifyMode::kFull)->checked, 6400u);
}

/// Writes down what it is asked for.
struct RecordingSession {
  std::vector<std::pair<OpKind, uint64_t>> asked;

  OpResult Insert(uint64_t key, uint64_t) { return Take(OpKind::kInsert, key); }
  OpResult Upsert(uint64_t key, uint64_t) { return Take(OpKind::kUpsert, key); }
  OpResult Update(uint64_t key, uint64_t) { return Take(OpKind::kUpdate, key); }
  OpResult Get(uint64_t key, uint64_t* value) {
    *value = ValueOf(key, 0);
    return Take(OpKind::kRead, key);
  }
  OpResult Take(OpKind kind, uint64_t key) {
    asked.emplace_back(kind, key);
    return OpResult::kOk;
  }
};

/// Whatever kinds meet in a group, and wherever operations are timed or checked in between.
TEST(StreamLoop, KeepsTheOrderOfAnyMixOfKinds) {
  constexpr std::array kKinds = {OpKind::kUpdate, OpKind::kRead, OpKind::kInsert, OpKind::kUpsert};
  std::mt19937_64 random(7);
  for (size_t kinds = 1; kinds <= kKinds.size(); ++kinds) {
    for (const size_t size : {0, 1, 3, 4, 5, 63, 64, 65, 20'000}) {
      // The kinds change on the way, so that a pair found at the beginning does not fit the end.
      std::vector<Op> ops;
      for (size_t i = 0; i < size; ++i) {
        const size_t change = i < size / 2 ? 0 : kKinds.size() - kinds;
        ops.push_back(OpOf(kKinds[random() % kinds + change], i));
      }
      for (const uint32_t every : {0, 1, 5, 64}) {
        std::vector<LatencySample> samples(TimedOps(size, every, false));
        ThreadTask task;
        task.ops = ops;
        task.verify = VerifyMode::kSample;
        task.latency_sample_every = every;
        task.samples = samples;
        ThreadTally tally;
        RecordingSession session;
        StreamLoop<RecordingSession, Capabilities{}, RecordForm{}> loop(session, task, &tally);
        loop.Run();
        ASSERT_EQ(session.asked.size(), size);
        uint64_t reads_to_check = 0;
        for (size_t i = 0; i < size; ++i) {
          ASSERT_EQ(session.asked[i], std::pair(ops[i].kind, ops[i].key)) << kinds << " kinds";
          if (ops[i].kind == OpKind::kRead && i % kCheckEvery == kCheckOffset) ++reads_to_check;
        }
        EXPECT_EQ(tally.checked, reads_to_check);
        for (size_t i = 0; i < samples.size(); ++i) {
          ASSERT_EQ(samples[i].kind_index(), workload::IndexOf(ops[i * every].kind));
        }
      }
    }
  }
}

TEST(StreamLoop, TimesEveryNthOperation) {
  std::vector<Op> ops(100, OpOf(OpKind::kRead, 1));
  ops[99].kind = OpKind::kUpdate;
  const auto timed = [&](uint32_t every) {
    FakeSession session = Loaded(10);
    std::vector<LatencySample> samples(TimedOps(ops.size(), every, false));
    ThreadTask task;
    task.ops = ops;
    task.latency_sample_every = every;
    task.samples = samples;
    RunOn(session, task);
    return samples;
  };
  EXPECT_EQ(timed(0).size(), 0u);
  EXPECT_EQ(timed(1).size(), 100u);
  EXPECT_EQ(timed(1000).size(), 1u);
  const std::vector<LatencySample> samples = timed(33);
  ASSERT_EQ(samples.size(), 4u);
  EXPECT_EQ(samples[0].kind_index(), workload::IndexOf(OpKind::kRead));
  EXPECT_EQ(samples[3].kind_index(), workload::IndexOf(OpKind::kUpdate));
  for (size_t i = 0; i < samples.size(); ++i) {
    EXPECT_GT(samples[i].ticks(), 0u);
    if (i == 0) continue;
    EXPECT_GT(samples[i].end_ticks() - samples[i].ticks(), samples[i - 1].end_ticks());
  }
}

TEST(StreamLoop, KeysMadeAtRunTimeGrowAndTellTheirThread) {
  FakeSession session;
  const std::vector<Op> ops(100, OpOf(OpKind::kInsert, 7));
  ThreadTask task;
  task.ops = ops;
  task.thread = 5;
  task.key_space = workload::KeySpaceKind::kMonoHc;
  const auto tally = RunOn(session, task);
  EXPECT_EQ(tally->ops[workload::IndexOf(OpKind::kInsert)].ok, 100u);
  for (const auto& [key, value] : session.map) {
    EXPECT_EQ(key % 64, 5u);
    EXPECT_EQ(value, ValueOf(key, 1));
  }
}

/// 100,000 reads, one of which stalls for 10 ms. In a closed loop one latency of 100,000 is long,
/// and p99.9 knows nothing of it. In an open loop of a million operations a second 10,000 others
/// are late by it.
TEST(StreamLoop, AnOpenLoopShowsAStallThatAClosedLoopHides) {
  constexpr uint64_t kOps = 100'000;
  constexpr double kStallNs = 10e6;
  const TickScale scale = TickScale::Measure();
  const std::vector<Op> ops(kOps, OpOf(OpKind::kRead, 3));
  const auto p99_9_ns = [&](const std::vector<uint64_t>& due_ticks) {
    FakeSession session = Loaded(10);
    session.stall_at_get = 1000;
    std::vector<LatencySample> samples(kOps);
    ThreadTask task;
    task.ops = ops;
    task.latency_sample_every = 1;
    task.samples = samples;
    task.due_ticks = due_ticks;
    RunOn(session, task);
    Histogram latencies;
    for (const LatencySample& sample : samples) latencies.Record(sample.ticks());
    EXPECT_EQ(latencies.count(), kOps);
    EXPECT_GT(static_cast<double>(latencies.max()) * scale.ns_per_tick, kStallNs);
    return static_cast<double>(latencies.Quantile(0.999)) * scale.ns_per_tick;
  };
  std::vector<uint64_t> due_ticks;
  for (uint64_t i = 0; i < kOps; ++i) {
    due_ticks.push_back(static_cast<uint64_t>(static_cast<double>(i) * 1000 / scale.ns_per_tick));
  }
  EXPECT_GT(p99_9_ns(due_ticks), 0.5 * kStallNs);
  EXPECT_LT(p99_9_ns({}), 0.1 * kStallNs);
}

}  // namespace
}  // namespace bwlab::experiment
