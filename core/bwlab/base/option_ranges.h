#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "bwlab/base/status.h"

namespace bwlab {

/// Whether every field of run-time options is in its range. `options` tells them by
/// ForEach(f(name, field, min, max, summary)). @return InvalidArgument that names the first field
/// at fault, its value and its range, or Ok.
template <class Options>
Status CheckRanges(const Options& options) {
  Status status;
  options.ForEach(
      [&](std::string_view name, auto value, uint64_t min, uint64_t max, std::string_view) {
        if (status.ok() && (value < min || value > max)) {
          status = Status::InvalidArgument(std::string(name) + " is " + std::to_string(value) +
                                           "; allowed are " + std::to_string(min) + " to " +
                                           std::to_string(max));
        }
      });
  return status;
}

/// Whether the bounds of the pauses after a lost CAS are in order.
template <class Options>
Status CheckBackoffBounds(const Options& options) {
  if (options.backoff_spins_min <= options.backoff_spins_max) return Status::Ok();
  return Status::InvalidArgument("backoff_spins_min is " +
                                 std::to_string(options.backoff_spins_min) +
                                 "; allowed are at most backoff_spins_max (" +
                                 std::to_string(options.backoff_spins_max) + ")");
}

}  // namespace bwlab
