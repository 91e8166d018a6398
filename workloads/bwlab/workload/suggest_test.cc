#include "bwlab/workload/suggest.h"

#include <gtest/gtest.h>

#include <array>

namespace bwlab::workload {
namespace {

constexpr std::array<std::string_view, 4> kChoices = {"uniform", "zipfian", "latest", "ycsb_a"};

TEST(Suggest, FindsTheMisspeltName) {
  EXPECT_EQ(ClosestChoice("unifrom", kChoices), "uniform");
  EXPECT_EQ(ClosestChoice("zipfan", kChoices), "zipfian");
  EXPECT_EQ(ClosestChoice("Latest", kChoices), "latest");
  EXPECT_EQ(ClosestChoice("YCSB-A", kChoices), "ycsb_a");
  EXPECT_EQ(ClosestChoice("latest", kChoices), "latest");
}

TEST(Suggest, TakesTheBeginningOfANameForIt) {
  constexpr std::array<std::string_view, 3> kEngines = {"null", "std_map_rwlock", "stds"};
  EXPECT_EQ(ClosestChoice("std_map", kEngines), "std_map_rwlock");
  EXPECT_EQ(ClosestChoice("std", kEngines), "stds") << "a letter is nearer than a beginning";
  EXPECT_EQ(ClosestChoice("zi", kChoices), "") << "too little to tell";
}

TEST(Suggest, SaysNothingWhereNothingIsNear) {
  EXPECT_EQ(ClosestChoice("hotspot", kChoices), "");
  EXPECT_EQ(ClosestChoice("", kChoices), "");
  EXPECT_EQ(ClosestChoice(std::string(100000, 'u'), kChoices), "");
  EXPECT_EQ(ClosestChoice("uniform", {}), "");
}

TEST(Suggest, DescribesTheChoices) {
  EXPECT_EQ(DescribeChoices("latset", kChoices),
            "did you mean \"latest\"? Choices: uniform, zipfian, latest, ycsb_a");
  EXPECT_EQ(DescribeChoices("hotspot", kChoices), "Choices: uniform, zipfian, latest, ycsb_a");
  EXPECT_EQ(DescribeChoices("hotspot", {}), "there are none to choose from");
}

TEST(Suggest, QuotesWhatATerminalShouldNotSee) {
  EXPECT_EQ(Quoted("plain"), "\"plain\"");
  EXPECT_EQ(Quoted("\x1b[31m\n\xff"), "\"\\x1b[31m\\x0a\\xff\"");
  EXPECT_EQ(Quoted("abcdef", 3), "\"abc...\"");
}

}  // namespace
}  // namespace bwlab::workload
