#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "bwlab/experiment/cell_process.h"
#include "bwlab/experiment/exit_code.h"
#include "run_experiment/command_line.h"
#include "run_experiment/engine_plugins.h"

namespace {

/// Puts something in the place of standard streams that are closed, or the next file that is opened
/// would be taken for one. What is written there fails, as it would have.
void OpenClosedStreams() {
  constexpr std::array<int, 3> kModes = {O_WRONLY, O_RDONLY, O_RDONLY};
  for (int stream = 0; stream < static_cast<int>(kModes.size()); ++stream) {
    // open returns the lowest number that is free.
    if (::fcntl(stream, F_GETFD) < 0) ::open("/dev/null", kModes[stream]);
  }
}

/// The exit code where all that the command has written must have arrived.
int AfterFlush(int exit_code) {
  std::cout.flush();
  if (std::cout.good() && std::ferror(stdout) == 0) return exit_code;
  const int failed = bwlab::cli::Fail(bwlab::experiment::kExitEnvironment,
                                      "standard output: not all of it could be written");
  return exit_code == bwlab::experiment::kExitOk ? failed : exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  OpenClosedStreams();
  const std::vector<std::string> arguments(argv, argv + argc);
  try {
    // Hidden: the process that `run` starts for each repetition of a cell.
    if (arguments.size() == 2 && arguments[1] == "cell") {
      return bwlab::experiment::RunCellFromStandardInput();
    }
    // Hidden too: what a plug-in says of itself, in a process that it may crash.
    if (arguments.size() == 3 && arguments[1] == bwlab::cli::kDescribePluginCommand) {
      return bwlab::cli::DescribePlugin(arguments[2]);
    }
    return AfterFlush(bwlab::cli::Main(arguments));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "run_experiment: internal error: %s\n", error.what());
    return bwlab::experiment::kExitInternal;
  }
}
