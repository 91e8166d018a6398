#pragma once

#include <absl/container/btree_map.h>

#include "bwlab/engines/locked_map.h"

namespace bwlab::experiment {

/// A B-tree of 256-byte nodes in std::map's place: what the layout of a map is worth.
template <RecordForm kForm>
using AbslBtreeRwlock = LockedMap<absl::btree_map, kForm>;

extern const EngineEntry kAbslBtreeRwlockEntry;

}  // namespace bwlab::experiment
