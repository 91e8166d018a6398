#include "bwlab/experiment/spec.h"

#include <fmt/format.h>

#include <utility>

#include "bwlab/experiment/filter.h"
#include "bwlab/experiment/json_schema.h"
#include "bwlab/experiment/names.h"
#include "bwlab/experiment/spec_keys.h"
#include "bwlab/experiment/sweep.h"
#include "bwlab/workload/json_text.h"

namespace bwlab::experiment {
namespace {

using nlohmann::json;

constexpr const char* kSizeKey = "size";

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

Status Refuse(const Setting& setting, const std::string& what) {
  return Status::InvalidArgument(setting.flag + ": " + what);
}

/// The values of `a,b,c` or of a JSON array.
json ListOf(const std::string& text, const json& item_schema) {
  json list = ValueOf(text, json::object());
  if (list.is_array()) return list;
  list = json::array();
  for (const std::string& item : SplitAt(text, ',')) list.push_back(ValueOf(item, item_schema));
  return list;
}

Status Apply(const Setting& setting, Spec* spec) {
  if (SplitAt(setting.key, '.').front() == "sweep") {
    return Refuse(setting, "a sweep is set by --sweep KEY=A,B,C");
  }
  const JsonSchema::Place place = SpecSchema().Find(setting.key);
  if (place.schema == nullptr) return Refuse(setting, place.error);
  json value = place.schema->value("type", json()) == "array"
                   ? ListOf(setting.value, SpecSchema().Resolve((*place.schema)["items"]))
                   : ValueOf(setting.value, *place.schema);
  std::string path;
  json* at = &spec->document;
  for (const std::string& key : SplitAt(setting.key, '.')) {
    if (!at->is_object() && !at->is_null()) {
      return Refuse(setting, "the spec has no object at " + path);
    }
    path += "/" + key;
    at = &(*at)[key];
  }
  if (const auto violation = SpecSchema().CheckPart(value, *place.schema, path)) {
    return Refuse(setting, *violation);
  }
  *at = std::move(value);
  const std::string pointer = PointerOf(setting.key).to_string();
  std::erase_if(spec->origins, [below = pointer + "/"](const auto& origin) {
    return origin.first.starts_with(below);
  });
  NoteOrigins(*at, pointer, setting.flag, &spec->origins);
  EraseFromOverrides(setting.key, spec->document);
  EraseFromSweep(setting.key, spec->document);
  return Status::Ok();
}

Status ApplySweep(const Setting& setting, Spec* spec) {
  const Result<const json*> schema = FindSweptKey(setting.key);
  if (!schema.ok()) return Refuse(setting, schema.status().message());
  json& sweep = spec->document["sweep"];
  if (!sweep.is_object() && !sweep.is_null()) {
    return Refuse(setting, "the spec has no object at /sweep");
  }
  sweep[setting.key] = ListOf(setting.value, *schema.value());
  NoteOrigins(sweep[setting.key], (json::json_pointer("/sweep") / setting.key).to_string(),
              setting.flag, &spec->origins);
  // Here, so that the flag is named and not the spec.
  auto violation = SpecSchema().CheckPart(sweep, *SpecSchema().Find("sweep").schema, "/sweep");
  if (!violation) violation = CheckAxis(setting.key, sweep[setting.key]);
  return violation ? Refuse(setting, *violation) : Status::Ok();
}

/// Puts the size that the last of the settings or the file names in place of the name. Before all
/// other settings, which go before what a size says.
Status ApplySize(const std::vector<Setting>& settings, Spec* spec) {
  json name = spec->document.value(kSizeKey, json());
  std::string source = spec->path + ": /size";
  for (const Setting& setting : settings) {
    if (setting.key != kSizeKey) continue;
    name = setting.value;
    source = setting.flag;
  }
  if (!name.is_string()) return Status::Ok();  // none, or what the schema refuses
  spec->document.erase(kSizeKey);
  const json sizes = spec->document.value("sizes", json::object());
  if (auto violation = SpecSchema().CheckPart(sizes, *SpecSchema().Find("sizes").schema, "/sizes");
      violation) {
    return Status::InvalidArgument(spec->path + ": " + *violation);
  }
  if (sizes.empty()) return Status::InvalidArgument(source + ": the spec has no sizes");
  const auto size = sizes.find(name.get<std::string>());
  if (size == sizes.end()) {
    std::vector<std::string> names;
    for (const auto& [known, unused] : sizes.items()) names.push_back(known);
    return Status::InvalidArgument(source + ": " +
                                   UnknownName("size", name.get<std::string>(), names));
  }
  spec->document.erase("sizes");  // or it would be put in place again where the spec is read again
  spec->document.merge_patch(*size);
  NoteOrigins(*size, "", kFromSpec + (" /sizes/" + size.key()), &spec->origins);
  return Status::Ok();
}

/// Splits the `k=v` of a flag.
Result<Setting> SplitArgument(const std::string& flag, const std::string& argument,
                              std::string_view form, std::string_view example) {
  const size_t equals = argument.find('=');
  if (equals == std::string::npos || equals == 0) {
    return Status::InvalidArgument(fmt::format("{} {} is not of the form {}, such as {}", flag,
                                               Quoted(argument), form, example));
  }
  return Setting{flag + " " + Quoted(argument), argument.substr(0, equals),
                 argument.substr(equals + 1)};
}

}  // namespace

Result<Setting> ParseSetting(const std::string& argument) {
  return SplitArgument("--set", argument, "key=value", "keys.count=1000");
}

Result<Setting> ParseSweep(const std::string& argument) {
  Result<Setting> setting =
      SplitArgument("--sweep", argument, "key=a,b,c", "engine_options.bwtree.leaf_capacity=32,64");
  if (!setting.ok()) return setting;
  std::string& key = setting.value().key;
  if (IsMatrixAxis(key)) key = "matrix." + key;
  setting.value().is_sweep = !key.starts_with("matrix.");
  return setting;
}

void NoteOrigins(const json& value, const std::string& pointer, const std::string& from,
                 Origins* origins) {
  if (value.is_object()) {
    for (const auto& [key, part] : value.items()) {
      NoteOrigins(part, (json::json_pointer(pointer) / key).to_string(), from, origins);
    }
    return;
  }
  (*origins)[pointer] = from;
}

Result<Spec> LoadSpec(const std::string& path, const std::vector<Setting>& settings) {
  workload::JsonParse file = workload::ParseJsonFile(path);
  if (!file.ok()) return Status::InvalidArgument(file.error);
  return SpecOfDocument(std::move(file.json), path, settings);
}

Result<Spec> SpecOfDocument(json document, const std::string& path,
                            const std::vector<Setting>& settings) {
  Spec spec{std::move(document), path, path};
  if (!spec.document.is_object()) {
    return Status::InvalidArgument(path + ": /: expected an object, got " +
                                   ShownValue(spec.document));
  }
  NoteOrigins(spec.document, "", kFromSpec, &spec.origins);
  if (Status status = ApplySize(settings, &spec); !status.ok()) return status;
  for (const Setting& setting : settings) {
    if (setting.key != kSizeKey) {
      Status status = setting.is_sweep ? ApplySweep(setting, &spec) : Apply(setting, &spec);
      if (!status.ok()) return status;
    }
    spec.source += (&setting == &settings.front() ? " with " : ", ") + setting.flag;
  }
  auto violation = SpecSchema().Check(spec.document);
  if (!violation) violation = CheckSweep(spec.document);
  if (violation) return Status::InvalidArgument(spec.source + ": " + *violation);
  SpecSchema().Complete(spec.document);
  Origins defaults;
  NoteOrigins(spec.document, "", kFromDefault, &defaults);
  spec.origins.merge(std::move(defaults));  // keeps what is there
  return spec;
}

}  // namespace bwlab::experiment
