#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "bwlab/experiment/plan.h"

namespace bwlab::experiment {

/// {"git_commit": ..., "git_dirty": ..., "git_diff_sha256": ...} of the repository, null where git
/// or the repository is absent.
nlohmann::json GitState();

/// Whether a build is for measuring: optimised, and without sanitizers.
bool IsForMeasuring(std::string_view build_type, std::string_view flags);

/// Everything about an experiment's origin that is the same for all its cells: commit, build,
/// machine, command line, and what was asked for: `spec`, which stands in the file at `spec_path`;
/// that of a plan has the environment too. What cannot be known is null. Free of host names, user
/// names and absolute paths.
nlohmann::json CollectProvenance(const std::filesystem::path& spec_path, const nlohmann::json& spec,
                                 const std::vector<std::string>& argv);
nlohmann::json CollectProvenance(const Plan& plan, const std::vector<std::string>& argv);

}  // namespace bwlab::experiment
