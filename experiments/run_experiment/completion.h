#pragma once

#include <CLI/App.hpp>
#include <string>

namespace bwlab::cli {

/// Prints the script by which `shell` completes the command line that `app` takes: commands and
/// flags as they are defined there, and values by what a flag's help calls them.
/// @return the exit code
int PrintCompletion(const std::string& shell, const ::CLI::App& app);

}  // namespace bwlab::cli
