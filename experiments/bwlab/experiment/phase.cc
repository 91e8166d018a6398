#include "bwlab/experiment/phase.h"

#include <algorithm>
#include <barrier>
#include <chrono>
#include <span>
#include <string>
#include <system_error>
#include <thread>

namespace bwlab::experiment {
namespace {

using Clock = std::chrono::steady_clock;

struct Worker {
  ThreadTally tally;
  Clock::time_point end;
  Status status;
  bool pinned = false;
  std::vector<PerfCount> counted;
};

void Merge(const ThreadTally& from, ThreadTally* into) {
  for (size_t kind = 0; kind < workload::kOpKindCount; ++kind) {
    into->ops[kind].ok += from.ops[kind].ok;
    into->ops[kind].miss += from.ops[kind].miss;
    into->ops[kind].fail += from.ops[kind].fail;
    into->latency_ticks[kind].Merge(from.latency_ticks[kind]);
  }
  into->records_scanned += from.records_scanned;
  into->checked += from.checked;
  if (into->wrong == 0) into->first_wrong = from.first_wrong;
  into->wrong += from.wrong;
  into->checksum += from.checksum;
}

}  // namespace

double PhaseResult::OpsPerSecond() const {
  uint64_t ops = 0;
  for (const OpCounts& counts : tally.ops) ops += counts.ok + counts.miss + counts.fail;
  return static_cast<double>(ops) / seconds;
}

Result<std::unique_ptr<PhaseResult>> RunPhase(Engine& engine, const Streams& streams,
                                              const PhaseOptions& options,
                                              const Topology& topology) {
  std::vector<Worker> workers(streams.size());
  Clock::time_point start;
  // The last thread to arrive starts the clock, before any is let go: no thread of the harness has
  // to be scheduled for it.
  std::barrier barrier(static_cast<ptrdiff_t>(streams.size()),
                       [&start]() noexcept { start = Clock::now(); });
  const auto work = [&](size_t t) {
    Worker& worker = workers[t];
    worker.pinned = topology.PinThisThread(static_cast<uint32_t>(t));
    PerfCounters counters(options.counters);
    const ThreadTask task{.ops = streams[t],
                          .verify = options.verify,
                          .latency_sample_every = options.latency_sample_every,
                          .due_ticks = options.due_ticks == nullptr
                                           ? std::span<const uint64_t>()
                                           : std::span<const uint64_t>((*options.due_ticks)[t]),
                          .wait_for_start =
                              [&] {
                                barrier.arrive_and_wait();
                                counters.Start();
                              },
                          .note_end =
                              [&] {
                                worker.end = Clock::now();
                                counters.Stop();
                              }};
    worker.status = engine.RunThread(task, &worker.tally);
    worker.counted = counters.Read();
  };
  std::vector<std::jthread> threads;
  threads.reserve(streams.size());
  try {
    for (size_t t = 0; t < streams.size(); ++t) threads.emplace_back(work, t);
  } catch (const std::system_error& error) {
    // Those that did start wait for the others: stand in for them, or nobody ever ends.
    const size_t started = threads.size();
    for (size_t t = started; t < streams.size(); ++t) barrier.arrive_and_drop();
    threads.clear();
    return Status::OutOfMemory("only " + std::to_string(started) + " of " +
                               std::to_string(streams.size()) +
                               " threads could be started: " + error.what());
  }
  threads.clear();  // joins
  auto result = std::make_unique<PhaseResult>();
  Clock::time_point end = start;
  for (const Worker& worker : workers) {
    if (!worker.status.ok()) return worker.status;
    end = std::max(end, worker.end);
    result->pinned = result->pinned && worker.pinned;
    AddCounts(worker.counted, &result->events);
    Merge(worker.tally, &result->tally);
  }
  // A stream of a few operations can be over within a tick of the clock.
  constexpr double kShortest = 1e-9;
  result->seconds = std::max(kShortest, std::chrono::duration<double>(end - start).count());
  return result;
}

}  // namespace bwlab::experiment
