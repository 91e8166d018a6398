#include "bwlab/workload/stream.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <type_traits>

#include "bwlab/workload/random.h"

namespace bwlab::workload {
namespace {

std::string OutOfRange(const char* field, uint64_t value, uint64_t min, uint64_t max) {
  return std::string(field) + " is " + std::to_string(value) + ", allowed are " +
         std::to_string(min) + " to " + std::to_string(max);
}

// Each key range of mixgraph has a record.
uint64_t RecordsMin(const WorkloadSpec& workload) {
  uint64_t records_min = 0;
  for (const TrafficSpec& traffic : workload.InTurn()) {
    if (traffic.InsertsOnly()) continue;
    const bool in_ranges = traffic.request.distribution == DistributionKind::kMixGraph;
    records_min = std::max<uint64_t>(records_min, in_ranges ? traffic.request.keyrange_num : 1);
  }
  return records_min;
}

}  // namespace

std::string CheckStreamConfig(const StreamConfig& config) {
  if (KeysMadeAtRunTime(config.key_space) && !config.workload.InsertsOnly()) {
    return "key_space is " + std::string(ToString(config.key_space)) +
           ", whose keys are made when an insert runs, so that nothing else can ask for them: " +
           "allowed are workloads of inserts alone";
  }
  const uint64_t records_min = RecordsMin(config.workload);
  if (config.record_count < records_min || config.record_count > kRecordsMax) {
    return OutOfRange("record_count", config.record_count, records_min, kRecordsMax);
  }
  if (config.threads < 1 || config.threads > kThreadsMax) {
    return OutOfRange("threads", config.threads, 1, kThreadsMax);
  }
  if (config.thread >= config.threads) {
    return OutOfRange("thread", config.thread, 0, config.threads - 1);
  }
  if (config.op_offset > kOpsMax) return OutOfRange("op_offset", config.op_offset, 0, kOpsMax);
  if (config.op_count > kOpsMax - config.op_offset) {
    return OutOfRange("op_count", config.op_count, 0, kOpsMax - config.op_offset);
  }
  const uint64_t op_end = config.op_offset + config.op_count;
  if (config.op_total != 0 && (config.op_total < op_end || config.op_total > kOpsMax)) {
    return OutOfRange("op_total", config.op_total, op_end, kOpsMax);
  }
  return "";
}

std::vector<uint64_t> PhaseEnds(const WorkloadSpec& workload, uint64_t op_count) {
  assert(op_count <= kOpsMax);
  std::vector<uint64_t> ends;
  double share = 0;
  for (const PhaseSpec& phase : workload.phases) {
    share += phase.share;
    const auto end = static_cast<uint64_t>(std::llround(share * static_cast<double>(op_count)));
    ends.push_back(std::min(end, op_count));
  }
  if (ends.empty()) ends.push_back(op_count);
  ends.back() = op_count;
  return ends;
}

std::vector<Op> MakeLoadStream(const StreamConfig& config) {
  assert(CheckStreamConfig(config).empty());
  const KeySpace keys(config.key_space, config.seed);
  const uint64_t share = ShareOf(config.record_count, config.thread, config.threads);
  const uint64_t begin = std::min(config.op_offset, share);
  const uint64_t end = begin + std::min(config.op_count, share - begin);
  std::vector<Op> ops;
  ops.reserve(end - begin);
  for (uint64_t n = begin; n < end; ++n) {
    ops.push_back({.key = keys.KeyOf(config.thread + n * config.threads), .kind = OpKind::kInsert});
  }
  return ops;
}

std::vector<Op> MakeStream(const StreamConfig& config) {
  std::vector<Op> ops(config.op_count);
  StreamGenerator(config).Fill(ops);
  return ops;
}

StreamGenerator::KindPicker::KindPicker(const std::array<double, kOpKindCount>& mix) {
  limits_.fill(~uint64_t{0});
  size_t count = 0;
  double below = 0;
  for (const OpKind kind : kAllOpKinds) {
    const double share = mix[IndexOf(kind)];
    if (share <= 0) continue;
    if (count > 0 && below < 1.0) limits_[count - 1] = static_cast<uint64_t>(std::ldexp(below, 64));
    below += share;
    kinds_[count++] = kind;
  }
  assert(count > 0);
  std::fill(kinds_.begin() + static_cast<std::ptrdiff_t>(count), kinds_.end(), kinds_[count - 1]);
}

OpKind StreamGenerator::KindPicker::operator()(uint64_t draw) const {
  // A sum of comparisons instead of a search: the outcome is random, so a branch would be
  // mispredicted.
  size_t index = 0;
  for (const uint64_t limit : limits_) index += draw >= limit ? 1 : 0;
  return kinds_[index];
}

StreamGenerator::StreamGenerator(const StreamConfig& config)
    : keys_(config.key_space, config.seed),
      record_count_(config.record_count),
      thread_(config.thread),
      threads_(config.threads),
      seed_(config.seed),
      next_index_(config.op_offset),
      phases_(config.workload.InTurn()),
      phase_ends_(PhaseEnds(config.workload,
                            std::max(config.op_total, config.op_offset + config.op_count))),
      kind_of_(config.workload.mix),
      scan_length_(config.workload.scan) {
  assert(CheckStreamConfig(config).empty());
  phase_ends_.back() = ~uint64_t{0};  // who asks for more gets more of the last phase
  CountInsertsBefore(next_index_);
  while (phase_ends_[phase_] <= next_index_) ++phase_;
  EnterPhase(phase_);
}

void StreamGenerator::CountInsertsBefore(uint64_t op_index) {
  uint64_t index = 0;
  for (size_t phase = 0; index < op_index; ++phase) {
    const uint64_t end = std::min(op_index, phase_ends_[phase]);
    if (phases_[phase].Has(OpKind::kInsert)) {
      const KindPicker kind_of(phases_[phase].mix);
      for (uint64_t i = index; i < end; ++i) {
        OpRandom random(seed_, thread_, i);
        inserted_ += kind_of(random.Next()) == OpKind::kInsert ? 1 : 0;
      }
    }
    index = end;
  }
}

void StreamGenerator::EnterPhase(size_t phase) {
  const TrafficSpec& traffic = phases_[phase];
  phase_ = phase;
  kind_of_ = KindPicker(traffic.mix);
  scan_length_ = ScanLengths(traffic.scan);
  requests_ = traffic.InsertsOnly() ? Requests() : MakeRequests(traffic.request);
}

template <class Popularity>
StreamGenerator::Requests StreamGenerator::MakeScattered(Popularity popularity,
                                                         bool scrambled) const {
  if (!scrambled) return popularity;
  return Scattered<Popularity>{std::move(popularity), Permutation(record_count_, seed_)};
}

StreamGenerator::Requests StreamGenerator::MakeRequests(const RequestSpec& spec) const {
  switch (spec.distribution) {
    case DistributionKind::kUniform:
      return UniformDistribution(record_count_);
    case DistributionKind::kZipfian:
      return MakeScattered(ZipfianDistribution(record_count_, spec.theta), spec.scrambled);
    case DistributionKind::kLatest:
      return LatestDistribution(record_count_, record_count_ + inserted_, spec.theta);
    case DistributionKind::kHotspot:
      return MakeScattered(
          HotspotDistribution(record_count_, spec.set_fraction, spec.op_fraction, spec.first),
          spec.scrambled);
    case DistributionKind::kExponential:
      return ExponentialDistribution(record_count_, record_count_ + inserted_, spec.percentile,
                                     spec.fraction);
    case DistributionKind::kSelfSimilar:
      return MakeScattered(SelfSimilarDistribution(record_count_, spec.h), spec.scrambled);
    case DistributionKind::kSequential:
      return SequentialDistribution(record_count_, thread_, threads_);
    case DistributionKind::kMixGraph:
      return MixGraphDistribution(record_count_, spec, seed_);
  }
  return {};
}

template <class Distribution>
void StreamGenerator::FillFrom(Distribution& requests, std::span<Op> out) {
  constexpr bool kAsks = !std::is_same_v<Distribution, std::monostate>;
  constexpr bool kByRecency = requires { requests.Grow(); };
  constexpr bool kByOp = requires { requests.AtOp(next_index_); };
  for (Op& op : out) {
    OpRandom random(seed_, thread_, next_index_);
    const OpKind kind = kind_of_(random.Next());
    uint64_t rank = 0;
    uint16_t length = 0;
    if (!kAsks || kind == OpKind::kInsert) {
      rank = InsertedRank(inserted_++);
      if constexpr (kByRecency) requests.Grow();
    } else if constexpr (kAsks) {
      if constexpr (kByOp) {
        rank = requests.AtOp(next_index_);
      } else {
        rank = requests(random);
      }
      if constexpr (kByRecency) {
        rank = rank < inserted_ ? InsertedRank(inserted_ - 1 - rank)
                                : record_count_ - 1 - (rank - inserted_);
      }
      if (IsScan(kind)) length = scan_length_(random);
    }
    op = {.key = keys_.KeyOf(rank),
          .version = static_cast<uint32_t>(1 + next_index_ * threads_ + thread_),
          .length = length,
          .kind = kind};
    ++next_index_;
  }
}

void StreamGenerator::Fill(std::span<Op> out) {
  while (!out.empty()) {
    while (phase_ends_[phase_] <= next_index_) EnterPhase(phase_ + 1);
    const size_t count = std::min<uint64_t>(out.size(), phase_ends_[phase_] - next_index_);
    std::visit([&](auto& requests) { FillFrom(requests, out.first(count)); }, requests_);
    out = out.subspan(count);
  }
}

}  // namespace bwlab::workload
