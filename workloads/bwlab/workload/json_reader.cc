#include "bwlab/workload/json_reader.h"

#include <algorithm>

#include "bwlab/workload/suggest.h"

namespace bwlab::workload {
namespace {

// Without the ".0" of a whole number.
std::string Number(double value) {
  const std::string text = nlohmann::json(value).dump();
  return text.ends_with(".0") ? text.substr(0, text.size() - 2) : text;
}

std::string Describe(const ParameterRange& range) {
  const std::string min = Number(range.min);
  const std::string max = Number(range.max);
  if (!range.open_min && !range.open_max) return "from " + min + " to " + max;
  return (range.open_min ? "above " : "at least ") + min + " and " +
         (range.open_max ? "below " : "at most ") + max;
}

}  // namespace

std::string ShownJson(const nlohmann::json& value) {
  if (value.is_object()) return "an object";
  if (value.is_array()) return "an array";
  if (value.is_string()) return Quoted(value.get_ref<const std::string&>());
  return value.dump();
}

bool JsonReader::Fail(const std::string& pointer, const std::string& what) {
  if (!ok()) return false;
  const std::string full = at_ + pointer;
  error_ = file_ + ": " + (full.empty() ? "" : full + ": ") + what;
  return false;
}

bool JsonReader::CheckKeys(const Json& json, const std::string& pointer,
                           std::span<const std::string_view> allowed) {
  if (!json.is_object()) return Fail(pointer, "must be an object, but is " + ShownJson(json));
  for (const auto& [key, unused] : json.items()) {
    if (std::find(allowed.begin(), allowed.end(), key) == allowed.end()) {
      return Fail(pointer, "unknown key " + Quoted(key) + "; " + DescribeChoices(key, allowed));
    }
  }
  return true;
}

const JsonReader::Json* JsonReader::Required(const Json& json, const std::string& pointer,
                                             std::string_view key) {
  if (const auto found = json.find(key); found != json.end()) return &*found;
  Fail(pointer, "the key " + Quoted(key) + " is missing");
  return nullptr;
}

bool JsonReader::ReadNumber(const Json& value, const std::string& pointer,
                            const ParameterRange& range, double* to) {
  if (!value.is_number() || !range.Contains(value.get<double>())) {
    return Fail(pointer, "must be a number " + Describe(range) + ", but is " + ShownJson(value));
  }
  *to = value.get<double>();
  return true;
}

bool JsonReader::ReadInteger(const Json& value, const std::string& pointer, uint64_t min,
                             uint64_t max, uint64_t* to) {
  // A document that a program made, not a parser, may hold a natural number as a signed one.
  const bool natural =
      value.is_number_integer() && (value.is_number_unsigned() || value.get<int64_t>() >= 0);
  if (!natural || value.get<uint64_t>() < min || value.get<uint64_t>() > max) {
    return Fail(pointer, "must be an integer from " + std::to_string(min) + " to " +
                             std::to_string(max) + ", but is " + ShownJson(value));
  }
  *to = value.get<uint64_t>();
  return true;
}

bool JsonReader::ReadBool(const Json& value, const std::string& pointer, bool* to) {
  if (!value.is_boolean()) {
    return Fail(pointer, "must be true or false, but is " + ShownJson(value));
  }
  *to = value.get<bool>();
  return true;
}

}  // namespace bwlab::workload
