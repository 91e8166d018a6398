#include "bwlab/workload/json_text.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>

namespace bwlab::workload {
namespace {

std::string ErrorOf(std::string_view text) { return ParseJsonText(text, "x.json").error; }

std::string Nested(int depth) {
  return std::string(static_cast<size_t>(depth), '[') +
         std::string(static_cast<size_t>(depth), ']');
}

TEST(JsonText, ReadsWhatPeopleWrite) {
  const JsonParse parse =
      ParseJsonText("// why\n{\"a\": [1, -2, 0.5, 1e3], /* b */ \"b\": {}}", "x");
  ASSERT_TRUE(parse.ok()) << parse.error;
  EXPECT_EQ(parse.json["a"][1], -2);
  EXPECT_EQ(parse.json["a"][3], 1000.0);
}

TEST(JsonText, KeepsAll64Bits) {
  const JsonParse parse = ParseJsonText("[18446744073709551615, -9223372036854775808]", "x");
  ASSERT_TRUE(parse.ok()) << parse.error;
  EXPECT_EQ(parse.json[0].get<uint64_t>(), UINT64_MAX);
  EXPECT_EQ(parse.json[1].get<int64_t>(), INT64_MIN);
}

TEST(JsonText, RefusesNumbersOutOfRangeAndSaysWhere) {
  EXPECT_EQ(ErrorOf("{\"a\": [0, 18446744073709551616]}"),
            "x.json: /a/1: the integer 18446744073709551616 does not fit in 64 bits");
  EXPECT_EQ(ErrorOf("{\"a\": {\"b\": 1e400}}"),
            "x.json: /a/b: the number 1e400 is larger than any double");
  EXPECT_EQ(ErrorOf("1e400"), "x.json: /: the number 1e400 is larger than any double");
}

TEST(JsonText, RefusesAKeyGivenTwice) {
  EXPECT_EQ(ErrorOf("{\"a\": [{}, {\"b\": 1, \"b\": 2}]}"),
            "x.json: /a/1/b: this key is there twice");
  EXPECT_EQ(ErrorOf("[{\"a\": 1}, {\"a\": {\"a\": 1}}]"), "");
}

TEST(JsonText, RefusesDeepNestingHoweverDeep) {
  EXPECT_EQ(ErrorOf(Nested(kJsonDepthMax)), "");
  const std::string too_deep = "x.json: nested deeper than the 32 levels allowed";
  EXPECT_EQ(ErrorOf(Nested(kJsonDepthMax + 1)), too_deep);
  EXPECT_EQ(ErrorOf(Nested(20000)), too_deep);
  EXPECT_EQ(ErrorOf(std::string(500000, '[')), too_deep);
}

TEST(JsonText, NamesTheLineOfASyntaxError) {
  EXPECT_EQ(ErrorOf("{\n  \"a\": 1,\n  b\n}").rfind("x.json: line 3, column 3: syntax error", 0),
            0u)
      << ErrorOf("{\n  \"a\": 1,\n  b\n}");
  for (const char* text :
       {"", " ", "{", "{} {}", "nul", "\"\xff\"", "{\"a\":}", "[1,]", "/* open"}) {
    EXPECT_EQ(ErrorOf(text).rfind("x.json: line 1, column ", 0), 0u) << ErrorOf(text);
    EXPECT_EQ(ErrorOf(text).find("json.exception"), std::string::npos);
  }
}

TEST(JsonText, ErrorsArePrintable) {
  for (const char c : ErrorOf("\"\x01\xff")) EXPECT_TRUE(c >= 0x20 && c <= 0x7e);
  EXPECT_LT(ErrorOf("{\"" + std::string(500000, 'k') + "\" 1}").size(), 300u);
}

TEST(JsonText, RefusesTextOverTheLimit) {
  const std::string at_limit(kJsonBytesMax - 1, ' ');
  EXPECT_EQ(ErrorOf(at_limit + "1"), "");
  EXPECT_EQ(ErrorOf(at_limit + "12"), "x.json: over 1048576 bytes, the largest that is read");
}

TEST(JsonFile, SaysWhyItCannotBeRead) {
  EXPECT_EQ(ParseJsonFile("no/such.json").error,
            "no/such.json: cannot be read: No such file or directory");
  EXPECT_EQ(ParseJsonFile("/").error, "/: cannot be read: Is a directory");
}

TEST(JsonFile, ReadsAFileAndRefusesAHugeOne) {
  const std::string path = ::testing::TempDir() + "/json_text_test.json";
  std::ofstream(path) << "{\"a\": 1}";
  const JsonParse parse = ParseJsonFile(path);
  ASSERT_TRUE(parse.ok()) << parse.error;
  EXPECT_EQ(parse.json["a"], 1);
  std::ofstream(path) << std::string(2 * kJsonBytesMax, ' ');
  EXPECT_EQ(ParseJsonFile(path).error, path + ": over 1048576 bytes, the largest that is read");
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace bwlab::workload
