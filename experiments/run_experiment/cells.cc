#include <utility>

#include "bwlab/experiment/memory.h"
#include "bwlab/experiment/plan.h"
#include "bwlab/experiment/repository.h"
#include "bwlab/experiment/spec.h"
#include "run_experiment/command_line.h"

namespace bwlab::cli {
namespace {

using experiment::Setting;

/// The flags that stand for a --set, after the --sets themselves.
Result<std::vector<Setting>> SettingsOf(const CellsRequest& request) {
  std::vector<Setting> settings;
  for (const std::string& set : request.sets) {
    Result<Setting> setting = experiment::ParseSetting(set);
    if (!setting.ok()) return setting.status();
    settings.push_back(std::move(setting).value());
  }
  if (!request.seed.empty()) settings.push_back({"--seed " + request.seed, "seed", request.seed});
  if (!request.reps.empty()) settings.push_back({"--reps " + request.reps, "reps", request.reps});
  if (!request.verify.empty()) {
    settings.push_back({"--verify " + request.verify, "verify", request.verify});
  }
  return settings;
}

}  // namespace

Result<experiment::Plan> PlanOf(const CellsRequest& request) {
  const Result<std::string> path = experiment::FindSpec(request.spec);
  if (!path.ok()) return path.status();
  const Result<std::vector<Setting>> settings = SettingsOf(request);
  if (!settings.ok()) return settings.status();
  std::vector<experiment::Filter> filters;
  for (const std::string& text : request.filters) {
    Result<experiment::Filter> filter = experiment::ParseFilter(text);
    if (!filter.ok()) return filter.status();
    filters.push_back(std::move(filter).value());
  }
  const Result<experiment::Spec> spec = experiment::LoadSpec(path.value(), settings.value());
  if (!spec.ok()) return spec.status();
  return experiment::MakePlan(spec.value(), filters, experiment::AvailableMemoryBytes());
}

}  // namespace bwlab::cli
