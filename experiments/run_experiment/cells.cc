#include "run_experiment/cells.h"

#include <utility>

#include "bwlab/experiment/memory.h"
#include "bwlab/experiment/repository.h"

namespace bwlab::cli {
namespace {

using experiment::Setting;

/// Whether one of the keys is the other, or an object that holds it.
bool AreOfOneKey(const Setting& a, const Setting& b) {
  return (a.key + ".").starts_with(b.key + ".") || (b.key + ".").starts_with(a.key + ".");
}

/// The --sets, the flags that stand for one, and the --sweeps, of which none may take back what
/// another flag says.
Result<std::vector<Setting>> SettingsOfFlags(const CellsRequest& request) {
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

Result<std::vector<Setting>> SettingsOf(const experiment::SpecVariables& variables,
                                        const CellsRequest& request) {
  Result<std::vector<Setting>> settings = experiment::SettingsOf(variables);
  if (!settings.ok()) return settings;
  Result<std::vector<Setting>> flags = SettingsOfFlags(request);
  if (!flags.ok()) return flags;
  for (Setting& flag : flags.value()) settings.value().push_back(std::move(flag));
  return settings;
}

Result<experiment::Spec> SpecOf(const CellsRequest& request) {
  const Result<std::vector<Setting>> settings =
      SettingsOf(experiment::ReadSpecVariables(), request);
  if (!settings.ok()) return settings.status();
  if (!request.document.is_null()) {
    return experiment::SpecOfDocument(request.document, request.spec, settings.value());
  }
  const Result<std::string> path = experiment::FindSpec(request.spec);
  if (!path.ok()) return path.status();
  return experiment::LoadSpec(path.value(), settings.value());
}

Result<std::vector<experiment::Filter>> FiltersOf(const CellsRequest& request) {
  std::vector<experiment::Filter> filters;
  for (const std::string& text : request.filters) {
    Result<experiment::Filter> filter = experiment::ParseFilter(text);
    if (!filter.ok()) return filter.status();
    filters.push_back(std::move(filter).value());
  }
  return filters;
}

Result<experiment::Plan> PlanOf(const CellsRequest& request) {
  const Result<std::vector<experiment::Filter>> filters = FiltersOf(request);
  if (!filters.ok()) return filters.status();
  const Result<experiment::Spec> spec = SpecOf(request);
  if (!spec.ok()) return spec.status();
  return experiment::MakePlan(spec.value(), filters.value(), experiment::AvailableMemoryBytes());
}

}  // namespace bwlab::cli
