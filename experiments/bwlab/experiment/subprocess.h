#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bwlab::experiment {

/// How a process ended.
struct ProcessEnd {
  int exit_code = -1;       ///< -1 where it was ended by a signal or could not be started
  int signal = 0;           ///< 0 where it ended by itself
  std::string output;       ///< what it wrote to its standard output
  std::string error;        ///< what it wrote to its standard error
  std::string not_started;  ///< why it could not be started; empty where it was
  bool timed_out = false;   ///< ended by a signal since it took too long
};

/// Runs `argv[0]` (looked up in PATH where it holds no slash) without a shell, feeds `input` to its
/// standard input and collects both outputs. The process is killed if this one dies. Returns when
/// it has ended; after an interruption by SIGINT it still waits, since the terminal sends that
/// signal to both. A process that has its outputs open for longer than `time_max` is killed.
ProcessEnd RunProcess(const std::vector<std::string>& argv, std::string_view input,
                      std::optional<std::chrono::milliseconds> time_max = std::nullopt);

/// How a process that was started failed: by which signal or exit code, and what it said last on
/// standard error, in one line.
std::string FailureText(const ProcessEnd& end);

/// The last line that is not empty; empty where there is none.
std::string LastLine(std::string_view text);

}  // namespace bwlab::experiment
