#include "bwlab/workload/permutation.h"

#include <gtest/gtest.h>

#include <vector>

#include "bwlab/workload/chi_square_testing.h"

namespace bwlab::workload {
namespace {

void ExpectBijective(uint64_t size, uint64_t seed) {
  const Permutation permutation(size, seed);
  std::vector<bool> hit(size);
  for (uint64_t i = 0; i < size; ++i) {
    const uint64_t image = permutation(i);
    ASSERT_LT(image, size) << "size " << size << " seed " << seed;
    ASSERT_FALSE(hit[image]) << "size " << size << " seed " << seed << ": " << image << " twice";
    hit[image] = true;
  }
}

TEST(Permutation, IsBijectiveForEverySmallSize) {
  for (uint64_t size = 1; size <= 300; ++size) {
    for (uint64_t seed = 0; seed < 5; ++seed) ExpectBijective(size, seed);
  }
}

TEST(Permutation, IsBijectiveAroundPowersOfTwo) {
  for (const uint64_t power : {1024, 65536, 131072}) {
    for (const uint64_t size : {power - 1, power, power + 1}) ExpectBijective(size, 42);
  }
  ExpectBijective(1000000, 42);
}

TEST(Permutation, StaysInRangeForHugeSizes) {
  for (const uint64_t size :
       {(uint64_t{1} << 40) + 1, uint64_t{1} << 63, (uint64_t{1} << 63) + 1, ~uint64_t{0}}) {
    const Permutation permutation(size, 1);
    for (uint64_t i = 0; i < 1000; ++i) {
      ASSERT_LT(permutation(i), size);
      ASSERT_LT(permutation(size - 1 - i), size);
    }
  }
}

// The most popular ranks must land anywhere: over many seeds, the images of each of the first ranks
// fill the range evenly, and whether two neighbours stay neighbours is as rare as chance makes it.
TEST(Permutation, ScattersTheFirstRanksEvenly) {
  constexpr uint64_t kSize = 100000;
  constexpr uint64_t kSeeds = 20000;
  for (const uint64_t rank : {0, 1, 2, 3, 10}) {
    std::vector<uint64_t> counts(100);
    for (uint64_t seed = 0; seed < kSeeds; ++seed) {
      ++counts[Permutation(kSize, seed)(rank) * counts.size() / kSize];
    }
    EXPECT_GT(testing::ChiSquarePValueUniform(counts), testing::kSuspicious) << rank;
  }
}

TEST(Permutation, ImagesOfNeighboursAreUnrelated) {
  constexpr uint64_t kSize = 100000;
  for (uint64_t seed = 0; seed < 10; ++seed) {
    const Permutation permutation(kSize, seed);
    std::vector<uint64_t> grid(100);
    uint64_t still_neighbours = 0;
    for (uint64_t i = 0; i + 1 < kSize; ++i) {
      const uint64_t a = permutation(i);
      const uint64_t b = permutation(i + 1);
      ++grid[a * 10 / kSize * 10 + b * 10 / kSize];
      still_neighbours += a + 1 == b || b + 1 == a ? 1 : 0;
    }
    // A random permutation leaves 2 such pairs on average; 15 or more happen once in 10^9.
    EXPECT_LT(still_neighbours, 15u) << seed;
    EXPECT_GT(testing::ChiSquarePValueUniform(grid), testing::kSuspicious) << seed;
  }
}

}  // namespace
}  // namespace bwlab::workload
