#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "bwlab/workload/workload.h"

namespace bwlab::workload {

/// A workload, or one sentence that names the file, the place in it (a JSON pointer), the value and
/// what is allowed.
struct [[nodiscard]] WorkloadParse {
  WorkloadSpec spec;
  std::string error;

  bool ok() const { return error.empty(); }
};

/// Whether something may be called so that becomes a part of file names.
bool IsPlainName(std::string_view name);
inline constexpr std::string_view kPlainNameRule = "1 to 128 of the characters A-Z a-z 0-9 . _ -";

/// Reads a workload from `json`. `file` is what error sentences call the document, `at` the JSON
/// pointer of `json` inside it ("" for the whole). Never throws. Strict: unknown and unused keys
/// are errors.
///
///   {"schema_version": 1, "name": "ycsb_e", "title": "...", "source": "...",
///    "mix": {"scan": 0.95, "insert": 0.05},
///    "request": {"distribution": "zipfian", "theta": 0.99, "scrambled": true},
///    "scan": {"distribution": "uniform", "length_min": 1, "length_max": 100}}
///
/// A workload that changes over time has, in place of mix, request and scan,
///   "phases": [{"share": 0.25, "mix": {...}, "request": {...}}, {"share": 0.75, ...}]
WorkloadParse ParseWorkload(const nlohmann::json& json, std::string_view file,
                            std::string_view at = "");

/// Reads the file at `path`, whose stem must be the workload's name.
WorkloadParse LoadWorkloadFile(const std::filesystem::path& path);

/// The names of the workload files (*.json) in `directory`, sorted; empty where it cannot be read.
std::vector<std::string> WorkloadNames(const std::filesystem::path& directory);

/// Reads `directory`/`name`.json. An unknown name gives the choices and "did you mean".
WorkloadParse LoadWorkload(const std::filesystem::path& directory, std::string_view name);

/// The inverse of ParseWorkload; fields that the workload does not use are left out.
nlohmann::json ToJson(const WorkloadSpec& spec);

}  // namespace bwlab::workload
