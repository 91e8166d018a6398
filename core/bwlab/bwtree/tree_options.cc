#include "bwlab/bwtree/tree_options.h"

#include <string>

namespace bwlab {

Status TreeOptions::Check() const {
  Status status;
  ForEach([&](std::string_view name, auto value, uint64_t min, uint64_t max, std::string_view) {
    if (status.ok() && (value < min || value > max)) {
      status = Status::InvalidArgument(std::string(name) + " is " + std::to_string(value) +
                                       "; allowed are " + std::to_string(min) + " to " +
                                       std::to_string(max));
    }
  });
  if (!status.ok()) return status;
  if (leaf_chain_length > leaf_capacity) {
    return Status::InvalidArgument("leaf_chain_length is " + std::to_string(leaf_chain_length) +
                                   "; allowed are at most leaf_capacity (" +
                                   std::to_string(leaf_capacity) +
                                   "), so that the halves of a split fit");
  }
  if (inner_chain_length > inner_capacity) {
    return Status::InvalidArgument("inner_chain_length is " + std::to_string(inner_chain_length) +
                                   "; allowed are at most inner_capacity (" +
                                   std::to_string(inner_capacity) +
                                   "), so that the halves of a split fit");
  }
  if (backoff_spins_min > backoff_spins_max) {
    return Status::InvalidArgument("backoff_spins_min is " + std::to_string(backoff_spins_min) +
                                   "; allowed are at most backoff_spins_max (" +
                                   std::to_string(backoff_spins_max) + ")");
  }
  return Status::Ok();
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
