#include "run_experiment/flag_values.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

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

Result<double> ParseNumber(const std::string& flag, const std::string& text, double above,
                           double most) {
  const std::optional<double> number = AllOf<double>(text);
  if (number && *number > above && *number <= most) return *number;
  return Status::InvalidArgument(
      fmt::format("{} {} is out of range; allowed are numbers above {} and up to {}", flag,
                  experiment::Quoted(text), above, most));
}

}  // namespace bwlab::cli
