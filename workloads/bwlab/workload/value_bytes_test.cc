#include "bwlab/workload/value_bytes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <vector>

namespace bwlab::workload {
namespace {

constexpr ValueSpec kHundred = {.size_min = 100, .size_max = 100};
constexpr ValueSpec kUniform = {.kind = ValueSizeKind::kUniform, .size_min = 8, .size_max = 1000};
// What Cao et al. (FAST 2020) fitted, as db_bench's mixgraph has it.
constexpr ValueSpec kPareto = {.kind = ValueSizeKind::kPareto,
                               .size_min = 8,
                               .size_max = 1024,
                               .shape = 0.2615,
                               .scale = 25.45};

std::string Written(const ValueBytes& values, uint64_t key, uint32_t version) {
  std::vector<char> room(values.bytes_max());
  return std::string(values.Write(key, version, room.data()));
}

TEST(ValueBytes, AreRecognisedAsTheirKeysAndAsNoOthers) {
  for (const ValueSpec& spec : {kHundred, kUniform, kPareto}) {
    const ValueBytes values(spec);
    for (uint64_t key = 0; key < 500; ++key) {
      std::string value = Written(values, key, static_cast<uint32_t>(key % 7));
      EXPECT_TRUE(values.IsValueOf(key, value));
      EXPECT_FALSE(values.IsValueOf(key + 1, value));
      EXPECT_FALSE(values.IsValueOf(key, std::string_view(value).substr(0, value.size() - 1)));
      EXPECT_FALSE(values.IsValueOf(key, value + "x"));
      // The first four bytes are the version, and each is allowed.
      for (const size_t place : {size_t{4}, value.size() / 2, value.size() - 1}) {
        std::string spoilt = value;
        spoilt[place] = static_cast<char>(spoilt[place] ^ 1);
        EXPECT_FALSE(values.IsValueOf(key, spoilt)) << key << ", byte " << place;
      }
    }
  }
}

TEST(ValueBytes, NoneIsTooShortToBeOne) {
  EXPECT_FALSE(ValueBytes(kHundred).IsValueOf(0, ""));
  EXPECT_FALSE(ValueBytes(kHundred).IsValueOf(0, "1234567"));
}

TEST(ValueBytes, HaveTheSizesAskedFor) {
  const ValueBytes hundred(kHundred);
  EXPECT_EQ(hundred.bytes_mean(), 100);
  const ValueBytes uniform(kUniform);
  std::set<size_t> sizes;
  double sum = 0;
  constexpr int kValues = 20000;
  for (int key = 0; key < kValues; ++key) {
    const size_t size = Written(uniform, key, 1).size();
    sizes.insert(size);
    sum += static_cast<double>(size);
  }
  EXPECT_EQ(*sizes.begin(), 8u);
  EXPECT_EQ(*sizes.rbegin(), 1000u);
  EXPECT_NEAR(uniform.bytes_mean(), 504, 1);
  EXPECT_NEAR(sum / kValues, 504, 10);  // standard error: 2
}

// The mean of the generalised Pareto distribution is sigma / (1 - k); the bounds move it little.
TEST(ValueBytes, ParetoSizesHaveTheirMeanAndMedian) {
  const ValueBytes pareto(kPareto);
  EXPECT_NEAR(pareto.bytes_mean(), 25.45 / (1 - 0.2615), 2);
  std::vector<size_t> sizes;
  for (int key = 0; key < 20001; ++key) sizes.push_back(Written(pareto, key, 1).size());
  std::nth_element(sizes.begin(), sizes.begin() + 10000, sizes.end());
  EXPECT_NEAR(static_cast<double>(sizes[10000]), 25.45 * (std::pow(2, 0.2615) - 1) / 0.2615, 1.5);
}

}  // namespace
}  // namespace bwlab::workload
