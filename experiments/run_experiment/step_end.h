#pragma once

#include <string>

#include "bwlab/base/status.h"
#include "bwlab/experiment/exit_code.h"

namespace bwlab::cli {

/// How a step of a command ended: an exit code, and why where it is not 0.
struct StepEnd {
  int exit_code = experiment::kExitOk;
  std::string message;

  bool ok() const { return exit_code == experiment::kExitOk; }
};

inline StepEnd EndOf(const Status& status) {
  return {experiment::ExitCodeOf(status), status.message()};
}

}  // namespace bwlab::cli
