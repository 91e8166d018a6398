#include "bwlab/experiment/spec.h"

#include <utility>

#include "bwlab/experiment/json_schema.h"
#include "bwlab/experiment/names.h"
#include "bwlab/workload/json_text.h"

namespace bwlab::experiment {
namespace {

using nlohmann::json;

/// `text` as JSON where it is JSON and the key does not want text, otherwise as text. What does not
/// fit is left to the schema's check, which knows the range.
json ValueOf(const std::string& text, const json& schema) {
  const workload::JsonParse parse = workload::ParseJsonText(text, "value");
  if (parse.ok() && (parse.json.is_string() || schema.value("type", json()) != "string")) {
    return parse.json;
  }
  return text;
}

/// The command line goes before the whole spec, so that an override may not take back what it set.
void EraseFromOverrides(const std::string& dotted_key, json& document) {
  if (!document.contains("overrides") || !document["overrides"].is_array()) return;
  const std::vector<std::string> keys = SplitAt(dotted_key, '.');
  for (json& entry : document["overrides"]) {
    json* at = entry.is_object() && entry.contains("set") ? &entry["set"] : nullptr;
    for (size_t i = 0; at != nullptr && i + 1 < keys.size(); ++i) {
      at = at->is_object() && at->contains(keys[i]) ? &(*at)[keys[i]] : nullptr;
    }
    if (at != nullptr && at->is_object()) at->erase(keys.back());
  }
}

Status Apply(const Setting& setting, json& document) {
  const auto refuse = [&setting](const std::string& what) {
    return Status::InvalidArgument(setting.flag + ": " + what);
  };
  const JsonSchema::Place place = SpecSchema().Find(setting.key);
  if (place.schema == nullptr) return refuse(place.error);
  json value = ValueOf(setting.value, *place.schema);
  if (place.schema->value("type", json()) == "array" && !value.is_array()) {
    value = json::array();
    for (const std::string& item : SplitAt(setting.value, ',')) {
      value.push_back(ValueOf(item, SpecSchema().Resolve((*place.schema)["items"])));
    }
  }
  std::string path;
  json* at = &document;
  for (const std::string& key : SplitAt(setting.key, '.')) {
    if (!at->is_object() && !at->is_null()) return refuse("the spec has no object at " + path);
    path += "/" + key;
    at = &(*at)[key];
  }
  if (const auto violation = SpecSchema().CheckPart(value, *place.schema, path)) {
    return refuse(*violation);
  }
  *at = std::move(value);
  EraseFromOverrides(setting.key, document);
  return Status::Ok();
}

}  // namespace

Result<Setting> ParseSetting(const std::string& argument) {
  const size_t equals = argument.find('=');
  if (equals == std::string::npos || equals == 0) {
    return Status::InvalidArgument("--set " + Quoted(argument) +
                                   " is not of the form key=value, such as keys.count=1000");
  }
  return Setting{"--set " + Quoted(argument), argument.substr(0, equals),
                 argument.substr(equals + 1)};
}

Result<Spec> LoadSpec(const std::string& path, const std::vector<Setting>& settings) {
  workload::JsonParse file = workload::ParseJsonFile(path);
  if (!file.ok()) return Status::InvalidArgument(file.error);
  Spec spec{std::move(file.json), path, path};
  if (!spec.document.is_object()) {
    return Status::InvalidArgument(path + ": /: expected an object, got " +
                                   ShownValue(spec.document));
  }
  for (const Setting& setting : settings) {
    if (Status status = Apply(setting, spec.document); !status.ok()) return status;
    spec.source += (&setting == &settings.front() ? " with " : ", ") + setting.flag;
  }
  if (const auto violation = SpecSchema().Check(spec.document)) {
    return Status::InvalidArgument(spec.source + ": " + *violation);
  }
  SpecSchema().Complete(spec.document);
  return spec;
}

}  // namespace bwlab::experiment
