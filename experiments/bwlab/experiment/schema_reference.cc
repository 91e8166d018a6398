#include "bwlab/experiment/schema_reference.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <utility>
#include <vector>

#include "bwlab/experiment/names.h"

namespace bwlab::experiment {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kInternal = "#/definitions/";

/// Text in a cell of a table.
std::string Cell(std::string text) {
  for (size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) {
    text.insert(at, 1, '\\');
  }
  return text;
}

std::string Code(const std::string& text) { return "`" + Cell(text) + "`"; }

/// Units by what a key's name holds; the first that is there counts.
constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kUnits = {{
    {"_ops_s", "operations/s"},
    {"per_second", "1/s"},
    {"seconds", "s"},
    {"_ns", "ns"},
    {"_ms", "ms"},
    {"bytes_per_key", "bytes/key"},
    {"bytes", "bytes"},
    {"_ticks", "ticks"},
    {"_share", "share of 1"},
}};

bool IsNumeric(const Json& rule) {
  const Json type = rule.value("type", Json());
  const auto is = [](const Json& name) { return name == "integer" || name == "number"; };
  return type.is_array() ? std::any_of(type.begin(), type.end(), is) : is(type);
}

/// Unit of a number, as the name of its key says it: run_seconds, live_bytes_after_load.
std::string UnitOf(const std::string& key) {
  for (const auto& [name, unit] : kUnits) {
    const size_t at = key.find(name);
    const size_t end = at + name.size();
    if (at != std::string::npos && (end == key.size() || key[end] == '_')) {
      return std::string(unit);
    }
  }
  return {};
}

/// "1 to 9", "at least 1"; empty where there is no bound.
std::string RangeText(const Json& rule, const char* low, const char* high) {
  if (rule.contains(low) && rule.contains(high)) {
    return rule[low].dump() + " to " + rule[high].dump();
  }
  if (rule.contains(low)) return "at least " + rule[low].dump();
  if (rule.contains(high)) return "at most " + rule[high].dump();
  return {};
}

class Reference {
 public:
  explicit Reference(const Json& schema) : schema_(schema) {}

  std::string Text() {
    std::string text = "# " + schema_.value("title", std::string()) + "\n\n" +
                       schema_.value("description", std::string()) + "\n\n" + Table(schema_);
    const Json definitions = schema_.value("definitions", Json::object());
    for (const auto& [name, rule] : definitions.items()) {
      if (!rule.contains("properties")) continue;
      text += "\n## " + name + "\n\n";
      if (rule.contains("description")) text += rule["description"].get<std::string>() + "\n\n";
      text += Table(rule);
    }
    return text;
  }

 private:
  /// The rule that holds in place of one with $ref, described as the place says where it does.
  Json Resolved(const Json& rule) const {
    if (!rule.contains("$ref")) return rule;
    const auto reference = rule["$ref"].get<std::string>();
    if (!reference.starts_with(kInternal)) return rule;
    Json resolved = schema_.at(Json::json_pointer(reference.substr(1)));
    if (rule.contains("description")) resolved["description"] = rule["description"];
    return resolved;
  }

  /// Where the fields of a rule are told; empty where that is in the same table.
  std::string LinkOf(const Json& rule) const {
    if (!rule.contains("$ref")) return {};
    const auto reference = rule["$ref"].get<std::string>();
    if (!reference.starts_with(kInternal)) {
      const std::string file = reference.substr(0, reference.find('#'));
      return SplitAt(file, '.').front() + ".md";
    }
    if (!Resolved(rule).contains("properties")) return {};
    return "#" + reference.substr(kInternal.size());
  }

  /// What the entries of an array or the other values of an object are; null where anything is.
  static Json PartOf(const Json& rule) {
    if (rule.contains("items")) return rule["items"];
    const Json others = rule.value("additionalProperties", Json());
    return others.is_object() ? others : Json();
  }

  std::string TypeText(const Json& rule_or_ref) const {
    if (const std::string link = LinkOf(rule_or_ref); !link.empty()) {
      return "[object](" + link + ")";
    }
    const Json rule = Resolved(rule_or_ref);
    if (rule.contains("const") && rule["const"].is_number_integer()) return "integer";
    std::string text;
    const Json type = rule.value("type", Json());
    for (const Json& name : type.is_array() ? type : Json::array({type})) {
      text += (text.empty() ? "" : " or ") + (name.is_string() ? name.get<std::string>() : "any");
    }
    const Json part = PartOf(rule);
    return part.is_null() ? text : text + " of " + TypeText(part);
  }

  std::string AllowedText(const Json& rule_or_ref) const {
    if (!LinkOf(rule_or_ref).empty()) return {};
    const Json rule = Resolved(rule_or_ref);
    std::vector<std::string> parts;
    if (rule.contains("const")) parts.push_back(Code(rule["const"].dump()));
    for (const Json& choice : rule.value("enum", Json::array())) {
      parts.push_back(Code(choice.is_string() ? choice.get<std::string>() : choice.dump()));
    }
    if (rule.contains("exclusiveMinimum")) {
      parts.push_back("more than " + rule["exclusiveMinimum"].dump());
    }
    parts.push_back(RangeText(rule, "minimum", "maximum"));
    if (rule.contains("exclusiveMaximum")) {
      parts.push_back("less than " + rule["exclusiveMaximum"].dump());
    }
    parts.push_back(RangeText(rule, "minItems", "maxItems"));
    if (!parts.back().empty()) parts.back() += " entries";
    if (rule.value("uniqueItems", false)) parts.emplace_back("all different");
    parts.push_back(RangeText(rule, "minLength", "maxLength"));
    if (!parts.back().empty()) parts.back() += " bytes";
    if (rule.contains("pattern")) parts.push_back(Code(rule["pattern"].get<std::string>()));
    if (const Json part = PartOf(rule); !part.is_null()) {
      parts.push_back(AllowedText(part));
      if (!parts.back().empty() && !parts.back().starts_with("each ")) {
        parts.back().insert(0, "each ");
      }
    }
    std::erase(parts, "");
    return JoinNames(parts);
  }

  std::string Table(const Json& rule) const {
    std::string text =
        "| field | type | default | allowed | unit | description |\n"
        "| --- | --- | --- | --- | --- | --- |\n";
    AppendFields(rule, "", &text);
    return text;
  }

  void AppendFields(const Json& rule, const std::string& path, std::string* text) const {
    const Json required = rule.value("required", Json::array());
    const Json properties = rule.value("properties", Json::object());
    for (const auto& [key, field] : properties.items()) {
      const bool is_required = std::find(required.begin(), required.end(), key) != required.end();
      AppendField(field, path + key, is_required, text);
    }
  }

  void AppendField(const Json& rule_or_ref, const std::string& path, bool is_required,
                   std::string* text) const {
    const Json rule = Resolved(rule_or_ref);
    std::string absent;
    if (is_required) {
      absent = "required";
    } else if (rule.contains("default")) {
      absent = Code(rule["default"].dump());
    }
    *text += fmt::format("| {} | {} | {} | {} | {} | {} |\n", Code(path), TypeText(rule_or_ref),
                         absent, AllowedText(rule_or_ref),
                         IsNumeric(rule) ? UnitOf(SplitAt(path, '.').back()) : "",
                         Cell(rule.value("description", std::string())));
    if (!LinkOf(rule_or_ref).empty()) return;
    AppendFields(rule, path + ".", text);
    const Json part = PartOf(rule);
    if (part.is_null() || !LinkOf(part).empty()) return;
    AppendFields(Resolved(part), path + (rule.contains("items") ? "[]." : ".NAME."), text);
  }

  const Json& schema_;
};

}  // namespace

std::string SchemaReference(const Json& schema) { return Reference(schema).Text(); }

}  // namespace bwlab::experiment
