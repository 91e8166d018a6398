#include "bwlab/experiment/runner.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bwlab/engines/null_engine.h"
#include "bwlab/experiment/host.h"
#include "bwlab/experiment/latency.h"
#include "bwlab/experiment/measurement_json.h"
#include "bwlab/experiment/memory.h"
#include "bwlab/experiment/phase.h"
#include "bwlab/experiment/pieces.h"
#include "bwlab/experiment/prepared_cell.h"
#include "bwlab/experiment/storage_meter.h"
#include "bwlab/experiment/tick_clock.h"
#include "bwlab/experiment/verification.h"
#include "bwlab/experiment/warm_up.h"
#include "bwlab/workload/arrival.h"
#include "bwlab/workload/stream.h"
#include "bwlab/workload/stream_digest.h"
#include "bwlab/workload/stream_stats.h"

namespace bwlab::experiment {
namespace {

using nlohmann::json;

/// When the operations of each thread of an open loop are due, in ticks.
Schedules MakeSchedules(const Cell& cell, const Streams& streams, const TickScale& scale) {
  Schedules schedules;
  for (uint32_t t = 0; t < cell.threads; ++t) {
    schedules.push_back(
        workload::MakeSchedule(cell.arrival, t, cell.threads, streams.ops[t].size(), cell.seed));
    for (uint64_t& due : schedules.back()) {
      due = static_cast<uint64_t>(static_cast<double>(due) / scale.ns_per_tick);
    }
  }
  return schedules;
}

json StreamJson(const PreparedCell& prepared) {
  const std::vector<workload::StreamView> streams = prepared.RunViews();
  const std::string_view planned_sha256 = prepared.planned_run_sha256();
  workload::StreamStatsMaker maker(workload::OpsOf(streams));
  workload::StreamsDigest digest;
  for (const workload::StreamView& stream : streams) {  // once: it may be made on the way
    digest.Begin(stream.size());
    stream.ForEachPiece([&](std::span<const workload::Op> ops) {
      maker.Add(ops);
      if (planned_sha256.empty()) digest.Add(ops);
    });
  }
  const workload::StreamStats stats = maker.Finish();
  json object = {{"sha256", planned_sha256.empty() ? digest.FinishHex() : planned_sha256},
                 {"realised_mix", stats.RealisedMix()},
                 {"distinct_keys", stats.distinct_keys},
                 {"requests_examined", stats.requests_examined},
                 {"top_key_share", stats.top_key_share}};
  if (prepared.in_pieces()) {
    object["pieces"] = {{"load", prepared.load_pieces()}, {"run", prepared.run_pieces()}};
  }
  return object;
}

json CountersJson(const Counters& after_load, const Counters& before_run, const Counters& after) {
  json load = json::object();
  json run = json::object();
  for (size_t i = 0; i < after.size(); ++i) {
    load[after[i].first] = after_load[i].second;
    run[after[i].first] = after[i].second - before_run[i].second;
  }
  return {{"load", load}, {"run", run}};
}

/// One cell in the making.
class CellRun {
 public:
  CellRun(const Cell& cell, Engine& engine, const std::filesystem::path& data_folder,
          const TickScale& scale)
      : cell_(cell),
        engine_(engine),
        scale_(scale),
        values_(cell.values),
        storage_(engine, data_folder) {}

  Result<json> Run() {
    const HostState host_before = HostState::Read();
    Result<PreparedCell> made = PreparedCell::Of(cell_);
    if (!made.ok()) return made.status();
    PreparedCell& prepared = made.value();
    Schedules due_ticks;
    if (cell_.arrival.open()) due_ticks = MakeSchedules(cell_, prepared.Run(0), scale_);
    json result{{"stream", StreamJson(prepared)}};
    const uint64_t rss_before_load = ResidentBytes();

    Status status = storage_.Begin();
    if (!status.ok()) return status;
    const Result<PhaseResult> load = RunPieces(
        engine_, prepared.load_pieces(),
        [&](size_t piece) -> const Streams& { return prepared.Load(piece); }, Untimed(), topology_);
    if (!load.ok()) return load.status();
    const PhaseResult& loaded = load.value();
    status = WithCause(CheckLoad(cell_, loaded.tally));
    if (!status.ok()) return status;
    const std::optional<uint64_t> live_after_load = engine_.LiveBytes();
    const uint64_t rss_after_load = ResidentBytes();
    status = storage_.End("load");
    if (!status.ok()) return status;
    const std::optional<Counters> counters_after_load = engine_.ReadCounters();

    const Result<json> warm_up = WarmUp(prepared);
    if (!warm_up.ok()) return warm_up.status();
    status = storage_.Begin();
    if (!status.ok()) return status;
    const std::optional<Counters> counters_before_run = engine_.ReadCounters();

    PhaseOptions options = Untimed();
    options.verify = cell_.verify;
    options.latency_sample_every = cell_.TimedEvery();
    options.samples = &prepared.samples();
    options.ticks_max = TicksMax(0);
    options.counters = cell_.counters;
    if (cell_.arrival.open()) options.due_ticks = &due_ticks;
    const Result<PhaseResult> run = RunPieces(
        engine_, prepared.run_pieces(),
        [&](size_t piece) -> const Streams& { return prepared.Run(piece); }, options, topology_);
    if (!run.ok()) return run.status();
    const PhaseResult& ran = run.value();
    const std::optional<uint64_t> live_after_run = engine_.LiveBytes();
    const uint64_t rss_after_run = ResidentBytes();
    status = storage_.End("run");
    if (!status.ok()) return status;
    const std::optional<Counters> counters = engine_.ReadCounters();
    const HostState host_after = HostState::Read();

    status = WithCause(CheckRun(cell_, ran.tally, AnyTask(prepared), engine_));
    if (!status.ok()) return status;
    const std::optional<Status> validated = engine_.Validate();
    if (validated && !validated->ok()) return *validated;

    result["load"] = {{"seconds", loaded.seconds}, {"throughput_ops_s", loaded.OpsPerSecond()}};
    result["warmup"] = warm_up.value();
    result["run"] = RunJson(ran);
    if (ran.Ops() < cell_.op_count) {
      result["run"]["share_done"] =
          static_cast<double>(ran.Ops()) / static_cast<double>(cell_.op_count);
    }
    if (!cell_.workload.phases.empty() && cell_.TimedEvery() > 0) {
      result["run"]["parts"] = PartsJson(PartsOf(ran, prepared.samples(), cell_.TimedEvery(),
                                                 scale_.ns_per_tick, PartEnds(prepared)));
    }
    result["latency_ns"] =
        LatencyJson(*HistogramsOf(prepared.samples()), cell_.TimedEvery(), scale_);
    result["latency_ns"]["from"] = cell_.arrival.open() ? "intended_start" : "start";
    if (cell_.TimedEvery() > 0) {
      result["intervals"] = IntervalsJson(IntervalsOf(ran, prepared.samples(), cell_.TimedEvery(),
                                                      scale_.ns_per_tick, cell_.interval_ms));
    } else {
      result["intervals"] = nullptr;
    }
    result["memory"] = LiveBytesJson(live_after_load, live_after_run);
    result["memory"]["rss_bytes_before_load"] = rss_before_load;
    result["memory"]["rss_bytes_after_load"] = rss_after_load;
    result["memory"]["rss_bytes_after_run"] = rss_after_run;
    result["storage"] = storage_.Json();
    result["hardware_counters"] = CountsJson(ran.events, static_cast<double>(ran.Ops()));
    result["engine_counters"] =
        counters ? CountersJson(*counters_after_load, *counters_before_run, *counters) : json();
    result["engine_counters_reason"] = ReasonJson(cell_.engine->no_counters_reason);
    result["verify"] = {{"mode", kVerifyModeNames[static_cast<size_t>(cell_.verify)]},
                        {"checked", ran.tally.checked},
                        {"wrong", ran.tally.wrong}};
    const std::optional<uint64_t> expected = ExpectedSize(cell_, ran.tally);
    const bool knows_size = cell_.engine->no_size_reason.empty();
    result["size"] = {{"expected", expected ? json(*expected) : json()},
                      {"counted", knows_size ? json(engine_.Size()) : json()}};
    if (!knows_size) result["size"]["reason"] = cell_.engine->no_size_reason;
    result["validated"] = validated ? json(true) : json();
    result["validated_reason"] = ReasonJson(cell_.engine->no_validation_reason);
    result["threads_pinned"] = loaded.pinned && ran.pinned;
    const Result<json> harness = HarnessCost(prepared);
    if (!harness.ok()) return harness.status();
    result["harness"] = harness.value();
    result["provenance"] = HostStateJson(host_before, host_after);
    return result;
  }

 private:
  /// What the engine says of a failure goes before what the counts show of it.
  Status WithCause(Status status) const {
    const Status failure = engine_.FirstFailure();
    if (failure.ok()) return status;
    return {failure.code(), cell_.Describe() + ": " + failure.message()};
  }

  /// What the "memory" object of the result says of the index.
  json LiveBytesJson(const std::optional<uint64_t>& after_load,
                     const std::optional<uint64_t>& after_run) const {
    const auto records = static_cast<double>(cell_.record_count);
    std::string_view reason = cell_.engine->no_live_bytes_reason;
    if (reason.empty() && cell_.record_count == 0) reason = "no records were loaded";
    return {{"live_bytes_after_load", after_load ? json(*after_load) : json()},
            {"live_bytes_after_run", after_run ? json(*after_run) : json()},
            {"bytes_per_key",
             after_load && records > 0 ? json(static_cast<double>(*after_load) / records) : json()},
            {"reason", ReasonJson(reason)}};
  }

  /// How long the run, or the warm-up, may still take when it has taken so long.
  uint64_t TicksMax(double seconds) const {
    constexpr double kNsPerSecond = 1e9;
    if (cell_.seconds_max == 0) return UINT64_MAX;
    return static_cast<uint64_t>((cell_.seconds_max - seconds) * kNsPerSecond / scale_.ns_per_tick);
  }

  PhaseOptions Untimed() const {
    PhaseOptions options;
    options.key_space = cell_.key_space;
    options.values = &values_;
    return options;
  }

  /// Says what the records are like, for a look at all of them.
  ThreadTask AnyTask(const PreparedCell& prepared) const {
    ThreadTask task;
    task.key_space = cell_.key_space;
    task.values = &values_;
    if (cell_.form().byte_keys) task.key_bytes = &prepared.LastRun().key_bytes.front();
    return task;
  }

  /// Where the phases of the workload end in each thread's stream.
  std::vector<std::vector<uint64_t>> PartEnds(const PreparedCell& prepared) const {
    std::vector<std::vector<uint64_t>> ends;
    for (const uint64_t ops : prepared.RunOps()) {
      ends.push_back(workload::PhaseEnds(cell_.workload, ops));
    }
    return ends;
  }

  /// The "warmup" object of the result.
  Result<json> WarmUp(PreparedCell& prepared) {
    if (prepared.warm_up_chunks() == 0) return json();
    PhaseOptions options = Untimed();
    options.verify = cell_.verify;
    std::vector<double> throughputs;
    uint64_t ops = 0;
    double seconds = 0;
    const auto is_over = [&] { return cell_.seconds_max > 0 && seconds >= cell_.seconds_max; };
    for (size_t chunk = 0; chunk < prepared.warm_up_chunks() && !is_over(); ++chunk) {
      const Streams& streams = prepared.WarmUp(chunk);
      Samples samples;
      if (cell_.seconds_max > 0) {
        options.latency_sample_every = cell_.TimedEvery();
        options.ticks_max = TicksMax(seconds);
        samples = RoomForSamples(streams.Lengths(), cell_.TimedEvery(), false);
        options.samples = &samples;
      }
      const Result<PhaseResult> ran = RunPhase(engine_, streams, options, topology_);
      if (!ran.ok()) return ran.status();
      Status status = WithCause(CheckAnswers(cell_, ran.value().tally));
      if (!status.ok()) return status;
      throughputs.push_back(ran.value().OpsPerSecond());
      ops += ran.value().Ops();
      seconds += ran.value().seconds;
      if (IsSteady(throughputs)) break;
    }
    return json{{"ops", ops},
                {"seconds", seconds},
                {"throughput_ops_s", throughputs},
                {"steady", IsSteady(throughputs)},
                {"rule", WarmUpRule()}};
  }

  /// The "harness" object of the result.
  Result<json> HarnessCost(PreparedCell& prepared) {
    Result<std::unique_ptr<Engine>> null_engine = kNullEngineEntry.open({}, cell_.form(), {});
    if (!null_engine.ok()) return null_engine.status();
    Streams first;
    const Streams& run = prepared.Run(0);
    first.ops = {run.ops.front()};
    if (cell_.form().byte_keys) first.key_bytes = {run.key_bytes.front()};
    const std::array<uint64_t, 1> op_count = {first.ops.front().size()};
    Samples samples = RoomForSamples(op_count, cell_.TimedEvery(), false);
    PhaseOptions options = Untimed();
    options.latency_sample_every = cell_.TimedEvery();
    options.samples = &samples;
    const Result<PhaseResult> ran = RunPhase(*null_engine.value(), first, options, topology_);
    if (!ran.ok()) return ran.status();
    const auto ops = static_cast<double>(op_count[0]);
    return json{{"ops", op_count[0]},
                {"ns_per_op", ops == 0 ? 0 : ran.value().seconds * 1e9 / ops}};
  }

  const Cell& cell_;
  Engine& engine_;
  const TickScale& scale_;
  const workload::ValueBytes values_;
  StorageMeter storage_;
  Topology topology_;
};

}  // namespace

Result<json> RunCell(const Cell& cell, const std::filesystem::path& data_folder) {
  try {
    const TickScale scale = cell.TimedEvery() != 0 ? TickScale::Measure() : TickScale{};
    Result<std::unique_ptr<Engine>> engine =
        cell.engine->open(cell.engine_config, cell.form(), data_folder);
    if (!engine.ok()) return engine.status();
    return CellRun(cell, *engine.value(), data_folder, scale).Run();
  } catch (const std::bad_alloc&) {
    return Status::OutOfMemory("not enough memory for the streams of " + cell.Describe());
  }
}

}  // namespace bwlab::experiment
