#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bwlab/experiment/exit_code.h"
#include "bwlab/experiment/json_schema.h"
#include "bwlab/experiment/names.h"
#include "bwlab/experiment/schema_reference.h"
#include "run_experiment/command_line.h"

namespace bwlab::cli {

int Docs(const DocsRequest& request) {
  const std::vector<std::string> kinds = experiment::SchemaKinds();
  if (request.kind.empty()) {
    return Fail(experiment::kExitUsage,
                "docs: name a kind of file: " + experiment::JoinNames(kinds));
  }
  if (std::find(kinds.begin(), kinds.end(), request.kind) == kinds.end()) {
    return Fail(experiment::kExitUsage,
                "docs: " + experiment::UnknownName("kind of file", request.kind, kinds));
  }
  const auto schema = nlohmann::ordered_json::parse(experiment::SchemaText(request.kind));
  std::cout << fmt::format(
      "<!-- Written from {0}.schema.json, which is the file to edit. After a build:\n"
      "       build/native/run_experiment docs {0} > experiments/schema/{0}.md\n"
      "     `run_experiment validate FILE` checks a file.\n\n{1} -->\n\n{2}",
      request.kind, experiment::kExitCodesText, experiment::SchemaReference(schema));
  return experiment::kExitOk;
}

}  // namespace bwlab::cli
