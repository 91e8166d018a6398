#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace bwlab::experiment {

/// All fields of a JSON Schema as Markdown: its title and description, and a table with a line a
/// field, in the schema's order: path, type, default, what is allowed, unit (as the key's name
/// tells), description. Definitions with fields of their own have a section each, which the lines
/// link to; all others stand where they are referred to. A $ref into another schema file links to
/// that file's reference.
std::string SchemaReference(const nlohmann::ordered_json& schema);

}  // namespace bwlab::experiment
