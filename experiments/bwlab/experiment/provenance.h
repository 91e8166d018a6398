#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bwlab/experiment/plan.h"

namespace bwlab::experiment {

/// Everything about an experiment's origin that is the same for all its cells: commit, build,
/// machine, command line, and what was asked for: `spec`, which stands in the file at `spec_path`.
/// What cannot be known is null. Free of host names, user names and absolute paths.
nlohmann::json CollectProvenance(const std::filesystem::path& spec_path, const nlohmann::json& spec,
                                 const std::vector<std::string>& argv);
nlohmann::json CollectProvenance(const Plan& plan, const std::vector<std::string>& argv);

}  // namespace bwlab::experiment
