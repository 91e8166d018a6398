#include "bwlab/experiment/text_table.h"

#include <gtest/gtest.h>

namespace bwlab::experiment {
namespace {

TEST(TextTable, ColumnsAreAsWideAsTheirWidestEntry) {
  using Align = TextTable::Align;
  TextTable table({{"name"}, {"n", Align::kRight, 4}, {"middle", Align::kCentre, 8}, {"last"}});
  table.AddRow({"a long name", "1", "x", ""});
  table.AddBlankLine();
  table.AddRow({"b", "12345", "a .. b", "end"});
  EXPECT_EQ(table.Text(),
            "name             n   middle   last\n"
            "a long name      1     x\n"
            "\n"
            "b            12345   a .. b   end\n");
}

}  // namespace
}  // namespace bwlab::experiment
