#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "bwlab/base/status.h"

namespace bwlab::cli {

// Values of flags. Errors: InvalidArgument that names the flag, the text, and what is allowed.

/// Reads a time such as 90s, 10m or 2h.
Result<std::chrono::seconds> ParseDuration(const std::string& flag, const std::string& text);

/// Reads a share above 0 and below 1.
Result<double> ParseShare(const std::string& flag, const std::string& text);

/// Reads a whole number from `min` to `max`.
Result<uint32_t> ParseWholeNumber(const std::string& flag, const std::string& text, uint32_t min,
                                  uint32_t max);

}  // namespace bwlab::cli
