#include "bwlab/workload/value_bytes.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstring>
#include <numeric>

#include "bwlab/workload/random.h"
#include "bwlab/workload/value.h"

namespace bwlab::workload {
namespace {

/// The size that the share `u` of all values do not exceed. kPareto: the generalised Pareto
/// distribution from 0 on, by whose parameters Cao et al. (FAST 2020) describe values.
uint32_t Quantile(const ValueSpec& spec, double u) {
  const double min = spec.size_min;
  const double max = spec.size_max;
  switch (spec.kind) {
    case ValueSizeKind::kFixed:
      return spec.size_max;
    case ValueSizeKind::kUniform:
      return static_cast<uint32_t>(min + std::floor(u * (max - min + 1)));
    case ValueSizeKind::kPareto: {
      const double size = spec.shape == 0
                              ? -spec.scale * std::log1p(-u)
                              : spec.scale * std::expm1(-spec.shape * std::log1p(-u)) / spec.shape;
      return static_cast<uint32_t>(std::clamp(std::ceil(size), min, max));
    }
  }
  return spec.size_max;
}

}  // namespace

ValueBytes::ValueBytes(const ValueSpec& spec)
    : bytes_max_(spec.size_max), sizes_(kSizes), filler_(spec.size_max + kSlices) {
  assert(spec.size_min >= kValueBytesMin && spec.size_min <= spec.size_max);
  assert(spec.size_max <= kValueBytesMax);
  for (size_t i = 0; i < kSizes; ++i) {
    sizes_[i] = Quantile(spec, (static_cast<double>(i) + 0.5) / static_cast<double>(kSizes));
  }
  OpRandom random(0, 0, 0);
  for (char& byte : filler_) byte = static_cast<char>(random.Next());
}

std::string_view ValueBytes::Write(uint64_t key, uint32_t version, char* to) const {
  const uint64_t word = ValueOf(key, version);
  const uint64_t hash = Mix64(word);
  const uint32_t size = SizeOf(hash);
  std::memcpy(to, &word, sizeof(word));
  std::memcpy(to + sizeof(word), SliceOf(hash), size - sizeof(word));
  return {to, size};
}

bool ValueBytes::IsValueOf(uint64_t key, std::string_view bytes) const {
  uint64_t word = 0;
  if (bytes.size() < sizeof(word)) return false;
  std::memcpy(&word, bytes.data(), sizeof(word));
  const uint64_t hash = Mix64(word);
  return workload::IsValueOf(key, word) && bytes.size() == SizeOf(hash) &&
         std::memcmp(bytes.data() + sizeof(word), SliceOf(hash), bytes.size() - sizeof(word)) == 0;
}

double ValueBytes::bytes_mean() const {
  return std::accumulate(sizes_.begin(), sizes_.end(), 0.0) / static_cast<double>(kSizes);
}

}  // namespace bwlab::workload
