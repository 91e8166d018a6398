#pragma once

#include <bwlab/bwlab.h>

#include <cstdint>

using Tree = bwlab::BwTree<bwlab::DefaultTraits>;

/// Inserts the keys 0 to `count` - 1 in a session of its own. @return how many it inserted.
uint64_t InsertFromSecondUnit(Tree& tree, uint64_t count);
