#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "bwlab/workload/permutation.h"
#include "bwlab/workload/random.h"
#include "bwlab/workload/request.h"

// The key accesses of MixGraph, the model of Facebook's RocksDB workloads.
//
// Sources: Cao, Dong, Vemuri, Du, "Characterizing, Modeling, and Benchmarking RocksDB Key-Value
// Workloads at Facebook", FAST 2020, section 6; db_bench's benchmark mixgraph in RocksDB.

namespace bwlab::workload {

/// Numbers from 1 on, of which those up to s have the probability min(1, a * s^b). Immutable.
class PowerLaw {
 public:
  /// a in (0, 1], b above 0, a^(-1/b) at most 2^kLogNumbersMax.
  PowerLaw(double a, double b) : a_(a), inverse_b_(1 / b) {}

  static constexpr double kLogNumbersMax = 62;

  template <class Random>
  uint64_t operator()(Random& random) const {
    return static_cast<uint64_t>(std::ceil(std::pow((1 - UnitReal(random)) / a_, inverse_b_)));
  }

 private:
  double a_;
  double inverse_b_;
};

/// The records, in the order of loading, are cut into keyrange_num ranges of one size. Range x
/// (from 1) has a popularity proportional to a e^(bx) + c e^(dx), and the ranges lie in an order
/// chosen by the seed. Within a range a power law draws a number, which a hash turns into a record:
/// popular records are scattered over their range, and several numbers may share one. Immutable.
///
/// The ranges are neighbours in an index only where the key space keeps the order of loading
/// (mono_int): this is the locality that the paper found.
///
/// Differs from db_bench: the range, the record and the kind of an operation are independent, where
/// db_bench takes all of them from one random number; the records that are left over when
/// keyrange_num does not divide their number belong to ranges too.
class MixGraphDistribution {
 public:
  /// size at least spec.keyrange_num, CheckMixGraph(spec) empty.
  MixGraphDistribution(uint64_t size, const RequestSpec& spec, uint64_t seed);

  template <class Random>
  uint64_t operator()(Random& random) const {
    const auto range = std::upper_bound(limits_.begin(), limits_.end(), random.Next());
    const auto place = order_(
        std::min<uint64_t>(static_cast<uint64_t>(range - limits_.begin()), limits_.size() - 1));
    const uint64_t begin = BeginOf(place);
    const uint64_t hash = Mix64(number_(random) ^ salt_);
    return begin + static_cast<uint64_t>((Uint128{hash} * (BeginOf(place + 1) - begin)) >> 64);
  }

 private:
  uint64_t BeginOf(uint64_t place) const {
    return static_cast<uint64_t>(Uint128{size_} * place / limits_.size());
  }

  uint64_t size_;
  std::vector<uint64_t> limits_;  // draws of [limits_[x-1], limits_[x]) are for range x, from 0
  Permutation order_;
  PowerLaw number_;
  uint64_t salt_;
};

/// What is wrong with the parameters together: a sentence, empty where nothing is.
std::string CheckMixGraph(const RequestSpec& spec);

}  // namespace bwlab::workload
