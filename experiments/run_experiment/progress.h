#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace bwlab::cli {

/// Tells on standard error how far a long run is: one line that updates itself on a terminal, a
/// plain line a cell otherwise. A quiet one only counts.
class Progress {
 public:
  Progress(size_t total, bool quiet);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// There is more, or less, to do than was thought.
  void Expect(size_t total) { total_ = total; }
  void Started(const std::string& what);
  void Finished(const std::string& what);
  void Finished(const std::string& what, double ops_per_second);
  /// The step that was started last has failed; a message can follow.
  void Failed();

  size_t done() const { return done_; }
  size_t total() const { return total_; }

 private:
  using Clock = std::chrono::steady_clock;

  std::string Counter() const;
  std::string Remaining() const;

  size_t total_;
  size_t done_ = 0;
  bool quiet_;
  bool terminal_;
  Clock::time_point start_ = Clock::now();
};

}  // namespace bwlab::cli
