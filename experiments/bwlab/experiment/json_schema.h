#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bwlab::experiment {

/// The part of JSON Schema draft-07 that the schemas of this project use: type, const, enum,
/// required, properties, additionalProperties, items, minItems, maxItems, uniqueItems, minLength,
/// maxLength, pattern, minimum, maximum, exclusiveMinimum, $ref into #/definitions
/// or into another of these schemas (result.schema.json#/...), and (without
/// effect on validity) title, description, default, examples. Made for the messages: they name the
/// JSON path, the value, and the choices or the range.
class JsonSchema {
 public:
  /// `schema` is one of the project's own: a keyword that is not in the list above is a bug and
  /// asserts.
  explicit JsonSchema(nlohmann::json schema);

  /// What is wrong with `document`, as `PATH: sentence` for the first violation; empty where it
  /// conforms.
  std::optional<std::string> Check(const nlohmann::json& document) const;

  /// Fills in the `default` of every property that is absent, and makes whole numbers that were
  /// written as 1e6 or 5.0 integers where the schema wants integers. `document` must conform.
  void Complete(nlohmann::json& document) const;

  /// The subschema that governs the value at the dotted path `keys.count`, or what is wrong with
  /// the path.
  struct Place {
    const nlohmann::json* schema = nullptr;
    std::string error;
  };
  Place Find(std::string_view dotted_path) const;

  /// Check of one value against the subschema that Find gave.
  std::optional<std::string> CheckPart(const nlohmann::json& part, const nlohmann::json& schema,
                                       const std::string& path) const;

  /// Complete of one value, likewise.
  void CompletePart(nlohmann::json& part, const nlohmann::json& schema) const;

  /// `schema`, or what its $ref refers to.
  const nlohmann::json& Resolve(const nlohmann::json& schema) const;

  /// The schema of the whole document.
  const nlohmann::json& root() const { return schema_; }

 private:
  nlohmann::json schema_;
};

/// A value as an error message shows it: compact, cut after 60 bytes, whatever bytes it holds.
std::string ShownValue(const nlohmann::json& value);

/// What the binary was built with of experiments/schema/: the names before .schema.json, and the
/// text of each (`kind` is one of them).
std::vector<std::string> SchemaKinds();
std::string_view SchemaText(std::string_view kind);

const JsonSchema& SpecSchema();
const JsonSchema& ResultSchema();
const JsonSchema& MicroSchema();

}  // namespace bwlab::experiment
