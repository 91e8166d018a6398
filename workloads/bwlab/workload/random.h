#pragma once

#include <array>
#include <cstdint>

namespace bwlab::workload {

__extension__ using Uint128 = unsigned __int128;

/// A bijection of 64 bits in which every input bit reaches every output bit.
/// Source: the finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014), constants of Stafford's
/// variant 13.
constexpr uint64_t Mix64(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

/// The inverse of Mix64.
constexpr uint64_t Unmix64(uint64_t x) {
  x = (x ^ (x >> 31) ^ (x >> 62)) * 0x319642b2d24d8ec3;
  x = (x ^ (x >> 27) ^ (x >> 54)) * 0x96de1b173f119089;
  return x ^ (x >> 30) ^ (x >> 60);
}
static_assert(Unmix64(Mix64(0x0123456789abcdef)) == 0x0123456789abcdef);

/// The 128 random bits at position `counter` of the sequence that `key` names.
/// Source: Philox2x64-10, Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2,
/// 3", SC 2011. For one key it is a bijection of the counter, so two positions never share a block.
constexpr std::array<uint64_t, 2> Philox2x64(std::array<uint64_t, 2> counter, uint64_t key) {
  constexpr int kRounds = 10;
  constexpr uint64_t kMultiplier = 0xd2b74407b1ce6e93;
  constexpr uint64_t kWeyl = 0x9e3779b97f4a7c15;
  for (int round = 0; round < kRounds; ++round) {
    const Uint128 product = Uint128{kMultiplier} * counter[0];
    counter = {static_cast<uint64_t>(product >> 64) ^ key ^ counter[1],
               static_cast<uint64_t>(product)};
    key += kWeyl;
  }
  return counter;
}

/// The random numbers of one operation, a function of (seed, thread, op index, draw) and of nothing
/// else: a stream is the same however its threads and chunks are scheduled.
class OpRandom {
 public:
  constexpr OpRandom(uint64_t seed, uint32_t thread, uint64_t op_index)
      : seed_(seed), op_index_(op_index), next_block_(uint64_t{thread} << 32) {}

  /// Uniform over all 2^64 values. Two draws cost one Philox block.
  constexpr uint64_t Next() {
    if (has_spare_) {
      has_spare_ = false;
      return spare_;
    }
    const auto block = Philox2x64({op_index_, next_block_++}, seed_);
    spare_ = block[1];
    has_spare_ = true;
    return block[0];
  }

 private:
  uint64_t seed_;
  uint64_t op_index_;
  uint64_t next_block_;  // thread in the upper half, block number in the lower
  uint64_t spare_ = 0;
  bool has_spare_ = false;
};

/// A 64-bit key for a purpose that is shared by all threads (the scatter of keys, the key space).
/// It takes the blocks of thread 2^32 - 1, which is no thread of a stream.
constexpr uint64_t DerivedSeed(uint64_t seed, uint64_t purpose) {
  return OpRandom(seed, 0xffffffff, purpose).Next();
}

/// Uniform over [0, bound) without modulo bias; bound must not be 0.
/// Source: Lemire, "Fast random integer generation in an interval", ACM TOMACS 29(1), 2019.
template <class Random>
constexpr uint64_t UniformBelow(Random& random, uint64_t bound) {
  Uint128 product = Uint128{random.Next()} * bound;
  if (static_cast<uint64_t>(product) < bound) [[unlikely]] {
    const uint64_t threshold = (0 - bound) % bound;
    while (static_cast<uint64_t>(product) < threshold) {
      product = Uint128{random.Next()} * bound;
    }
  }
  return static_cast<uint64_t>(product >> 64);
}

/// Uniform over [0, 1) in steps of 2^-53.
template <class Random>
constexpr double UnitReal(Random& random) {
  return static_cast<double>(random.Next() >> 11) * 0x1p-53;
}

}  // namespace bwlab::workload
