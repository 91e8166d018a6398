#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bwlab/experiment/cell.h"
#include "bwlab/experiment/spec.h"

namespace bwlab::experiment {

/// One value of a cell's configuration.
struct ExplainedValue {
  std::string key;  ///< dotted path, as --set takes it where it takes it
  nlohmann::json value;
  std::string
      from;  ///< default, spec, spec /overrides/0, a flag, a variable, engine, variant, file
};

/// The whole configuration of a cell of the spec: its place in the matrix, its settings, those of
/// its engine, its workload.
std::vector<ExplainedValue> Explain(const Spec& spec, const Cell& cell);

/// The same as far as a result tells it, where its spec is not at hand.
std::vector<ExplainedValue> ExplainFromResult(const nlohmann::json& result);

}  // namespace bwlab::experiment
