#include "bwlab/experiment/filter.h"

#include <algorithm>

#include "bwlab/experiment/names.h"
#include "bwlab/experiment/sweep.h"

namespace bwlab::experiment {

using nlohmann::json;

Result<Filter> ParseFilter(const std::string& argument) {
  const size_t equals = argument.find('=');
  if (equals == std::string::npos || equals + 1 == argument.size()) {
    return Status::InvalidArgument(
        "--filter " + Quoted(argument) +
        " is not of the form key=pattern, such as workload=ycsb_a|ycsb_b");
  }
  return Filter{argument.substr(0, equals), SplitAt(argument.substr(equals + 1), '|')};
}

bool IsMatrixAxis(std::string_view key) {
  return std::find(kMatrixAxes.begin(), kMatrixAxes.end(), key) != kMatrixAxes.end();
}

bool MatchesEngine(const EngineEntry& engine, std::string_view pattern) {
  return MatchesGlob(engine.Label(), pattern) || MatchesGlob(engine.engine, pattern);
}

bool MatchesWhere(const Cell& cell, const json& where) {
  if (where.contains("workload") &&
      !MatchesGlob(cell.workload.name, where["workload"].get<std::string>())) {
    return false;
  }
  if (where.contains("engine") &&
      !MatchesEngine(*cell.engine, where["engine"].get<std::string>())) {
    return false;
  }
  return !where.contains("threads") || where["threads"].get<uint32_t>() == cell.threads;
}

bool Passes(const Cell& cell, const Filter& filter) {
  return std::any_of(filter.patterns.begin(), filter.patterns.end(),
                     [&](const std::string& pattern) {
                       if (filter.key == "engine") return MatchesEngine(*cell.engine, pattern);
                       if (filter.key == "workload")
                         return MatchesGlob(cell.workload.name, pattern);
                       if (filter.key == "threads")
                         return MatchesGlob(std::to_string(cell.threads), pattern);
                       return !cell.coordinates.contains(filter.key) ||
                              MatchesGlob(ShownCoordinate(cell.coordinates, filter.key), pattern);
                     });
}

}  // namespace bwlab::experiment
