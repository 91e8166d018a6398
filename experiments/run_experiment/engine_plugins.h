#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bwlab/base/status.h"

namespace bwlab::cli {

/// Adds the engines of these values of --engine-plugin. Each library is asked what it is by a
/// process of its own, so that none can end this one. Errors: InvalidArgument with the file.
Status AddEnginePlugins(const std::vector<std::string>& values);

/// The value of --engine-plugin for a process that may run in another folder.
std::string WithAbsolutePath(const std::string& value);

/// The other side of AddEnginePlugins: writes what a library says of itself to standard output.
/// @return the exit code
int DescribePlugin(const std::string& path);
inline constexpr std::string_view kDescribePluginCommand = "describe-plugin";

}  // namespace bwlab::cli
