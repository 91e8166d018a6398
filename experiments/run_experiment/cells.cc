#include <utility>

#include "bwlab/experiment/memory.h"
#include "bwlab/experiment/plan.h"
#include "bwlab/experiment/repository.h"
#include "bwlab/experiment/spec.h"
#include "run_experiment/command_line.h"

namespace bwlab::cli {
namespace {

using experiment::Setting;

/// Whether one of the keys is the other, or an object that holds it.
bool AreOfOneKey(const Setting& a, const Setting& b) {
  return (a.key + ".").starts_with(b.key + ".") || (b.key + ".").starts_with(a.key + ".");
}

/// The --sets, the flags that stand for one, and the --sweeps, of which none may take back what
/// another flag says.
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
  for (const std::string& argument : request.sweeps) {
    Result<Setting> sweep = experiment::ParseSweep(argument);
    if (!sweep.ok()) return sweep.status();
    for (const Setting& other : settings) {
      if (!AreOfOneKey(sweep.value(), other)) continue;
      return Status::InvalidArgument(sweep.value().flag + " and " + other.flag +
                                     " are of the same key; give one of them");
    }
    settings.push_back(std::move(sweep).value());
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
