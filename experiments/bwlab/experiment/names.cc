#include "bwlab/experiment/names.h"

#include <cstddef>
#include <nlohmann/json.hpp>

#include "bwlab/workload/suggest.h"

namespace bwlab::experiment {

std::string UnknownName(std::string_view what, std::string_view name,
                        std::span<const std::string> choices) {
  const std::vector<std::string_view> views(choices.begin(), choices.end());
  return "unknown " + std::string(what) + " " + Quoted(name) + "; " +
         workload::DescribeChoices(name, views);
}

std::string Quoted(std::string_view name) { return workload::Quoted(name); }

bool IsUtf8(const std::string& text) {
  using nlohmann::json;
  const json value(text);
  return value.dump(-1, ' ', false, json::error_handler_t::ignore) ==
         value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string Counted(uint64_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

std::string JoinNames(std::span<const std::string> names) {
  std::string joined;
  for (const std::string& name : names) {
    if (!joined.empty()) joined += ", ";
    joined += name;
  }
  return joined;
}

std::vector<std::string> SplitAt(std::string_view text, char separator) {
  std::vector<std::string> parts;
  size_t begin = 0;
  while (true) {
    const size_t end = text.find(separator, begin);
    parts.emplace_back(text.substr(begin, end == std::string_view::npos ? end : end - begin));
    if (end == std::string_view::npos) return parts;
    begin = end + 1;
  }
}

bool MatchesGlob(std::string_view text, std::string_view pattern) {
  size_t at = 0;
  size_t star = std::string_view::npos;  // last star seen; `resume` is where it stops matching
  size_t resume = 0;
  size_t p = 0;
  while (at < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = at;
    } else if (p < pattern.size() && pattern[p] == text[at]) {
      ++p;
      ++at;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      at = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace bwlab::experiment
