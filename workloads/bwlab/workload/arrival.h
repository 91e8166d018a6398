#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace bwlab::workload {

/// When operations are due. kClosed: each as soon as the one before it is done. The others are open
/// loops, in which operations come whether or not the engine keeps up: kConstant at equal
/// distances, kPoisson at random moments that know nothing of each other, kBurst in groups.
enum class ArrivalKind : uint8_t { kClosed, kConstant, kPoisson, kBurst };

inline constexpr std::array<std::string_view, 4> kArrivalKindNames = {"closed", "constant",
                                                                      "poisson", "burst"};

struct ArrivalSpec {
  ArrivalKind kind = ArrivalKind::kClosed;
  uint64_t rate_ops_s = 0;  ///< of all threads together, in the mean; not read where closed
  uint32_t burst_ops = 1;   ///< operations of one thread that come at once; read by kBurst alone

  bool open() const { return kind != ArrivalKind::kClosed; }
};

/// Nanoseconds from the start to the moment at which each operation of one thread is due,
/// ascending; empty where closed. A function of its arguments, whatever thread makes it. The
/// threads take turns (kConstant, kBurst) or are independent (kPoisson).
std::vector<uint64_t> MakeSchedule(const ArrivalSpec& arrival, uint32_t thread, uint32_t threads,
                                   uint64_t op_count, uint64_t seed);

}  // namespace bwlab::workload
