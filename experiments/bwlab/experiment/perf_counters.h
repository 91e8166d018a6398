#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bwlab/base/status.h"

namespace bwlab::experiment {

/// An event of the processor or of the kernel that perf_event_open(2) counts, in user mode (those
/// of the kernel: whenever they happen).
struct PerfEvent {
  std::string_view name;
  uint32_t type;
  uint64_t config;
  uint32_t group;  ///< events of a group are counted at the same time; at most four each
};

/// In the order in which results have them.
std::span<const PerfEvent> AllPerfEvents();

/// `auto` (nothing: all events), `off` (none) or names with commas between them.
/// Errors: InvalidArgument with the choices.
Result<std::optional<std::vector<std::string>>> ParseCounters(const std::string& text);

/// What one event came to; for several threads their sum.
struct PerfCount {
  std::string name;
  double total = 0;          ///< scaled up where the counter ran for a part of the time
  double running_share = 1;  ///< the smallest part of the time that it ran for
  std::string reason;        ///< why there is no total; empty where there is one
};

/// The counters of the thread that makes them. Thread safety: that thread.
class PerfCounters {
 public:
  /// Opens those of the events that can be had; the others have a reason. `wanted` empty: all.
  explicit PerfCounters(const std::optional<std::vector<std::string>>& wanted);
  ~PerfCounters();
  PerfCounters(const PerfCounters&) = delete;
  PerfCounters& operator=(const PerfCounters&) = delete;

  void Start();
  void Stop();
  /// After Stop.
  std::vector<PerfCount> Read() const;

 private:
  struct Opened {
    PerfEvent event;
    int file = -1;
    std::string reason;
  };

  std::vector<Opened> events_;
  std::vector<int> leaders_;  // of groups
};

/// Adds what another thread counted. Both must have the same events.
void AddCounts(const std::vector<PerfCount>& from, std::vector<PerfCount>* into);

/// {"instructions": {"total": 1e9, "per_op": 123.4, "running_share": 1.0, "reason": null}, ...};
/// null where there is a reason.
nlohmann::json CountsJson(const std::vector<PerfCount>& counts, double ops);

}  // namespace bwlab::experiment
