// kAbout says what is asked: of an operation (section), and of an operation that retires a page
// (retire). Leak's section is a counter and its retirement a list. A retirement takes a page from a
// list and frees it to one, so that what is measured is the policy's own work; `waiting` is how
// many pages a session has retired and not freed when it ends.

#include <benchmark/benchmark.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <type_traits>

#include "bwlab/base/cache_line.h"
#include "bwlab/policy/reclamation/epoch_centralized.h"
#include "bwlab/policy/reclamation/epoch_decentralized.h"
#include "bwlab/policy/reclamation/leak.h"
#include "bwlab/policy/reclamation/qsbr.h"
#include "bwlab/policy/reclamation/retired.h"
#include "micro.h"

namespace bwlab::micro {

const About kAbout = {
    .question =
        "What does each reclamation policy add to an operation, and to one that retires a page, by "
        "batch size, freeing at once or amortised, and who pays for the barrier?",
    .baseline = "reclamation/leak",
};

namespace {

struct alignas(kCacheLineBytes) Page : Retired {};

template <class Policy>
struct Sessions {
  /// One thread's side. Pages may end in another session than they came from.
  struct alignas(kCacheLineBytes) Session {
    explicit Session(typename Policy::Domain& domain) : participant(domain) {}

    Retired* Take() {
      if (!free_pages.empty()) return free_pages.Pop();
      Page& page = owned.emplace_back();
      page.bytes = sizeof(Page);
      return &page;
    }
    auto Free() {
      return [this](Retired* page) { free_pages.Push(page); };
    }

    typename Policy::Participant participant;
    RetiredList free_pages;
    std::deque<Page> owned;
  };

  explicit Sessions(const ReclamationOptions& options) : domain(options) {
    for (auto& session : of_thread) session = std::make_unique<Session>(domain);
  }
  Session& of(const benchmark::State& state) {
    return *of_thread[static_cast<std::size_t>(state.thread_index())];
  }

  typename Policy::Domain domain;
  std::array<std::unique_ptr<Session>, kThreadsMax> of_thread;
};

template <class Policy>
void RegisterSection(const std::string& args, const ReclamationOptions& options) {
  const auto sessions = std::make_shared<Sessions<Policy>>(options);
  RegisterByThreads("reclamation/" + std::string(Policy::kName) + "/section" + args,
                    [sessions](benchmark::State& state) {
                      auto& session = sessions->of(state);
                      for (auto _ : state) {
                        session.participant.Enter();
                        benchmark::ClobberMemory();  // the section's loads stay inside
                        session.participant.Exit();
                      }
                      session.participant.Leave(session.Free());
                      state.SetItemsProcessed(state.iterations());
                    });
}

template <class Policy>
void RegisterRetire(const std::string& args, const ReclamationOptions& options) {
  const auto sessions = std::make_shared<Sessions<Policy>>(options);
  RegisterByThreads("reclamation/" + std::string(Policy::kName) + "/retire" + args,
                    [sessions](benchmark::State& state) {
                      auto& session = sessions->of(state);
                      [[maybe_unused]] uint64_t leaked = 0;
                      for (auto _ : state) {
                        session.participant.Enter();
                        session.participant.Retire(session.Take(), session.Free());
                        session.participant.Exit();
                        if constexpr (std::is_same_v<Policy, Leak>) {
                          // Lest memory grows without bound. Its list is its own: safe at any time.
                          if (++leaked % 1024 == 0) session.participant.Drain(session.Free());
                        }
                      }
                      const auto bytes = static_cast<double>(session.participant.RetiredBytes());
                      state.counters["waiting"] = bytes / sizeof(Page);
                      session.participant.Leave(session.Free());
                      state.SetItemsProcessed(state.iterations());
                    });
}

std::string Args(const ReclamationOptions& options) {
  return "/batch:" + std::to_string(options.batch_pages) +
         "/frees:" + std::to_string(options.frees_per_retire_max);
}

/// Batch sizes with everything freed at once, and the middle one amortised.
template <class Policy>
void RegisterRetires(const std::string& more_args, bool membarrier) {
  for (const uint32_t batch_pages : {16u, 128u, 1024u}) {
    const ReclamationOptions options{batch_pages, 0, membarrier};
    RegisterRetire<Policy>(Args(options) + more_args, options);
  }
  const ReclamationOptions amortised{128, 2, membarrier};
  RegisterRetire<Policy>(Args(amortised) + more_args, amortised);
}

}  // namespace

void RegisterBenchmarks() {
  RegisterSection<Leak>("", {});
  RegisterSection<EpochDecentralized>("/membarrier:1", {.membarrier = true});
  RegisterSection<EpochDecentralized>("/membarrier:0", {.membarrier = false});
  RegisterSection<EpochCentralized>("", {});
  RegisterSection<Qsbr>("", {});

  RegisterRetire<Leak>("", {});
  RegisterRetires<EpochDecentralized>("/membarrier:1", true);
  RegisterRetires<EpochDecentralized>("/membarrier:0", false);
  RegisterRetires<EpochCentralized>("", true);
  RegisterRetires<Qsbr>("", true);
}

}  // namespace bwlab::micro
