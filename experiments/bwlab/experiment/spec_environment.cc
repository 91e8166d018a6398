#include "bwlab/experiment/spec_environment.h"

#include <unistd.h>

#include <cctype>

#include "bwlab/experiment/names.h"
#include "bwlab/experiment/spec_keys.h"
#include "bwlab/workload/suggest.h"

namespace bwlab::experiment {
namespace {

constexpr std::string_view kPrefix = "BWLAB_SPEC_";

/// Without the list of all variables, which is long.
Status UnknownVariable(const std::string& name, const std::map<std::string, std::string>& keys) {
  // Without the prefix, which is most of a name and makes all of them look alike.
  std::vector<std::string_view> endings;
  for (const auto& [variable, unused] : keys) {
    endings.push_back(std::string_view(variable).substr(kPrefix.size()));
  }
  const std::string_view closest =
      workload::ClosestChoice(std::string_view(name).substr(kPrefix.size()), endings);
  std::string text = "unknown environment variable " + Quoted(name);
  if (!closest.empty()) text += "; did you mean \"" + std::string(kPrefix).append(closest) + "\"?";
  return Status::InvalidArgument(
      text + (closest.empty() ? "; " : " ") +
      "Allowed are BWLAB_SPEC_ and the path of a key of the spec in capitals, such as " +
      VariableOf("keys.count") + " or " + VariableOf("engine_options.bwtree.leaf_capacity"));
}

}  // namespace

SpecVariables ReadSpecVariables() {
  SpecVariables variables;
  for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const size_t equals = text.find('=');
    if (!text.starts_with(kPrefix) || equals == std::string_view::npos) continue;
    variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

std::string VariableOf(std::string_view dotted_key) {
  std::string name(kPrefix);
  for (const char c : dotted_key) {
    name += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return name;
}

Result<std::vector<Setting>> SettingsOf(const SpecVariables& variables) {
  std::map<std::string, std::string> keys;
  if (!variables.empty()) {
    for (const std::string& key : SpecKeys()) keys[VariableOf(key)] = key;
  }
  std::vector<Setting> settings;
  for (const auto& [name, value] : variables) {
    const auto key = keys.find(name);
    if (key == keys.end()) return UnknownVariable(name, keys);
    if (!IsUtf8(value))
      return Status::InvalidArgument(name + "=" + Quoted(value) + ": is not UTF-8");
    settings.push_back({name + "=" + Quoted(value), key->second, value});
  }
  return settings;
}

}  // namespace bwlab::experiment
