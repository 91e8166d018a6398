#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

namespace bwlab::cli {

// What is wrong with a command line that CLI11 does not take, as one sentence.

/// Names of the commands of the program, or of the actions of a command.
std::vector<std::string> CommandsOf(const ::CLI::App& app);

/// The first argument that nothing takes, or "". What follows "--" is no flag; it is none itself.
std::string FirstExtra(const ::CLI::App& command);

/// What is wrong with an argument that nothing of a command takes.
std::string DescribeExtra(const ::CLI::App& command, const std::string& extra);
/// The same where no command was named.
std::string DescribeUnknownCommand(const ::CLI::App& app, const std::string& extra);

/// What is wrong where an option has too few values or too many, in place of the library's words.
std::string DescribeMismatch(const ::CLI::App& app, const ::CLI::ArgumentMismatch& error);

}  // namespace bwlab::cli
