// kAbout says what is asked. Each benchmark looks up random heads, half of them present. Cold: the
// nodes together exceed the last-level cache, and the next node depends on the last answer, so that
// lookups cannot overlap.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "bwlab/policy/search/scalar.h"
#include "bwlab/policy/search/short_hints.h"
#include "bwlab/policy/search/simd.h"
#include "micro.h"

namespace bwlab::micro {

const About kAbout = {
    .question =
        "How do the node searches compare, by node size, on a node in L1 and on nodes out of "
        "cache?",
    .baseline = "search/linear, and search/binary among those that are worth a choice",
};

namespace {

/// Equal nodes side by side: hints and heads of each on cache lines of their own.
class Nodes {
 public:
  Nodes(uint32_t heads_per_node, uint32_t node_count) : count_(heads_per_node) {
    hint_lines_ = ShortHintLines(heads_per_node);
    node_lines_ = hint_lines_ + (heads_per_node + kBlockHeads - 1) / kBlockHeads;
    lines_.resize(std::size_t{node_lines_} * node_count);
    scales_.resize(node_count);
    std::mt19937_64 random(5);
    std::vector<Head> sorted(heads_per_node);
    for (uint32_t n = 0; n < node_count; ++n) {
      for (Head& head : sorted) head = static_cast<Head>(random() & ~uint64_t{1});
      std::sort(sorted.begin(), sorted.end());
      Line* node = &lines_[std::size_t{n} * node_lines_];
      auto* const lanes = reinterpret_cast<ShortHint*>(node);
      std::fill(lanes, lanes + hint_lines_ * kShortHintLanes, kShortHintMax);
      scales_[n] = HintScale::For(sorted.data(), heads_per_node);
      for (uint32_t i = 0; i < heads_per_node; ++i) {
        node[hint_lines_ + i / kBlockHeads].at[i % kBlockHeads] = sorted[i];
        if (i > 0 && i % kBlockHeads == 0) {
          lanes[ShortHintedHeads::LaneOf(i / kBlockHeads)] = scales_[n].Of(sorted[i]);
        }
      }
    }
  }

  ShortHintedHeads node(std::size_t n) const {
    const Line* node = &lines_[n * node_lines_];
    return {{node[hint_lines_].at, count_}, reinterpret_cast<const ShortHint*>(node), scales_[n]};
  }

 private:
  struct alignas(64) Line {
    Head at[8] = {kHeadMax, kHeadMax, kHeadMax, kHeadMax, kHeadMax, kHeadMax, kHeadMax, kHeadMax};
  };
  uint32_t count_;
  uint32_t hint_lines_;
  uint32_t node_lines_;
  std::vector<Line> lines_;
  std::vector<HintScale> scales_;
};

std::vector<Head> RandomKeys(const Nodes& nodes, uint32_t heads_per_node) {
  std::mt19937_64 random(9);
  std::vector<Head> keys(std::size_t{1} << 20);
  for (Head& key : keys) {
    const Head present = nodes.node(0).heads[random() % heads_per_node];
    key = random() % 2 == 0 ? present : static_cast<Head>(random());
  }
  return keys;
}

template <class Search>
void SearchHot(benchmark::State& state) {
  const auto size = static_cast<uint32_t>(state.range(0));
  const Nodes nodes(size, 1);
  const std::vector<Head> keys = RandomKeys(nodes, size);
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(Search::UpperBound(nodes.node(0), keys[i++ % keys.size()]));
  }
  state.SetItemsProcessed(state.iterations());
}

template <class Search>
void SearchCold(benchmark::State& state) {
  constexpr std::size_t kTotalBytes = std::size_t{256} << 20;
  const auto size = static_cast<uint32_t>(state.range(0));
  const auto node_count = static_cast<uint32_t>(kTotalBytes / (size * sizeof(Head)));
  const Nodes nodes(size, node_count);
  const std::vector<Head> keys = RandomKeys(nodes, size);
  std::size_t i = 0;
  uint64_t position = 0;
  for (auto _ : state) {
    const std::size_t n = (i * 0x9E3779B97F4A7C15 + position) % node_count;
    position = Search::UpperBound(nodes.node(n), keys[i++ % keys.size()]);
  }
  benchmark::DoNotOptimize(position);
  state.SetItemsProcessed(state.iterations());
}

template <class Search>
void RegisterSearch() {
  const std::string name = "search/" + std::string(Search::kName);
  for (const int64_t size : {64, 128, 256}) {
    benchmark::RegisterBenchmark((name + "/hot").c_str(), SearchHot<Search>)
        ->ArgName("heads")
        ->Arg(size);
    benchmark::RegisterBenchmark((name + "/cold").c_str(), SearchCold<Search>)
        ->ArgName("heads")
        ->Arg(size);
  }
}

}  // namespace

void RegisterBenchmarks() {
  RegisterSearch<LinearSearch>();
  RegisterSearch<ScalarBinarySearch>();
  RegisterSearch<BranchFreeSearch>();
#if XSIMD_WITH_SSE4_2
  RegisterSearch<SimdSearch<xsimd::sse4_2>>();
#endif
#if XSIMD_WITH_AVX2
  RegisterSearch<SimdSearch<xsimd::avx2>>();
#endif
#if XSIMD_WITH_AVX512F
  RegisterSearch<SimdSearch<xsimd::avx512f>>();
#endif
}

}  // namespace bwlab::micro
