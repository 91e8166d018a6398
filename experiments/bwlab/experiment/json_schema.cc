#include "bwlab/experiment/json_schema.h"

#include <regex.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <utility>

#include "bwlab/base/assert.h"
#include "bwlab/experiment/embedded_schemas.h"
#include "bwlab/experiment/names.h"

namespace bwlab::experiment {
namespace {

using nlohmann::json;
using Violation = std::optional<std::string>;

constexpr std::array<std::string_view, 25> kKeywords = {
    "$schema",   "$id",         "$comment", "$ref",        "definitions",
    "title",     "description", "default",  "examples",    "type",
    "const",     "enum",        "required", "properties",  "additionalProperties",
    "items",     "minItems",    "maxItems", "uniqueItems", "minLength",
    "maxLength", "pattern",     "minimum",  "maximum",     "exclusiveMinimum"};

constexpr double kWholeNumberMax = 9007199254740992.0;  // 2^53: every smaller whole double is exact

bool IsWholeFloat(const json& value) {
  if (!value.is_number_float()) return false;
  const double number = value.get<double>();
  return std::trunc(number) == number && std::abs(number) <= kWholeNumberMax;
}

bool HasType(const json& value, const std::string& type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "null") return value.is_null();
  if (type == "integer") return value.is_number_integer() || IsWholeFloat(value);
  BWLAB_ASSERT(type == "number");
  return value.is_number();
}

/// Whether numbers must be integers.
bool WantsIntegers(const json& schema) {
  const json type = schema.value("type", json());
  return type == "integer" ||
         (type.is_array() && std::find(type.begin(), type.end(), "integer") != type.end());
}

std::string TypePhrase(const std::string& type) {
  if (type == "null") return type;
  const bool vowel = type == "object" || type == "array" || type == "integer";
  return (vowel ? "an " : "a ") + type;
}

/// Exact for all 64-bit integers on x86-64, whose long double has 64 bits of mantissa.
long double NumberOf(const json& value) {
  if (value.is_number_unsigned()) return static_cast<long double>(value.get<uint64_t>());
  if (value.is_number_integer()) return static_cast<long double>(value.get<int64_t>());
  return static_cast<long double>(value.get<double>());
}

std::string Located(const std::string& path, const std::string& what) {
  return (path.empty() ? "/" : path) + ": " + what;
}

std::vector<std::string> KeysOf(const json& object) {
  std::vector<std::string> keys;
  for (const auto& [key, unused] : object.items()) keys.push_back(key);
  return keys;
}

std::vector<std::string> ShownValues(const json& values) {
  std::vector<std::string> shown;
  for (const json& value : values) {
    shown.push_back(value.is_string() ? value.get<std::string>() : value.dump());
  }
  return shown;
}

Violation CheckType(const json& value, const json& schema, const std::string& path) {
  if (!schema.contains("type")) return std::nullopt;
  const json types = schema["type"].is_array() ? schema["type"] : json::array({schema["type"]});
  std::string wanted;
  for (const json& type : types) {
    if (HasType(value, type.get<std::string>())) return std::nullopt;
    wanted += (wanted.empty() ? "" : " or ") + TypePhrase(type.get<std::string>());
  }
  if (schema.contains("minimum") && schema.contains("maximum")) {
    wanted += " in " + schema["minimum"].dump() + ".." + schema["maximum"].dump();
  }
  return Located(path, "expected " + wanted + ", got " + ShownValue(value));
}

Violation CheckNumber(const json& value, const json& schema, const std::string& path) {
  const long double number = NumberOf(value);
  const bool low = schema.contains("minimum") && number < NumberOf(schema["minimum"]);
  const bool high = schema.contains("maximum") && number > NumberOf(schema["maximum"]);
  const bool at_limit =
      schema.contains("exclusiveMinimum") && number <= NumberOf(schema["exclusiveMinimum"]);
  if (!low && !high && !at_limit) return std::nullopt;
  std::string range;
  if (schema.contains("minimum")) range = "at least " + schema["minimum"].dump();
  if (schema.contains("exclusiveMinimum")) range = "more than " + schema["exclusiveMinimum"].dump();
  if (schema.contains("maximum")) {
    range += (range.empty() ? "" : " and ") + ("at most " + schema["maximum"].dump());
  }
  return Located(path, ShownValue(value) + " is out of range; it must be " + range);
}

/// The patterns of our schemas mean the same to POSIX and to ECMAScript. (std::regex recurses once
/// a character, which a text of a megabyte turns into a stack overflow.)
bool MatchesPattern(const std::string& text, const std::string& pattern) {
  if (text.find('\0') != std::string::npos) return false;  // regexec would see the text end there
  regex_t compiled;
  const int error = ::regcomp(&compiled, pattern.c_str(), REG_EXTENDED | REG_NOSUB);
  BWLAB_ASSERT(error == 0);
  const bool matches = error == 0 && ::regexec(&compiled, text.c_str(), 0, nullptr, 0) == 0;
  if (error == 0) ::regfree(&compiled);
  return matches;
}

Violation CheckString(const json& value, const json& schema, const std::string& path) {
  const auto& text = value.get_ref<const std::string&>();
  if (schema.contains("minLength") && text.size() < schema["minLength"].get<size_t>()) {
    return Located(path, "the text must not be empty");
  }
  if (schema.contains("maxLength") && text.size() > schema["maxLength"].get<size_t>()) {
    return Located(path, Quoted(text) + " is longer than the " + schema["maxLength"].dump() +
                             " bytes allowed");
  }
  if (schema.contains("pattern")) {
    const auto& pattern = schema["pattern"].get_ref<const std::string&>();
    if (!MatchesPattern(text, pattern)) {
      return Located(path, Quoted(text) + " does not match the pattern " + pattern);
    }
  }
  return std::nullopt;
}

Violation CheckValues(const json& value, const json& schema, const std::string& path) {
  if (schema.contains("const") && value != schema["const"]) {
    return Located(path, "expected " + schema["const"].dump() + ", got " + ShownValue(value));
  }
  if (!schema.contains("enum")) return std::nullopt;
  const json& choices = schema["enum"];
  if (std::find(choices.begin(), choices.end(), value) != choices.end()) return std::nullopt;
  const std::string name = value.is_string() ? value.get<std::string>() : ShownValue(value);
  return Located(path, UnknownName("value", name, ShownValues(choices)));
}

}  // namespace

JsonSchema::JsonSchema(json schema) : schema_(std::move(schema)) {}

const json& JsonSchema::Resolve(const json& schema) const {
  if (!schema.contains("$ref")) return schema;
  const auto& reference = schema["$ref"].get_ref<const std::string&>();
  const size_t hash = reference.find('#');
  const json::json_pointer place(reference.substr(hash + 1));
  if (hash == 0) return schema_.at(place);
  BWLAB_ASSERT(reference.starts_with("result.schema.json#"));  // the only one that others refer to
  return ResultSchema().schema_.at(place);
}

std::optional<std::string> JsonSchema::Check(const json& document) const {
  return CheckPart(document, schema_, "");
}

std::optional<std::string> JsonSchema::CheckPart(const json& part, const json& schema_or_ref,
                                                 const std::string& path) const {
  const json& schema = Resolve(schema_or_ref);
  for (const auto& [keyword, unused] : schema.items()) {
    BWLAB_ASSERT(std::find(kKeywords.begin(), kKeywords.end(), keyword) != kKeywords.end());
  }
  if (auto violation = CheckType(part, schema, path)) return violation;
  if (auto violation = CheckValues(part, schema, path)) return violation;
  if (part.is_number()) return CheckNumber(part, schema, path);
  if (part.is_string()) return CheckString(part, schema, path);
  if (part.is_array()) {
    if (schema.contains("minItems") && part.size() < schema["minItems"].get<size_t>()) {
      return Located(path, "the list needs at least " + schema["minItems"].dump() + " entries");
    }
    if (schema.contains("maxItems") && part.size() > schema["maxItems"].get<size_t>()) {
      return Located(path, std::to_string(part.size()) + " entries are more than the " +
                               schema["maxItems"].dump() + " allowed");
    }
    for (size_t i = 0; i < part.size(); ++i) {
      const std::string item_path = path + "/" + std::to_string(i);
      if (schema.contains("uniqueItems") &&
          std::find(part.begin(), part.begin() + static_cast<ptrdiff_t>(i), part[i]) !=
              part.begin() + static_cast<ptrdiff_t>(i)) {
        return Located(item_path, ShownValue(part[i]) + " is in the list twice");
      }
      if (!schema.contains("items")) continue;
      if (auto violation = CheckPart(part[i], schema["items"], item_path)) return violation;
    }
    return std::nullopt;
  }
  if (!part.is_object()) return std::nullopt;
  const json properties = schema.value("properties", json::object());
  const json others = schema.value("additionalProperties", json(true));
  for (const auto& [key, value] : part.items()) {
    const std::string key_path = path + "/" + key.substr(0, 60);
    if (properties.contains(key)) {
      if (auto violation = CheckPart(value, properties[key], key_path)) return violation;
    } else if (others.is_object()) {
      if (auto violation = CheckPart(value, others, key_path)) return violation;
    } else if (!others.get<bool>()) {
      return Located(path, UnknownName("key", key, KeysOf(properties)));
    }
  }
  for (const json& key : schema.value("required", json::array())) {
    if (!part.contains(key.get<std::string>())) {
      return Located(path, "the key " + key.dump() + " is missing");
    }
  }
  return std::nullopt;
}

void JsonSchema::Complete(json& document) const { CompletePart(document, schema_); }

void JsonSchema::CompletePart(json& part, const json& schema_or_ref) const {
  const json& schema = Resolve(schema_or_ref);
  if (IsWholeFloat(part) && WantsIntegers(schema)) {
    const double number = part.get<double>();
    if (number < 0) {
      part = static_cast<int64_t>(number);
    } else {
      part = static_cast<uint64_t>(number);
    }
  }
  if (part.is_array() && schema.contains("items")) {
    for (json& item : part) CompletePart(item, schema["items"]);
  }
  if (!part.is_object() || !schema.contains("properties")) return;
  for (const auto& [key, property] : schema["properties"].items()) {
    const json& rule = Resolve(property);
    if (!part.contains(key) && rule.contains("default")) part[key] = rule["default"];
    if (part.contains(key)) CompletePart(part[key], rule);
  }
}

JsonSchema::Place JsonSchema::Find(std::string_view dotted_path) const {
  const json* at = &schema_;
  for (const std::string& key : SplitAt(dotted_path, '.')) {
    const json& schema = *at;
    const bool open =
        schema.contains("additionalProperties") && schema["additionalProperties"].is_object();
    if (schema.contains("properties") && schema["properties"].contains(key)) {
      at = &Resolve(schema["properties"][key]);
    } else if (open && !key.empty()) {
      at = &Resolve(schema["additionalProperties"]);
    } else {
      const json properties = schema.value("properties", json::object());
      return {nullptr, UnknownName("key", key, KeysOf(properties))};
    }
  }
  return {at, ""};
}

std::string ShownValue(const json& value) {
  constexpr size_t kShown = 60;
  std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  if (text.size() > kShown) text = text.substr(0, kShown) + "...";
  return text;
}

std::vector<std::string> SchemaKinds() {
  std::vector<std::string> kinds;
  for (const EmbeddedSchema& schema : kEmbeddedSchemas) kinds.emplace_back(schema.kind);
  return kinds;
}

std::string_view SchemaText(std::string_view kind) {
  const auto* const schema =
      std::find_if(std::begin(kEmbeddedSchemas), std::end(kEmbeddedSchemas),
                   [kind](const EmbeddedSchema& embedded) { return embedded.kind == kind; });
  BWLAB_ASSERT(schema != std::end(kEmbeddedSchemas));
  return schema->text;
}

const JsonSchema& SpecSchema() {
  static const JsonSchema schema(json::parse(SchemaText("spec")));
  return schema;
}

const JsonSchema& ResultSchema() {
  static const JsonSchema schema(json::parse(SchemaText("result")));
  return schema;
}

const JsonSchema& MicroSchema() {
  static const JsonSchema schema(json::parse(SchemaText("micro")));
  return schema;
}

}  // namespace bwlab::experiment
