#include "bwlab/workload/random.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "bwlab/workload/chi_square_testing.h"

namespace bwlab::workload {
namespace {

TEST(Philox, GivesTheKnownAnswersOfItsAuthors) {
  // kat_vectors of the Random123 distribution, "philox2x64 10".
  using Block = std::array<uint64_t, 2>;
  EXPECT_EQ(Philox2x64({0, 0}, 0), (Block{0xca00a0459843d731, 0x66c24222c9a845b5}));
  EXPECT_EQ(Philox2x64({~0ull, ~0ull}, ~0ull), (Block{0x65b021d60cd8310f, 0x4d02f3222f86df20}));
  EXPECT_EQ(Philox2x64({0x243f6a8885a308d3, 0x13198a2e03707344}, 0xa4093822299f31d0),
            (Block{0x0a5e742c2997341c, 0xb0f883d38000de5d}));
}

TEST(Mix64, IsUndoneByUnmix64) {
  for (uint64_t i = 0; i < 1000; ++i) {
    EXPECT_EQ(Unmix64(Mix64(i)), i);
    EXPECT_EQ(Mix64(Unmix64(~i)), ~i);
  }
}

TEST(OpRandom, NoTwoDrawsOfTheSameSeedShareABlock) {
  std::set<uint64_t> seen;
  constexpr int kDraws = 5;
  for (uint32_t thread = 0; thread < 20; ++thread) {
    for (uint64_t op = 0; op < 100; ++op) {
      OpRandom random(7, thread, op);
      for (int draw = 0; draw < kDraws; ++draw) seen.insert(random.Next());
    }
  }
  EXPECT_EQ(seen.size(), 20u * 100 * kDraws);
}

TEST(OpRandom, EachCoordinateChangesTheDraws) {
  const uint64_t base = OpRandom(1, 2, 3).Next();
  EXPECT_EQ(OpRandom(1, 2, 3).Next(), base);
  EXPECT_NE(OpRandom(2, 2, 3).Next(), base);
  EXPECT_NE(OpRandom(1, 3, 3).Next(), base);
  EXPECT_NE(OpRandom(1, 2, 4).Next(), base);
}

// The draws of neighbours (next draw, op, thread or seed) must say nothing of each other: the upper
// four bits of a pair fill a grid of 256 cells evenly, and so do the lower four.
TEST(OpRandom, NeighboursAreIndependent) {
  enum Neighbour { kDraw, kOp, kThread, kSeed };
  for (const Neighbour neighbour : {kDraw, kOp, kThread, kSeed}) {
    std::vector<uint64_t> upper(256);
    std::vector<uint64_t> lower(256);
    for (uint64_t i = 0; i < 200000; ++i) {
      uint64_t seed = 42;
      uint32_t thread = 0;
      uint64_t op = 0;
      if (neighbour == kSeed) {
        seed = 2 * i;
      } else if (neighbour == kThread) {
        thread = static_cast<uint32_t>(2 * i);
      } else {
        op = 2 * i;
      }
      OpRandom random(seed, thread, op);
      const uint64_t a = random.Next();
      const uint64_t b = neighbour == kDraw
                             ? random.Next()
                             : OpRandom(seed + (neighbour == kSeed),
                                        thread + (neighbour == kThread), op + (neighbour == kOp))
                                   .Next();
      ++upper[(a >> 60) * 16 + (b >> 60)];
      ++lower[(a & 15) * 16 + (b & 15)];
    }
    EXPECT_GT(testing::ChiSquarePValueUniform(upper), testing::kSuspicious) << neighbour;
    EXPECT_GT(testing::ChiSquarePValueUniform(lower), testing::kSuspicious) << neighbour;
  }
}

TEST(UniformBelow, IsUniformOverSmallBounds) {
  for (const uint64_t bound : {2, 3, 7, 100, 1000}) {
    std::vector<uint64_t> counts(bound);
    for (uint64_t i = 0; i < 100000; ++i) {
      OpRandom random(1, 0, i);
      const uint64_t value = UniformBelow(random, bound);
      ASSERT_LT(value, bound);
      ++counts[value];
    }
    EXPECT_GT(testing::ChiSquarePValueUniform(counts), testing::kSuspicious) << bound;
  }
}

TEST(UniformBelow, HasNoBiasWhereTheBoundDoesNotDivideTheRange) {
  // Three quarters of 2^64: without the rejection, half of the values would be multiples of 3.
  constexpr uint64_t kBound = uint64_t{3} << 62;
  std::vector<uint64_t> counts(3);
  for (uint64_t i = 0; i < 100000; ++i) {
    OpRandom random(1, 0, i);
    const uint64_t value = UniformBelow(random, kBound);
    ASSERT_LT(value, kBound);
    ++counts[value % 3];
  }
  EXPECT_GT(testing::ChiSquarePValueUniform(counts), testing::kSuspicious);
}

TEST(UniformBelow, BoundOfOneGivesZero) {
  OpRandom random(1, 0, 0);
  EXPECT_EQ(UniformBelow(random, 1), 0u);
}

}  // namespace
}  // namespace bwlab::workload
