#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace bwlab::cli {

/// Tells on standard error how far a long run is: one line that updates itself on a terminal, a
/// plain line a cell otherwise.
class Progress {
 public:
  explicit Progress(size_t total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// There is more, or less, to do than was thought.
  void Expect(size_t total) { total_ = total; }
  void Started(const std::string& what);
  void Finished(const std::string& what);
  void Finished(const std::string& what, double ops_per_second);

 private:
  using Clock = std::chrono::steady_clock;

  std::string Counter() const;
  std::string Remaining() const;

  size_t total_;
  size_t done_ = 0;
  bool terminal_;
  Clock::time_point start_ = Clock::now();
};

}  // namespace bwlab::cli
