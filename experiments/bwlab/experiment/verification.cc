#include "bwlab/experiment/verification.h"

#include <fmt/format.h>

#include <memory>
#include <string>
#include <utility>

#include "bwlab/workload/value.h"

namespace bwlab::experiment {
namespace {

using workload::OpKind;

const OpCounts& CountsOf(const ThreadTally& tally, OpKind kind) {
  return tally.ops[workload::IndexOf(kind)];
}

Status CheckMisses(const Cell& cell, const ThreadTally& run) {
  for (const OpKind kind : workload::kAllOpKinds) {
    const uint64_t misses = CountsOf(run, kind).miss;
    if (misses == 0 || !cell.workload.MissIsError()) continue;
    return Status::Corruption(fmt::format(
        "{}: {} operations of kind {} {}, which cannot happen in a workload that never "
        "deletes",
        cell.Describe(), misses, workload::ToString(kind),
        kind == OpKind::kInsert ? "found their key present" : "did not find their key"));
  }
  return Status::Ok();
}

/// Visits every record once.
Status CheckAllRecords(const Cell& cell, Engine& engine) {
  Result<std::unique_ptr<CheckSession>> session = engine.OpenCheckSession();
  if (!session.ok()) return session.status();
  uint64_t visited = 0;
  uint64_t previous = 0;
  std::string fault;
  session.value()->Scan(0, SIZE_MAX, [&](uint64_t key, uint64_t value) {
    if (visited++ != 0 && key <= previous) fault = fmt::format("key {} after {}", key, previous);
    if (!workload::IsValueOf(key, value)) fault = fmt::format("key {} with value {}", key, value);
    previous = key;
    return fault.empty();
  });
  if (!fault.empty()) {
    return Status::Corruption(cell.Describe() + ": the pass over all records met " + fault);
  }
  if (visited != engine.Size()) {
    return Status::Corruption(
        fmt::format("{}: the pass over all records met {}, but the size is {}", cell.Describe(),
                    visited, engine.Size()));
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

Status CheckRun(const Cell& cell, const ThreadTally& run, Engine& engine) {
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
  if (Status status = CheckMisses(cell, run); !status.ok()) return status;
  const std::optional<uint64_t> expected = ExpectedSize(cell, run);
  if (expected && engine.Size() != *expected) {
    return Status::Corruption(fmt::format("{}: {} records are counted where {} must be",
                                          cell.Describe(), engine.Size(), *expected));
  }
  const bool full = cell.verify == VerifyMode::kFull && cell.engine->capabilities.scan;
  return full ? CheckAllRecords(cell, engine) : Status::Ok();
}

}  // namespace bwlab::experiment
