#include "run_experiment/command_line.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <iostream>

#include "bwlab/experiment/exit_code.h"
#include "bwlab/experiment/json_schema.h"
#include "bwlab/experiment/names.h"
#include "run_experiment/completion.h"
#include "run_experiment/engine_plugins.h"
#include "run_experiment/usage_errors.h"

namespace bwlab::cli {
namespace {

using experiment::ExitCodeOf;
using experiment::kExitOk;
using experiment::kExitUsage;

std::string Footer() { return std::string("\n") + experiment::kExitCodesText; }

/// Adds an option that takes exactly one value each time it is given.
template <class T>
void AddValue(::CLI::App* command, const std::string& name, T* value, const std::string& help,
              const std::string& shown_type) {
  ::CLI::Option* option = command->add_option(name, *value, help);
  option->type_name(shown_type)->allow_extra_args(false)->option_text(shown_type);
}

/// The whole command line of the program, with the requests that it fills.
class CommandLine {
 public:
  CommandLine() {
    app_.footer(Footer());
    app_.require_subcommand(0, 1);  // what follows the first is an argument: docs micro
    app_.allow_extras();            // reported by this class, with "did you mean"
    app_.set_version_flag("--version", std::string("run_experiment 0.1.0"));
    DefineRun();
    DefinePlan();
    DefineList();
    DefineValidate();
    DefineExplain();
    DefineDoctor();
    DefineCompare();
    DefineFindMax();
    DefineCompletion();
    DefineMicro();
    DefineDocs();
    DefineTrace();
  }

  std::optional<CellsRequest> CellsOf(const std::vector<std::string>& argv) {
    if (argv.empty()) return std::nullopt;
    try {
      app_.parse(std::vector<std::string>(argv.rbegin(), argv.rend() - 1));
    } catch (const ::CLI::Error&) {
      return std::nullopt;
    }
    const bool is_run = run_command_->parsed() || argv.size() == 1;
    return is_run ? std::optional(run_.cells) : std::nullopt;
  }

  int Main(const std::vector<std::string>& argv) {
    for (const std::string& argument : argv) {
      if (experiment::IsUtf8(argument)) continue;  // results tell the command line
      return Fail(kExitUsage, "the argument " + experiment::Quoted(argument) + " is not UTF-8");
    }
    for (const std::string& argument : argv) {
      // CLI11 would take the next argument for the value.
      if (!argument.starts_with("--") || argument.find('=') != argument.size() - 1) continue;
      return Fail(kExitUsage, experiment::Quoted(argument) + " has no value behind its \"=\"");
    }
    run_.argv = argv;
    find_max_.argv = argv;
    micro_.argv = argv;
    trace_.run.argv = argv;
    std::vector<std::string> reversed(argv.rbegin(), argv.rend() - 1);
    try {
      app_.parse(std::move(reversed));
    } catch (const ::CLI::Success& success) {
      return app_.exit(success) == 0 ? kExitOk : kExitUsage;
    } catch (const ::CLI::ArgumentMismatch& error) {
      return Fail(kExitUsage, DescribeMismatch(app_, error));
    } catch (const ::CLI::ConversionError& error) {
      // Values are kept as text; only a flag with "=" behind it comes here.
      return Fail(kExitUsage, std::string(error.what()) + "; this flag takes no value");
    } catch (const ::CLI::ParseError& error) {
      return Fail(kExitUsage, error.what());
    }
    for (const ::CLI::App* command : app_.get_subcommands()) {
      for (const ::CLI::App* action : command->get_subcommands()) {
        const std::string extra = FirstExtra(*action);
        if (!extra.empty()) return Fail(kExitUsage, DescribeExtra(*action, extra));
      }
      const std::string extra = FirstExtra(*command);
      if (!extra.empty()) return Fail(kExitUsage, DescribeExtra(*command, extra));
    }
    const std::string extra = FirstExtra(app_);
    if (!extra.empty()) return Fail(kExitUsage, DescribeUnknownCommand(app_, extra));
    if (Status status = AddEnginePlugins(engine_plugins_); !status.ok()) return Fail(status);
    compare_.engine_plugins = engine_plugins_;
    if (plan_command_->parsed()) return ShowPlan(plan_);
    if (list_command_->parsed()) return List(list_);
    if (validate_command_->parsed()) return Validate(validate_);
    if (explain_command_->parsed()) return Explain(explain_);
    if (doctor_command_->parsed()) return Doctor(doctor_);
    if (compare_command_->parsed()) return Compare(compare_);
    if (find_max_command_->parsed()) return FindMax(find_max_);
    if (completion_command_->parsed()) return PrintCompletion(shell_, app_);
    if (micro_command_->parsed()) return Micro(micro_);
    if (docs_command_->parsed()) return Docs(docs_);
    if (trace_command_->parsed()) return Trace();
    return Run(run_);
  }

 private:
  void DefineCells(::CLI::App* command, CellsRequest* cells) {
    DefineSpec(command, cells);
    DefineChoice(command, cells);
    AddValue(command, "--reps", &cells->reps, "Override the number of repetitions", "N");
    command->footer(Footer());
  }

  static void DefineSpec(::CLI::App* command, CellsRequest* cells) {
    command->allow_extras();
    command->add_option("spec", cells->spec, "A spec file, or the name of an experiment")
        ->option_text("[quickstart]");
  }

  void DefineEnginePlugin(::CLI::App* command) {
    AddValue(command, "--engine-plugin", &engine_plugins_,
             "Also know the engine in this shared library, by its own name or by this "
             "(experiments/plugins/README.md; repeatable)",
             "[NAME=]FILE");
  }

  /// The flags that say which cells of a spec, and how.
  void DefineChoice(::CLI::App* command, CellsRequest* cells) {
    DefineEnginePlugin(command);
    AddValue(
        command, "--set", &cells->sets,
        "Override a key of the spec, such as keys.count=1000 or matrix.threads=1,2 (repeatable)",
        "KEY=VALUE");
    AddValue(command, "--sweep", &cells->sweeps,
             "A further axis of cells: all these values of a key, such as keys.count=1000,1000000 "
             "(repeatable: all combinations)",
             "KEY=A,B,...");
    AddValue(command, "--filter", &cells->filters,
             "Only the cells that match, such as workload=ycsb_a|ycsb_b, engine=bwtree/*, or a "
             "value of a sweep's axis (repeatable: all must match)",
             "KEY=PATTERN");
    AddValue(command, "--seed", &cells->seed, "Override the seed", "N");
    AddValue(command, "--verify", &cells->verify,
             "Check no reads, 1 in 64, or all: off, sample, full", "MODE");
  }

  void DefineRun() {
    run_command_ = app_.add_subcommand("run", "Run an experiment and write its results");
    DefineCells(run_command_, &run_.cells);
    DefineMeasuring(run_command_, &run_);
  }

  /// The flags that say how cells are measured, and where their results go.
  static void DefineMeasuring(::CLI::App* command, RunRequest* run) {
    AddValue(command, "--order", &run->order,
             "Order of the cells in a repetition: abba (forth and back), round-robin, random",
             "ORDER");
    AddValue(command, "--ci", &run->ci,
             "Repeat each cell until half the 95% interval of its median is at most this share of "
             "the median, such as 0.02",
             "SHARE");
    AddValue(command, "--reps-min", &run->reps_min,
             "With --ci: repetitions of each cell at least [5]", "N");
    AddValue(command, "--reps-max", &run->reps_max,
             "With --ci: repetitions of each cell at most [30]", "N");
    AddValue(command, "--counters", &run->counters,
             "Hardware and kernel events to count in each run: auto (all that can be had), off, or "
             "names such as instructions,page_faults",
             "LIST");
    AddValue(command, "--budget", &run->budget,
             "Begin no repetition after this time, such as 90s, 10m or 2h; what is left goes on "
             "with --resume",
             "TIME");
    AddValue(command, "--timeout", &run->timeout,
             "End the process of a cell after this time, such as 90s or 10m: the cell has failed",
             "TIME");
    DefineOut(command, "results/runs/<experiment>-<time>", &run->out);
    command->add_flag("--keep-data", run->keep_data,
                      "Leave the files of engines that keep some in the results' folder data/");
    command->add_flag("--json", run->json, "Print the summary as JSON on standard output");
    command->add_flag("--quiet", run->quiet, "Tell nothing of the progress");
  }

  /// The flags that say where results go.
  static void DefineOut(::CLI::App* command, const std::string& folder, OutRequest* out) {
    AddValue(command, "--out", &out->out, "New folder for the results (default: " + folder + ")",
             "DIR");
    ::CLI::Option* resume =
        command->add_flag("--resume", out->resume,
                          "Go on in --out, or in the newest folder of this spec, and run only "
                          "what is not there");
    command
        ->add_flag("--fresh", out->fresh,
                   "Begin anew, also where --out holds results: these are moved to --out with .1, "
                   ".2, ... behind its name")
        ->excludes(resume);
  }

  void DefinePlan() {
    plan_command_ = app_.add_subcommand(
        "plan", "Show the cells of an experiment, their memory and how long they took before");
    DefineCells(plan_command_, &plan_.cells);
    plan_command_->add_flag("--json", plan_.json, "Print the plan as JSON");
  }

  void DefineList() {
    list_command_ = app_.add_subcommand("list", "List what experiments can name");
    list_command_->allow_extras();
    list_command_
        ->add_option("topic", list_.topic,
                     "engines, policies, variants, workloads, distributions or experiments")
        ->option_text("TOPIC");
    DefineEnginePlugin(list_command_);
    list_command_->add_flag("--json", list_.json, "Print an array of objects");
  }

  void DefineValidate() {
    validate_command_ = app_.add_subcommand(
        "validate", "Check specs, workloads and results, or whole results folders");
    validate_command_->allow_extras();
    validate_command_->add_option("files", validate_.files, "Files or results folders")
        ->option_text("FILE...");
    DefineEnginePlugin(validate_command_);
    validate_command_->add_flag("--json", validate_.json, "Print an array of objects");
  }

  void DefineExplain() {
    explain_command_ = app_.add_subcommand(
        "explain", "Show the configuration of cells, each value with where it comes from");
    explain_command_
        ->add_option("what", explain_.what, "A spec, the id of a cell, or the file of a result")
        ->option_text("[quickstart]");
    explain_.cells.spec.clear();
    DefineCells(explain_command_, &explain_.cells);
    explain_command_->get_option("spec")->description("After an id: the spec that has the cell");
    explain_command_->get_option("spec")->option_text("");
    explain_command_->add_flag("--json", explain_.json, "Print an array of objects");
  }

  void DefineDoctor() {
    doctor_command_ = app_.add_subcommand(
        "doctor", "Tell what would spoil a result on this machine, and what to do about it");
    doctor_command_->allow_extras();
    AddValue(doctor_command_, "--seconds", &doctor_.seconds, "Watch the machine for so long [1]",
             "N");
    doctor_command_->add_flag("--strict", doctor_.strict, "Exit code 4 where there is a problem");
    doctor_command_->add_flag("--json", doctor_.json, "Print an object with all checks");
    doctor_command_->footer(Footer());
  }

  void DefineCompare() {
    compare_command_ = app_.add_subcommand(
        "compare", "Compare two results folders, or measure with two binaries in turn and compare");
    compare_command_->allow_extras();
    compare_command_
        ->add_option("inputs", compare_.inputs, "Two results folders, or with --binaries a spec")
        ->option_text("A B | SPEC");
    compare_command_
        ->add_option("--binaries", compare_.binaries,
                     "Two builds of run_experiment, which measure the cells of the spec in turn")
        ->expected(2)
        ->allow_extra_args(false)
        ->option_text("OLD NEW");
    DefineChoice(compare_command_, &compare_.cells);
    AddValue(compare_command_, "--reps", &compare_.cells.reps, "Override the number of repetitions",
             "N");
    AddValue(compare_command_, "--out", &compare_.out,
             "With --binaries: new folder for both sides' results (default: "
             "results/runs/compare-<time>)",
             "DIR");
    compare_command_->add_flag("--force", compare_.force,
                               "Compare results of several hosts, of trees with changes, and of "
                               "builds that are not for measuring");
    compare_command_->add_flag("--quiet", compare_.quiet, "Tell nothing of the progress");
    compare_command_->add_flag("--json", compare_.json, "Print the comparison as JSON");
    compare_command_->footer(Footer());
  }

  void DefineFindMax() {
    find_max_command_ = app_.add_subcommand(
        "find-max", "Search for the highest rate of an open loop that keeps a latency");
    DefineSpec(find_max_command_, &find_max_.cells);
    AddValue(find_max_command_, "--slo", &find_max_.slo,
             "What is promised: p50, p90, p99, p99_9 or max [of a kind of operation] < latency, "
             "such as 'p99<50us' or 'p99 of read < 2ms, max < 1s'",
             "PROMISE");
    AddValue(find_max_command_, "--arrival", &find_max_.arrival,
             "When operations come: constant, poisson [poisson]", "ARRIVAL");
    AddValue(find_max_command_, "--rate-min", &find_max_.rate_min,
             "Lowest rate, in operations a second of all threads [1000]", "N");
    AddValue(find_max_command_, "--rate-max", &find_max_.rate_max, "Highest rate [1000000000]",
             "N");
    AddValue(find_max_command_, "--precision", &find_max_.precision,
             "Share by which the answer may be too low [0.05]", "SHARE");
    AddValue(find_max_command_, "--seconds", &find_max_.seconds,
             "Load a rate for so long, as far as the memory reaches [2]", "N");
    AddValue(find_max_command_, "--reps", &find_max_.reps,
             "Processes at a rate, most of which must keep the promise [3]", "N");
    DefineChoice(find_max_command_, &find_max_.cells);
    DefineOut(find_max_command_, "results/runs/find-max-<experiment>-<time>", &find_max_.out);
    find_max_command_->add_flag("--quiet", find_max_.quiet, "Tell nothing of the progress");
    find_max_command_->add_flag("--json", find_max_.json, "Print all that was tried as JSON");
    find_max_command_->footer(Footer());
  }

  void DefineCompletion() {
    completion_command_ = app_.add_subcommand(
        "completion", "Print the script by which a shell completes these commands");
    completion_command_->allow_extras();
    completion_command_
        ->add_option("shell", shell_,
                     "bash; to be used as: source <(run_experiment completion bash)")
        ->option_text("SHELL");
  }

  void DefineMicro() {
    micro_command_ = app_.add_subcommand(
        "micro",
        "Run the micro-benchmarks that stand beside this program, and write their results");
    micro_command_->allow_extras();
    AddValue(micro_command_, "--filter", &micro_.filter,
             "Only benchmarks in whose names this regular expression is found, such as ^search/",
             "REGEX");
    AddValue(micro_command_, "--reps", &micro_.reps,
             "Repetitions of each program, each in a fresh process, forth and back over them [5]",
             "N");
    AddValue(micro_command_, "--min-time", &micro_.min_time,
             "Seconds that each benchmark iterates for at least [0.5]", "SECONDS");
    AddValue(micro_command_, "--out", &micro_.out,
             "New folder for the results (default: results/runs/micro-<time>)", "DIR");
    micro_command_->add_flag(
        "--list", micro_.list,
        "Show the benchmarks, the programs' questions and baselines; run none");
    micro_command_->add_flag("--json", micro_.json, "Print the summary or the list as JSON");
    micro_command_->add_flag("--quiet", micro_.quiet, "Tell nothing of the progress");
    micro_command_->footer(Footer());
  }

  void DefineDocs() {
    docs_command_ = app_.add_subcommand(
        "docs", "Print a reference of all fields of a kind of file as Markdown");
    docs_command_->allow_extras();
    docs_command_->add_option("kind", docs_.kind, experiment::JoinNames(experiment::SchemaKinds()))
        ->option_text("KIND");
  }

  void DefineTrace() {
    trace_command_ = app_.add_subcommand(
        "trace", "Record operations in a file, make one of a CSV file, show it, or run it again");
    trace_command_->allow_extras();
    trace_command_->footer(Footer());
    const auto add = [this](const std::string& name, const std::string& help) {
      ::CLI::App* action = trace_command_->add_subcommand(name, help);
      action->allow_extras();
      action->footer(Footer());
      return action;
    };
    const auto add_file = [this](::CLI::App* action, const std::string& help) {
      action->add_option("file", trace_.file, help)->option_text("FILE");
    };
    const auto add_out = [this](::CLI::App* action) {
      AddValue(action, "--out", &trace_.out, "New file for the trace, which ends with .bwtrace",
               "FILE");
    };
    ::CLI::App* record = add("record", "Write the records and operations of one cell to a file");
    DefineSpec(record, &trace_.cells);
    DefineChoice(record, &trace_.cells);
    add_out(record);

    ::CLI::App* convert = add("convert", "Make a trace of a CSV file");
    add_file(convert, "The CSV file");
    add_out(convert);
    AddValue(convert, "--layout", &trace_.layout,
             "twitter: cache traces of 7 fields; ops: operation, key and, of scans, a length "
             "[twitter]",
             "LAYOUT");
    AddValue(convert, "--threads", &trace_.threads,
             "Threads to share the operations among, by key [1]", "N");
    AddValue(convert, "--ops-max", &trace_.ops_max, "Read no more operations than these", "N");

    ::CLI::App* stats = add("stats", "Show what a trace holds");
    add_file(stats, "The trace");
    stats->add_flag("--json", trace_.json, "Print an object");

    ::CLI::App* replay = add("replay", "Run the operations of a trace and write the results");
    add_file(replay, "The trace");
    AddValue(replay, "--engine", &trace_.engines,
             "Engine to run it on [bwtree/default] (repeatable)", "ENGINE");
    DefineChoice(replay, &trace_.run.cells);
    AddValue(replay, "--reps", &trace_.run.cells.reps, "Repetitions [3]", "N");
    DefineMeasuring(replay, &trace_.run);
  }

  int Trace() {
    const std::vector<::CLI::App*> actions = trace_command_->get_subcommands();
    if (actions.empty()) {
      return Fail(kExitUsage,
                  "trace: name an action: " + experiment::JoinNames(CommandsOf(*trace_command_)));
    }
    const std::string& action = actions.front()->get_name();
    if (action == "record") return TraceRecord(trace_);
    if (trace_.file.empty()) return Fail(kExitUsage, "trace " + action + ": FILE is missing");
    if (action == "convert") return TraceConvert(trace_);
    if (action == "stats") return TraceStats(trace_);
    return TraceReplay(trace_);
  }

  ::CLI::App app_{
      "Benchmarks ordered indexes: every cell of an experiment in a fresh process,\n"
      "checked, with one JSON result each. Without arguments it runs the quickstart.",
      "run_experiment"};
  ::CLI::App* run_command_ = nullptr;
  ::CLI::App* plan_command_ = nullptr;
  ::CLI::App* list_command_ = nullptr;
  ::CLI::App* validate_command_ = nullptr;
  ::CLI::App* explain_command_ = nullptr;
  ::CLI::App* doctor_command_ = nullptr;
  ::CLI::App* compare_command_ = nullptr;
  ::CLI::App* find_max_command_ = nullptr;
  ::CLI::App* completion_command_ = nullptr;
  ::CLI::App* micro_command_ = nullptr;
  ::CLI::App* docs_command_ = nullptr;
  ::CLI::App* trace_command_ = nullptr;
  RunRequest run_;
  PlanRequest plan_;
  ListRequest list_;
  ValidateRequest validate_;
  ExplainRequest explain_;
  DoctorRequest doctor_;
  CompareRequest compare_;
  FindMaxRequest find_max_;
  std::string shell_;  // of completion
  std::vector<std::string> engine_plugins_;
  MicroRequest micro_;
  DocsRequest docs_;
  TraceRequest trace_;
};

}  // namespace

int Main(const std::vector<std::string>& argv) { return CommandLine().Main(argv); }

std::optional<CellsRequest> CellsOfCommandLine(const std::vector<std::string>& argv) {
  return CommandLine().CellsOf(argv);
}

int Fail(int exit_code, std::string_view message) {
  std::cerr << "run_experiment: " << message << '\n';
  return exit_code;
}

int Fail(const Status& status) { return Fail(ExitCodeOf(status), status.message()); }

}  // namespace bwlab::cli
