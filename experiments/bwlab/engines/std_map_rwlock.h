#pragma once

#include <map>

#include "bwlab/engines/locked_map.h"

namespace bwlab::experiment {

/// What a program has that needs an ordered index and no library.
template <RecordForm kForm>
using StdMapRwlock = LockedMap<std::map, kForm>;

extern const EngineEntry kStdMapRwlockEntry;

}  // namespace bwlab::experiment
