#include "bwlab/experiment/phase.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <span>
#include <thread>
#include <vector>

namespace bwlab::experiment {
namespace {

using workload::Op;
using workload::OpKind;

/// Counts and sleeps instead of working.
class SleepingEngine final : public Engine {
 public:
  Status RunThread(const ThreadTask& task, ThreadTally* tally) override {
    const int session = sessions_.fetch_add(1);
    std::this_thread::sleep_for(std::chrono::milliseconds(30));  // opening a session is not timed
    task.wait_for_start();
    late_sessions_ += sessions_.load() != expected_sessions;
    std::this_thread::sleep_for(std::chrono::milliseconds(session == 0 ? 60 : 1));
    tally->ops[0].ok = task.ops.size();
    tally->checked = 1;
    task.note_end();
    std::this_thread::sleep_for(std::chrono::milliseconds(30));  // nor is closing it
    return fails && session == 1 ? Status::OutOfMemory("no session") : Status::Ok();
  }
  Status CheckAllRecords(const ThreadTask&, ThreadTally*) override {
    return Status::Unsupported("not needed");
  }
  Result<std::unique_ptr<CheckSession>> OpenCheckSession() override {
    return Status::Unsupported("not needed");
  }
  uint64_t Size() const override { return 0; }
  std::optional<uint64_t> LiveBytes() const override { return 0; }

  int expected_sessions = 3;
  bool fails = false;
  int late_sessions() const { return late_sessions_; }

 private:
  std::atomic<int> sessions_{0};
  std::atomic<int> late_sessions_{0};
};

const std::vector<Op> kOps(7);
const Streams kStreams = {{std::span(kOps).first(5), kOps, {}}, {}};

TEST(Phase, TheClockRunsFromTheBarrierToTheEndOfTheLastThread) {
  SleepingEngine engine;
  const Topology topology;
  const auto result = RunPhase(engine, kStreams, {}, topology);
  ASSERT_TRUE(result.ok());
  EXPECT_GE(result.value().seconds, 0.060);
  EXPECT_LT(result.value().seconds,
            0.089);  // with a session's opening or closing it would be more
  EXPECT_EQ(engine.late_sessions(), 0) << "a thread ran before another was ready";
  EXPECT_EQ(result.value().tally.ops[0].ok, 12u);
  EXPECT_EQ(result.value().tally.checked, 3u);
}

TEST(Phase, AThreadWithoutASessionEndsThePhaseWithItsReason) {
  SleepingEngine engine;
  engine.fails = true;
  const Topology topology;
  const auto result = RunPhase(engine, kStreams, {}, topology);
  EXPECT_EQ(result.status().code(), StatusCode::kOutOfMemory);
}

TEST(Phase, ThreadsArePinned) {
  const Topology topology;
  ASSERT_GT(topology.processor_count(), 0u);
  std::jthread([&topology] {
    for (uint32_t worker = 0; worker < 2 * topology.processor_count(); ++worker) {
      EXPECT_TRUE(topology.PinThisThread(worker));
    }
  });
}

}  // namespace
}  // namespace bwlab::experiment
