#include "bwlab/experiment/cell.h"

#include <algorithm>
#include <array>

#include "bwlab/experiment/files.h"
#include "bwlab/experiment/names.h"
#include "bwlab/experiment/registry.h"
#include "bwlab/experiment/sweep.h"
#include "bwlab/workload/trace.h"
#include "bwlab/workload/workload_json.h"

namespace bwlab::experiment {

using nlohmann::json;
using workload::OpKind;

json ArrivalJson(const workload::ArrivalSpec& arrival) {
  json object = {{"kind", workload::kArrivalKindNames[static_cast<size_t>(arrival.kind)]},
                 {"rate_ops_s", arrival.rate_ops_s}};
  if (arrival.kind == workload::ArrivalKind::kBurst) object["burst_ops"] = arrival.burst_ops;
  return object;
}

workload::ArrivalSpec ArrivalFromJson(const json& object) {
  workload::ArrivalSpec arrival;
  const auto& names = workload::kArrivalKindNames;
  arrival.kind = static_cast<workload::ArrivalKind>(
      std::find(names.begin(), names.end(), object.at("kind").get<std::string>()) - names.begin());
  arrival.rate_ops_s = object.value("rate_ops_s", uint64_t{0});
  arrival.burst_ops = object.value("burst_ops", uint32_t{1});
  return arrival;
}

namespace {

constexpr std::array<std::string_view, 3> kValueSizeKindNames = {"fixed", "uniform", "pareto"};

}  // namespace

json ValuesJson(const workload::ValueSpec& values) {
  if (values.kind == workload::ValueSizeKind::kFixed) return {{"size", values.size_max}};
  json object = {{"distribution", kValueSizeKindNames[static_cast<size_t>(values.kind)]},
                 {"size_min", values.size_min},
                 {"size_max", values.size_max}};
  if (values.kind == workload::ValueSizeKind::kPareto) {
    object["k"] = values.shape;
    object["sigma"] = values.scale;
  }
  return object;
}

workload::ValueSpec ValuesFromJson(const json& object) {
  workload::ValueSpec values;
  const auto name = object.value("distribution", std::string("fixed"));
  values.kind = static_cast<workload::ValueSizeKind>(
      std::find(kValueSizeKindNames.begin(), kValueSizeKindNames.end(), name) -
      kValueSizeKindNames.begin());
  const uint32_t size = object.value("size", workload::kValueBytesMin);
  values.size_min = object.value("size_min", size);
  values.size_max = object.value("size_max", size);
  values.shape = object.value("k", 0.0);
  values.scale = object.value("sigma", 0.0);
  return values;
}

std::string CheckValues(const workload::ValueSpec& values) {
  if (values.kind != workload::ValueSizeKind::kFixed && values.size_max == values.size_min) {
    return "a distribution needs a size_min and a larger size_max";
  }
  if (values.size_min > values.size_max) {
    return "size_min is " + std::to_string(values.size_min) + ", more than size_max, which is " +
           std::to_string(values.size_max);
  }
  if (values.kind == workload::ValueSizeKind::kFixed && values.size_min != values.size_max) {
    return "size_min and size_max need a distribution: uniform or pareto";
  }
  if (values.kind == workload::ValueSizeKind::kPareto && values.scale <= 0) {
    return "pareto needs a sigma above 0";
  }
  return "";
}

json Cell::ToJson() const {
  json cell = {{"workload", workload.name},
               {"workload_spec", workload::ToJson(workload)},
               {"engine", engine->engine},
               {"variant", engine->variant.empty() ? json() : json(engine->variant)},
               {"label", label()},
               {"config", engine_config},
               {"threads", threads},
               {"record_count", record_count},
               {"op_count", op_count},
               {"seed", seed},
               {"key_space", workload::ToString(key_space)},
               {"verify", kVerifyModeNames[static_cast<size_t>(verify)]},
               {"latency_sample_every", latency_sample_every}};
  cell["measure"] = {{"warmup", warm_up ? "auto" : "off"}, {"interval_ms", interval_ms}};
  if (seconds_max > 0) cell["measure"]["seconds_max"] = seconds_max;
  if (stream_ops_max > 0) cell["measure"]["stream_ops_max"] = stream_ops_max;
  if (!values.integers()) cell["values"] = ValuesJson(values);
  if (counters) cell["counters"] = *counters;
  if (arrival.open()) cell["arrival"] = ArrivalJson(arrival);
  if (trace) {
    const bool known = trace->expected_misses != workload::kUnknownMisses;
    cell["trace"] = {{"sha256", trace->sha256},
                     {"expected_misses", known ? json(trace->expected_misses) : json()}};
  }
  return cell;
}

json Cell::RequestJson() const {
  json request = ToJson();
  request["coordinates"] = coordinates;
  if (engine->is_plugin()) request["plugin_path"] = engine->plugin_path;
  if (trace) {
    request["trace"]["path"] = trace->path;
    request["trace"]["stream_sha256"] = trace->stream_sha256;
  }
  return request;
}

std::string Cell::Id() const { return Sha256Hex(ToJson().dump()).substr(0, 16); }

std::string Cell::Describe() const {
  return workload.name + ", " + label() + ", " + Counted(threads, "thread") +
         ShownCoordinates(coordinates);
}

uint64_t Cell::StreamOpsAtOnce() const {
  if (stream_ops_max == 0) return UINT64_MAX;
  const uint64_t every = std::max<uint64_t>(TimedEvery(), 1);
  return std::max(stream_ops_max / threads / every, uint64_t{1}) * every;
}

namespace {

/// 0 where keys are integers.
double KeyBytesMax(const Cell& cell) {
  if (!cell.form().byte_keys) return 0;
  return static_cast<double>(workload::InfoOf(workload::kKeySpaces, cell.key_space).key_bytes_max);
}

double ValueBytesMean(const workload::ValueSpec& values) {
  if (values.kind == workload::ValueSizeKind::kFixed) return values.size_max;
  return workload::ValueBytes(values).bytes_mean();
}

}  // namespace

double Cell::RecordsMax() const {
  return static_cast<double>(record_count) +
         static_cast<double>(op_count) *
             (workload.Share(OpKind::kInsert) + workload.Share(OpKind::kUpsert));
}

uint64_t Cell::EstimatedDiskBytes() const {
  constexpr double kLogBytes = 256.0 * 1024 * 1024;
  constexpr double kCopies = 3;
  constexpr double kBytesPerRecord = 40;  // key, lengths, versions
  return static_cast<uint64_t>(kLogBytes +
                               kCopies * RecordsMax() *
                                   (kBytesPerRecord + KeyBytesMax(*this) + ValueBytesMean(values)));
}

uint64_t Cell::EstimatedBytes() const {
  constexpr double kIndexBytesPerRecord = 96;
  const auto ops = static_cast<double>(op_count);
  double streamed_ops = static_cast<double>(record_count) + (warm_up ? 2 : 1) * ops;
  if (stream_ops_max > 0 && !trace) {
    streamed_ops = std::min(streamed_ops, static_cast<double>(StreamOpsAtOnce()) * threads);
  }
  const double key_bytes = KeyBytesMax(*this);
  const double timed_ops = TimedEvery() == 0 ? 0 : ops / TimedEvery();
  return static_cast<uint64_t>(
      (sizeof(workload::Op) + key_bytes) * streamed_ops + sizeof(LatencySample) * timed_ops +
      (arrival.open() ? sizeof(uint64_t) * ops : 0) +
      (kIndexBytesPerRecord + key_bytes + ValueBytesMean(values)) * RecordsMax());
}

Status Cell::CheckCapabilities() const {
  const auto refuse = [this](std::string_view what) {
    return Status::InvalidArgument("the engine " + Quoted(label()) + " cannot " +
                                   std::string(what) + ", which the workload " +
                                   Quoted(workload.name) + " asks for");
  };
  if (workload.Has(OpKind::kScan) && !engine->capabilities.scan) return refuse("scan");
  if (workload.Has(OpKind::kReverseScan) && !engine->capabilities.reverse_scan) {
    return refuse("scan backwards");
  }
  if (workload.Has(OpKind::kDelete) && !engine->capabilities.erase) return refuse("delete");
  const auto refuse_form = [this](const std::string& what) {
    return Status::InvalidArgument("the engine " + Quoted(label()) + " " + what);
  };
  if (form().byte_keys && !engine->capabilities.byte_keys) {
    return refuse_form("takes integer keys only, and those of the key space " +
                       Quoted(workload::ToString(key_space)) + " are byte strings");
  }
  if (form().byte_values && engine->capabilities.value_bytes_max == 0) {
    return refuse_form("takes values of 8 bytes only, which are integers");
  }
  if (form().byte_values && values.size_max > engine->capabilities.value_bytes_max) {
    return refuse_form("takes values of at most " +
                       std::to_string(engine->capabilities.value_bytes_max) + " bytes, not " +
                       std::to_string(values.size_max));
  }
  if (!engine->capabilities.keeps_records && verify != VerifyMode::kOff) {
    return refuse_form(
        "keeps no records, so that nothing can be verified: run it with --verify off");
  }
  return Status::Ok();
}

Result<Cell> CellFromJson(const json& request) {
  Cell cell;
  workload::WorkloadParse workload =
      workload::ParseWorkload(request.at("workload_spec"), "cell", "/workload_spec");
  if (!workload.ok()) return Status::InvalidArgument(workload.error);
  cell.workload = std::move(workload.spec);
  const Result<const EngineEntry*> engine = FindEngine(request.at("label").get<std::string>(),
                                                       request.value("plugin_path", std::string()));
  if (!engine.ok()) return engine.status();
  cell.engine = engine.value();
  cell.engine_config = request.at("config");
  cell.threads = request.at("threads").get<uint32_t>();
  cell.record_count = request.at("record_count").get<uint64_t>();
  cell.op_count = request.at("op_count").get<uint64_t>();
  cell.seed = request.at("seed").get<uint64_t>();
  const auto key_space = workload::KeySpaceFromName(request.at("key_space").get<std::string>());
  const auto mode = std::find(kVerifyModeNames.begin(), kVerifyModeNames.end(),
                              request.at("verify").get<std::string>());
  if (!key_space || mode == kVerifyModeNames.end()) {
    return Status::InvalidArgument("cell: unknown key_space or verify");
  }
  cell.key_space = *key_space;
  cell.verify = static_cast<VerifyMode>(mode - kVerifyModeNames.begin());
  cell.latency_sample_every = request.at("latency_sample_every").get<uint32_t>();
  cell.warm_up = request.at("measure").at("warmup") == "auto";
  cell.interval_ms = request.at("measure").at("interval_ms").get<uint32_t>();
  cell.seconds_max = request["measure"].value("seconds_max", 0.0);
  cell.stream_ops_max = request["measure"].value("stream_ops_max", uint64_t{0});
  if (request.contains("values")) cell.values = ValuesFromJson(request["values"]);
  if (request.contains("arrival")) cell.arrival = ArrivalFromJson(request["arrival"]);
  if (request.contains("trace")) {
    const json& trace = request["trace"];
    const json& misses = trace.at("expected_misses");
    cell.trace = {trace.at("path").get<std::string>(), trace.at("sha256").get<std::string>(),
                  misses.is_null() ? workload::kUnknownMisses : misses.get<uint64_t>(),
                  trace.at("stream_sha256").get<std::string>()};
  }
  if (request.contains("counters")) {
    cell.counters = request["counters"].get<std::vector<std::string>>();
  }
  cell.coordinates = request.value("coordinates", json::object());
  return cell;
}

}  // namespace bwlab::experiment
