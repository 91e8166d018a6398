#include "bwlab/engines/storage_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "bwlab/experiment/names.h"

namespace bwlab::experiment {

using nlohmann::json;

namespace {

constexpr const char* kDurability = "durability";

std::string_view NameOf(Durability durability) {
  return kDurabilityNames[static_cast<size_t>(durability)];
}

}  // namespace

Result<std::string_view> StorageOptions::CheckDurability(const json& value) const {
  std::vector<std::string> can;
  for (const Durability durability : durabilities) can.emplace_back(NameOf(durability));
  const std::string wanted = value.is_string() ? value.get<std::string>() : value.dump();
  if (std::find(kDurabilityNames.begin(), kDurabilityNames.end(), wanted) ==
      kDurabilityNames.end()) {
    return Status::InvalidArgument(std::string(kDurability) + ": " +
                                   UnknownName(kDurability, wanted, can));
  }
  const auto found = std::find_if(durabilities.begin(), durabilities.end(),
                                  [&wanted](Durability one) { return NameOf(one) == wanted; });
  if (found != durabilities.end()) return NameOf(*found);
  return Status::InvalidArgument(fmt::format("{}: {} cannot do {}: {}; it can do {}", kDurability,
                                             engine, Quoted(wanted), why_no_other, JoinNames(can)));
}

Result<json> StorageOptions::Resolve(const json& options) const {
  json resolved = {{kDurability, NameOf(durabilities.front())},
                   {std::string(number.name), number.initial}};
  for (const auto& [key, value] : options.items()) {
    if (key == kDurability) {
      const Result<std::string_view> durability = CheckDurability(value);
      if (!durability.ok()) return durability.status();
      resolved[key] = durability.value();
    } else if (key == number.name) {
      if (!value.is_number_integer() || value < number.min || value > number.max) {
        return Status::InvalidArgument(fmt::format("{}: {} is not an integer in {}..{}", key,
                                                   value.dump(), number.min, number.max));
      }
      resolved[key] = value;
    } else {
      const std::vector<std::string> names = {kDurability, std::string(number.name)};
      return Status::InvalidArgument(UnknownName("option", key, names));
    }
  }
  return resolved;
}

Durability DurabilityOf(const json& options) {
  const auto name = options.at(kDurability).get<std::string>();
  return static_cast<Durability>(std::find(kDurabilityNames.begin(), kDurabilityNames.end(), name) -
                                 kDurabilityNames.begin());
}

}  // namespace bwlab::experiment
