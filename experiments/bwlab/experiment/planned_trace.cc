#include "bwlab/experiment/planned_trace.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "bwlab/experiment/names.h"
#include "bwlab/workload/stream_digest.h"
#include "bwlab/workload/trace.h"

namespace bwlab::experiment {

namespace fs = std::filesystem;

std::string PlannedTrace::ApplyTo(Cell* cell) const {
  if (cell->threads != threads) {
    return workload.name + " holds the operations of " + Counted(threads, "thread") +
           ", and cannot be run by " + std::to_string(cell->threads);
  }
  cell->trace = source;
  cell->record_count = records;
  cell->op_count = ops;
  cell->key_space = key_space;
  cell->warm_up = false;
  return "";
}

bool IsTracePath(std::string_view name) { return name.ends_with(".bwtrace"); }

std::string ReadTraceFor(const std::string& spec_path, const std::string& path,
                         PlannedTrace* trace) {
  std::error_code error;
  const fs::path beside = fs::path(spec_path).parent_path() / path;
  const fs::path file = fs::exists(beside, error) ? beside : fs::path(path);
  const workload::TraceOpened opened = workload::Trace::Open(file);
  if (!opened.ok()) return opened.error;
  const workload::TraceView& view = opened.trace->view();
  trace->workload = workload::WorkloadOf(view, file.filename().string(), "a trace file");
  trace->source = {fs::absolute(file, error).string(), opened.trace->sha256(), view.expected_misses,
                   workload::StreamsSha256(view.streams)};
  trace->key_space = view.key_space;
  trace->records = view.records.size();
  trace->ops = view.ops();
  trace->threads = static_cast<uint32_t>(view.streams.size());
  return "";
}

}  // namespace bwlab::experiment
