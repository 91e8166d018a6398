#include "bwlab/experiment/host_files.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <system_error>

#include "bwlab/experiment/files.h"
#include "bwlab/experiment/names.h"

namespace bwlab::experiment {
namespace {

namespace fs = std::filesystem;

template <class Number>
std::optional<Number> WholeNumber(const std::string& text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::string HostFiles::Line(const std::string& path) const {
  return FirstLine((root_ / path).string());
}

std::vector<std::string> HostFiles::Lines(const std::string& path) const {
  std::ifstream file(root_ / path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

std::optional<uint64_t> HostFiles::Number(const std::string& path) const {
  return WholeNumber<uint64_t>(Line(path));
}

std::string HostFiles::Field(const std::string& path, const std::string& name) const {
  constexpr const char* kBlanks = " \t";
  for (const std::string& line : Lines(path)) {
    const size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    if (line.substr(0, line.find_last_not_of(kBlanks, colon - 1) + 1) != name) continue;
    const size_t begin = line.find_first_not_of(kBlanks, colon + 1);
    return begin == std::string::npos ? "" : line.substr(begin);
  }
  return {};
}

std::vector<uint32_t> HostFiles::Processors(const std::string& path) const {
  return ParseProcessors(Line(path));
}

std::vector<std::string> HostFiles::Names(const std::string& folder) const {
  std::vector<std::string> names;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(root_ / folder, error)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<uint32_t> ParseProcessors(const std::string& list) {
  constexpr uint32_t kProcessorsMax = 1 << 16;
  std::vector<uint32_t> processors;
  for (const std::string& range : SplitAt(list, ',')) {
    const size_t dash = range.find('-');
    const auto first = WholeNumber<uint32_t>(range.substr(0, dash));
    const auto last =
        dash == std::string::npos ? first : WholeNumber<uint32_t>(range.substr(dash + 1));
    if (!first || !last || *last > kProcessorsMax) return {};
    for (uint32_t processor = *first; processor <= *last; ++processor) {
      processors.push_back(processor);
    }
  }
  return processors;
}

}  // namespace bwlab::experiment
