#include "bwlab/workload/traffic_json.h"

#include <cmath>
#include <variant>
#include <vector>

#include "bwlab/workload/catalogue.h"
#include "bwlab/workload/mixgraph.h"
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

/// "is not used by a, only by b, c".
template <class Infos, class Kind>
std::string NotUsedBy(const Infos& infos, Kind kind, const KindSet<Kind>& used_by) {
  std::string users;
  for (const auto& info : infos) {
    if (!used_by.Has(info.kind)) continue;
    users += users.empty() ? "" : ", ";
    users += info.name;
  }
  return "is not used by " + std::string(InfoOf(infos, kind).name) + ", only by " + users;
}

bool ReadField(JsonReader& reader, const Json& value, const std::string& pointer,
               const ParameterRange& range, double* to) {
  return reader.ReadNumber(value, pointer, range, to);
}

bool ReadField(JsonReader& reader, const Json& value, const std::string& pointer,
               const ParameterRange&, bool* to) {
  return reader.ReadBool(value, pointer, to);
}

template <class Integer>
bool ReadField(JsonReader& reader, const Json& value, const std::string& pointer,
               const ParameterRange& range, Integer* to) {
  uint64_t number = 0;
  if (!reader.ReadInteger(value, pointer, static_cast<uint64_t>(range.min),
                          static_cast<uint64_t>(range.max), &number)) {
    return false;
  }
  *to = static_cast<Integer>(number);
  return true;
}

/// Reads the object `json` at `at`, which names one of the distributions `infos` and has its
/// parameters.
template <class Infos, class Parameters, class Spec>
void ReadDistribution(JsonReader& reader, const Infos& infos, const Parameters& parameters,
                      const Json& json, const std::string& at, Spec* spec) {
  std::vector<std::string_view> keys = NamesOf(parameters);
  keys.insert(keys.begin(), "distribution");
  if (!reader.CheckKeys(json, at, keys)) return;
  const Json* distribution = reader.Required(json, at, "distribution");
  if (distribution == nullptr) return;
  const std::string name = distribution->is_string() ? distribution->get<std::string>() : "";
  const auto kind = KindFromName(infos, name);
  if (!kind) {
    reader.Fail(at + "/distribution", "unknown distribution " + ShownJson(*distribution) + "; " +
                                          DescribeChoices(name, NamesOf(infos)));
    return;
  }
  spec->distribution = *kind;
  for (const auto& parameter : parameters) {
    const std::string pointer = at + "/" + std::string(parameter.name);
    const auto value = json.find(parameter.name);
    const bool used = parameter.used_by.Has(*kind);
    if (value == json.end()) {
      if (used && !parameter.optional) reader.Required(json, at, parameter.name);
    } else if (!used) {
      reader.Fail(pointer, NotUsedBy(infos, *kind, parameter.used_by));
    } else {
      std::visit(
          [&](auto field) { ReadField(reader, *value, pointer, parameter.range, &(spec->*field)); },
          parameter.field);
    }
  }
}

/// The inverse of ReadDistribution.
template <class Infos, class Parameters, class Spec>
Json DistributionJson(const Infos& infos, const Parameters& parameters, const Spec& spec) {
  Json json = {{"distribution", InfoOf(infos, spec.distribution).name}};
  for (const auto& parameter : parameters) {
    if (!parameter.used_by.Has(spec.distribution)) continue;
    std::visit([&](auto field) { json[std::string(parameter.name)] = spec.*field; },
               parameter.field);
  }
  return json;
}

void ReadRequest(JsonReader& reader, const Json& json, const std::string& pointer,
                 TrafficSpec* traffic) {
  const std::string at = pointer + "/request";
  if (traffic->InsertsOnly()) {
    if (json.contains("request")) reader.Fail(at, "is not used: the mix has inserts only");
    return;
  }
  const Json* request = reader.Required(json, pointer, "request");
  if (request == nullptr) return;
  RequestSpec* spec = &traffic->request;
  ReadDistribution(reader, kDistributions, kRequestParameters, *request, at, spec);
  if (reader.ok() && spec->distribution == DistributionKind::kMixGraph) {
    if (const std::string problem = CheckMixGraph(*spec); !problem.empty()) {
      reader.Fail(at, problem);
    }
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
  if (scan == nullptr) return;
  ScanSpec* spec = &traffic->scan;
  ReadDistribution(reader, kScanDistributions, kScanParameters, *scan, at, spec);
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
    (*json)["request"] = DistributionJson(kDistributions, kRequestParameters, traffic.request);
  }
  if (traffic.HasScans()) {
    (*json)["scan"] = DistributionJson(kScanDistributions, kScanParameters, traffic.scan);
  }
}

}  // namespace bwlab::workload
