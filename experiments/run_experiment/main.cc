#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "bwlab/experiment/cell_process.h"
#include "bwlab/experiment/exit_code.h"
#include "run_experiment/command_line.h"
#include "run_experiment/engine_plugins.h"

int main(int argc, char** argv) {
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
    return bwlab::cli::Main(arguments);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "run_experiment: internal error: %s\n", error.what());
    return bwlab::experiment::kExitInternal;
  }
}
