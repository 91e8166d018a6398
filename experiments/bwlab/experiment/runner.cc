#include "bwlab/experiment/runner.h"

#include <algorithm>
#include <future>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bwlab/experiment/host.h"
#include "bwlab/experiment/measurement_json.h"
#include "bwlab/experiment/memory.h"
#include "bwlab/experiment/phase.h"
#include "bwlab/experiment/tick_clock.h"
#include "bwlab/experiment/verification.h"
#include "bwlab/workload/arrival.h"
#include "bwlab/workload/stream.h"
#include "bwlab/workload/stream_digest.h"
#include "bwlab/workload/stream_stats.h"

namespace bwlab::experiment {
namespace {

using nlohmann::json;

/// Both sets of streams of a cell. They are made before the load, so that the growth of the
/// resident set from then on is the engine's.
struct CellStreams {
  Streams load;
  Streams run;
};

CellStreams MakeStreams(const Cell& cell) {
  CellStreams streams;
  streams.load.resize(cell.threads);
  streams.run.resize(cell.threads);
  const auto fill = [&cell, &streams](uint32_t thread) {
    const uint64_t share = cell.op_count / cell.threads;
    const uint64_t rest = cell.op_count % cell.threads;
    const workload::StreamConfig config{.workload = cell.workload,
                                        .key_space = cell.key_space,
                                        .record_count = cell.record_count,
                                        .op_count = share + (thread < rest ? 1 : 0),
                                        .thread = thread,
                                        .threads = cell.threads,
                                        .seed = cell.seed};
    streams.load[thread] = workload::MakeLoadStream(config);
    streams.run[thread] = workload::MakeStream(config);
  };
  // A stream is a function of its thread's number: which thread makes it does not matter.
  const uint32_t helpers =
      std::clamp<uint32_t>(std::thread::hardware_concurrency(), 1, cell.threads);
  std::vector<std::future<void>> shares;
  for (uint32_t h = 0; h < helpers; ++h) {
    shares.push_back(std::async(std::launch::async, [&, h] {
      for (uint32_t t = h; t < cell.threads; t += helpers) fill(t);
    }));
  }
  for (std::future<void>& share : shares) share.get();  // rethrows bad_alloc
  return streams;
}

/// When the operations of each thread are due, in ticks; empty for a closed loop.
Schedules MakeSchedules(const Cell& cell, const Streams& streams, const TickScale& scale) {
  Schedules schedules;
  if (!cell.arrival.open()) return schedules;
  for (uint32_t t = 0; t < cell.threads; ++t) {
    schedules.push_back(
        workload::MakeSchedule(cell.arrival, t, cell.threads, streams[t].size(), cell.seed));
    for (uint64_t& due : schedules.back()) {
      due = static_cast<uint64_t>(static_cast<double>(due) / scale.ns_per_tick);
    }
  }
  return schedules;
}

json StreamJson(const Streams& streams) {
  const workload::StreamStats stats = workload::ComputeStreamStats(streams);
  json mix = json::object();
  for (const workload::OpKind kind : workload::kAllOpKinds) {
    if (stats.ops_by_kind[workload::IndexOf(kind)] == 0) continue;
    mix[std::string(workload::ToString(kind))] = stats.RealisedShare(kind);
  }
  return {{"sha256", workload::StreamsSha256(streams)},
          {"realised_mix", mix},
          {"distinct_keys", stats.distinct_keys},
          {"requests_examined", stats.requests_examined},
          {"top_key_share", stats.top_key_share}};
}

json CountersJson(const Counters& before, const Counters& after) {
  json load = json::object();
  json run = json::object();
  for (size_t i = 0; i < after.size(); ++i) {
    load[after[i].first] = before[i].second;
    run[after[i].first] = after[i].second - before[i].second;
  }
  return {{"load", load}, {"run", run}};
}

/// One cell in the making.
class CellRun {
 public:
  CellRun(const Cell& cell, Engine& engine, const TickScale& scale)
      : cell_(cell), engine_(engine), scale_(scale) {}

  Result<json> Run() {
    const HostState host_before = HostState::Read();
    const CellStreams streams = MakeStreams(cell_);
    const Schedules due_ticks = MakeSchedules(cell_, streams.run, scale_);
    json result{{"stream", StreamJson(streams.run)}};
    const uint64_t rss_before_load = ResidentBytes();

    auto load = RunPhase(engine_, streams.load, {}, topology_);
    if (!load.ok()) return load.status();
    const PhaseResult& loaded = *load.value();
    Status status = CheckLoad(cell_, loaded.tally);
    if (!status.ok()) return status;
    const uint64_t live_after_load = engine_.LiveBytes();
    const uint64_t rss_after_load = ResidentBytes();
    const std::optional<Counters> counters_after_load = engine_.ReadCounters();

    auto run = RunPhase(engine_, streams.run,
                        {.verify = cell_.verify,
                         .latency_sample_every = cell_.latency_sample_every,
                         .counters = cell_.counters,
                         .due_ticks = cell_.arrival.open() ? &due_ticks : nullptr},
                        topology_);
    if (!run.ok()) return run.status();
    const PhaseResult& ran = *run.value();
    const uint64_t live_after_run = engine_.LiveBytes();
    const uint64_t rss_after_run = ResidentBytes();
    const std::optional<Counters> counters = engine_.ReadCounters();
    const HostState host_after = HostState::Read();

    status = CheckRun(cell_, ran.tally, engine_);
    if (!status.ok()) return status;
    const std::optional<Status> validated = engine_.Validate();
    if (validated && !validated->ok()) return *validated;

    result["load"] = {{"seconds", loaded.seconds}, {"throughput_ops_s", loaded.OpsPerSecond()}};
    result["run"] = RunJson(ran);
    result["latency_ns"] =
        LatencyJson(ran.tally, cell_.arrival.open() ? 1 : cell_.latency_sample_every, scale_);
    result["latency_ns"]["from"] = cell_.arrival.open() ? "intended_start" : "start";
    const double records = static_cast<double>(cell_.record_count);
    result["memory"] = {{"live_bytes_after_load", live_after_load},
                        {"live_bytes_after_run", live_after_run},
                        {"bytes_per_key", static_cast<double>(live_after_load) / records},
                        {"rss_bytes_before_load", rss_before_load},
                        {"rss_bytes_after_load", rss_after_load},
                        {"rss_bytes_after_run", rss_after_run},
                        {"reason", nullptr}};
    result["hardware_counters"] = CountsJson(ran.events, static_cast<double>(cell_.op_count));
    result["engine_counters"] = counters ? CountersJson(*counters_after_load, *counters) : json();
    result["engine_counters_reason"] = ReasonJson(cell_.engine->no_counters_reason);
    result["verify"] = {{"mode", kVerifyModeNames[static_cast<size_t>(cell_.verify)]},
                        {"checked", ran.tally.checked},
                        {"wrong", ran.tally.wrong}};
    const std::optional<uint64_t> expected = ExpectedSize(cell_, ran.tally);
    result["size"] = {{"expected", expected ? json(*expected) : json()},
                      {"counted", engine_.Size()}};
    result["validated"] = validated ? json(true) : json();
    result["validated_reason"] = ReasonJson(cell_.engine->no_validation_reason);
    result["threads_pinned"] = loaded.pinned && ran.pinned;
    result["provenance"] = HostStateJson(host_before, host_after);
    return result;
  }

 private:
  const Cell& cell_;
  Engine& engine_;
  const TickScale& scale_;
  Topology topology_;
};

}  // namespace

Result<json> RunCell(const Cell& cell) {
  try {
    const bool timed = cell.latency_sample_every != 0 || cell.arrival.open();
    const TickScale scale = timed ? TickScale::Measure() : TickScale{};
    Result<std::unique_ptr<Engine>> engine = cell.engine->open(cell.engine_config);
    if (!engine.ok()) return engine.status();
    return CellRun(cell, *engine.value(), scale).Run();
  } catch (const std::bad_alloc&) {
    return Status::OutOfMemory("not enough memory for the streams of " + cell.Describe());
  }
}

}  // namespace bwlab::experiment
