#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "bwlab/experiment/cell_process.h"
#include "bwlab/experiment/exit_code.h"
#include "run_experiment/command_line.h"

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv, argv + argc);
  try {
    // Hidden: the process that `run` starts for each repetition of a cell.
    if (arguments.size() == 2 && arguments[1] == "cell") {
      return bwlab::experiment::RunCellFromStandardInput();
    }
    return bwlab::cli::Main(arguments);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "run_experiment: internal error: %s\n", error.what());
    return bwlab::experiment::kExitInternal;
  }
}
