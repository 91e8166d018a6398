#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace bwlab::experiment {

/// Text in columns for people: as wide as their widest entry, two spaces apart.
class TextTable {
 public:
  enum class Align : uint8_t { kLeft, kRight, kCentre };

  struct Column {
    std::string heading;
    Align align = Align::kLeft;
    size_t width_min = 0;
  };

  explicit TextTable(std::vector<Column> columns);

  /// As many entries as there are columns.
  void AddRow(std::vector<std::string> entries);
  void AddBlankLine() { rows_.emplace_back(); }

  /// The headings and the rows, a line each, without spaces at their ends.
  std::string Text() const;

 private:
  std::string Line(const std::vector<std::string>& entries) const;

  std::vector<Column> columns_;  // width_min grows with the entries
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace bwlab::experiment
