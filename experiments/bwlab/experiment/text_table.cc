#include "bwlab/experiment/text_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "bwlab/base/assert.h"

namespace bwlab::experiment {

TextTable::TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {
  for (Column& column : columns_) {
    column.width_min = std::max(column.width_min, column.heading.size());
  }
}

void TextTable::AddRow(std::vector<std::string> entries) {
  BWLAB_ASSERT(entries.size() == columns_.size());
  for (size_t i = 0; i < columns_.size(); ++i) {
    columns_[i].width_min = std::max(columns_[i].width_min, entries[i].size());
  }
  rows_.push_back(std::move(entries));
}

std::string TextTable::Line(const std::vector<std::string>& entries) const {
  std::string line;
  for (size_t i = 0; i < entries.size(); ++i) {
    const size_t width = columns_[i].width_min;
    if (i > 0) line += "  ";
    switch (columns_[i].align) {
      case Align::kLeft:
        line += fmt::format("{:<{}}", entries[i], width);
        break;
      case Align::kRight:
        line += fmt::format("{:>{}}", entries[i], width);
        break;
      case Align::kCentre:
        line += fmt::format("{:^{}}", entries[i], width);
        break;
    }
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

std::string TextTable::Text() const {
  std::vector<std::string> headings;
  for (const Column& column : columns_) headings.push_back(column.heading);
  std::string text = Line(headings);
  for (const std::vector<std::string>& row : rows_) text += Line(row);
  return text;
}

}  // namespace bwlab::experiment
