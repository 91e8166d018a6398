#include "bwlab/workload/workload_json.h"

#include <algorithm>
#include <system_error>

#include "bwlab/workload/json_reader.h"
#include "bwlab/workload/json_text.h"
#include "bwlab/workload/suggest.h"
#include "bwlab/workload/traffic_json.h"

namespace bwlab::workload {
namespace {

using Json = nlohmann::json;

constexpr uint64_t kSchemaVersion = 1;
constexpr size_t kTextBytesMax = 1000;

void ReadSchemaVersion(JsonReader& reader, const Json& json) {
  const Json* value = reader.Required(json, "", "schema_version");
  if (value != nullptr && (!value->is_number_unsigned() || *value != kSchemaVersion)) {
    reader.Fail("/schema_version", "must be 1, but is " + ShownJson(*value));
  }
}

void ReadName(JsonReader& reader, const Json& json, std::string* name) {
  const Json* value = reader.Required(json, "", "name");
  if (value == nullptr) return;
  if (!value->is_string() || !IsPlainName(value->get_ref<const std::string&>())) {
    reader.Fail("/name",
                "must be " + std::string(kPlainNameRule) + ", but is " + ShownJson(*value));
    return;
  }
  *name = value->get<std::string>();
}

void ReadText(JsonReader& reader, const Json& json, const char* key, std::string* text) {
  const Json* value = reader.Required(json, "", key);
  if (value == nullptr) return;
  if (!value->is_string() || value->get_ref<const std::string&>().empty() ||
      value->get_ref<const std::string&>().size() > kTextBytesMax) {
    reader.Fail(std::string("/") + key,
                "must be a text of 1 to 1000 bytes, but is " + ShownJson(*value));
    return;
  }
  *text = value->get<std::string>();
}

PhaseSpec ReadPhase(JsonReader& reader, const Json& json, const std::string& pointer) {
  PhaseSpec phase;
  if (!reader.CheckKeys(json, pointer, {"share", "mix", "request", "scan"})) return phase;
  const Json* share = reader.Required(json, pointer, "share");
  if (share != nullptr) {
    reader.ReadNumber(*share, pointer + "/share", {.min = 0, .max = 1, .open_min = true},
                      &phase.share);
  }
  ReadTraffic(reader, json, pointer, &phase);
  return phase;
}

void ReadPhases(JsonReader& reader, const Json& json, WorkloadSpec* spec) {
  for (const char* key : {"mix", "request", "scan"}) {
    if (json.contains(key)) {
      reader.Fail(std::string("/") + key, "is not used: each of the phases has its own");
    }
  }
  const Json& list = json["phases"];
  if (!list.is_array() || list.empty() || list.size() > kPhasesMax) {
    reader.Fail("/phases",
                "must be an array of 1 to " + std::to_string(kPhasesMax) + " phases, but is " +
                    (list.is_array() ? "one of " + std::to_string(list.size()) : ShownJson(list)));
    return;
  }
  std::vector<PhaseSpec> phases;
  double sum = 0;
  for (size_t i = 0; i < list.size() && reader.ok(); ++i) {
    phases.push_back(ReadPhase(reader, list[i], "/phases/" + std::to_string(i)));
    sum += phases.back().share;
  }
  CheckSharesSum(reader, "/phases", sum);
  if (reader.ok()) spec->SetPhases(std::move(phases));
}

WorkloadSpec ReadWorkload(JsonReader& reader, const Json& json) {
  WorkloadSpec spec;
  if (!reader.CheckKeys(
          json, "",
          {"schema_version", "name", "title", "source", "mix", "request", "scan", "phases"})) {
    return spec;
  }
  ReadSchemaVersion(reader, json);
  ReadName(reader, json, &spec.name);
  ReadText(reader, json, "title", &spec.title);
  ReadText(reader, json, "source", &spec.source);
  if (json.contains("phases")) {
    ReadPhases(reader, json, &spec);
  } else {
    ReadTraffic(reader, json, "", &spec);
  }
  return spec;
}

}  // namespace

bool IsPlainName(std::string_view name) {
  constexpr size_t kBytesMax = 128;
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  return !name.empty() && name.size() <= kBytesMax &&
         name.find_first_not_of(kAllowed) == std::string_view::npos;
}

WorkloadParse ParseWorkload(const Json& json, std::string_view file, std::string_view at) {
  JsonReader reader(file, at);
  WorkloadSpec spec = ReadWorkload(reader, json);
  return {.spec = std::move(spec), .error = reader.error()};
}

WorkloadParse LoadWorkloadFile(const std::filesystem::path& path) {
  const JsonParse text = ParseJsonFile(path.string());
  if (!text.ok()) return {.spec = {}, .error = text.error};
  WorkloadParse parse = ParseWorkload(text.json, path.string());
  if (parse.ok() && parse.spec.name != path.stem().string()) {
    parse.error = path.string() + ": /name: must be " + Quoted(path.stem().string()) +
                  " as the file is called, but is " + Quoted(parse.spec.name);
  }
  return parse;
}

std::vector<std::string> WorkloadNames(const std::filesystem::path& directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->path().extension() == ".json") names.push_back(entry->path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

WorkloadParse LoadWorkload(const std::filesystem::path& directory, std::string_view name) {
  const std::vector<std::string> names = WorkloadNames(directory);
  if (std::find(names.begin(), names.end(), name) == names.end()) {
    const std::vector<std::string_view> choices(names.begin(), names.end());
    return {.spec = {},
            .error = "unknown workload " + Quoted(name) + "; " + DescribeChoices(name, choices)};
  }
  return LoadWorkloadFile(directory / (std::string(name) + ".json"));
}

Json ToJson(const WorkloadSpec& spec) {
  Json json = {{"schema_version", kSchemaVersion},
               {"name", spec.name},
               {"title", spec.title},
               {"source", spec.source}};
  if (spec.phases.empty()) AddTraffic(spec, &json);
  for (const PhaseSpec& phase : spec.phases) {
    json["phases"].push_back({{"share", phase.share}});
    AddTraffic(phase, &json["phases"].back());
  }
  return json;
}

}  // namespace bwlab::workload
