#pragma once

#include <vector>

#include "bwlab/base/status.h"
#include "bwlab/experiment/filter.h"
#include "bwlab/experiment/spec.h"
#include "bwlab/experiment/spec_environment.h"
#include "run_experiment/command_line.h"

namespace bwlab::cli {

// What a CellsRequest means, step by step; PlanOf (command_line.h) takes all of them. Errors:
// InvalidArgument.

/// The settings of the environment and then those of the flags, which go before them.
Result<std::vector<experiment::Setting>> SettingsOf(const experiment::SpecVariables& variables,
                                                    const CellsRequest& request);

/// The spec with the settings of this process' environment and of the flags applied.
Result<experiment::Spec> SpecOf(const CellsRequest& request);

Result<std::vector<experiment::Filter>> FiltersOf(const CellsRequest& request);

}  // namespace bwlab::cli
