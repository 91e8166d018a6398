#include "bwlab/experiment/measurement_json.h"

#include <cmath>
#include <memory>
#include <optional>
#include <string>

namespace bwlab::experiment {
namespace {

using nlohmann::json;

/// To a tenth of a nanosecond: the timer resolves no more.
double Nanoseconds(uint64_t ticks, const TickScale& scale) {
  return std::round(static_cast<double>(ticks) * scale.ns_per_tick * 10) / 10;
}

json QuantilesJson(const Histogram& ticks, const TickScale& scale) {
  return {{"count", ticks.count()},
          {"min", Nanoseconds(ticks.min(), scale)},
          {"p50", Nanoseconds(ticks.Quantile(0.5), scale)},
          {"p90", Nanoseconds(ticks.Quantile(0.9), scale)},
          {"p99", Nanoseconds(ticks.Quantile(0.99), scale)},
          {"p99_9", Nanoseconds(ticks.Quantile(0.999), scale)},
          {"max", Nanoseconds(ticks.max(), scale)}};
}

}  // namespace

json RunJson(const PhaseResult& run) {
  json ops = json::object();
  for (const workload::OpKind kind : workload::kAllOpKinds) {
    const OpCounts& counts = run.tally.ops[workload::IndexOf(kind)];
    if (counts.ok + counts.miss + counts.fail == 0) continue;
    ops[std::string(workload::ToString(kind))] = {
        {"ok", counts.ok}, {"miss", counts.miss}, {"fail", counts.fail}};
  }
  return {{"seconds", run.seconds},
          {"throughput_ops_s", run.OpsPerSecond()},
          {"ops", ops},
          {"records_scanned", run.tally.records_scanned}};
}

json LatencyJson(const LatencyHistograms& ticks, uint32_t sample_every, const TickScale& scale) {
  if (sample_every == 0)
    return {{"sampled", false}, {"sample_every", 0}, {"timer_cost_ns", nullptr}};
  json latency = {{"sampled", true},
                  {"sample_every", sample_every},
                  {"timer_cost_ns", std::round(scale.cost_ns * 10) / 10}};
  const auto all = std::make_unique<Histogram>();  // too large for the stack
  for (const workload::OpKind kind : workload::kAllOpKinds) {
    const Histogram& histogram = ticks[workload::IndexOf(kind)];
    if (histogram.count() == 0) continue;
    all->Merge(histogram);
    latency[std::string(workload::ToString(kind))] = QuantilesJson(histogram, scale);
  }
  latency["all"] = QuantilesJson(*all, scale);
  return latency;
}

json PartsJson(const std::vector<RunPart>& parts) {
  json array = json::array();
  for (const RunPart& part : parts) {
    array.push_back({{"ops", part.ops}, {"throughput_ops_s", part.ops_per_second}});
  }
  return array;
}

json IntervalsJson(const IntervalSeries& series) {
  json p99_ns = json::array();
  for (const std::optional<double>& ns : series.p99_ns) {
    p99_ns.push_back(ns ? json(std::round(*ns * 10) / 10) : json());
  }
  return {{"interval_ms", series.interval_ms}, {"ops", series.ops}, {"p99_ns", p99_ns}};
}

json ReasonJson(std::string_view reason) { return reason.empty() ? json() : json(reason); }

}  // namespace bwlab::experiment
