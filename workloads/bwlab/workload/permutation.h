#pragma once

#include <cstdint>

namespace bwlab::workload {

/// A pseudo-random bijection of [0, size), chosen by the seed. It scatters popularity ranks over
/// records: unlike a hash modulo size it never maps two ranks to one record, so the popularity of
/// every record stays as stated. Immutable: shared by threads freely.
///
/// Source: multiply and xor-shift rounds, each a bijection of k-bit integers, inside the smallest
/// power of two that holds `size`, repeated until the result is in range (Kensler, "Correlated
/// multi-jittered sampling", Pixar 13-01, 2013; cycle walking: Black and Rogaway, CT-RSA 2002).
/// Expected rounds of the walk: under 2.
class Permutation {
 public:
  /// size must not be 0.
  Permutation(uint64_t size, uint64_t seed);

  /// The image of `index`, which must be below size().
  uint64_t operator()(uint64_t index) const {
    do {
      index = Step(index);
    } while (index >= size_);
    return index;
  }

  uint64_t size() const { return size_; }

 private:
  static constexpr int kRounds = 3;

  uint64_t Step(uint64_t x) const {
    for (int round = 0; round < kRounds; ++round) {
      x = (x * multiplier_[round] + increment_[round]) & mask_;
      x ^= x >> shift_;
    }
    return x;
  }

  uint64_t size_;
  uint64_t mask_;  // 2^k - 1
  int shift_;      // about k / 2: brings the well-mixed upper bits down
  uint64_t multiplier_[kRounds];
  uint64_t increment_[kRounds];
};

}  // namespace bwlab::workload
