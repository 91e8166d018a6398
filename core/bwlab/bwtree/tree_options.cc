#include "bwlab/bwtree/tree_options.h"

#include <algorithm>
#include <string>

#include "bwlab/base/option_ranges.h"

namespace bwlab {

Status TreeOptions::Check() const {
  if (Status status = CheckRanges(*this); !status.ok()) return status;
  const uint32_t leaf_min = std::min(leaf_capacity, heap_leaf_capacity);
  if (leaf_chain_length > leaf_min) {
    const std::string name = leaf_min == leaf_capacity ? "leaf_capacity" : "heap_leaf_capacity";
    return Status::InvalidArgument(
        "leaf_chain_length is " + std::to_string(leaf_chain_length) + "; allowed are at most " +
        name + " (" + std::to_string(leaf_min) + "), so that the halves of a split fit");
  }
  if (inner_chain_length > inner_capacity) {
    return Status::InvalidArgument("inner_chain_length is " + std::to_string(inner_chain_length) +
                                   "; allowed are at most inner_capacity (" +
                                   std::to_string(inner_capacity) +
                                   "), so that the halves of a split fit");
  }
  return CheckBackoffBounds(*this);
}

Status TreeOptions::CheckChains(std::string_view layout, uint32_t chain_length_max) const {
  Status status;
  const auto check = [&](std::string_view name, uint32_t length) {
    if (status.ok() && length > chain_length_max) {
      status = Status::InvalidArgument(std::string(name) + " is " + std::to_string(length) +
                                       "; the delta layout " + std::string(layout) +
                                       " takes at most " + std::to_string(chain_length_max));
    }
  };
  check("leaf_chain_length", leaf_chain_length);
  check("inner_chain_length", inner_chain_length);
  return status;
}

}  // namespace bwlab
