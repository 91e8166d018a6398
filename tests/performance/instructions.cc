// Runs one workload on one engine so that a tool can count the instructions of it: all that counts
// happens in MeasuredPart and what it calls. Streams are made before, by the same code as the
// harness's.
//
// Usage: instructions bwtree|btree_olc WORKLOADS load|WORKLOAD
//   WORKLOADS   the folder with the workload files
// Prints the number of operations that were measured.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "bwlab/btree/b_tree.h"
#include "bwlab/bwtree/bw_tree.h"
#include "bwlab/policy/default_traits.h"
#include "bwlab/workload/stream.h"
#include "bwlab/workload/value.h"
#include "bwlab/workload/workload_json.h"

// Known to the tool by this name.
extern "C" [[gnu::noipa]] void MeasuredPart(void (*part)(void*), void* argument) {
  part(argument);
}

namespace bwlab {
namespace {

constexpr uint64_t kRecords = 100'000;
constexpr uint64_t kOps = 50'000;

[[noreturn]] void Fail(std::string_view what) {
  std::fprintf(stderr, "instructions: %.*s\n", static_cast<int>(what.size()), what.data());
  std::exit(2);
}

/// @return operations that did not find what a workload without misses asks for.
template <class Session>
uint64_t Execute(Session& session, const std::vector<workload::Op>& ops) {
  uint64_t wrong = 0;
  uint64_t seen = 0;
  for (const workload::Op& op : ops) {
    const uint64_t value = workload::ValueOf(op.key, op.version);
    OpResult result = OpResult::kOk;
    switch (op.kind) {
      case workload::OpKind::kRead: {
        uint64_t found = 0;
        result = session.Get(op.key, &found);
        seen ^= found;
        break;
      }
      case workload::OpKind::kUpdate:
        result = session.Update(op.key, value);
        break;
      case workload::OpKind::kInsert:
        result = session.Insert(op.key, value);
        break;
      case workload::OpKind::kScan:
        session.Scan(op.key, op.length, [&](uint64_t key, uint64_t found) {
          seen ^= key ^ found;
          return true;
        });
        break;
      default:
        Fail("this workload has operations that are not counted here");
    }
    if (result != OpResult::kOk) ++wrong;
  }
  // What was read is used, so that it is not left out.
  return seen == 1 ? wrong + 1 : wrong;
}

template <class Session>
void Measure(Session& session, const std::vector<workload::Op>& ops, bool measured) {
  struct Part {
    Session& session;
    const std::vector<workload::Op>& ops;
    uint64_t wrong = 0;
  } part{session, ops};
  const auto run = [](void* argument) {
    auto* self = static_cast<Part*>(argument);
    self->wrong = Execute(self->session, self->ops);
  };
  measured ? MeasuredPart(run, &part) : run(&part);
  if (part.wrong != 0) Fail("an operation failed");
}

template <class Tree>
void Run(const char* workloads, std::string_view name) {
  const auto load = workload::LoadWorkload(workloads, "load");
  if (!load.ok()) Fail(load.error);
  workload::StreamConfig config{.workload = load.spec};
  config.record_count = kRecords;
  config.op_count = kRecords;
  config.seed = 1;
  auto tree = std::move(Tree::Open()).value();
  auto session = std::move(tree->OpenSession()).value();
  const bool loads = name == "load";
  Measure(session, workload::MakeLoadStream(config), loads);
  if (!loads) {
    const auto asked = workload::LoadWorkload(workloads, name);
    if (!asked.ok()) Fail(asked.error);
    workload::StreamConfig run{.workload = asked.spec};
    run.record_count = kRecords;
    run.op_count = kOps;
    run.seed = 1;
    Measure(session, workload::MakeStream(run), true);
  }
  std::printf("%llu\n", static_cast<unsigned long long>(loads ? kRecords : kOps));
}

}  // namespace
}  // namespace bwlab

int main(int argc, char** argv) {
  if (argc != 4) bwlab::Fail("usage: instructions bwtree|btree_olc WORKLOADS load|WORKLOAD");
  const std::string_view engine = argv[1];
  if (engine == "bwtree") {
    bwlab::Run<bwlab::BwTree<bwlab::DefaultTraits>>(argv[2], argv[3]);
  } else if (engine == "btree_olc") {
    bwlab::Run<bwlab::BTree<bwlab::DefaultTraits>>(argv[2], argv[3]);
  } else {
    bwlab::Fail("the engine is bwtree or btree_olc");
  }
}
