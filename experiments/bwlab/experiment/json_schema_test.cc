#include "bwlab/experiment/json_schema.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace bwlab::experiment {
namespace {

using nlohmann::json;

std::string Violation(const char* schema, const char* document) {
  return JsonSchema(json::parse(schema)).Check(json::parse(document)).value_or("");
}

TEST(JsonSchema, IntegersAreWholeNumbersInAnySpelling) {
  const char* schema = R"({"type": "integer", "minimum": 0, "maximum": 18446744073709551615})";
  EXPECT_EQ(Violation(schema, "5"), "");
  EXPECT_EQ(Violation(schema, "1e6"), "");
  EXPECT_EQ(Violation(schema, "18446744073709551615"), "");
  EXPECT_NE(Violation(schema, "1.5"), "");
  EXPECT_NE(Violation(schema, "-1"), "");
  EXPECT_NE(Violation(schema, "18446744073709551616"), "");  // a double: above the largest integer
  EXPECT_NE(Violation(schema, "1e300"), "");
  EXPECT_NE(Violation(schema, "true"), "");
  EXPECT_NE(Violation(schema, "\"5\""), "");
}

TEST(JsonSchema, RangesAreExactNearTheEndsOf64Bits) {
  const char* schema = R"({"type": "integer", "maximum": 9223372036854775807})";
  EXPECT_EQ(Violation(schema, "9223372036854775807"), "");
  EXPECT_NE(Violation(schema, "9223372036854775808"), "");
  EXPECT_EQ(Violation(schema, "-9223372036854775808"), "");
}

TEST(JsonSchema, AMessageNamesPathValueAndRange) {
  const char* schema = R"({"type": "object", "properties": {"a": {"type": "array", "items":
      {"type": "integer", "minimum": 1, "maximum": 9}}}})";
  EXPECT_EQ(Violation(schema, R"({"a": [1, 10]})"),
            "/a/1: 10 is out of range; it must be at least 1 and at most 9");
  EXPECT_EQ(Violation(schema, R"({"a": [1, "x"]})"),
            "/a/1: expected an integer in 1..9, got \"x\"");
}

TEST(JsonSchema, KeysAreRequiredAndKnown) {
  const char* schema = R"({"type": "object", "additionalProperties": false, "required": ["ops"],
      "properties": {"ops": {}, "seed": {}}})";
  EXPECT_EQ(Violation(schema, R"({"ops": 1})"), "");
  EXPECT_EQ(Violation(schema, "{}"), "/: the key \"ops\" is missing");
  EXPECT_NE(Violation(schema, R"({"ops": 1, "sead": 1})").find("did you mean \"seed\""),
            std::string::npos);
}

TEST(JsonSchema, EachKeywordRefusesWhatItIsFor) {
  const std::vector<std::pair<const char*, const char*>> refused = {
      {R"({"const": 1})", "2"},
      {R"({"enum": ["a", "b"]})", "\"c\""},
      {R"({"type": ["string", "null"]})", "1"},
      {R"({"minItems": 1})", "[]"},
      {R"({"maxItems": 1})", "[1, 2]"},
      {R"({"uniqueItems": true})", "[1, 2, 1]"},
      {R"({"minLength": 1})", "\"\""},
      {R"({"maxLength": 2})", "\"abc\""},
      {R"({"pattern": "^[a-z]+$"})", "\"A\""},
      {R"({"exclusiveMinimum": 0})", "0"},
      {R"({"additionalProperties": {"type": "string"}})", R"({"a": 1})"},
      {R"({"items": {"$ref": "#/definitions/n"}, "definitions": {"n": {"type": "null"}}})", "[1]"},
  };
  for (const auto& [schema, document] : refused)
    EXPECT_NE(Violation(schema, document), "") << schema;
}

TEST(JsonSchema, APatternCoversTheWholeText) {
  const char* schema = R"({"pattern": "^[a-z.-]{1,9}$"})";
  EXPECT_EQ(Violation(schema, "\"a.b-c\""), "");
  EXPECT_NE(Violation(schema, "\"a\\u0000B\""), "");
  EXPECT_NE(Violation(schema, "\"a\\nb\""), "");
  EXPECT_NE(Violation(schema, "\"a\\n\""), "");
  EXPECT_NE(Violation(schema, ("\"" + std::string(500000, 'a') + "\"").c_str()), "");
}

TEST(JsonSchema, CompleteFillsDefaultsOfObjectsThatAreThere) {
  const JsonSchema schema(json::parse(R"({"type": "object", "properties": {
      "n": {"type": "integer", "default": 3},
      "o": {"type": "object", "properties": {"m": {"$ref": "#/definitions/m"}}},
      "p": {"type": "object", "properties": {"m": {"default": 1}}}},
      "definitions": {"m": {"type": "integer", "default": 7}}})"));
  json document = json::parse(R"({"o": {}})");
  schema.Complete(document);
  EXPECT_EQ(document, json::parse(R"({"n": 3, "o": {"m": 7}})"));
}

TEST(JsonSchema, CompleteMakesWholeNumbersIntegers) {
  const JsonSchema schema(json::parse(
      R"({"properties": {"n": {"type": "integer"}, "m": {"type": ["integer", "string"]}}})"));
  json document = json::parse(R"({"n": 1e6, "m": 1e6, "x": 1.0})");
  schema.Complete(document);
  for (const char* key : {"n", "m"}) {
    EXPECT_TRUE(document[key].is_number_unsigned()) << key;
    EXPECT_EQ(document[key], 1000000u) << key;
  }
  EXPECT_TRUE(document["x"].is_number_float());
}

TEST(JsonSchema, FindFollowsDottedPaths) {
  EXPECT_EQ((*SpecSchema().Find("keys.count").schema)["type"], "integer");
  EXPECT_EQ((*SpecSchema().Find("engine_options.bwtree.leaf_capacity").schema)["type"],
            (json{"integer", "string"}));
  EXPECT_EQ(SpecSchema().Find("keys.cuont").schema, nullptr);
  EXPECT_NE(SpecSchema().Find("keys.cuont").error.find("did you mean \"count\""),
            std::string::npos);
  EXPECT_EQ(SpecSchema().Find("").schema, nullptr);
  EXPECT_EQ(SpecSchema().Find("engine_options.").schema, nullptr);
}

}  // namespace
}  // namespace bwlab::experiment
