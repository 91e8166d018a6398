#include "run_experiment/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <iostream>

namespace bwlab::cli {
namespace {

constexpr const char* kClearLine = "\r\033[K";

}  // namespace

Progress::Progress(size_t total, bool quiet)
    : total_(total), quiet_(quiet), terminal_(!quiet && ::isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
  if (terminal_) std::cerr << kClearLine;
}

void Progress::Started(const std::string& what) {
  if (terminal_) std::cerr << kClearLine << Counter() << ' ' << what << Remaining();
}

void Progress::Finished(const std::string& what, double ops_per_second) {
  Finished(fmt::format("{}: {:.3f} Mops/s", what, ops_per_second / 1e6));
}

void Progress::Finished(const std::string& what) {
  ++done_;
  if (quiet_) return;
  // Standard error may be closed or full: std::cerr then says nothing, where fmt::print throws.
  const std::string line = fmt::format("{} {}{}", Counter(), what, Remaining());
  if (terminal_) {
    std::cerr << kClearLine << line;
  } else {
    std::cerr << line << '\n';
  }
}

void Progress::Failed() {
  ++done_;
  if (terminal_) std::cerr << kClearLine;
}

std::string Progress::Counter() const { return fmt::format("[{}/{}]", done_, total_); }

std::string Progress::Remaining() const {
  if (done_ == 0 || done_ == total_) return {};
  const double elapsed = std::chrono::duration<double>(Clock::now() - start_).count();
  const double left = elapsed / static_cast<double>(done_) * static_cast<double>(total_ - done_);
  const int seconds = static_cast<int>(std::ceil(left));
  if (seconds < 60) return fmt::format(", {} s left", seconds);
  return fmt::format(", {} min {:02} s left", seconds / 60, seconds % 60);
}

}  // namespace bwlab::cli
