#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "bwlab/base/status.h"

namespace bwlab::cli {

// Values of flags. Errors: InvalidArgument with the flag, the value and what is allowed.

/// A whole number from `least` to `most`.
Result<uint64_t> ParseWhole(const std::string& flag, const std::string& text, uint64_t least,
                            uint64_t most);

/// A share above 0 and below 1.
Result<double> ParseShare(const std::string& flag, const std::string& text);

/// A time such as 90s, 10m or 2h.
Result<std::chrono::seconds> ParseDuration(const std::string& flag, const std::string& text);
/// A number above `above` and up to `most`.
Result<double> ParseNumber(const std::string& flag, const std::string& text, double above,
                           double most);

}  // namespace bwlab::cli
