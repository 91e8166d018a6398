#include "run_experiment/flag_values.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

#include "bwlab/experiment/names.h"

namespace bwlab::cli {
namespace {

template <class Number>
std::optional<Number> AllOf(const std::string& text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

Result<uint64_t> ParseWhole(const std::string& flag, const std::string& text, uint64_t least,
                            uint64_t most) {
  const std::optional<uint64_t> number = AllOf<uint64_t>(text);
  if (number && *number >= least && *number <= most) return *number;
  return Status::InvalidArgument(
      fmt::format("{} {} is out of range; allowed are whole numbers from {} to {}", flag,
                  experiment::Quoted(text), least, most));
}

Result<double> ParseShare(const std::string& flag, const std::string& text) {
  const std::optional<double> share = AllOf<double>(text);
  if (share && *share > 0 && *share < 1) return *share;
  return Status::InvalidArgument(
      fmt::format("{} {} is out of range; allowed are shares above 0 and below 1, such as 0.02",
                  flag, experiment::Quoted(text)));
}

Result<std::chrono::seconds> ParseDuration(const std::string& flag, const std::string& text) {
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  if (error == std::errc() && number > 0) {
    if (unit == "s") return std::chrono::seconds(number);
    if (unit == "m") return std::chrono::seconds(60 * uint64_t{number});
    if (unit == "h") return std::chrono::seconds(3600 * uint64_t{number});
  }
  return Status::InvalidArgument(
      fmt::format("{} {} is no time; allowed are whole numbers from 1 on with a unit, such as 90s, "
                  "10m or 2h",
                  flag, experiment::Quoted(text)));
}

Result<double> ParseNumber(const std::string& flag, const std::string& text, double above,
                           double most) {
  const std::optional<double> number = AllOf<double>(text);
  if (number && *number > above && *number <= most) return *number;
  return Status::InvalidArgument(
      fmt::format("{} {} is out of range; allowed are numbers above {} and up to {}", flag,
                  experiment::Quoted(text), above, most));
}

}  // namespace bwlab::cli
