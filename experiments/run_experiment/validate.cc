#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>
#include <vector>

#include "bwlab/experiment/exit_code.h"
#include "bwlab/experiment/json_schema.h"
#include "bwlab/experiment/memory.h"
#include "bwlab/experiment/names.h"
#include "bwlab/experiment/plan.h"
#include "bwlab/experiment/spec.h"
#include "bwlab/workload/json_text.h"
#include "bwlab/workload/workload_json.h"
#include "run_experiment/command_line.h"

namespace bwlab::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct Verdict {
  std::string file;
  std::string kind;   ///< spec, result, workload or micro; empty where that cannot be told
  std::string error;  ///< empty where the file is valid
  std::string note;   ///< what the file is, for people
};

void CheckSpec(Verdict* verdict) {
  verdict->kind = "spec";
  const Result<experiment::Spec> spec = experiment::LoadSpec(verdict->file, {});
  if (!spec.ok()) {
    verdict->error = spec.status().message();
    return;
  }
  const Result<experiment::Plan> plan =
      experiment::MakePlan(spec.value(), {}, experiment::AvailableMemoryBytes());
  if (!plan.ok()) {
    verdict->error = plan.status().message();
    return;
  }
  verdict->note =
      fmt::format("a spec of {}, {} each", experiment::Counted(plan.value().cells.size(), "cell"),
                  experiment::Counted(plan.value().reps, "repetition"));
}

void CheckResult(const json& document, const experiment::JsonSchema& schema, Verdict* verdict) {
  if (const auto violation = schema.Check(document)) {
    verdict->error = verdict->file + ": " + *violation;
  }
}

void CheckWorkload(Verdict* verdict) {
  verdict->kind = "workload";
  const workload::WorkloadParse parse = workload::LoadWorkloadFile(verdict->file);
  verdict->error = parse.error;
  verdict->note = "a workload: " + parse.spec.title;
}

Verdict Check(const std::string& file) {
  Verdict verdict{.file = file, .kind = {}, .error = {}, .note = {}};
  const workload::JsonParse parse = workload::ParseJsonFile(file);
  if (!parse.ok()) {
    verdict.error = parse.error;
  } else if (parse.json.is_object() && parse.json.contains("cell_id")) {
    verdict.kind = "result";
    verdict.note = "a result";
    CheckResult(parse.json, experiment::ResultSchema(), &verdict);
  } else if (parse.json.is_object() && parse.json.contains("benchmarks")) {
    verdict.kind = "micro";
    verdict.note = "a result of micro-benchmarks";
    CheckResult(parse.json, experiment::MicroSchema(), &verdict);
  } else if (parse.json.is_object() &&
             (parse.json.contains("mix") || parse.json.contains("phases"))) {
    CheckWorkload(&verdict);
  } else if (parse.json.is_object() && parse.json.contains("matrix")) {
    CheckSpec(&verdict);
  } else {
    verdict.error =
        file + ": /: neither a spec (with the key \"matrix\"), nor a result (with " +
        "\"cell_id\", or of micro-benchmarks, with \"benchmarks\"), nor a workload (with " +
        "\"mix\" or \"phases\")";
  }
  return verdict;
}

/// The files of a folder; the path itself where it is no folder.
std::vector<std::string> FilesOf(const std::string& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return {path};
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(path, error)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

json ToJson(const Verdict& verdict) {
  return {{"file", verdict.file},
          {"kind", verdict.kind.empty() ? json() : json(verdict.kind)},
          {"valid", verdict.error.empty()},
          {"error", verdict.error.empty() ? json() : json(verdict.error)}};
}

}  // namespace

int Validate(const ValidateRequest& request) {
  if (request.files.empty()) {
    return Fail(experiment::kExitUsage,
                "validate: name a spec, a workload, a result or a results folder");
  }
  int exit_code = experiment::kExitOk;
  json verdicts = json::array();
  for (const std::string& path : request.files) {
    const std::vector<std::string> files = FilesOf(path);
    if (files.empty()) {
      exit_code = Fail(experiment::kExitUsage, path + ": a folder in which no *.json is");
    }
    for (const std::string& file : files) {
      const Verdict verdict = Check(file);
      verdicts.push_back(ToJson(verdict));
      if (!verdict.error.empty()) {
        exit_code = Fail(experiment::kExitUsage, verdict.error);
      } else if (!request.json) {
        std::cout << file << ": valid, " << verdict.note << '\n';
      }
    }
  }
  if (request.json) std::cout << verdicts.dump(2) << '\n';
  return exit_code;
}

}  // namespace bwlab::cli
