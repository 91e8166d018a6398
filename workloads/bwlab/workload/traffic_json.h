#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "bwlab/workload/json_reader.h"
#include "bwlab/workload/workload.h"

namespace bwlab::workload {

/// Fails at `pointer` where `sum` is not 1, but for rounding.
void CheckSharesSum(JsonReader& reader, const std::string& pointer, double sum);

/// Reads the members "mix", "request" and "scan" of the object `json`, which stands at `pointer`.
/// Other members are the caller's.
void ReadTraffic(JsonReader& reader, const nlohmann::json& json, const std::string& pointer,
                 TrafficSpec* traffic);

/// The inverse: adds to the object `json` what the traffic uses.
void AddTraffic(const TrafficSpec& traffic, nlohmann::json* json);

}  // namespace bwlab::workload
