#include "bwlab/experiment/slo.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "bwlab/experiment/names.h"

namespace bwlab::experiment {
namespace {

struct Unit {
  std::string_view name;
  double ns;
};
constexpr std::array<Unit, 4> kUnits = {{{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}}};
constexpr std::array<std::string_view, 5> kMetrics = {"p50", "p90", "p99", "p99_9", "max"};

std::string_view Trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

/// Reads "50us" or "1.5 ms".
std::optional<double> LatencyOf(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || !(number > 0)) return std::nullopt;
  const std::string_view name = Trimmed(text.substr(static_cast<size_t>(end - text.data())));
  const auto unit = std::find_if(kUnits.begin(), kUnits.end(),
                                 [name](const Unit& candidate) { return candidate.name == name; });
  if (unit == kUnits.end()) return std::nullopt;
  return number * unit->ns;
}

Result<Slo> ParseSlo(const std::string& flag, const std::string& text) {
  const auto refuse = [&](const std::string& what) {
    return Status::InvalidArgument(fmt::format("{} {}: {}", flag, Quoted(text), what));
  };
  const size_t less = text.find('<');
  if (less == std::string::npos) {
    return refuse("is not of the form METRIC [of KIND] < LATENCY, such as p99<50us");
  }
  const std::string_view left = Trimmed(std::string_view(text).substr(0, less));
  Slo slo;
  slo.metric = left.substr(0, left.find(' '));
  if (std::find(kMetrics.begin(), kMetrics.end(), slo.metric) == kMetrics.end()) {
    const std::vector<std::string> names(kMetrics.begin(), kMetrics.end());
    return refuse(UnknownName("metric", slo.metric, names));
  }
  std::string_view rest = Trimmed(left.substr(slo.metric.size()));
  if (!rest.empty()) {
    constexpr std::string_view kOf = "of ";
    if (!rest.starts_with(kOf)) {
      return refuse(fmt::format("expected \"of KIND\" after {}, got {}", slo.metric, Quoted(rest)));
    }
    rest = Trimmed(rest.substr(kOf.size()));
    slo.kind = workload::OpKindFromName(rest);
    if (!slo.kind) {
      const std::vector<std::string> names(workload::kOpKindNames.begin(),
                                           workload::kOpKindNames.end());
      return refuse(UnknownName("kind of operation", rest, names));
    }
  }
  const std::string_view right = Trimmed(std::string_view(text).substr(less + 1));
  const std::optional<double> below = LatencyOf(right);
  if (!below) {
    return refuse(Quoted(right) +
                  " is no latency; allowed are numbers above 0 with a unit: ns, us, ms, s");
  }
  slo.below_ns = *below;
  return slo;
}

}  // namespace

std::string Slo::Name() const {
  return kind ? fmt::format("{} of {}", metric, workload::ToString(*kind)) : metric;
}

std::optional<double> Slo::ValueIn(const nlohmann::json& result) const {
  const nlohmann::json::json_pointer pointer(
      fmt::format("/latency_ns/{}/{}", kind ? workload::ToString(*kind) : "all", metric));
  if (!result.contains(pointer)) return std::nullopt;
  return result.at(pointer).get<double>();
}

Result<std::vector<Slo>> ParseSlos(const std::string& flag, const std::string& text) {
  std::vector<Slo> slos;
  for (const std::string& part : SplitAt(text, ',')) {
    Result<Slo> slo = ParseSlo(flag, part);
    if (!slo.ok()) return slo.status();
    slos.push_back(std::move(slo).value());
  }
  return slos;
}

std::string ShownLatency(double ns) {
  const Unit* shown = kUnits.data();
  for (const Unit& unit : kUnits) {
    if (ns >= unit.ns) shown = &unit;
  }
  return fmt::format("{:.3g} {}", ns / shown->ns, shown->name);
}

}  // namespace bwlab::experiment
