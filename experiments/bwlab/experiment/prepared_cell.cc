#include "bwlab/experiment/prepared_cell.h"

#include <algorithm>
#include <future>
#include <span>
#include <string>
#include <thread>
#include <utility>

#include "bwlab/experiment/warm_up.h"
#include "bwlab/workload/key_bytes.h"

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

}  // namespace

PreparedCell::PreparedCell(const Cell& cell)
    : cell_(&cell),
      piece_ops_(cell.StreamOpsAtOnce()),
      in_pieces_(!cell.trace && (Pieces(cell.record_count) > 1 || Pieces(cell.op_count) > 1)),
      warm_up_workload_(WarmUpWorkload(cell.workload)) {}

Result<PreparedCell> PreparedCell::Of(const Cell& cell) {
  PreparedCell prepared(cell);
  if (cell.trace) {
    if (Status status = prepared.TakeTrace(*cell.trace); !status.ok()) return status;
  } else if (!prepared.in_pieces_) {
    prepared.load_ = prepared.MakeLoad(0);
    prepared.run_ = prepared.MakeRun(0);
    for (size_t chunk = 0; chunk < prepared.warm_up_chunks(); ++chunk) {
      prepared.warm_up_.push_back(prepared.MakeWarmUp(chunk));
    }
  }
  prepared.samples_ = RoomForSamples(prepared.RunOps(), cell.TimedEvery(), cell.arrival.open());
  return prepared;
}

size_t PreparedCell::warm_up_chunks() const { return cell_->warm_up ? kWarmUpChunksMax : 0; }

const Streams& PreparedCell::Load(size_t piece) {
  if (!in_pieces_) return load_.streams;
  piece_ = {};  // before the next one is made
  piece_ = MakeLoad(piece);
  return piece_.streams;
}

const Streams& PreparedCell::WarmUp(size_t chunk) {
  if (!in_pieces_) return warm_up_[chunk].streams;
  piece_ = {};
  piece_ = MakeWarmUp(chunk);
  return piece_.streams;
}

const Streams& PreparedCell::Run(size_t piece) {
  if (!in_pieces_) return run_.streams;
  piece_ = {};
  piece_ = MakeRun(piece);
  return piece_.streams;
}

std::vector<uint64_t> PreparedCell::RunOps() const {
  std::vector<uint64_t> ops;
  for (uint32_t t = 0; t < cell_->threads; ++t) {
    ops.push_back(trace_ ? run_.streams.ops[t].size() : ConfigOf(t).op_count);
  }
  return ops;
}

std::vector<workload::StreamView> PreparedCell::RunViews() const {
  if (!in_pieces_) return workload::ViewsOf(run_.streams.ops);
  std::vector<workload::StreamView> views;
  for (uint32_t t = 0; t < cell_->threads; ++t) views.emplace_back(ConfigOf(t), piece_ops_);
  return views;
}

/// Of the thread's whole run.
workload::StreamConfig PreparedCell::ConfigOf(uint32_t thread) const {
  return {.workload = cell_->workload,
          .key_space = cell_->key_space,
          .record_count = cell_->record_count,
          .op_count = workload::ShareOf(cell_->op_count, thread, cell_->threads),
          .thread = thread,
          .threads = cell_->threads,
          .seed = cell_->seed};
}

/// The first thread has the largest share.
size_t PreparedCell::Pieces(uint64_t count) const {
  const uint64_t share = workload::ShareOf(count, 0, cell_->threads);
  return share <= piece_ops_ ? 1 : (share - 1) / piece_ops_ + 1;
}

template <class MakeOne>
PreparedCell::Made PreparedCell::MakeStreams(const MakeOne& make) const {
  Made made;
  made.ops.resize(cell_->threads);
  ForEachThread(cell_->threads, [&](uint32_t thread) { made.ops[thread] = make(thread); });
  made.streams = WithKeys({made.ops.begin(), made.ops.end()});
  return made;
}

Streams PreparedCell::WithKeys(std::vector<std::span<const workload::Op>> ops) const {
  Streams streams;
  streams.ops = std::move(ops);
  if (!cell_->form().byte_keys) return streams;
  streams.key_bytes.resize(cell_->threads);
  ForEachThread(cell_->threads, [&](uint32_t thread) {
    streams.key_bytes[thread] = workload::KeyBytes::Of(cell_->key_space, streams.ops[thread]);
  });
  return streams;
}

PreparedCell::Made PreparedCell::MakeLoad(size_t piece) const {
  return MakeStreams([&](uint32_t thread) {
    workload::StreamConfig config = ConfigOf(thread);
    config.op_count = std::min(piece_ops_, cell_->record_count);
    config.op_offset = piece * config.op_count;
    return workload::MakeLoadStream(config);
  });
}

/// Later operations of the same streams, so that no draw is repeated.
PreparedCell::Made PreparedCell::MakeWarmUp(size_t chunk) const {
  uint64_t chunk_ops = WarmUpChunkOps(cell_->op_count, cell_->threads);
  if (in_pieces_) chunk_ops = std::min(chunk_ops, piece_ops_ * cell_->threads);
  return MakeStreams([&](uint32_t thread) {
    const workload::StreamConfig run = ConfigOf(thread);
    const uint64_t ops = workload::ShareOf(chunk_ops, thread, cell_->threads);
    return workload::MakeStream({.workload = warm_up_workload_,
                                 .key_space = run.key_space,
                                 .record_count = run.record_count,
                                 .op_count = ops,
                                 .thread = run.thread,
                                 .threads = run.threads,
                                 .seed = run.seed,
                                 .op_offset = cell_->op_count + chunk * ops});
  });
}

PreparedCell::Made PreparedCell::MakeRun(size_t piece) {
  if (piece == 0) {
    generators_.clear();
    for (uint32_t t = 0; t < cell_->threads; ++t) generators_.emplace_back(ConfigOf(t));
  }
  return MakeStreams([&](uint32_t thread) {
    const uint64_t share = ConfigOf(thread).op_count;
    std::vector<workload::Op> ops(
        std::min(piece_ops_, share - std::min(share, piece * piece_ops_)));
    generators_[thread].Fill(ops);
    return ops;
  });
}

Status PreparedCell::TakeTrace(const TraceSource& source) {
  workload::TraceOpened opened = workload::Trace::Open(source.path);
  if (!opened.ok()) return Status::InvalidArgument(opened.error);
  if (opened.trace->sha256() != source.sha256) {
    return Status::InvalidArgument(source.path + ": has changed since the run was planned");
  }
  trace_ = std::move(opened.trace);
  const workload::TraceView& view = trace_->view();
  load_ = MakeStreams([&](uint32_t thread) {
    std::vector<workload::Op> ops;
    for (size_t i = thread; i < view.records.size(); i += cell_->threads) {
      ops.push_back({.key = view.records[i], .kind = workload::OpKind::kInsert});
    }
    return ops;
  });
  run_.streams = WithKeys(view.streams);
  return Status::Ok();
}

Status RecordTrace(const Cell& cell, const std::string& path) {
  if (workload::KeysMadeAtRunTime(cell.key_space)) {
    return Status::InvalidArgument("the keys of " +
                                   std::string(workload::ToString(cell.key_space)) +
                                   " are made at run time, so that there is nothing to record");
  }
  Cell recorded = cell;
  recorded.warm_up = false;  // is no part of the recording
  recorded.stream_ops_max = 0;
  Result<PreparedCell> prepared = PreparedCell::Of(recorded);
  if (!prepared.ok()) return prepared.status();
  std::vector<uint64_t> records(cell.record_count);
  const auto& load = prepared.value().Load(0).ops;
  for (size_t i = 0; i < records.size(); ++i)
    records[i] = load[i % load.size()][i / load.size()].key;
  workload::TraceView view;
  view.key_space = cell.key_space;
  // Which deletes come first is decided when the threads run.
  view.expected_misses = cell.workload.MissIsError() ? 0 : workload::kUnknownMisses;
  if (cell.trace) view.expected_misses = cell.trace->expected_misses;
  view.records = records;
  view.streams = prepared.value().Run(0).ops;
  const std::string error = workload::WriteTrace(path, view);
  return error.empty() ? Status::Ok() : Status::IoError(error);
}

}  // namespace bwlab::experiment
