#include "bwlab/experiment/verification.h"

#include <fmt/format.h>

#include <string>

#include "bwlab/workload/trace.h"

namespace bwlab::experiment {
namespace {

using workload::OpKind;

const OpCounts& CountsOf(const ThreadTally& tally, OpKind kind) {
  return tally.ops[workload::IndexOf(kind)];
}

Status CheckMisses(const Cell& cell, const ThreadTally& run) {
  if (cell.trace || !cell.workload.MissIsError()) return Status::Ok();
  for (const OpKind kind : workload::kAllOpKinds) {
    const uint64_t misses = CountsOf(run, kind).miss;
    if (misses == 0) continue;
    return Status::Corruption(fmt::format(
        "{}: {} operations of kind {} {}, which cannot happen in a workload that never "
        "deletes",
        cell.Describe(), misses, workload::ToString(kind),
        kind == OpKind::kInsert ? "found their key present" : "did not find their key"));
  }
  return Status::Ok();
}

/// All operations of a key are one thread's, so that their number is known.
Status CheckTracedMisses(const Cell& cell, const ThreadTally& run) {
  if (!cell.trace || cell.trace->expected_misses == workload::kUnknownMisses) return Status::Ok();
  if (run.done < cell.op_count) return Status::Ok();  // cut: what it did not come to is not known
  uint64_t misses = 0;
  for (const OpCounts& counts : run.ops) misses += counts.miss;
  if (misses == cell.trace->expected_misses) return Status::Ok();
  return Status::Corruption(fmt::format("{}: {} operations missed, where {} must by the trace",
                                        cell.Describe(), misses, cell.trace->expected_misses));
}

/// Visits every record once. `size` is how many there must be, where that is known.
Status CheckAllRecords(const Cell& cell, const ThreadTask& task, Engine& engine,
                       std::optional<uint64_t> size) {
  ThreadTally pass;
  if (Status status = engine.CheckAllRecords(task, &pass); !status.ok()) return status;
  if (pass.wrong > 0) {
    return Status::Corruption(cell.Describe() + ": the pass over all records: " + pass.first_wrong);
  }
  if (size && pass.records_scanned != *size) {
    return Status::Corruption(fmt::format("{}: the pass over all records met {} where {} must be",
                                          cell.Describe(), pass.records_scanned, *size));
  }
  return Status::Ok();
}

}  // namespace

std::optional<uint64_t> ExpectedSize(const Cell& cell, const ThreadTally& run) {
  if (cell.workload.Has(OpKind::kUpsert) && cell.workload.Has(OpKind::kDelete)) return std::nullopt;
  return cell.record_count + CountsOf(run, OpKind::kInsert).ok - CountsOf(run, OpKind::kDelete).ok;
}

Status CheckLoad(const Cell& cell, const ThreadTally& load) {
  const OpCounts& inserts = CountsOf(load, OpKind::kInsert);
  if (inserts.fail > 0) {
    return Status::OutOfMemory(
        fmt::format("{}: the engine lacked memory or page ids for {} of {} records of the load",
                    cell.Describe(), inserts.fail, cell.record_count));
  }
  if (inserts.ok == cell.record_count) return Status::Ok();
  return Status::Corruption(fmt::format("{}: the load inserted {} of {} records", cell.Describe(),
                                        inserts.ok, cell.record_count));
}

Status CheckAnswers(const Cell& cell, const ThreadTally& run) {
  for (const OpCounts& counts : run.ops) {
    if (counts.fail == 0) continue;
    return Status::OutOfMemory(
        fmt::format("{}: the engine lacked memory or page ids for {} operations", cell.Describe(),
                    counts.fail));
  }
  if (cell.verify == VerifyMode::kOff) return Status::Ok();
  if (run.wrong > 0) {
    return Status::Corruption(fmt::format("{}: {} of {} checked reads and scans were wrong; {}",
                                          cell.Describe(), run.wrong, run.checked,
                                          run.first_wrong));
  }
  return CheckMisses(cell, run);
}

Status CheckRun(const Cell& cell, const ThreadTally& run, const ThreadTask& task, Engine& engine) {
  if (Status status = CheckAnswers(cell, run); !status.ok()) return status;
  if (cell.verify == VerifyMode::kOff) return Status::Ok();
  if (Status status = CheckTracedMisses(cell, run); !status.ok()) return status;
  const std::optional<uint64_t> expected = ExpectedSize(cell, run);
  const bool knows_size = cell.engine->no_size_reason.empty();
  if (expected && knows_size && engine.Size() != *expected) {
    return Status::Corruption(fmt::format("{}: {} records are counted where {} must be",
                                          cell.Describe(), engine.Size(), *expected));
  }
  const bool full = cell.verify == VerifyMode::kFull && cell.engine->capabilities.scan;
  if (!full) return Status::Ok();
  return CheckAllRecords(cell, task, engine, knows_size ? engine.Size() : expected);
}

}  // namespace bwlab::experiment
