#pragma once

#include <benchmark/benchmark.h>

#include <string>
#include <utility>

namespace bwlab::micro {

/// What a program is for; `run_experiment micro --list` shows it.
struct About {
  const char* question;
  const char* baseline;  ///< what the others are to be compared with
};

/// Each micro-benchmark defines this one.
extern const About kAbout;

/// Each micro-benchmark defines this one: registers what it measures under family/policy/args.
void RegisterBenchmarks();

/// Threads of the measurements that have several.
inline constexpr int kThreadsMax = 2;

/// Registers run(benchmark::State&) for one thread and for kThreadsMax, by wall-clock time. `run`
/// holds what the threads share; a thread finds its own part by state.thread_index().
template <class Run>
void RegisterByThreads(const std::string& name, Run run) {
  benchmark::RegisterBenchmark(name.c_str(), std::move(run))
      ->Threads(1)
      ->Threads(kThreadsMax)
      ->UseRealTime();
}

}  // namespace bwlab::micro
