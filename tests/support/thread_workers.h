#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "bwlab/policy/consolidation/consolidation_options.h"

namespace bwlab::test {

/// The workers of a consolidation policy (concepts.h) with nothing but threads and a mutex, so that
/// ThreadSanitizer sees all that they do.
template <class Key>
class ThreadWorkers {
 public:
  explicit ThreadWorkers(const ConsolidationOptions& options)
      : workers_(options.workers), queue_length_(options.queue_length) {}
  ~ThreadWorkers() { Stop(); }

  void Start(const std::function<void()>& work) {
    for (uint32_t i = 0; i < workers_; ++i) {
      threads_.emplace_back([this, work] { Run(work); });
    }
  }
  bool Offer(const Key& key) {
    const std::lock_guard lock(mutex_);
    if (queue_.size() >= queue_length_) return false;
    queue_.push_back(key);
    changed_.notify_all();
    return true;
  }
  bool Take(Key* key) {
    const std::lock_guard lock(mutex_);
    if (stopping_ || queue_.empty()) return false;
    *key = std::move(queue_.front());
    queue_.pop_front();
    return true;
  }
  void WaitUntilIdle() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return queue_.empty() && busy_ == 0; });
  }
  void Stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      changed_.notify_all();
    }
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  void Run(const std::function<void()>& work) {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (stopping_) return;
      ++busy_;
      lock.unlock();
      work();
      lock.lock();
      --busy_;
      changed_.notify_all();
    }
  }

  const uint32_t workers_;
  const uint32_t queue_length_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Key> queue_;
  uint32_t busy_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace bwlab::test
