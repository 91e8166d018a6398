#pragma once

#include <cstdint>

#include "bwlab/base/assert.h"
#include "bwlab/base/test_hooks.h"

namespace bwlab {

/// Counts the sections of one participant that are open inside each other: a scan's visitor may
/// read through the same session. Used by its owner alone.
class SectionNesting {
 public:
  /// @return true for the outermost section.
  bool Enter() { return depth_++ == 0; }
  /// @return true for the outermost section.
  bool Exit() {
    BWLAB_ASSERT(depth_ > 0);
    return --depth_ == 0 || BWLAB_MUTANT(NestedExitEnds);
  }
  bool open() const { return depth_ != 0; }

 private:
  uint32_t depth_ = 0;
};

}  // namespace bwlab
