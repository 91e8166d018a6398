#include "bwlab/experiment/names.h"

#include <gtest/gtest.h>

namespace bwlab::experiment {
namespace {

TEST(Names, AGlobMatchesAsShellsDo) {
  EXPECT_TRUE(MatchesGlob("bwtree/default", "bwtree/default"));
  EXPECT_TRUE(MatchesGlob("bwtree/default", "bwtree/*"));
  EXPECT_TRUE(MatchesGlob("bwtree/default", "*"));
  EXPECT_TRUE(MatchesGlob("bwtree/default", "*ee*d*t"));
  EXPECT_TRUE(MatchesGlob("", ""));
  EXPECT_TRUE(MatchesGlob("", "**"));
  EXPECT_TRUE(MatchesGlob("aab", "*ab"));  // needs to go back
  EXPECT_FALSE(MatchesGlob("bwtree/default", "bwtree"));
  EXPECT_FALSE(MatchesGlob("bwtree", "bwtree/*"));
  EXPECT_FALSE(MatchesGlob("abc", "*b"));
  EXPECT_FALSE(MatchesGlob("", "a"));
}

TEST(Names, QuotedTextIsShortAndPrintable) {
  EXPECT_EQ(Quoted("a\n\x1b[31m"), "\"a\\x0a\\x1b[31m\"");
  EXPECT_LT(Quoted(std::string(100000, 'x')).size(), 100u);
}

TEST(Names, AnUnknownNameComesWithTheNearestChoice) {
  const std::vector<std::string> choices = {"scalar", "default"};
  const std::string message = UnknownName("variant", "scaler", choices);
  EXPECT_NE(message.find("variant \"scaler\""), std::string::npos) << message;
  EXPECT_NE(message.find("did you mean \"scalar\"?"), std::string::npos) << message;
  EXPECT_NE(message.find("default"), std::string::npos) << message;
}

TEST(Names, SplitKeepsEmptyParts) {
  EXPECT_EQ(SplitAt("a,,b", ','), (std::vector<std::string>{"a", "", "b"}));
  EXPECT_EQ(SplitAt("", ','), (std::vector<std::string>{""}));
  EXPECT_EQ(SplitAt("a,", ','), (std::vector<std::string>{"a", ""}));
}

TEST(Names, TextThatIsNotUtf8IsKnown) {
  EXPECT_TRUE(IsUtf8(""));
  EXPECT_TRUE(IsUtf8("a\n\xc3\xa9"));
  EXPECT_FALSE(IsUtf8("a\xff"));
  EXPECT_FALSE(IsUtf8("\xc3"));
}

}  // namespace
}  // namespace bwlab::experiment
