#include "bwlab/workload/stream_stats.h"

#include <algorithm>
#include <bit>

#include "bwlab/workload/random.h"

namespace bwlab::workload {

static_assert(kSkewSampleMax <= UINT32_MAX, "a count fits");

/// Counts how often each key was added: open addressing with linear probing, at most half full.
class StreamStatsMaker::KeyCounts {
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

std::map<std::string, double> StreamStats::RealisedMix() const {
  std::map<std::string, double> mix;
  for (const OpKind kind : kAllOpKinds) {
    if (ops_by_kind[IndexOf(kind)] > 0) mix.emplace(ToString(kind), RealisedShare(kind));
  }
  return mix;
}

StreamStatsMaker::StreamStatsMaker(uint64_t op_count)
    : stride_(std::max<uint64_t>((op_count + kSkewSampleMax - 1) / kSkewSampleMax, 1)) {
  stats_.ops = op_count;
}

StreamStatsMaker::~StreamStatsMaker() = default;

void StreamStatsMaker::Add(std::span<const Op> ops) {
  for (const Op& op : ops) {
    ++stats_.ops_by_kind[IndexOf(op.kind)];
    if (op.kind == OpKind::kInsert) continue;
    if (to_skip_ == 0) {
      if (!counts_) {
        counts_ = std::make_unique<KeyCounts>((stats_.ops + stride_ - 1) / stride_);
      }
      counts_->Add(op.key);
      ++stats_.requests_examined;
      to_skip_ = stride_;
    }
    --to_skip_;
  }
}

StreamStats StreamStatsMaker::Finish() {
  stats_.requests = stats_.ops - stats_.ops_by_kind[IndexOf(OpKind::kInsert)];
  if (!counts_) return stats_;
  uint32_t top_count = 0;
  counts_->ForEach([&](uint64_t key, uint32_t count) {
    ++stats_.distinct_keys;
    if (count > top_count || (count == top_count && key < stats_.top_key)) {
      top_count = count;
      stats_.top_key = key;
    }
  });
  stats_.top_key_share =
      static_cast<double>(top_count) / static_cast<double>(stats_.requests_examined);
  return stats_;
}

StreamStats ComputeStreamStats(std::span<const StreamView> streams) {
  StreamStatsMaker maker(OpsOf(streams));
  for (const StreamView& stream : streams) {
    stream.ForEachPiece([&maker](std::span<const Op> ops) { maker.Add(ops); });
  }
  return maker.Finish();
}

}  // namespace bwlab::workload
