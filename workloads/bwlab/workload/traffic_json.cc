#include "bwlab/workload/traffic_json.h"

#include <cmath>
#include <optional>
#include <variant>
#include <vector>

#include "bwlab/workload/suggest.h"

namespace bwlab::workload {
namespace {

using Json = nlohmann::json;

template <class Infos>
auto NamesOf(const Infos& infos) {
  std::vector<std::string_view> names;
  names.reserve(infos.size());
  for (const auto& info : infos) names.push_back(info.name);
  return names;
}

void ReadMix(JsonReader& reader, const Json& json, const std::string& pointer,
             TrafficSpec* traffic) {
  const Json* mix = reader.Required(json, pointer, "mix");
  const std::string at = pointer + "/mix";
  if (mix == nullptr || !reader.CheckKeys(*mix, at, kOpKindNames)) return;
  double sum = 0;
  for (const auto& [key, value] : mix->items()) {
    double* share = &traffic->mix[IndexOf(*OpKindFromName(key))];
    if (!reader.ReadNumber(value, at + "/" + key, {.min = 0, .max = 1}, share)) return;
    sum += *share;
  }
  CheckSharesSum(reader, at, sum);
}

/// "x is not used by a, only by b, c".
std::string NotUsedBy(DistributionKind kind, const DistributionSet& used_by) {
  std::string users;
  for (const DistributionInfo& info : kDistributions) {
    if (!used_by.Has(info.kind)) continue;
    users += users.empty() ? "" : ", ";
    users += info.name;
  }
  return "is not used by " + std::string(ToString(kind)) + ", only by " + users;
}

void ReadParameter(JsonReader& reader, const RequestParameter& parameter, const Json& request,
                   const std::string& at, RequestSpec* spec) {
  const std::string pointer = at + "/" + std::string(parameter.name);
  const bool used = parameter.used_by.Has(spec->distribution);
  if (!request.contains(parameter.name)) {
    if (used && !parameter.optional) reader.Required(request, at, parameter.name);
    return;
  }
  if (!used) {
    reader.Fail(pointer, NotUsedBy(spec->distribution, parameter.used_by));
    return;
  }
  const Json& value = request[parameter.name];
  if (const auto* number = std::get_if<double RequestSpec::*>(&parameter.field)) {
    reader.ReadNumber(value, pointer, parameter.range, &(spec->**number));
  } else {
    reader.ReadBool(value, pointer, &(spec->*std::get<bool RequestSpec::*>(parameter.field)));
  }
}

void ReadRequest(JsonReader& reader, const Json& json, const std::string& pointer,
                 TrafficSpec* traffic) {
  const std::string at = pointer + "/request";
  if (traffic->InsertsOnly()) {
    if (json.contains("request")) reader.Fail(at, "is not used: the mix has inserts only");
    return;
  }
  const Json* request = reader.Required(json, pointer, "request");
  std::vector<std::string_view> keys = NamesOf(kRequestParameters);
  keys.insert(keys.begin(), "distribution");
  if (request == nullptr || !reader.CheckKeys(*request, at, keys)) return;
  const Json* distribution = reader.Required(*request, at, "distribution");
  if (distribution == nullptr) return;
  const std::string name = distribution->is_string() ? distribution->get<std::string>() : "";
  const auto kind = DistributionFromName(name);
  if (!kind) {
    reader.Fail(at + "/distribution", "unknown distribution " + ShownJson(*distribution) + "; " +
                                          DescribeChoices(name, NamesOf(kDistributions)));
    return;
  }
  traffic->request.distribution = *kind;
  for (const RequestParameter& parameter : kRequestParameters) {
    ReadParameter(reader, parameter, *request, at, &traffic->request);
  }
}

void ReadScanLength(JsonReader& reader, const Json& scan, const std::string& at, const char* key,
                    uint16_t* length) {
  const Json* value = reader.Required(scan, at, key);
  uint64_t number = 0;
  if (value != nullptr && reader.ReadInteger(*value, at + "/" + key, 1, UINT16_MAX, &number)) {
    *length = static_cast<uint16_t>(number);
  }
}

void ReadScan(JsonReader& reader, const Json& json, const std::string& pointer,
              TrafficSpec* traffic) {
  const std::string at = pointer + "/scan";
  if (!traffic->HasScans()) {
    if (json.contains("scan")) reader.Fail(at, "is not used: the mix has no scans");
    return;
  }
  const Json* scan = reader.Required(json, pointer, "scan");
  if (scan == nullptr ||
      !reader.CheckKeys(*scan, at, {"distribution", "length_min", "length_max"})) {
    return;
  }
  const Json* distribution = reader.Required(*scan, at, "distribution");
  if (distribution != nullptr && *distribution != "uniform") {
    reader.Fail(at + "/distribution", "must be \"uniform\", but is " + ShownJson(*distribution));
  }
  ScanSpec* spec = &traffic->scan;
  ReadScanLength(reader, *scan, at, "length_min", &spec->length_min);
  ReadScanLength(reader, *scan, at, "length_max", &spec->length_max);
  if (reader.ok() && spec->length_min > spec->length_max) {
    reader.Fail(at + "/length_min", "is " + std::to_string(spec->length_min) +
                                        ", more than length_max, which is " +
                                        std::to_string(spec->length_max));
  }
}

}  // namespace

void CheckSharesSum(JsonReader& reader, const std::string& pointer, double sum) {
  constexpr double kTolerance = 1e-9;
  if (!(std::abs(sum - 1) <= kTolerance)) {
    reader.Fail(pointer, "the shares must sum to 1, but sum to " + Json(sum).dump());
  }
}

void ReadTraffic(JsonReader& reader, const Json& json, const std::string& pointer,
                 TrafficSpec* traffic) {
  ReadMix(reader, json, pointer, traffic);
  if (reader.ok()) ReadRequest(reader, json, pointer, traffic);
  if (reader.ok()) ReadScan(reader, json, pointer, traffic);
}

void AddTraffic(const TrafficSpec& traffic, Json* json) {
  Json& mix = (*json)["mix"] = Json::object();
  for (const OpKind kind : kAllOpKinds) {
    if (traffic.Has(kind)) mix[std::string(ToString(kind))] = traffic.Share(kind);
  }
  if (!traffic.InsertsOnly()) {
    const RequestSpec& spec = traffic.request;
    Json& request = (*json)["request"] = {{"distribution", ToString(spec.distribution)}};
    for (const RequestParameter& parameter : kRequestParameters) {
      if (!parameter.used_by.Has(spec.distribution)) continue;
      std::visit([&](auto field) { request[std::string(parameter.name)] = spec.*field; },
                 parameter.field);
    }
  }
  if (traffic.HasScans()) {
    (*json)["scan"] = {{"distribution", "uniform"},
                       {"length_min", traffic.scan.length_min},
                       {"length_max", traffic.scan.length_max}};
  }
}

}  // namespace bwlab::workload
