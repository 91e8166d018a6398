#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bwlab/base/status.h"

namespace bwlab::experiment {

/// A value for one key of the spec from the command line or the environment, which goes before the
/// file's.
struct Setting {
  std::string flag;       ///< as the user wrote it, for messages: `--set ops=5`, `--seed 7`
  std::string key;        ///< dotted path: `keys.count`
  std::string value;      ///< JSON, or text where the key wants text; a list may be given as a,b,c
  bool is_sweep = false;  ///< a list of values, which become an axis of the sweep
};

/// Splits the `k=v` of --set.
Result<Setting> ParseSetting(const std::string& argument);

/// Splits the `k=a,b,c` of --sweep. An axis of the matrix (`threads` or `matrix.threads`) is set.
Result<Setting> ParseSweep(const std::string& argument);

/// Where values come from, by the JSON pointers of values and lists.
using Origins = std::map<std::string, std::string>;
inline constexpr const char* kFromSpec = "spec";        ///< the file
inline constexpr const char* kFromDefault = "default";  ///< the schema

/// Notes that `value`, which stands at `pointer`, comes from there, with all that is in it.
void NoteOrigins(const nlohmann::json& value, const std::string& pointer, const std::string& from,
                 Origins* origins);

/// An experiment as it will run: the file with the settings applied and the defaults filled in.
struct Spec {
  nlohmann::json document;  ///< conforms to the schema
  std::string path;         ///< the file's path as given
  std::string source;  ///< for messages: the path, and the flags that changed what the file says
  Origins origins{};   ///< kFromSpec, kFromDefault, or the flag of a setting
};

/// Overrides, checks and completes a spec that has been read from `path`, or made by a command that
/// is named there. Errors as of LoadSpec.
Result<Spec> SpecOfDocument(nlohmann::json document, const std::string& path,
                            const std::vector<Setting>& settings);

/// Reads, overrides, checks and completes a spec. Errors: InvalidArgument that names the file or
/// the flag, the JSON path, the value, and what is allowed.
Result<Spec> LoadSpec(const std::string& path, const std::vector<Setting>& settings);

}  // namespace bwlab::experiment
