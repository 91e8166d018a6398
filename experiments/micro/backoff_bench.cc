// kAbout says what is asked. Each operation reads a word, does some work on it (as a write does
// between reading a mapping word and its CAS) and installs the result by CAS, as often as it takes.
// One thread shows the price without contention, several show the gain; the counters tell the CASes
// lost and the spin-wait instructions spent an operation.

#include <benchmark/benchmark.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "bwlab/base/cache_line.h"
#include "bwlab/policy/backoff/backoff.h"
#include "micro.h"

namespace bwlab::micro {

const About kAbout = {
    .question =
        "What does each backoff cost where nobody contends, and what does it gain where threads "
        "change the same word?",
    .baseline = "backoff/none",
};

namespace {

constexpr BackoffLimits kLimits{4, 1024};  // the tree's defaults

template <class Backoff>
struct Contended {
  struct alignas(kCacheLineBytes) Session {
    typename Backoff::Local local{kLimits};
  };

  alignas(kCacheLineBytes) std::atomic<uint64_t> word{1};
  std::array<Session, kThreadsMax> sessions;
};

/// `steps` dependent multiplications, some three cycles each.
uint64_t Work(uint64_t value, uint32_t steps) {
  for (uint32_t i = 0; i < steps; ++i) {
    value = value * 0x9E3779B97F4A7C15 + 1;
    benchmark::DoNotOptimize(value);
  }
  return value;
}

template <class Backoff>
void RegisterBackoff() {
  for (const uint32_t work : {0u, 64u}) {
    const auto shared = std::make_shared<Contended<Backoff>>();
    RegisterByThreads(
        "backoff/" + std::string(Backoff::kName) + "/work:" + std::to_string(work),
        [shared, work](benchmark::State& state) {
          auto& local = shared->sessions[static_cast<std::size_t>(state.thread_index())].local;
          uint64_t lost = 0;
          uint64_t spins = 0;
          for (auto _ : state) {
            Backoff backoff(local);
            uint64_t seen = shared->word.load(std::memory_order_acquire);
            while (!shared->word.compare_exchange_strong(
                seen, Work(seen, work), std::memory_order_acq_rel, std::memory_order_acquire)) {
              ++lost;
              backoff.Pause();
              // What the CAS saw is old by now.
              seen = shared->word.load(std::memory_order_acquire);
            }
            spins += backoff.spins();
          }
          state.SetItemsProcessed(state.iterations());
          using benchmark::Counter;
          state.counters["lost"] = Counter(static_cast<double>(lost), Counter::kAvgIterations);
          state.counters["spins"] = Counter(static_cast<double>(spins), Counter::kAvgIterations);
        });
  }
}

}  // namespace

void RegisterBenchmarks() {
  RegisterBackoff<NoBackoff>();
  RegisterBackoff<PauseBackoff>();
  RegisterBackoff<YieldBackoff>();
  RegisterBackoff<ExponentialBackoff>();
  RegisterBackoff<ExponentialJitterBackoff>();
  RegisterBackoff<AdaptiveBackoff>();
}

}  // namespace bwlab::micro
