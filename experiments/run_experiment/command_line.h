#pragma once

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bwlab/base/status.h"
#include "bwlab/experiment/plan.h"
#include "run_experiment/out_folder.h"

namespace bwlab::cli {

/// Which cells a command is about.
struct CellsRequest {
  nlohmann::json document;          ///< of a spec that is in no file; null: there is none
  std::string spec = "quickstart";  ///< a path, or the name of an experiment
  std::vector<std::string> sets;    ///< k=v
  std::vector<std::string> sweeps;  ///< k=a,b,c
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
  std::string timeout;   ///< of one process; empty: as long as it takes
  std::string ci;        ///< empty: as many repetitions as the spec says
  std::string reps_min;  ///< this and the next: empty where not given
  std::string reps_max;
  OutRequest out;
  bool keep_data = false;
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

/// What `explain` was asked to do. A spec is in `cells` only where it stands after a cell's id.
struct ExplainRequest {
  std::string what = "quickstart";  ///< a spec, a cell's id or a result
  CellsRequest cells;
  bool json = false;
};

struct DoctorRequest {
  std::string seconds = "1";
  bool strict = false;
  bool json = false;
};

/// What `compare` was asked to do.
struct CompareRequest {
  std::vector<std::string> inputs;    ///< two results folders or files; with binaries one spec
  std::vector<std::string> binaries;  ///< none or two
  CellsRequest cells;  ///< this and the next three: with binaries only; no spec in it
  std::vector<std::string> engine_plugins;
  std::string out;
  bool quiet = false;
  bool force = false;
  bool json = false;
};

/// What `find-max` was asked to do. Numbers as they were given.
struct FindMaxRequest {
  CellsRequest cells;  ///< without repetitions
  std::string slo;
  std::string arrival = "poisson";
  std::string rate_min = "1000";
  std::string rate_max = "1000000000";
  std::string precision = "0.05";
  std::string seconds = "2";
  std::string reps = "3";
  OutRequest out;
  bool quiet = false;
  bool json = false;
  std::vector<std::string> argv;  ///< the whole command line, for provenance
};

/// Kinds of schedule that find-max knows, and shells that completion does.
inline constexpr std::array<std::string_view, 2> kFindMaxArrivals = {"constant", "poisson"};
inline constexpr std::array<std::string_view, 1> kShells = {"bash"};

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

/// What one of the actions of `trace` was asked to do.
struct TraceRequest {
  std::string file;
  std::string out;
  std::string layout = "twitter";    ///< convert
  std::string threads = "1";         ///< convert
  std::string ops_max;               ///< convert; empty: all
  std::vector<std::string> engines;  ///< replay; empty: the Bw-tree
  CellsRequest cells;                ///< record
  RunRequest run;                    ///< replay
  bool json = false;                 ///< stats
};

struct DocsRequest {
  std::string kind;
};

// One file a subcommand. Each returns the exit code of the program (see exit_code.h).
int Run(const RunRequest& request);
int ShowPlan(const PlanRequest& request);
int List(const ListRequest& request);
/// What `list` can be asked for.
std::vector<std::string> ListTopics();
int Validate(const ValidateRequest& request);
int Explain(const ExplainRequest& request);
int Doctor(const DoctorRequest& request);
int Compare(const CompareRequest& request);
int FindMax(const FindMaxRequest& request);
int Micro(const MicroRequest& request);
int Docs(const DocsRequest& request);
int TraceRecord(const TraceRequest& request);
int TraceConvert(const TraceRequest& request);
int TraceStats(const TraceRequest& request);
int TraceReplay(const TraceRequest& request);

/// The cells that a request means, resolved and checked.
Result<experiment::Plan> PlanOf(const CellsRequest& request);

/// Parses the command line and runs the subcommand. No argument at all runs the quickstart.
int Main(const std::vector<std::string>& argv);

/// Which cells a command line of `run` means; nothing where it is none of this program's.
std::optional<CellsRequest> CellsOfCommandLine(const std::vector<std::string>& argv);

/// Prints `message` as the program's own error. @return `exit_code`
int Fail(int exit_code, std::string_view message);
int Fail(const Status& status);

}  // namespace bwlab::cli
