// kAbout says what is asked. One thread, a million records with random keys (about 20 MB), uniform
// access. Names: operation/family/policy.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bwlab/bwtree/bulk_load_tbb.h"
#include "bwlab/bwtree/bw_tree.h"
#include "bwlab/bwtree/linked_editor.h"
#include "bwlab/policy/consolidation/background.h"
#include "bwlab/policy/default_traits.h"
#include "micro.h"

namespace bwlab::micro {

const About kAbout = {
    .question =
        "What do the choices cost or gain that show on a whole tree only: delta layout, "
        "consolidation policy, counting, huge pages, key type, batched reads, bulk load?",
    .baseline = "*/delta_layout/packed, which is DefaultTraits",
};

namespace {

constexpr uint64_t kRecords = 1000000;

uint64_t Mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

/// The record of a number, as each key type has it.
template <class KeyType>
struct KeyMaker {
  std::array<char, 32> bytes;
  typename KeyType::View operator()(uint64_t i) {
    const uint64_t mixed = Mix(i + 1);
    if constexpr (std::is_same_v<typename KeyType::View, uint64_t>) {
      return mixed;
    } else {
      // 24 bytes: a shared beginning and sixteen digits, as an identifier in a log has them.
      static constexpr std::string_view kDigits = "0123456789abcdef";
      std::copy_n("customer", 8, bytes.begin());
      for (int digit = 0; digit < 16; ++digit) bytes[8 + digit] = kDigits[mixed >> digit * 4 & 15];
      return {bytes.data(), 24};
    }
  }
};

template <class Traits>
class Loaded {
 public:
  using Tree = BwTree<Traits>;

  Loaded()
      : tree_(std::move(Tree::Open()).value()), session_(std::move(tree_->OpenSession()).value()) {
    for (uint64_t i = 0; i < kRecords; ++i) (void)session_.Insert(maker_(i), i);
  }
  typename Tree::Key RandomKey() { return maker_(Mix(++step_) % kRecords); }
  typename Tree::Session& session() { return session_; }
  double BytesPerKey() const {
    return static_cast<double>(tree_->Memory().live_bytes) / static_cast<double>(kRecords);
  }

 private:
  std::unique_ptr<Tree> tree_;
  typename Tree::Session session_;
  KeyMaker<typename Traits::Key> maker_;
  uint64_t step_ = 0;
};

template <class Traits>
void Get(benchmark::State& state) {
  Loaded<Traits> loaded;
  uint64_t value = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(loaded.session().Get(loaded.RandomKey(), &value));
  }
  state.SetItemsProcessed(state.iterations());
  state.counters["bytes_per_key"] = loaded.BytesPerKey();
}

template <class Traits>
void Update(benchmark::State& state) {
  Loaded<Traits> loaded;
  uint64_t value = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(loaded.session().Update(loaded.RandomKey(), ++value));
  }
  state.SetItemsProcessed(state.iterations());
  state.counters["bytes_per_key"] = loaded.BytesPerKey();
}

template <class Traits, bool kBackward>
void ScanHundred(benchmark::State& state) {
  Loaded<Traits> loaded;
  uint64_t sum = 0;
  const auto add = [&sum](const auto&, uint64_t value) {
    sum += value;
    return true;
  };
  for (auto _ : state) {
    if constexpr (kBackward) {
      loaded.session().ReverseScan(loaded.RandomKey(), 100, add);
    } else {
      loaded.session().Scan(loaded.RandomKey(), 100, add);
    }
  }
  benchmark::DoNotOptimize(sum);
  state.SetItemsProcessed(state.iterations() * 100);
}

void IterateHundred(benchmark::State& state) {
  Loaded<DefaultTraits> loaded;
  auto iterator = loaded.session().NewIterator();
  uint64_t sum = 0;
  for (auto _ : state) {
    iterator.Seek(loaded.RandomKey());
    for (int i = 0; i < 100 && iterator.Valid(); ++i, iterator.Next()) sum += iterator.value();
  }
  benchmark::DoNotOptimize(sum);
  state.SetItemsProcessed(state.iterations() * 100);
}

/// As Get, `range(0)` keys a call.
void MultiGet(benchmark::State& state) {
  Loaded<DefaultTraits> loaded;
  const auto batch = static_cast<std::size_t>(state.range(0));
  std::vector<uint64_t> keys(batch);
  std::vector<uint64_t> values(batch);
  std::vector<OpResult> results(batch);
  for (auto _ : state) {
    for (uint64_t& key : keys) key = loaded.RandomKey();
    benchmark::DoNotOptimize(loaded.session().MultiGet(keys, values, results));
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

template <class Executor>
void BulkLoad(benchmark::State& state) {
  std::vector<std::pair<uint64_t, uint64_t>> records;
  for (uint64_t i = 0; i < kRecords; ++i) records.emplace_back(Mix(i + 1), i);
  std::sort(records.begin(), records.end());
  for (auto _ : state) {
    auto tree = std::move(BwTree<DefaultTraits>::Open()).value();
    auto session = std::move(tree->OpenSession()).value();
    if (!session.BulkLoad(records, {}, Executor{}).ok()) state.SkipWithError("bulk load failed");
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kRecords));
}

struct Linked : DefaultTraits {
  using DeltaLayout = LinkedDeltas;
};
struct Preallocated : DefaultTraits {
  using DeltaLayout = PreallocatedDeltas;
};
struct Reader : DefaultTraits {
  using Consolidation = ReaderConsolidation;
};
struct Adaptive : DefaultTraits {
  using Consolidation = AdaptiveConsolidation;
};
struct Background : DefaultTraits {
  using Consolidation = BackgroundConsolidation;
};
struct Counting : DefaultTraits {
  using Stats = CountingStats;
};
struct HugePages : DefaultTraits {
  static TreeOptions Options() {
    TreeOptions options;
    options.huge_pages = 1;
    return options;
  }
};
struct ByteKeys : DefaultTraits {
  using Key = BytesKey;
};

template <class Traits>
void RegisterTree(const std::string& family, std::string_view policy) {
  const std::string name = "/" + family + "/" + std::string(policy);
  benchmark::RegisterBenchmark(("get" + name).c_str(), Get<Traits>);
  benchmark::RegisterBenchmark(("update" + name).c_str(), Update<Traits>);
  benchmark::RegisterBenchmark(("scan" + name).c_str(), ScanHundred<Traits, false>);
}

}  // namespace

void RegisterBenchmarks() {
  RegisterTree<DefaultTraits>("delta_layout", PackedDeltas::kName);
  RegisterTree<Linked>("delta_layout", LinkedDeltas::kName);
  RegisterTree<Preallocated>("delta_layout", PreallocatedDeltas::kName);
  RegisterTree<Reader>("consolidation", ReaderConsolidation::kName);
  RegisterTree<Adaptive>("consolidation", AdaptiveConsolidation::kName);
  RegisterTree<Background>("consolidation", BackgroundConsolidation::kName);
  RegisterTree<Counting>("stats", CountingStats::kName);
  RegisterTree<HugePages>("allocator", "pool_huge_pages");
  RegisterTree<ByteKeys>("key", BytesKey::kName);
  benchmark::RegisterBenchmark("reverse_scan/key/u64", ScanHundred<DefaultTraits, true>);
  benchmark::RegisterBenchmark("iterate/key/u64", IterateHundred);
  benchmark::RegisterBenchmark("multi_get/key/u64", MultiGet)->Arg(4)->Arg(16)->Arg(64);
  benchmark::RegisterBenchmark("bulk_load/executor/serial", BulkLoad<SerialExecutor>);
  benchmark::RegisterBenchmark("bulk_load/executor/tbb", BulkLoad<TbbExecutor>)->UseRealTime();
}

}  // namespace bwlab::micro
