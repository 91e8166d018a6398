#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bwlab/base/status.h"

namespace bwlab::experiment {

/// A value for one key of the spec from the command line, which goes before the file's.
struct Setting {
  std::string flag;   ///< as the user wrote it, for messages: `--set ops=5`, `--seed 7`
  std::string key;    ///< dotted path: `keys.count`
  std::string value;  ///< JSON, or text where the key wants text; a list may be given as a,b,c
};

/// Splits the `k=v` of --set.
Result<Setting> ParseSetting(const std::string& argument);

/// An experiment as it will run: the file with the settings applied and the defaults filled in.
struct Spec {
  nlohmann::json document;  ///< conforms to the schema
  std::string path;         ///< the file's path as given
  std::string source;  ///< for messages: the path, and the flags that changed what the file says
};

/// Reads, overrides, checks and completes a spec. Errors: InvalidArgument that names the file or
/// the flag, the JSON path, the value, and what is allowed.
Result<Spec> LoadSpec(const std::string& path, const std::vector<Setting>& settings);

}  // namespace bwlab::experiment
