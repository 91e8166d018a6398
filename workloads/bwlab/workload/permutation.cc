#include "bwlab/workload/permutation.h"

#include <bit>
#include <cassert>

#include "bwlab/workload/random.h"

namespace bwlab::workload {

Permutation::Permutation(uint64_t size, uint64_t seed) : size_(size) {
  assert(size != 0);
  const int bits = static_cast<int>(std::bit_width(size - 1));
  mask_ = bits == 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1;
  shift_ = bits < 2 ? 1 : (bits + 1) / 2;
  constexpr uint64_t kPurpose = 0x7065726d75746174;
  OpRandom random(DerivedSeed(seed, kPurpose), 0, 0);
  for (int round = 0; round < kRounds; ++round) {
    multiplier_[round] = random.Next() | 1;  // odd: invertible modulo every power of two
    increment_[round] = random.Next();
  }
}

}  // namespace bwlab::workload
