#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "bwlab/workload/op.h"
#include "bwlab/workload/stream.h"

namespace bwlab::workload {

/// One thread's stream, to be walked from its first operation to its last as often as one likes,
/// whether it lies in memory or is made piece by piece.
class StreamView {
 public:
  /// Of operations that belong to somebody else.
  explicit StreamView(std::span<const Op> ops) : size_(ops.size()), ops_(ops) {}
  /// Of MakeStream(config), of which `piece_ops` operations at a time are in memory. What `config`
  /// refers to must outlive the view.
  StreamView(const StreamConfig& config, uint64_t piece_ops)
      : size_(config.op_count), config_(config), piece_ops_(std::max<uint64_t>(piece_ops, 1)) {}

  uint64_t size() const { return size_; }

  /// Calls visit(std::span<const Op>) for each piece in turn.
  template <class Visit>
  void ForEachPiece(Visit&& visit) const {
    if (!config_) return visit(ops_);
    StreamGenerator generator(*config_);
    std::vector<Op> piece;
    for (uint64_t done = 0; done < size_; done += piece.size()) {
      piece.resize(std::min(piece_ops_, size_ - done));
      generator.Fill(piece);
      visit(std::span<const Op>(piece));
    }
  }

 private:
  uint64_t size_;
  std::span<const Op> ops_;
  std::optional<StreamConfig> config_;
  uint64_t piece_ops_ = 0;
};

/// Operations of all streams.
inline uint64_t OpsOf(std::span<const StreamView> streams) {
  uint64_t ops = 0;
  for (const StreamView& stream : streams) ops += stream.size();
  return ops;
}

inline std::vector<StreamView> ViewsOf(std::span<const std::span<const Op>> streams) {
  return {streams.begin(), streams.end()};
}

}  // namespace bwlab::workload
