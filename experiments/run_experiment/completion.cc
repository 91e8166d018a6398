#include "run_experiment/completion.h"

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <iostream>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "bwlab/experiment/engine.h"
#include "bwlab/experiment/exit_code.h"
#include "bwlab/experiment/json_schema.h"
#include "bwlab/experiment/names.h"
#include "bwlab/experiment/perf_counters.h"
#include "bwlab/experiment/plan.h"
#include "bwlab/workload/trace_csv.h"
#include "run_experiment/command_line.h"

namespace bwlab::cli {
namespace {

/// What does not depend on the command line. The line is taken apart here, since bash also breaks
/// words at "=", where a filter goes on.
constexpr std::string_view kBash = R"bash(# Completes run_experiment in bash:
#   source <(build/native/run_experiment completion bash)

# How the value of a flag ($2, or "" for what stands without one) of a command ($1) is completed.
_run_experiment_kind() {
  case "$1 $2" in
@kinds@  esac
}

_run_experiment_flags() {
  case "$1" in
@flags@  esac
}

# First words of what the program lists.
_run_experiment_names() {
  local name
  "$1" list "$2" 2>/dev/null | while read -r name _; do echo "$name"; done
}

_run_experiment_engines() {
  _run_experiment_names "$1" engines
  _run_experiment_names "$1" variants
}

_run_experiment() {
  local line=${COMP_LINE:0:COMP_POINT} prefix="" choices="" command="" flag="" kind i
  local -a words
  read -ra words <<<"$line"
  [[ $line == *[[:blank:]] ]] && words+=("")
  local binary=${words[0]/#\~/$HOME} current=${words[-1]}
  COMPREPLY=()
  for ((i = 1; i < ${#words[@]} - 1; ++i)); do
    [[ ${words[i]} == -* ]] && continue
    command=${words[i]}
    # The action of a command follows it.
    if ((i + 2 < ${#words[@]})) && [[ -n $(_run_experiment_flags "$command ${words[i + 1]}") ]]; then
      command+=" ${words[i + 1]}"
    fi
    break
  done
  if [[ $current == --*=* ]]; then
    flag=${current%%=*}
    current=${current#*=}
  elif ((${#words[@]} > 2)) && [[ ${words[-2]} == --* ]]; then
    flag=${words[-2]}
    [[ -n $(_run_experiment_kind "$command" "$flag") ]] || flag=""
  fi
  kind=$(_run_experiment_kind "$command" "$flag")
  if [[ -z $flag && $current == -* ]]; then
    kind="words $(_run_experiment_flags "$command")"
  elif [[ -z $command ]]; then
    kind="words @commands@"
  fi
  compopt +o default 2>/dev/null
  case ${kind%% *} in
    words) choices=${kind#* } ;;
    list)
      [[ $current == *,* ]] && prefix=${current%,*},
      choices=${kind#* }
      ;;
    filter)
      case $current in
        workload=*) choices=$(_run_experiment_names "$binary" workloads) ;;
        engine=*) choices=$(_run_experiment_engines "$binary") ;;
        *=*) ;;
        *)
          choices="@filter_keys@"
          compopt -o nospace 2>/dev/null
          ;;
      esac
      if [[ $current == *=* ]]; then
        # Where bash has broken the word at "=", it keeps what stands before.
        [[ $COMP_WORDBREAKS == *=* ]] || prefix=${current%%=*}=
        current=${current#*=}
      fi
      ;;
    engines) choices=$(_run_experiment_engines "$binary") ;;
    experiments)
      choices=$(_run_experiment_names "$binary" experiments)
      compopt -o default 2>/dev/null
      ;;
    files) compopt -o default 2>/dev/null ;;
    folders)
      mapfile -t COMPREPLY < <(compgen -d -- "$current")
      compopt -o filenames 2>/dev/null
      return
      ;;
  esac
  mapfile -t COMPREPLY < <(compgen -P "$prefix" -W "$choices" -- "${current#"$prefix"}")
}

complete -o default -F _run_experiment run_experiment
)bash";

template <class Names>
std::string Joined(const Names& names) {
  std::string joined;
  for (const auto& name : names) {
    if (!joined.empty()) joined += ' ';
    joined += name;
  }
  return joined;
}

std::string CounterNames() {
  std::vector<std::string_view> names = {"auto", "off"};
  for (const experiment::PerfEvent& event : experiment::AllPerfEvents()) {
    names.push_back(event.name);
  }
  return Joined(names);
}

std::string LayoutNames() {
  std::vector<std::string_view> names;
  for (const auto& layout : workload::kCsvLayouts) names.push_back(layout.name);
  return Joined(names);
}

/// How a value is completed that the help calls `shown`; "none" where nothing is known of it.
std::string KindOf(const std::string& shown) {
  static const std::map<std::string, std::string> kKinds = {
      {"[quickstart]", "experiments"},
      {"A B | SPEC", "experiments"},
      {"FILE", "files"},
      {"FILE...", "files"},
      {"OLD NEW", "files"},
      {"[NAME=]FILE", "files"},
      {"DIR", "folders"},
      {"ENGINE", "engines"},
      {"KEY=PATTERN", "filter"},
      {"TOPIC", "words " + Joined(ListTopics())},
      {"KIND", "words " + Joined(experiment::SchemaKinds())},
      {"MODE", "words " + Joined(experiment::kVerifyModeNames)},
      {"ORDER", "words " + Joined(experiment::kRunOrderNames)},
      {"ARRIVAL", "words " + Joined(kFindMaxArrivals)},
      {"LAYOUT", "words " + LayoutNames()},
      {"LIST", "list " + CounterNames()},
      {"SHELL", "words " + Joined(kShells)},
  };
  const auto kind = kKinds.find(shown);
  return kind == kKinds.end() ? "none" : kind->second;
}

/// The lines of one command for both tables, and of its actions.
void AddCommand(const std::string& name, const ::CLI::App& command, std::string* kinds,
                std::string* flags) {
  std::vector<std::string> names;
  bool has_positional = false;  // the first stands for all
  for (const ::CLI::Option* option : command.get_options()) {
    const std::string kind = KindOf(option->get_option_text());
    if (option->get_positional() && !std::exchange(has_positional, true)) {
      *kinds += "    '" + name + " ') echo '" + kind + "' ;;\n";
    }
    for (const std::string& flag : option->get_lnames()) {
      names.push_back("--" + flag);
      if (option->get_items_expected_max() == 0) continue;  // takes no value
      *kinds += "    '" + name + " --" + flag + "') echo '" + kind + "' ;;\n";
    }
  }
  *flags += "    '" + name + "') echo '" + Joined(names) + "' ;;\n";
  if (name.empty()) return;
  std::vector<std::string> actions;
  for (const ::CLI::App* action : command.get_subcommands([](const ::CLI::App*) { return true; })) {
    actions.push_back(action->get_name());
    AddCommand(name + " " + actions.back(), *action, kinds, flags);
  }
  if (!actions.empty()) *kinds += "    '" + name + " ') echo 'words " + Joined(actions) + "' ;;\n";
}

void Replace(std::string_view placeholder, const std::string& by, std::string* text) {
  text->replace(text->find(placeholder), placeholder.size(), by);
}

}  // namespace

int PrintCompletion(const std::string& shell, const ::CLI::App& app) {
  const std::vector<std::string> shells(kShells.begin(), kShells.end());
  if (shell != shells.front()) {
    return Fail(experiment::kExitUsage,
                "completion: " + (shell.empty() ? "name a shell: " + experiment::JoinNames(shells)
                                                : experiment::UnknownName("shell", shell, shells)));
  }
  std::string kinds;
  std::string flags;
  std::vector<std::string> commands;
  AddCommand("", app, &kinds, &flags);
  for (const ::CLI::App* command : app.get_subcommands([](const ::CLI::App*) { return true; })) {
    commands.push_back(command->get_name());
    AddCommand(commands.back(), *command, &kinds, &flags);
  }
  std::string script(kBash);
  Replace("@kinds@", kinds, &script);
  Replace("@flags@", flags, &script);
  Replace("@commands@", Joined(commands), &script);
  std::string keys;
  for (const std::string_view axis : experiment::kMatrixAxes) keys += std::string(axis) + "= ";
  Replace("@filter_keys@", keys, &script);
  std::cout << script;
  return experiment::kExitOk;
}

}  // namespace bwlab::cli
