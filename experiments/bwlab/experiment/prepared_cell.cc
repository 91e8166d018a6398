#include "bwlab/experiment/prepared_cell.h"

#include <algorithm>
#include <future>
#include <span>
#include <string>
#include <thread>
#include <utility>

#include "bwlab/experiment/warm_up.h"
#include "bwlab/workload/key_bytes.h"
#include "bwlab/workload/stream.h"

namespace bwlab::experiment {
namespace {

/// Calls fill(thread) for each thread of a cell, on as many helpers as there are processors. What
/// it makes is a function of the thread's number: which helper makes it does not matter.
template <class Fill>
void ForEachThread(uint32_t threads, const Fill& fill) {
  const uint32_t helpers = std::clamp<uint32_t>(std::thread::hardware_concurrency(), 1, threads);
  std::vector<std::future<void>> shares;
  for (uint32_t h = 0; h < helpers; ++h) {
    shares.push_back(std::async(std::launch::async, [&, h] {
      for (uint32_t t = h; t < threads; t += helpers) fill(t);
    }));
  }
  for (std::future<void>& share : shares) share.get();  // rethrows bad_alloc
}

class Preparation {
 public:
  explicit Preparation(const Cell& cell) : cell_(cell) {}

  /// Errors: InvalidArgument where a trace cannot be read, or is not the one that was planned.
  Result<PreparedCell> Make() && {
    if (cell_.trace) {
      if (Status status = TakeTrace(*cell_.trace); !status.ok()) return status;
    } else {
      prepared_.load = MakeStreams(cell_.record_count, [](const workload::StreamConfig& config) {
        return workload::MakeLoadStream(config);
      });
      prepared_.run = MakeStreams(cell_.op_count, workload::MakeStream);
      if (cell_.warm_up) AddWarmUp();
    }
    prepared_.samples = RoomForSamples(prepared_.run.ops, cell_.TimedEvery(), cell_.arrival.open());
    return std::move(prepared_);
  }

 private:
  template <class MakeOne>
  Streams MakeStreams(uint64_t op_count, const MakeOne& make) {
    const size_t first = prepared_.made.size();
    prepared_.made.resize(first + cell_.threads);
    ForEachThread(cell_.threads, [&](uint32_t thread) {
      const uint64_t share = op_count / cell_.threads;
      const uint64_t rest = op_count % cell_.threads;
      prepared_.made[first + thread] = make({.workload = cell_.workload,
                                             .key_space = cell_.key_space,
                                             .record_count = cell_.record_count,
                                             .op_count = share + (thread < rest ? 1 : 0),
                                             .thread = thread,
                                             .threads = cell_.threads,
                                             .seed = cell_.seed});
    });
    return WithKeys({prepared_.made.begin() + static_cast<ptrdiff_t>(first), prepared_.made.end()});
  }

  Streams WithKeys(std::vector<std::span<const workload::Op>> ops) const {
    Streams streams;
    streams.ops = std::move(ops);
    if (!cell_.form().byte_keys) return streams;
    streams.key_bytes.resize(cell_.threads);
    ForEachThread(cell_.threads, [&](uint32_t thread) {
      streams.key_bytes[thread] = workload::KeyBytes::Of(cell_.key_space, streams.ops[thread]);
    });
    return streams;
  }

  /// Later operations of the same streams, so that no draw is repeated.
  void AddWarmUp() {
    const workload::WorkloadSpec warm = WarmUpWorkload(cell_.workload);
    const uint64_t chunk_ops = WarmUpChunkOps(cell_.op_count, cell_.threads);
    for (size_t chunk = 0; chunk < kWarmUpChunksMax; ++chunk) {
      prepared_.warm_up.push_back(MakeStreams(chunk_ops, [&](const workload::StreamConfig& config) {
        return workload::MakeStream({.workload = warm,
                                     .key_space = config.key_space,
                                     .record_count = config.record_count,
                                     .op_count = config.op_count,
                                     .thread = config.thread,
                                     .threads = config.threads,
                                     .seed = config.seed,
                                     .op_offset = cell_.op_count + chunk * config.op_count});
      }));
    }
  }

  Status TakeTrace(const TraceSource& source) {
    workload::TraceOpened opened = workload::Trace::Open(source.path);
    if (!opened.ok()) return Status::InvalidArgument(opened.error);
    if (opened.trace->sha256() != source.sha256) {
      return Status::InvalidArgument(source.path + ": has changed since the run was planned");
    }
    prepared_.trace = std::move(opened.trace);
    const workload::TraceView& view = prepared_.trace->view();
    prepared_.load = MakeStreams(view.records.size(), [&](const workload::StreamConfig& config) {
      std::vector<workload::Op> ops;
      for (size_t i = config.thread; i < view.records.size(); i += config.threads) {
        ops.push_back({.key = view.records[i], .kind = workload::OpKind::kInsert});
      }
      return ops;
    });
    prepared_.run = WithKeys(view.streams);
    return Status::Ok();
  }

  const Cell& cell_;
  PreparedCell prepared_;
};

}  // namespace

Result<PreparedCell> PrepareCell(const Cell& cell) { return Preparation(cell).Make(); }

Status RecordTrace(const Cell& cell, const std::string& path) {
  if (workload::KeysMadeAtRunTime(cell.key_space)) {
    return Status::InvalidArgument("the keys of " +
                                   std::string(workload::ToString(cell.key_space)) +
                                   " are made at run time, so that there is nothing to record");
  }
  Cell recorded = cell;
  recorded.warm_up = false;  // is no part of the recording
  const Result<PreparedCell> prepared = PrepareCell(recorded);
  if (!prepared.ok()) return prepared.status();
  std::vector<uint64_t> records(cell.record_count);
  const auto& load = prepared.value().load.ops;
  for (size_t i = 0; i < records.size(); ++i)
    records[i] = load[i % load.size()][i / load.size()].key;
  workload::TraceView view;
  view.key_space = cell.key_space;
  // Which deletes come first is decided when the threads run.
  view.expected_misses = cell.workload.MissIsError() ? 0 : workload::kUnknownMisses;
  if (cell.trace) view.expected_misses = cell.trace->expected_misses;
  view.records = records;
  view.streams = prepared.value().run.ops;
  const std::string error = workload::WriteTrace(path, view);
  return error.empty() ? Status::Ok() : Status::IoError(error);
}

}  // namespace bwlab::experiment
