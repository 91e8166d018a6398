#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace bwlab::workload {

inline constexpr size_t kJsonBytesMax = size_t{1} << 20;
inline constexpr int kJsonDepthMax = 32;

/// A JSON document, or one sentence that says what is wrong with it and where.
struct [[nodiscard]] JsonParse {
  nlohmann::json json;
  std::string error;

  bool ok() const { return error.empty(); }
};

/// Parses a JSON text that people wrote: comments are allowed; duplicate keys, numbers out of
/// range, a text over kJsonBytesMax and nesting deeper than kJsonDepthMax are errors (the last
/// before anything recursive can see it). `name` is what error sentences call the document. Never
/// throws.
JsonParse ParseJsonText(std::string_view text, std::string_view name);

/// Reads and parses the file at `path`, at most kJsonBytesMax bytes of it.
JsonParse ParseJsonFile(const std::string& path);

}  // namespace bwlab::workload
