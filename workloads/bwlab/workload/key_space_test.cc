#include "bwlab/workload/key_space.h"

#include <gtest/gtest.h>

#include <vector>

#include "bwlab/workload/chi_square_testing.h"

namespace bwlab::workload {
namespace {

TEST(KeySpace, NamesAreReadBack) {
  for (const KeySpaceInfo& info : kKeySpaces) {
    EXPECT_EQ(ToString(info.kind), info.name);
    EXPECT_EQ(KeySpaceFromName(info.name), info.kind);
  }
  EXPECT_EQ(KeySpaceFromName("rand"), std::nullopt);
}

TEST(KeySpace, MonoIntKeysAreTheRanks) {
  const KeySpace keys(KeySpaceKind::kMonoInt, 9);
  EXPECT_EQ(keys.KeyOf(0), 0u);
  EXPECT_EQ(keys.KeyOf(123), 123u);
}

// Every rank comes back from its key, so no two ranks share one.
TEST(KeySpace, RanksComeBackFromTheirKeys) {
  for (const KeySpaceInfo& info : kKeySpaces) {
    for (const uint64_t seed : {0, 1, 42}) {
      const KeySpace keys(info.kind, seed);
      for (uint64_t i = 0; i < 10000; ++i) {
        for (const uint64_t rank : {i, ~i, i << 40}) {
          ASSERT_EQ(keys.RankOf(keys.KeyOf(rank)), rank) << info.name;
        }
      }
    }
  }
}

TEST(KeySpace, RandIntKeysFillAllBitsEvenly) {
  const KeySpace keys(KeySpaceKind::kRandInt, 1);
  std::vector<uint64_t> upper(256);
  std::vector<uint64_t> lower(256);
  for (uint64_t rank = 0; rank < 100000; ++rank) {
    ++upper[keys.KeyOf(rank) >> 56];
    ++lower[keys.KeyOf(rank) & 255];
  }
  EXPECT_GT(testing::ChiSquarePValueUniform(upper), testing::kSuspicious);
  EXPECT_GT(testing::ChiSquarePValueUniform(lower), testing::kSuspicious);
}

TEST(KeySpace, RandIntKeysDependOnTheSeed) {
  EXPECT_NE(KeySpace(KeySpaceKind::kRandInt, 1).KeyOf(0),
            KeySpace(KeySpaceKind::kRandInt, 2).KeyOf(0));
}

}  // namespace
}  // namespace bwlab::workload
