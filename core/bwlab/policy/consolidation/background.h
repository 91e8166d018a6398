#pragma once

#include <oneapi/tbb/concurrent_queue.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>

#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>

#include "bwlab/base/atomic.h"
#include "bwlab/policy/consolidation/consolidation.h"

namespace bwlab {

/// Threads of a TBB arena that consolidate the leaves which writers report. Reports are keys, not
/// page ids: by the time a worker comes the leaf may have been split, merged or freed, and a
/// descent by key finds what is there now.
///
/// Thread safety: Offer, Take and WaitUntilIdle from any thread; Start and Stop run alone.
/// Progress: the queue and the arena may block a reporter for a moment inside TBB; a full queue
/// refuses the report, and the leaf waits for its writers as without workers.
template <class Key>
class BackgroundWorkers {
 public:
  explicit BackgroundWorkers(const ConsolidationOptions& options)
      : workers_max_(options.workers), arena_(static_cast<int>(options.workers), 0) {
    queue_.set_capacity(options.queue_length);
  }
  ~BackgroundWorkers() noexcept { Stop(); }
  BackgroundWorkers(const BackgroundWorkers&) = delete;
  BackgroundWorkers& operator=(const BackgroundWorkers&) = delete;

  /// `work` is called on a worker and should Take until there is nothing left. Before the first
  /// Offer.
  void Start(std::function<void()> work) { work_ = std::move(work); }

  /// @return false where the queue is full.
  bool Offer(const Key& key) {
    if (!queue_.try_push(key)) return false;
    Wake();
    return true;
  }
  bool Take(Key* key) { return !stopping() && queue_.try_pop(*key); }

  /// Whether Stop has begun.
  bool stopping() const { return stopping_.load(std::memory_order_relaxed); }

  /// Waits until everything reported so far has been worked off.
  void WaitUntilIdle() {
    arena_.execute([this] { group_.wait(); });
  }
  /// Lets the workers finish the leaf they are at, and drops the rest. Nobody may Offer any more.
  void Stop() {
    stopping_.store(true, std::memory_order_relaxed);
    WaitUntilIdle();
  }

 private:
  /// Counts one more worker, unless there are enough.
  bool Enter() {
    uint32_t active = active_.load(std::memory_order_relaxed);
    for (;;) {
      // (B1) acq_rel, also where the count stays: either the worker that leaves next (B2) reads
      // from this and so sees what was pushed before, or this reads from (B2) and sees that it has
      // left.
      const uint32_t next = active < workers_max_ ? active + 1 : active;
      if (active_.compare_exchange_weak(active, next, std::memory_order_acq_rel,
                                        std::memory_order_relaxed)) {
        return next != active;
      }
    }
  }
  void Wake() {
    if (Enter()) arena_.enqueue(group_.defer([this] { Run(); }));
  }
  void Run() {
    do {
      work_();
      active_.fetch_sub(1, std::memory_order_acq_rel);  // (B2)
    } while (!stopping() && !queue_.empty() && Enter());
  }

  const uint32_t workers_max_;
  std::function<void()> work_;
  Atomic<bool> stopping_{false};
  Atomic<uint32_t> active_{0};
  tbb::concurrent_bounded_queue<Key> queue_;
  tbb::task_arena arena_;
  tbb::task_group group_;
};

/// Writers report leaves with `deltas_min` deltas or more, and workers on a TBB arena consolidate
/// them. Choose it where cores are idle and the latency of writes counts; it costs throughput where
/// all cores are busy. A leaf is reported when it reaches the limit, once; a refused report leaves
/// it to its writers.
struct BackgroundConsolidation {
  static constexpr std::string_view kName = "background";
  static constexpr std::string_view kSummary =
      "workers on a TBB arena, told by writers; where cores are idle and write latency counts";
  static constexpr bool kAdvises = true;

  template <class Key>
  using Workers = BackgroundWorkers<Key>;

  using Local = ReportingWriter;
};

}  // namespace bwlab
