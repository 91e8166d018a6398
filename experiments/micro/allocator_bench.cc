// kAbout says what is asked. Each page's first line is written, as by its header.
//   replace: a session allocates pages and frees them some time later, when their grace period is
//            over, in the order in which it allocated them; `mixed` has sizes that vary from page
//            to page, as consolidated nodes have.
//   migrate: threads allocate pages and free those that other threads allocated.

#include <benchmark/benchmark.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "bwlab/base/cache_line.h"
#include "bwlab/policy/allocator/allocator_options.h"
#include "bwlab/policy/allocator/pool.h"
#include "bwlab/policy/allocator/system.h"
#if BWLAB_WITH_TBB
#include "bwlab/policy/allocator/tbb_scalable.h"
#endif
#include "micro.h"

namespace bwlab::micro {

const About kAbout = {
    .question =
        "What do a page's allocation and freeing cost by allocator and size, in the patterns in "
        "which the tree uses them?",
    .baseline = "allocator/system",
};

namespace {

/// Pages that wait for their grace period at a time; two batches of the tree's default.
constexpr std::size_t kWaiting = 256;

template <class Allocator>
struct Heap {
  struct alignas(kCacheLineBytes) Session {
    explicit Session(typename Allocator::Shared& shared) : local(shared) {}
    typename Allocator::Local local;
  };

  Heap() {
    for (auto& session : of_thread) session = std::make_unique<Session>(shared);
  }
  typename Allocator::Local& of(const benchmark::State& state) {
    return of_thread[static_cast<std::size_t>(state.thread_index())]->local;
  }

  typename Allocator::Shared shared{AllocatorOptions{}};
  std::array<std::unique_ptr<Session>, kThreadsMax> of_thread;
};

/// @return nullptr, having told the benchmark, where there is no memory.
template <class Local>
void* NewPage(Local& local, std::size_t bytes, benchmark::State& state) {
  void* page = local.Allocate(bytes);
  if (page == nullptr) {
    state.SkipWithError("out of memory");
    return nullptr;
  }
  auto* words = static_cast<uint64_t*>(page);
  for (std::size_t i = 0; i < kCacheLineBytes / sizeof(uint64_t); ++i) words[i] = bytes;
  benchmark::DoNotOptimize(words);
  return page;
}

template <class Allocator>
void RegisterReplace(const std::string& args, const std::vector<std::size_t>& sizes) {
  const auto heap = std::make_shared<Heap<Allocator>>();
  RegisterByThreads("allocator/" + std::string(Allocator::kName) + "/replace" + args,
                    [heap, sizes](benchmark::State& state) {
                      struct Waiting {
                        void* page = nullptr;
                        std::size_t bytes = 0;
                      };
                      auto& local = heap->of(state);
                      std::vector<Waiting> ring(kWaiting);
                      std::size_t i = 0;
                      for (auto _ : state) {
                        Waiting& oldest = ring[i % kWaiting];
                        if (oldest.page != nullptr) local.Free(oldest.page, oldest.bytes);
                        const std::size_t bytes = sizes[i++ % sizes.size()];
                        oldest = {NewPage(local, bytes, state), bytes};
                        if (oldest.page == nullptr) break;
                      }
                      for (const Waiting& left : ring) {
                        if (left.page != nullptr) local.Free(left.page, left.bytes);
                      }
                      local.Leave();
                      state.SetItemsProcessed(state.iterations());
                    });
}

template <class Allocator>
void RegisterMigrate(std::size_t bytes) {
  struct alignas(kCacheLineBytes) Place {
    std::atomic<void*> page{nullptr};
  };
  struct Market {
    Heap<Allocator> heap;
    std::array<Place, kWaiting> places;
  };
  const auto market = std::make_shared<Market>();
  RegisterByThreads(
      "allocator/" + std::string(Allocator::kName) + "/migrate/bytes:" + std::to_string(bytes),
      [market, bytes](benchmark::State& state) {
        auto& local = market->heap.of(state);
        std::size_t i = 0;
        for (auto _ : state) {
          void* page = NewPage(local, bytes, state);
          if (page == nullptr) break;
          // acq_rel: who takes the page also has the bytes that were written in it.
          void* other =
              market->places[i++ % kWaiting].page.exchange(page, std::memory_order_acq_rel);
          if (other != nullptr) local.Free(other, bytes);
        }
        if (state.thread_index() == 0) {
          for (Place& place : market->places) {
            void* left = place.page.exchange(nullptr, std::memory_order_acq_rel);
            if (left != nullptr) local.Free(left, bytes);
          }
        }
        local.Leave();
        state.SetItemsProcessed(state.iterations());
      });
}

/// Line multiples between one and three KiB, the sizes of leaves of the tree's default.
std::vector<std::size_t> MixedSizes() {
  std::mt19937_64 random(3);
  std::vector<std::size_t> sizes(1009);  // prime, so that a place of the ring meets all of them
  for (std::size_t& bytes : sizes) bytes = 1024 + random() % 33 * kCacheLineBytes;
  return sizes;
}

template <class Allocator>
void RegisterAllocator() {
  for (const std::size_t bytes : {512u, 2048u, 8192u}) {
    RegisterReplace<Allocator>("/bytes:" + std::to_string(bytes), {bytes});
  }
  RegisterReplace<Allocator>("/bytes:mixed", MixedSizes());
  RegisterMigrate<Allocator>(2048);
}

}  // namespace

void RegisterBenchmarks() {
  RegisterAllocator<SystemAllocator>();
  RegisterAllocator<PoolAllocator>();
#if BWLAB_WITH_TBB
  RegisterAllocator<TbbScalableAllocator>();
#endif
}

}  // namespace bwlab::micro
