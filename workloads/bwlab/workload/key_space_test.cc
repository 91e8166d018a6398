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

TEST(KeySpace, MonoHcHoldsTheRankInPlaceOfTheKey) {
  EXPECT_EQ(KeySpace(KeySpaceKind::kMonoHc, 9).KeyOf(123), 123u);
  EXPECT_TRUE(KeysMadeAtRunTime(KeySpaceKind::kMonoHc));
  EXPECT_FALSE(KeysMadeAtRunTime(KeySpaceKind::kMonoInt));
}

constexpr uint64_t TenantOf(uint64_t key) { return key >> kSequenceBits; }

// One turn: 1024 runs of 16, of another tenant each, and each run continues the tenant's sequence.
TEST(KeySpace, CompositeKeysComeInRunsThatVisitEachTenantOnceATurn) {
  const KeySpace keys(KeySpaceKind::kComposite, 1);
  std::vector<uint64_t> last_of_tenant(1024);
  for (uint64_t turn = 0; turn < 3; ++turn) {
    std::vector<int> visits(1024);
    for (uint64_t run = 0; run < 1024; ++run) {
      const uint64_t first = keys.KeyOf((turn * 1024 + run) * 16);
      ++visits[TenantOf(first)];
      uint64_t& last = last_of_tenant[TenantOf(first)];
      if (turn > 0) {
        EXPECT_EQ(first, last + 1);
      }
      for (uint64_t i = 1; i < 16; ++i) {
        EXPECT_EQ(keys.KeyOf((turn * 1024 + run) * 16 + i), first + i);
      }
      last = first + 15;
    }
    EXPECT_EQ(visits, std::vector<int>(1024, 1));
  }
}

// Or the inserts would sweep over the key space again and again.
TEST(KeySpace, CompositeTurnsVisitTheTenantsInDifferentOrders) {
  const KeySpace keys(KeySpaceKind::kComposite, 1);
  const auto tenant = [&keys](uint64_t turn, uint64_t run) {
    return TenantOf(keys.KeyOf((turn * 1024 + run) * 16));
  };
  int same = 0;
  int ascending = 0;
  for (uint64_t run = 0; run < 1023; ++run) {
    same += tenant(0, run) == tenant(1, run) ? 1 : 0;
    ascending += tenant(0, run) < tenant(0, run + 1) ? 1 : 0;
  }
  EXPECT_LT(same, 10);
  EXPECT_GT(ascending, 300);
  EXPECT_LT(ascending, 700);
}

}  // namespace
}  // namespace bwlab::workload
