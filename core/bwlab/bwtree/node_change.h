#pragma once

#include <cstdint>

#include "bwlab/bwtree/mapping_table.h"

namespace bwlab {

/// How an attempt to change a node ended.
enum class Attempt : uint8_t {
  kDone,
  kLost,  // the node's word has changed, or was changed by the attempt itself: look again
  kFull,  // no room for another delta: consolidate
  kOutOfMemory,
  kOutOfPageIds,
};

/// A split that a change ended in: `right` is to be posted at `separator`, which may refer to the
/// node's page.
template <class R>
struct Split {
  PageId right = kNoPage;
  typename R::Probe separator{};

  bool happened() const { return right != kNoPage; }
};

}  // namespace bwlab
