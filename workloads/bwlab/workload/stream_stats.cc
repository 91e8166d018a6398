#include "bwlab/workload/stream_stats.h"

#include <bit>

#include "bwlab/workload/random.h"

namespace bwlab::workload {
namespace {

// Counts how often each key was added: open addressing with linear probing, at most half full.
class KeyCounts {
 public:
  explicit KeyCounts(uint64_t keys_max)
      : mask_(std::bit_ceil(2 * keys_max) - 1), keys_(mask_ + 1), counts_(mask_ + 1) {}

  void Add(uint64_t key) {
    uint64_t slot = Mix64(key) & mask_;
    while (counts_[slot] != 0 && keys_[slot] != key) slot = (slot + 1) & mask_;
    keys_[slot] = key;
    ++counts_[slot];
  }

  template <class Visit>
  void ForEach(Visit visit) const {
    for (uint64_t slot = 0; slot <= mask_; ++slot) {
      if (counts_[slot] != 0) visit(keys_[slot], counts_[slot]);
    }
  }

 private:
  uint64_t mask_;
  std::vector<uint64_t> keys_;
  std::vector<uint32_t> counts_;  // 0: the slot is free
};
static_assert(kSkewSampleMax <= UINT32_MAX, "a count fits");

}  // namespace

std::map<std::string, double> StreamStats::RealisedMix() const {
  std::map<std::string, double> mix;
  for (const OpKind kind : kAllOpKinds) {
    if (ops_by_kind[IndexOf(kind)] > 0) mix.emplace(ToString(kind), RealisedShare(kind));
  }
  return mix;
}

StreamStats ComputeStreamStats(std::span<const StreamView> streams) {
  StreamStats stats;
  for (const StreamView& stream : streams) {
    stats.ops += stream.size();
    stream.ForEachPiece([&stats](std::span<const Op> ops) {
      for (const Op& op : ops) ++stats.ops_by_kind[IndexOf(op.kind)];
    });
  }
  stats.requests = stats.ops - stats.ops_by_kind[IndexOf(OpKind::kInsert)];
  if (stats.requests == 0) return stats;

  const uint64_t stride = (stats.requests + kSkewSampleMax - 1) / kSkewSampleMax;
  stats.requests_examined = (stats.requests + stride - 1) / stride;
  KeyCounts counts(stats.requests_examined);
  uint64_t to_skip = 0;
  for (const StreamView& stream : streams) {
    stream.ForEachPiece([&](std::span<const Op> ops) {
      for (const Op& op : ops) {
        if (op.kind == OpKind::kInsert) continue;
        if (to_skip == 0) {
          counts.Add(op.key);
          to_skip = stride;
        }
        --to_skip;
      }
    });
  }

  uint32_t top_count = 0;
  counts.ForEach([&](uint64_t key, uint32_t count) {
    ++stats.distinct_keys;
    if (count > top_count || (count == top_count && key < stats.top_key)) {
      top_count = count;
      stats.top_key = key;
    }
  });
  stats.top_key_share =
      static_cast<double>(top_count) / static_cast<double>(stats.requests_examined);
  return stats;
}

}  // namespace bwlab::workload
