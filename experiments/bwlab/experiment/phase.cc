#include "bwlab/experiment/phase.h"

#include <algorithm>
#include <barrier>
#include <chrono>
#include <string>
#include <system_error>
#include <thread>

#include "bwlab/experiment/tick_clock.h"

namespace bwlab::experiment {
namespace {

using Clock = std::chrono::steady_clock;

struct Worker {
  ThreadTally tally;
  Clock::time_point end;
  uint64_t end_ticks = 0;
  Status status;
  bool pinned = false;
  std::vector<PerfCount> counted;
};

}  // namespace

void AddTally(const ThreadTally& from, ThreadTally* into) {
  for (size_t kind = 0; kind < workload::kOpKindCount; ++kind) {
    into->ops[kind].ok += from.ops[kind].ok;
    into->ops[kind].miss += from.ops[kind].miss;
    into->ops[kind].fail += from.ops[kind].fail;
  }
  into->done += from.done;
  into->records_scanned += from.records_scanned;
  into->checked += from.checked;
  if (into->wrong == 0) into->first_wrong = from.first_wrong;
  into->wrong += from.wrong;
}

Result<PhaseResult> RunPhase(Engine& engine, const Streams& streams, const PhaseOptions& options,
                             const Topology& topology) {
  std::vector<Worker> workers(streams.threads());
  PhaseResult result;
  Clock::time_point start;
  // The last thread to arrive starts the clock, before any is let go: no thread of the harness has
  // to be scheduled for it.
  std::barrier barrier(static_cast<ptrdiff_t>(streams.threads()), [&]() noexcept {
    start = Clock::now();
    result.start_ticks = EndTicks();
  });
  const auto work = [&](size_t t) {
    Worker& worker = workers[t];
    worker.pinned = topology.PinThisThread(static_cast<uint32_t>(t));
    PerfCounters counters(options.counters);
    ThreadTask task;
    task.ops = streams.ops[t];
    task.thread = static_cast<uint32_t>(t);
    task.key_space = options.key_space;
    if (!streams.key_bytes.empty()) task.key_bytes = &streams.key_bytes[t];
    task.values = options.values;
    task.verify = options.verify;
    task.wait_for_start = [&] {
      barrier.arrive_and_wait();
      counters.Start();
    };
    task.note_end = [&] {
      worker.end_ticks = EndTicks();
      worker.end = Clock::now();
      counters.Stop();
    };
    if (options.samples != nullptr) {
      task.latency_sample_every = options.latency_sample_every;
      task.samples = (*options.samples)[t];
    }
    task.ticks_max = options.ticks_max;
    if (options.due_ticks != nullptr) task.due_ticks = (*options.due_ticks)[t];
    worker.status = engine.RunThread(task, &worker.tally);
    worker.counted = counters.Read();
  };
  std::vector<std::jthread> threads;
  threads.reserve(streams.threads());
  try {
    for (size_t t = 0; t < streams.threads(); ++t) threads.emplace_back(work, t);
  } catch (const std::system_error& error) {
    // Those that did start wait for the others: stand in for them, or nobody ever ends.
    const size_t started = threads.size();
    for (size_t t = started; t < streams.threads(); ++t) barrier.arrive_and_drop();
    threads.clear();
    return Status::OutOfMemory("only " + std::to_string(started) + " of " +
                               std::to_string(streams.threads()) +
                               " threads could be started: " + error.what());
  }
  threads.clear();  // joins
  Clock::time_point end = start;
  for (size_t t = 0; t < workers.size(); ++t) {
    const Worker& worker = workers[t];
    if (!worker.status.ok()) return worker.status;
    end = std::max(end, worker.end);
    result.end_ticks.push_back(worker.end_ticks);
    result.done.push_back(worker.tally.done);
    if (options.samples != nullptr) {
      (*options.samples)[t].resize(
          TimedOps(worker.tally.done, options.latency_sample_every, options.due_ticks != nullptr));
    }
    result.pinned = result.pinned && worker.pinned;
    AddCounts(worker.counted, &result.events);
    AddTally(worker.tally, &result.tally);
  }
  // A stream of a few operations can be over within a tick of the clock.
  constexpr double kShortest = 1e-9;
  result.seconds = std::max(kShortest, std::chrono::duration<double>(end - start).count());
  return result;
}

}  // namespace bwlab::experiment
