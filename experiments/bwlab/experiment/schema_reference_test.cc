#include "bwlab/experiment/schema_reference.h"

#include <gtest/gtest.h>

namespace bwlab::experiment {
namespace {

constexpr const char* kHead =
    "| field | type | default | allowed | unit | description |\n"
    "| --- | --- | --- | --- | --- | --- |\n";

/// The lines of the table of a schema with these properties.
std::string Lines(const std::string& properties, const std::string& more = "") {
  const std::string text = SchemaReference(nlohmann::ordered_json::parse(
      R"({"title": "T", "description": "D.", "type": "object", "properties": {)" + properties +
      "}" + more + "}"));
  const std::string head = "# T\n\nD.\n\n" + std::string(kHead);
  EXPECT_TRUE(text.starts_with(head)) << text;
  return text.substr(head.size());
}

TEST(SchemaReference, FieldsStandInTheOrderOfTheSchema) {
  EXPECT_EQ(Lines(R"("b": {"type": "string", "description": "B."}, "a": {"type": "boolean"})"),
            "| `b` | string |  |  |  | B. |\n"
            "| `a` | boolean |  |  |  |  |\n");
}

TEST(SchemaReference, RequiredAndDefaultShareAColumn) {
  EXPECT_EQ(Lines(R"("a": {"type": "integer"}, "b": {"type": "string", "default": "x"})",
                  R"(, "required": ["a"])"),
            "| `a` | integer | required |  |  |  |\n"
            "| `b` | string | `\"x\"` |  |  |  |\n");
}

TEST(SchemaReference, EachBoundIsSaid) {
  EXPECT_EQ(Lines(R"("a": {"type": "integer", "minimum": 1, "maximum": 9},
                     "b": {"type": "number", "exclusiveMinimum": 0, "maximum": 10},
                     "b2": {"type": "number", "minimum": 0, "exclusiveMaximum": 1},
                     "c": {"type": ["string", "null"], "enum": ["x", "y"]},
                     "d": {"const": 1},
                     "e": {"type": "string", "maxLength": 5, "pattern": "^(a|b)$"},
                     "f": {"type": "array", "minItems": 1, "uniqueItems": true,
                           "items": {"type": "integer", "minimum": 2}})"),
            "| `a` | integer |  | 1 to 9 |  |  |\n"
            "| `b` | number |  | more than 0, at most 10 |  |  |\n"
            "| `b2` | number |  | at least 0, less than 1 |  |  |\n"
            "| `c` | string or null |  | `x`, `y` |  |  |\n"
            "| `d` | integer |  | `1` |  |  |\n"
            "| `e` | string |  | at most 5 bytes, `^(a\\|b)$` |  |  |\n"
            "| `f` | array of integer |  | at least 1 entries, all different, each at least 2 |  "
            "|  |\n");
}

TEST(SchemaReference, WhatHoldsForEachValueInsideIsSaidOnce) {
  EXPECT_EQ(Lines(R"("o": {"type": "object", "additionalProperties": {"type": "object",
                     "additionalProperties": {"type": "integer", "minimum": 0}}})"),
            "| `o` | object of object of integer |  | each at least 0 |  |  |\n");
}

TEST(SchemaReference, NestedFieldsHaveTheirPath) {
  EXPECT_EQ(Lines(R"("a": {"type": "object", "properties": {"b": {"type": "string"}}},
                     "l": {"type": "array", "items":
                           {"type": "object", "properties": {"c": {"type": "string"}}}},
                     "m": {"type": "object", "additionalProperties":
                           {"type": "object", "properties": {"d": {"type": "string"}}}})"),
            "| `a` | object |  |  |  |  |\n"
            "| `a.b` | string |  |  |  |  |\n"
            "| `l` | array of object |  |  |  |  |\n"
            "| `l[].c` | string |  |  |  |  |\n"
            "| `m` | object of object |  |  |  |  |\n"
            "| `m.NAME.d` | string |  |  |  |  |\n");
}

TEST(SchemaReference, OnlyDefinitionsWithFieldsHaveASection) {
  EXPECT_EQ(Lines(R"("n": {"$ref": "#/definitions/n"},
                     "o": {"$ref": "#/definitions/o", "description": "Mine."},
                     "p": {"type": "array", "items": {"$ref": "#/definitions/o"}})",
                  R"(, "definitions": {
                     "n": {"type": "integer", "minimum": 1, "description": "N."},
                     "o": {"type": "object", "description": "O.",
                           "properties": {"k": {"type": "string"}}}})"),
            "| `n` | integer |  | at least 1 |  | N. |\n"
            "| `o` | [object](#o) |  |  |  | Mine. |\n"
            "| `p` | array of [object](#o) |  |  |  |  |\n"
            "\n## o\n\nO.\n\n" +
                std::string(kHead) + "| `k` | string |  |  |  |  |\n");
}

TEST(SchemaReference, WhatAnotherSchemaTellsIsLinked) {
  EXPECT_EQ(Lines(R"("p": {"$ref": "result.schema.json#/properties/p", "description": "P."})"),
            "| `p` | [object](result.md) |  |  |  | P. |\n");
}

TEST(SchemaReference, UnitsOfNumbersAreInTheirNames) {
  const std::string lines = Lines(R"("rate_ops_s": {"type": "integer"},
      "live_bytes_after_load": {"type": ["integer", "null"]}, "bytes_per_key": {"type": "number"},
      "seconds": {"type": "number"}, "timer_cost_ns": {"type": "number"},
      "latency_ns": {"type": "object", "properties": {"sample_every": {"type": "integer"}}})");
  EXPECT_NE(lines.find("| `rate_ops_s` | integer |  |  | operations/s |"), std::string::npos);
  EXPECT_NE(lines.find("| integer or null |  |  | bytes |"), std::string::npos);
  EXPECT_NE(lines.find("| `bytes_per_key` | number |  |  | bytes/key |"), std::string::npos);
  EXPECT_NE(lines.find("| `seconds` | number |  |  | s |"), std::string::npos);
  EXPECT_NE(lines.find("| `timer_cost_ns` | number |  |  | ns |"), std::string::npos);
  EXPECT_NE(lines.find("| `latency_ns` | object |  |  |  |"), std::string::npos);
  EXPECT_NE(lines.find("| `latency_ns.sample_every` | integer |  |  |  |"), std::string::npos);
}

}  // namespace
}  // namespace bwlab::experiment
