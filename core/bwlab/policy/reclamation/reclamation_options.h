#pragma once

#include <cstdint>

namespace bwlab {

/// Run-time numbers of a reclamation policy. Each policy says which of them it heeds.
struct ReclamationOptions {
  uint32_t batch_pages = 128;  // retired pages before somebody looks for free ones; at least 1
  /// 0: immediate, all pages whose grace period is over are freed at once. n: amortised, at most n
  /// pages are freed a call of Retire, so that no single operation pays for a whole batch; 1 keeps
  /// a backlog as it is, 2 works it off.
  uint32_t frees_per_retire_max = 0;
  /// False makes whoever begins a section pay a full fence instead of the collector a system call.
  bool membarrier = true;
};

}  // namespace bwlab
