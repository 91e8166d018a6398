#pragma once

#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>

#include "bwlab/workload/parameter.h"

namespace bwlab::workload {

/// A value as a sentence shows it.
std::string ShownJson(const nlohmann::json& value);

/// Reads a document strictly. The first thing that is wrong stays in error() as one sentence that
/// names the file, the place, the value and what is allowed; what is read after it does not count.
/// Places are JSON pointers inside the part of the document that the reader was made for.
class JsonReader {
 public:
  using Json = nlohmann::json;

  /// `file` is what sentences call the document, `at` the pointer of the part inside it.
  JsonReader(std::string_view file, std::string_view at) : file_(file), at_(at) {}

  bool ok() const { return error_.empty(); }
  const std::string& error() const { return error_; }

  /// Notes that what stands at `pointer` is wrong: `what`. Always false.
  bool Fail(const std::string& pointer, const std::string& what);

  /// Whether `json` is an object without other keys than these.
  bool CheckKeys(const Json& json, const std::string& pointer,
                 std::span<const std::string_view> allowed);
  bool CheckKeys(const Json& json, const std::string& pointer,
                 std::initializer_list<std::string_view> allowed) {
    return CheckKeys(json, pointer, std::span(allowed.begin(), allowed.size()));
  }

  /// The member, or nullptr and an error where there is none.
  const Json* Required(const Json& json, const std::string& pointer, std::string_view key);

  /// These leave `to` alone where the value is not allowed.
  bool ReadNumber(const Json& value, const std::string& pointer, const ParameterRange& range,
                  double* to);
  bool ReadInteger(const Json& value, const std::string& pointer, uint64_t min, uint64_t max,
                   uint64_t* to);
  bool ReadBool(const Json& value, const std::string& pointer, bool* to);

 private:
  std::string file_;
  std::string at_;
  std::string error_;
};

}  // namespace bwlab::workload
