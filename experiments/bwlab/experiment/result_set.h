#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bwlab/base/status.h"

namespace bwlab::experiment {

/// Results that are looked at together, such as those of one folder.
struct ResultSet {
  std::string path;  ///< as given
  std::vector<nlohmann::json> results;
};

/// Reads all results of a folder, or the one of a file. Errors: InvalidArgument, which names the
/// file, where there is none, one is damaged, or two are of the same cell and repetition.
Result<ResultSet> LoadResults(const std::string& path);

/// Why the results of two sets should not stand in one comparison, a clause each: they come from
/// several hosts, or within a set from several commits or binaries; from a tree with changes; from
/// a build that is not for measuring. Empty where nothing speaks against it. The rule is that of
/// scripts/bwlab_results/provenance.py, but that the two sets may differ in commit and binary.
std::vector<std::string> WhyNotCompared(const ResultSet& a, const ResultSet& b);

}  // namespace bwlab::experiment
