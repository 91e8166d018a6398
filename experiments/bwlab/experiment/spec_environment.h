#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "bwlab/base/status.h"
#include "bwlab/experiment/spec.h"

namespace bwlab::experiment {

/// Variables of the environment that set keys of the spec, by name: BWLAB_SPEC_KEYS_COUNT=1000 is
/// as `--set keys.count=1000`, which goes before it.
using SpecVariables = std::map<std::string, std::string>;

/// All variables of this process whose name begins with BWLAB_SPEC_.
SpecVariables ReadSpecVariables();

/// The variable of a key: its dotted path in capitals, with _ for dots.
std::string VariableOf(std::string_view dotted_key);

/// Errors: InvalidArgument for a variable that belongs to no key, with "did you mean".
Result<std::vector<Setting>> SettingsOf(const SpecVariables& variables);

}  // namespace bwlab::experiment
