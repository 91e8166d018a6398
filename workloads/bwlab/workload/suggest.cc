#include "bwlab/workload/suggest.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace bwlab::workload {
namespace {

constexpr char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Insertions, deletions, substitutions and swaps of neighbours that turn a into b, whatever the
// case of the letters (optimal string alignment).
size_t EditDistance(std::string_view a, std::string_view b) {
  const auto same = [&](size_t i, size_t j) { return Lower(a[i - 1]) == Lower(b[j - 1]); };
  std::vector<size_t> two_above(b.size() + 1);
  std::vector<size_t> above(b.size() + 1);
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) above[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (same(i, j) ? 0 : 1)});
      if (i > 1 && j > 1 && same(i, j - 1) && same(i - 1, j)) {
        row[j] = std::min(row[j], two_above[j - 2] + 1);
      }
    }
    two_above.swap(above);
    above.swap(row);
  }
  return above[b.size()];
}

}  // namespace

std::string Quoted(std::string_view text, size_t bytes_max) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string quoted = "\"";
  for (const char c : text.substr(0, bytes_max)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte > 0x7e) {
      quoted += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
    } else {
      quoted += c;
    }
  }
  if (text.size() > bytes_max) quoted += "...";
  return quoted + "\"";
}

std::string_view ClosestChoice(std::string_view word, std::span<const std::string_view> choices) {
  constexpr size_t kWordMax = 64;  // what is longer is no misspelt name, and would cost time
  constexpr size_t kBeginningMin = 3;
  if (word.size() > kWordMax) return "";
  std::string_view closest;
  size_t closest_distance = std::max<size_t>(1, word.size() / 3) + 1;
  for (const std::string_view choice : choices) {
    const size_t distance = EditDistance(word, choice);
    if (distance < closest_distance) {
      closest_distance = distance;
      closest = choice;
    }
  }
  if (!closest.empty() || word.size() < kBeginningMin) return closest;
  for (const std::string_view choice : choices) {
    if (choice.starts_with(word)) return choice;
  }
  return "";
}

std::string DescribeChoices(std::string_view word, std::span<const std::string_view> choices) {
  if (choices.empty()) return "there are none to choose from";
  std::string text;
  if (const std::string_view closest = ClosestChoice(word, choices); !closest.empty()) {
    text += "did you mean " + Quoted(closest) + "? ";
  }
  text += "Choices: ";
  for (size_t i = 0; i < choices.size(); ++i) {
    if (i > 0) text += ", ";
    text += choices[i];
  }
  return text;
}

}  // namespace bwlab::workload
