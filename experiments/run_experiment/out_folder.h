#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "bwlab/base/status.h"
#include "bwlab/experiment/results_folder.h"

namespace bwlab::cli {

/// What a command was told of the folder for its results.
struct OutRequest {
  std::string out;  ///< empty: not told
  bool resume = false;
  bool fresh = false;
};

/// Folders of these commands begin with this and the experiment's id, where --out names no other.
inline constexpr std::string_view kRunFolders = "";
inline constexpr std::string_view kFindMaxFolders = "find-max-";

/// The folder that a request means, new or to be gone on with; says on standard error where earlier
/// results went, unless `quiet`. `folders` is one of the above. Errors: as of ResultsFolder, and
/// InvalidArgument where there is nothing to go on with.
Result<experiment::ResultsFolder> OpenOutFolder(const OutRequest& request, bool quiet,
                                                std::string_view folders,
                                                const nlohmann::json& spec);

/// "3 finished results are in DIR; the same command with --resume --out DIR goes on"
std::string HowToGoOn(const experiment::ResultsFolder& folder);

}  // namespace bwlab::cli
