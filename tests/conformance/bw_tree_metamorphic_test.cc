// Method: the same operations on trees of fifty random configurations must give the same answers:
// no option and no policy may show in what a tree says. Sizes, chains and batches are drawn from
// the whole range in which a test of some hundred operations meets structure modifications.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/op_model.h"
#include "support/stress.h"
#include "support/test_traits.h"

namespace bwlab::test {
namespace {

using Random = std::mt19937_64;
using Answers = std::vector<OpMachine<TinyTraits>::Answer>;

/// One of `low`..`high`, small ones as often as large ones.
uint32_t AnyOf(Random& random, uint32_t low, uint32_t high) {
  std::uniform_real_distribution<double> exponent(std::log2(low + 1.0), std::log2(high + 1.0));
  return std::clamp(static_cast<uint32_t>(std::exp2(exponent(random)) - 1.0), low, high);
}

TreeOptions AnyOptions(Random& random, uint32_t chain_length_max) {
  TreeOptions options;
  options.leaf_capacity = AnyOf(random, 4, 200);
  options.inner_capacity = AnyOf(random, 4, 200);
  options.root_capacity = AnyOf(random, 4, 400);
  options.leaf_chain_length = AnyOf(random, 1, std::min(chain_length_max, options.leaf_capacity));
  options.inner_chain_length = AnyOf(random, 0, std::min(chain_length_max, options.inner_capacity));
  options.search_shortcuts = AnyOf(random, 0, 1);
  options.consolidation_deltas_min = AnyOf(random, 1, 16);
  options.epoch_batch_size = AnyOf(random, 1, 200);
  options.epoch_frees_per_retire_max = AnyOf(random, 0, 4);
  options.membarrier = AnyOf(random, 0, 1);
  options.pooled_bytes_max = AnyOf(random, 0, 1 << 20);
  options.pages_max = 1 << 16;
  return options;
}

std::string ToString(const TreeOptions& options) {
  std::string text;
  options.ForEach([&](std::string_view name, auto value, uint64_t, uint64_t, std::string_view) {
    text.append(name).append(" ").append(std::to_string(value)).append(", ");
  });
  return text;
}

/// What a tree of `Traits` answers to `ops`, and what it holds in the end.
template <class Traits>
Answers AnswersOf(const std::vector<Op>& ops, const TreeOptions& options) {
  OpMachine<Traits> machine(options);
  Answers answers;
  typename OpMachine<Traits>::Model held;
  for (const Op& op : ops) answers.push_back(machine.Perform(op));
  answers.push_back(machine.Perform({Op::Kind::kScan, 0, 0, UINT8_MAX}));
  for (const auto& record : answers.back().records) held.insert(record);
  EXPECT_EQ(machine.Difference(held), "");
  return answers;
}

struct Family {
  std::string_view name;
  Answers (*answers_of)(const std::vector<Op>& ops, const TreeOptions& options);
  uint32_t chain_length_max;
};
template <class Traits>
constexpr Family FamilyOf() {
  return {Traits::kName, AnswersOf<Traits>, Traits::DeltaLayout::kChainLengthMax};
}
constexpr Family kFamilies[] = {FamilyOf<TinyTraits>(),       FamilyOf<TinyLinked>(),
                                FamilyOf<TinyPreallocated>(), FamilyOf<TinyScalar>(),
                                FamilyOf<TinyBranchFree>(),   FamilyOf<TinyPooled>(),
                                FamilyOf<TinyCentralized>(),  FamilyOf<TinyQsbr>()};

TEST(BwTreeMetamorphicTest, FiftyConfigurationsGiveTheSameAnswers) {
  constexpr int kConfigurations = 50;
  constexpr std::size_t kOps = 300;
  const uint64_t seed = Seed();
  RecordProperty("seed", std::to_string(seed));
  Random random(seed);
  const int runs = Rounds(50);
  for (int run = 0; run < runs; ++run) {
    std::vector<uint8_t> bytes(5 * kOps);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
    std::vector<Op> ops = OpsOf(bytes);
    for (Op& op : ops) {  // so that one last scan sees everything
      op.key %= 150;
      op.amount %= 100;
    }
    Answers first;
    for (int i = 0; i < kConfigurations; ++i) {
      const Family& family = kFamilies[random() % std::size(kFamilies)];
      const TreeOptions options = AnyOptions(random, family.chain_length_max);
      Answers answers = family.answers_of(ops, options);
      if (i == 0) {
        first = std::move(answers);
        continue;
      }
      const auto differ = std::mismatch(first.begin(), first.end(), answers.begin());
      ASSERT_EQ(differ.first, first.end())
          << "seed " << seed << ", run " << run << ", configuration " << i << " (" << family.name
          << ", " << ToString(options) << "): operation " << differ.first - first.begin();
    }
  }
}

}  // namespace
}  // namespace bwlab::test
