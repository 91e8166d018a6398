#include "run_experiment/flags.h"

#include <fmt/format.h>

#include <charconv>
#include <string_view>
#include <system_error>

#include "bwlab/experiment/names.h"

namespace bwlab::cli {
namespace {

Status Refuse(const std::string& flag, const std::string& text, std::string_view what) {
  return Status::InvalidArgument(fmt::format("{} {} {}", flag, experiment::Quoted(text), what));
}

}  // namespace

Result<std::chrono::seconds> ParseDuration(const std::string& flag, const std::string& text) {
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  if (error == std::errc() && number > 0) {
    if (unit == "s") return std::chrono::seconds(number);
    if (unit == "m") return std::chrono::seconds(60 * uint64_t{number});
    if (unit == "h") return std::chrono::seconds(3600 * uint64_t{number});
  }
  return Refuse(flag, text,
                "is no time; allowed are whole numbers from 1 on with a unit, such as 90s, 10m or "
                "2h");
}

Result<double> ParseShare(const std::string& flag, const std::string& text) {
  double share = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), share);
  if (error == std::errc() && end == text.data() + text.size() && share > 0 && share < 1) {
    return share;
  }
  return Refuse(flag, text,
                "is out of range; allowed are shares above 0 and below 1, such as 0.02");
}

Result<uint32_t> ParseWholeNumber(const std::string& flag, const std::string& text, uint32_t min,
                                  uint32_t max) {
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size() && number >= min && number <= max) {
    return number;
  }
  return Refuse(flag, text,
                fmt::format("is out of range; allowed are whole numbers from {} to {}", min, max));
}

}  // namespace bwlab::cli
