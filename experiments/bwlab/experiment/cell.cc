#include "bwlab/experiment/cell.h"

#include <algorithm>
#include <cmath>

#include "bwlab/experiment/files.h"
#include "bwlab/experiment/names.h"
#include "bwlab/experiment/registry.h"
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
  if (counters) cell["counters"] = *counters;
  if (arrival.open()) cell["arrival"] = ArrivalJson(arrival);
  return cell;
}

std::string Cell::Id() const { return Sha256Hex(ToJson().dump()).substr(0, 16); }

std::string Cell::Describe() const {
  return workload.name + ", " + label() + ", " + std::to_string(threads) +
         (threads == 1 ? " thread" : " threads");
}

uint64_t Cell::EstimatedBytes() const {
  constexpr double kIndexBytesPerRecord = 96;
  const double inserts = static_cast<double>(op_count) *
                         (workload.Share(OpKind::kInsert) + workload.Share(OpKind::kUpsert));
  const double streams =
      static_cast<double>(sizeof(workload::Op)) * static_cast<double>(record_count + op_count);
  const double schedule =
      arrival.open() ? static_cast<double>(sizeof(uint64_t)) * static_cast<double>(op_count) : 0;
  return static_cast<uint64_t>(
      streams + schedule + kIndexBytesPerRecord * (static_cast<double>(record_count) + inserts));
}

Status Cell::CheckCapabilities() const {
  const auto refuse = [this](std::string_view what) {
    return Status::InvalidArgument("the engine " + Quoted(label()) + " cannot " +
                                   std::string(what) + ", which the workload " +
                                   Quoted(workload.name) + " asks for");
  };
  if (workload.Has(OpKind::kScan) && !engine->capabilities.scan) return refuse("scan");
  if (workload.Has(OpKind::kDelete) && !engine->capabilities.erase) return refuse("delete");
  return Status::Ok();
}

Result<Cell> CellFromJson(const json& request) {
  Cell cell;
  workload::WorkloadParse workload =
      workload::ParseWorkload(request.at("workload_spec"), "cell", "/workload_spec");
  if (!workload.ok()) return Status::InvalidArgument(workload.error);
  cell.workload = std::move(workload.spec);
  const Result<const EngineEntry*> engine = FindEngine(request.at("label").get<std::string>());
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
  if (request.contains("arrival")) cell.arrival = ArrivalFromJson(request["arrival"]);
  if (request.contains("counters")) {
    cell.counters = request["counters"].get<std::vector<std::string>>();
  }
  return cell;
}

}  // namespace bwlab::experiment
