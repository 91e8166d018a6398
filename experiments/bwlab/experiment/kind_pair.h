#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "bwlab/workload/op.h"

namespace bwlab::experiment {

/// Operations that are begun by one jump: as many as fit in a cache line.
inline constexpr size_t kGroupOps = 4;

/// Two kinds of operation, and which of them each operation of a group is. Where kinds are mixed at
/// random, half of the branches on the kind of one operation are mispredicted, some 8 ns each,
/// whoever asks for it; a jump to what does four operations of two kinds is mispredicted 15 times
/// in 16, that is, once in four operations.
class KindPair {
 public:
  static constexpr unsigned kPatterns = 1u << kGroupOps;

  KindPair() = default;

  /// The first two kinds found in `ops`, which are not empty, or twice the one. A kind that is too
  /// rare to be found soon does not matter.
  explicit KindPair(std::span<const workload::Op> ops)
      : first_(ops.front().kind), second_(ops.front().kind) {
    for (const workload::Op& op : ops.first(std::min(ops.size(), kOpsLookedAt))) {
      if (op.kind == first_) continue;
      second_ = op.kind;
      break;
    }
    bits_.fill(kPatterns);
    bits_[workload::IndexOf(second_)] = 1;
    bits_[workload::IndexOf(first_)] = 0;
  }

  workload::OpKind first() const { return first_; }
  workload::OpKind second() const { return second_; }

  /// Of kGroupOps operations: bit i tells whether the i-th is of the second kind. kPatterns or more
  /// where one is of neither.
  unsigned PatternOf(const workload::Op* group) const {
    unsigned pattern = 0;
    for (size_t i = 0; i < kGroupOps; ++i) {
      pattern += bits_[workload::IndexOf(group[i].kind)] << i;
    }
    return pattern;
  }

 private:
  static constexpr size_t kOpsLookedAt = 64;

  workload::OpKind first_ = workload::OpKind::kRead;
  workload::OpKind second_ = workload::OpKind::kRead;
  std::array<unsigned, workload::kOpKindCount> bits_{};  // of each kind
};

}  // namespace bwlab::experiment
