#pragma once

#include <initializer_list>
#include <string_view>
#include <utility>

#include "bwlab/experiment/cell.h"
#include "bwlab/experiment/registry.h"

namespace bwlab::experiment {

/// A small cell for tests: 2000 records, 4000 operations of the given mix, 2 threads, every read
/// checked.
inline Cell TestCell(std::string_view engine,
                     std::initializer_list<std::pair<workload::OpKind, double>> mix) {
  Cell cell;
  cell.workload.name = "made_by_a_test";
  cell.workload.title = "made by a test";
  cell.workload.source = "a test";
  for (const auto& [kind, share] : mix) cell.workload.mix[workload::IndexOf(kind)] = share;
  cell.workload.request = {workload::DistributionKind::kZipfian, 0.99, true};
  cell.engine = FindEngine(engine).value();
  cell.engine_config = cell.engine->resolve(nlohmann::json::object()).value();
  cell.threads = 2;
  cell.record_count = 2000;
  cell.op_count = 4001;  // not a multiple of the threads
  cell.seed = 1;
  cell.verify = VerifyMode::kFull;
  cell.latency_sample_every = 3;
  return cell;
}

}  // namespace bwlab::experiment
