#pragma once

#include <cstdint>

namespace bwlab {

/// Run-time numbers of a consolidation policy. Each policy says which of them it heeds.
struct ConsolidationOptions {
  uint32_t chain_length = 16;    // deltas a leaf takes before its writers must consolidate
  uint32_t deltas_min = 8;       // deltas from which a policy consolidates before it must
  uint32_t workers = 1;          // threads that consolidate in the background at most
  uint32_t queue_length = 1024;  // leaves that wait for them at most
};

}  // namespace bwlab
