#pragma once

#include "bwlab/base/status.h"

namespace bwlab::experiment {

/// Exit codes of run_experiment.
enum ExitCode : int {
  kExitOk = 0,
  kExitUsage = 2,
  kExitVerification = 3,
  kExitEnvironment = 4,
  kExitPartial = 6,
  kExitInternal = 70,
  kExitInterrupted = 130,
};

/// What people read about them, in lines of a terminal.
inline constexpr const char* kExitCodesText =
    "Exit codes: 0 ok, 2 usage or spec, 3 verification failed, 4 environment refused,\n"
    "6 partial (--budget), 70 internal error, 130 interrupted (go on with --resume).";

inline int ExitCodeOf(const Status& status) {
  switch (status.code()) {
    case StatusCode::kOk:
      return kExitOk;
    case StatusCode::kInvalidArgument:
      return kExitUsage;
    case StatusCode::kCorruption:
      return kExitVerification;
    case StatusCode::kOutOfMemory:
    case StatusCode::kUnsupported:
    case StatusCode::kIoError:
      return kExitEnvironment;
  }
  return kExitInternal;
}

}  // namespace bwlab::experiment
