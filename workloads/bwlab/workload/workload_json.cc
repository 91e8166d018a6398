#include "bwlab/workload/workload_json.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <span>
#include <system_error>

#include "bwlab/workload/json_text.h"
#include "bwlab/workload/suggest.h"

namespace bwlab::workload {
namespace {

using Json = nlohmann::json;

constexpr uint64_t kSchemaVersion = 1;
constexpr double kMixSumTolerance = 1e-9;
constexpr size_t kNameBytesMax = 128;
constexpr size_t kTextBytesMax = 1000;

std::string Number(double value) { return Json(value).dump(); }

// A value as a sentence shows it.
std::string Shown(const Json& value) {
  if (value.is_object()) return "an object";
  if (value.is_array()) return "an array";
  if (value.is_string()) return Quoted(value.get_ref<const std::string&>());
  return value.dump();
}

template <class Infos>
auto NamesOf(const Infos& infos) {
  std::vector<std::string_view> names;
  names.reserve(infos.size());
  for (const auto& info : infos) names.push_back(info.name);
  return names;
}

bool IsPlainName(std::string_view name) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  return !name.empty() && name.size() <= kNameBytesMax &&
         name.find_first_not_of(kAllowed) == std::string_view::npos;
}

// Reads one workload; the first thing that is wrong stays in error() and everything after it is
// skipped.
class Reader {
 public:
  Reader(std::string_view file, std::string_view at) : file_(file), at_(at) {}

  WorkloadSpec Read(const Json& json) {
    WorkloadSpec spec;
    if (!CheckKeys(json, "",
                   {"schema_version", "name", "title", "source", "mix", "request", "scan"})) {
      return spec;
    }
    ReadSchemaVersion(json);
    ReadName(json, &spec.name);
    ReadText(json, "title", &spec.title);
    ReadText(json, "source", &spec.source);
    ReadMix(json, &spec);
    if (ok()) ReadRequest(json, &spec);
    if (ok()) ReadScan(json, &spec);
    return spec;
  }

  std::string error() const { return error_; }

 private:
  bool ok() const { return error_.empty(); }

  // Records the sentence "file: pointer: what", if it is the first.
  bool Fail(const std::string& pointer, const std::string& what) {
    if (!ok()) return false;
    const std::string full = at_ + pointer;
    error_ = file_ + ": " + (full.empty() ? "" : full + ": ") + what;
    return false;
  }

  bool CheckKeys(const Json& json, const std::string& pointer,
                 std::span<const std::string_view> allowed) {
    if (!json.is_object()) return Fail(pointer, "must be an object, but is " + Shown(json));
    for (const auto& [key, unused] : json.items()) {
      if (std::find(allowed.begin(), allowed.end(), key) == allowed.end()) {
        return Fail(pointer, "unknown key " + Quoted(key) + "; " + DescribeChoices(key, allowed));
      }
    }
    return true;
  }
  bool CheckKeys(const Json& json, const std::string& pointer,
                 std::initializer_list<std::string_view> allowed) {
    return CheckKeys(json, pointer, std::span(allowed.begin(), allowed.size()));
  }

  // The member, or nullptr and an error where there is none.
  const Json* Required(const Json& json, const std::string& pointer, const char* key) {
    if (const auto found = json.find(key); found != json.end()) return &*found;
    Fail(pointer, "the key " + Quoted(key) + " is missing");
    return nullptr;
  }

  void ReadSchemaVersion(const Json& json) {
    const Json* value = Required(json, "", "schema_version");
    if (value != nullptr && (!value->is_number_unsigned() || *value != kSchemaVersion)) {
      Fail("/schema_version", "must be 1, but is " + Shown(*value));
    }
  }

  void ReadName(const Json& json, std::string* name) {
    const Json* value = Required(json, "", "name");
    if (value == nullptr) return;
    if (!value->is_string() || !IsPlainName(value->get_ref<const std::string&>())) {
      Fail("/name",
           "must be 1 to 128 of the characters A-Z a-z 0-9 . _ -, but is " + Shown(*value));
      return;
    }
    *name = value->get<std::string>();
  }

  void ReadText(const Json& json, const char* key, std::string* text) {
    const Json* value = Required(json, "", key);
    if (value == nullptr) return;
    if (!value->is_string() || value->get_ref<const std::string&>().empty() ||
        value->get_ref<const std::string&>().size() > kTextBytesMax) {
      Fail(std::string("/") + key, "must be a text of 1 to 1000 bytes, but is " + Shown(*value));
      return;
    }
    *text = value->get<std::string>();
  }

  void ReadMix(const Json& json, WorkloadSpec* spec) {
    const Json* mix = Required(json, "", "mix");
    if (mix == nullptr || !CheckKeys(*mix, "/mix", kOpKindNames)) return;
    double sum = 0;
    for (const auto& [key, value] : mix->items()) {
      if (!value.is_number() || !(value.get<double>() >= 0 && value.get<double>() <= 1)) {
        Fail("/mix/" + key, "must be a number from 0 to 1, but is " + Shown(value));
        return;
      }
      sum += spec->mix[IndexOf(*OpKindFromName(key))] = value.get<double>();
    }
    if (!(std::abs(sum - 1) <= kMixSumTolerance)) {
      Fail("/mix", "the shares must sum to 1, but sum to " + Number(sum));
    }
  }

  void ReadRequest(const Json& json, WorkloadSpec* spec) {
    if (spec->InsertsOnly()) {
      if (json.contains("request")) Fail("/request", "is not used: the mix has inserts only");
      return;
    }
    const Json* request = Required(json, "", "request");
    if (request == nullptr ||
        !CheckKeys(*request, "/request", {"distribution", "theta", "scrambled"})) {
      return;
    }
    const Json* distribution = Required(*request, "/request", "distribution");
    if (distribution == nullptr) return;
    const auto kind = distribution->is_string()
                          ? DistributionFromName(distribution->get_ref<const std::string&>())
                          : std::nullopt;
    if (!kind) {
      const std::string name = distribution->is_string() ? distribution->get<std::string>() : "";
      Fail("/request/distribution", "unknown distribution " + Shown(*distribution) + "; " +
                                        DescribeChoices(name, NamesOf(kDistributions)));
      return;
    }
    spec->request.distribution = *kind;
    ReadTheta(*request, &spec->request);
    ReadScrambled(*request, &spec->request);
  }

  void ReadTheta(const Json& request, RequestSpec* spec) {
    if (spec->distribution == DistributionKind::kUniform) {
      if (request.contains("theta")) Fail("/request/theta", "is not used by uniform");
      return;
    }
    const Json* theta = Required(request, "/request", "theta");
    if (theta == nullptr) return;
    if (!theta->is_number() ||
        !(theta->get<double>() > kThetaMin && theta->get<double>() <= kThetaMax)) {
      Fail("/request/theta", "must be a number above " + Number(kThetaMin) + " and at most " +
                                 Number(kThetaMax) + ", but is " + Shown(*theta));
      return;
    }
    spec->theta = theta->get<double>();
  }

  void ReadScrambled(const Json& request, RequestSpec* spec) {
    const auto scrambled = request.find("scrambled");
    if (scrambled == request.end()) return;
    if (spec->distribution != DistributionKind::kZipfian) {
      Fail("/request/scrambled",
           "is not used by " + std::string(ToString(spec->distribution)) + ", only by zipfian");
    } else if (!scrambled->is_boolean()) {
      Fail("/request/scrambled", "must be true or false, but is " + Shown(*scrambled));
    } else {
      spec->scrambled = scrambled->get<bool>();
    }
  }

  void ReadScan(const Json& json, WorkloadSpec* spec) {
    if (!spec->Has(OpKind::kScan)) {
      if (json.contains("scan")) Fail("/scan", "is not used: the mix has no scans");
      return;
    }
    const Json* scan = Required(json, "", "scan");
    if (scan == nullptr ||
        !CheckKeys(*scan, "/scan", {"distribution", "length_min", "length_max"})) {
      return;
    }
    const Json* distribution = Required(*scan, "/scan", "distribution");
    if (distribution != nullptr && *distribution != "uniform") {
      Fail("/scan/distribution", "must be \"uniform\", but is " + Shown(*distribution));
    }
    ReadScanLength(*scan, "length_min", &spec->scan.length_min);
    ReadScanLength(*scan, "length_max", &spec->scan.length_max);
    if (ok() && spec->scan.length_min > spec->scan.length_max) {
      Fail("/scan/length_min", "is " + std::to_string(spec->scan.length_min) +
                                   ", more than length_max, which is " +
                                   std::to_string(spec->scan.length_max));
    }
  }

  void ReadScanLength(const Json& scan, const char* key, uint16_t* length) {
    const Json* value = Required(scan, "/scan", key);
    if (value == nullptr) return;
    if (!value->is_number_unsigned() || *value < 1u || *value > UINT16_MAX) {
      Fail(std::string("/scan/") + key,
           "must be an integer from 1 to 65535, but is " + Shown(*value));
      return;
    }
    *length = value->get<uint16_t>();
  }

  std::string file_;
  std::string at_;
  std::string error_;
};

}  // namespace

WorkloadParse ParseWorkload(const Json& json, std::string_view file, std::string_view at) {
  Reader reader(file, at);
  WorkloadSpec spec = reader.Read(json);
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
  Json& mix = json["mix"] = Json::object();
  for (const OpKind kind : kAllOpKinds) {
    if (spec.Has(kind)) mix[std::string(ToString(kind))] = spec.Share(kind);
  }
  if (!spec.InsertsOnly()) {
    const RequestSpec& request = spec.request;
    Json& object = json["request"] = {{"distribution", ToString(request.distribution)}};
    if (request.distribution != DistributionKind::kUniform) object["theta"] = request.theta;
    if (request.distribution == DistributionKind::kZipfian) object["scrambled"] = request.scrambled;
  }
  if (spec.Has(OpKind::kScan)) {
    json["scan"] = {{"distribution", "uniform"},
                    {"length_min", spec.scan.length_min},
                    {"length_max", spec.scan.length_max}};
  }
  return json;
}

}  // namespace bwlab::workload
