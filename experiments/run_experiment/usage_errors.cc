#include "run_experiment/usage_errors.h"

#include <algorithm>
#include <cstddef>

#include "bwlab/experiment/names.h"

namespace bwlab::cli {
namespace {

/// Names of the options, for "did you mean".
std::vector<std::string> FlagsOf(const ::CLI::App& command) {
  std::vector<std::string> flags;
  for (const ::CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
  }
  return flags;
}

/// "trace record" of an action, "run" of a command.
std::string FullName(const ::CLI::App& command) {
  const ::CLI::App* parent = command.get_parent();
  const bool is_action = parent != nullptr && parent->get_parent() != nullptr;
  return (is_action ? parent->get_name() + " " : "") + command.get_name();
}

}  // namespace

std::vector<std::string> CommandsOf(const ::CLI::App& app) {
  std::vector<std::string> names;
  for (const ::CLI::App* command : app.get_subcommands([](const ::CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  return names;
}

std::string FirstExtra(const ::CLI::App& command) {
  for (const std::string& extra : command.remaining()) {
    if (extra != "--") return extra;
  }
  return "";
}

std::string DescribeExtra(const ::CLI::App& command, const std::string& extra) {
  if (!extra.starts_with('-')) {
    const std::vector<std::string> actions = CommandsOf(command);
    if (!actions.empty()) {
      return FullName(command) + ": " + experiment::UnknownName("action", extra, actions);
    }
    return FullName(command) + ": unexpected argument " + experiment::Quoted(extra);
  }
  return FullName(command) + ": " +
         experiment::UnknownName("flag", extra.substr(0, extra.find('=')), FlagsOf(command));
}

std::string DescribeMismatch(const ::CLI::App& app, const ::CLI::ArgumentMismatch& error) {
  const std::string what = error.what();
  const std::string flag = what.substr(0, what.find(':'));
  const ::CLI::App* command = &app;
  while (!command->get_subcommands().empty()) command = command->get_subcommands().front();
  const ::CLI::Option* option = command->get_option_no_throw(flag);
  if (option == nullptr) return what;
  const std::string values = option->get_option_text();
  if (option->results().size() > static_cast<size_t>(option->get_items_expected_max())) {
    return FullName(*command) + ": " + flag + " " + values + " is given more than once";
  }
  return FullName(*command) + ": " + flag + " takes " + values + ", which is missing";
}

std::string DescribeUnknownCommand(const ::CLI::App& app, const std::string& extra) {
  const std::vector<std::string> flags = FlagsOf(app);
  if (extra.starts_with('-')) {
    return experiment::UnknownName("flag", extra.substr(0, extra.find('=')), flags);
  }
  const std::string flag = "--" + extra;
  if (std::find(flags.begin(), flags.end(), flag) != flags.end()) {
    return "unknown command " + experiment::Quoted(extra) + "; did you mean " +
           experiment::Quoted(flag) + "?";
  }
  return experiment::UnknownName("command", extra, CommandsOf(app));
}

}  // namespace bwlab::cli
