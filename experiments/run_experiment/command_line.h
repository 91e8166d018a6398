#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bwlab/base/status.h"
#include "bwlab/experiment/plan.h"

namespace bwlab::cli {

/// Which cells a command is about.
struct CellsRequest {
  std::string spec = "quickstart";  ///< a path, or the name of an experiment
  std::vector<std::string> sets;    ///< k=v
  std::vector<std::string> filters;
  std::string seed;  ///< this and the next two: empty where not given
  std::string reps;
  std::string verify;
};

/// What `run` was asked to do.
struct RunRequest {
  CellsRequest cells;
  std::string order = "abba";
  std::string counters = "auto";
  std::string budget;    ///< empty: as long as it takes
  std::string ci;        ///< empty: as many repetitions as the spec says
  std::string reps_min;  ///< this and the next: empty where not given
  std::string reps_max;
  std::string out;
  bool resume = false;
  bool json = false;
  bool quiet = false;
  std::vector<std::string> argv;  ///< the whole command line, for provenance
};

struct PlanRequest {
  CellsRequest cells;
  bool json = false;
};

struct ListRequest {
  std::string topic;
  bool json = false;
};

struct ValidateRequest {
  std::vector<std::string> files;
  bool json = false;
};

struct MicroRequest {
  std::string filter;
  std::string reps = "5";
  std::string min_time = "0.5";
  std::string out;
  bool list = false;
  bool json = false;
  bool quiet = false;
  std::vector<std::string> argv;  ///< the whole command line, for provenance
};

struct DocsRequest {
  std::string topic;
};

// One file a subcommand. Each returns the exit code of the program (see exit_code.h).
int Run(const RunRequest& request);
int ShowPlan(const PlanRequest& request);
int List(const ListRequest& request);
int Validate(const ValidateRequest& request);
int Micro(const MicroRequest& request);
int Docs(const DocsRequest& request);

/// The cells that a request means, resolved and checked.
Result<experiment::Plan> PlanOf(const CellsRequest& request);

/// Parses the command line and runs the subcommand. No argument at all runs the quickstart.
int Main(const std::vector<std::string>& argv);

/// Prints `message` as the program's own error. @return `exit_code`
int Fail(int exit_code, std::string_view message);
int Fail(const Status& status);

}  // namespace bwlab::cli
