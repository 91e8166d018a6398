#include "bwlab/experiment/comparison.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

namespace bwlab::experiment {
namespace {

using nlohmann::json;

/// All repetitions of one cell.
struct CellResults {
  CellName name;
  std::vector<const json*> results;
  bool paired = false;

  const json& first() const { return *results.front(); }
};

using Cells = std::vector<CellResults>;

/// By workload, threads and label, as tables have them.
Cells CellsOf(const ResultSet& set) {
  std::map<std::tuple<std::string, uint32_t, std::string, std::string>, CellResults> ordered;
  for (const json& result : set.results) {
    const CellName name{result["workload"].get<std::string>(), result["threads"].get<uint32_t>(),
                        result["label"].get<std::string>(), result["cell_id"].get<std::string>(),
                        result.value("sweep", json::object())};
    CellResults& cell = ordered[{name.workload, name.threads, name.label, name.cell_id}];
    cell.name = name;
    cell.results.push_back(&result);
  }
  Cells cells;
  for (auto& [unused, cell] : ordered) cells.push_back(std::move(cell));
  return cells;
}

/// What two cells must share to be comparable, as one text.
std::string Measured(const CellResults& cell, bool with_label) {
  json measured;
  for (const char* key : {"workload", "threads", "record_count", "op_count", "key_space", "values",
                          "arrival", "trace", "sweep"}) {
    measured[key] = cell.first().value(key, json());
  }
  if (with_label) measured["label"] = cell.name.label;
  return measured.dump();
}

/// Where the configurations of two cells differ.
std::vector<std::string> DifferencesOf(const CellResults& a, const CellResults& b) {
  const auto configuration = [](const json& result) {
    json object = {{"verify", result["verify"]["mode"]},
                   {"latency_sample_every", result["latency_ns"]["sample_every"]}};
    for (const char* key : {"engine", "variant", "config", "workload_spec", "seed", "measure"}) {
      object[key] = result.value(key, json());
    }
    return object;
  };
  std::vector<std::string> paths;
  for (const json& change : json::diff(configuration(a.first()), configuration(b.first()))) {
    paths.push_back(change["path"].get<std::string>());
  }
  return paths;
}

std::vector<double> ValuesOf(const CellResults& cell, const Metric& metric) {
  const json::json_pointer pointer(metric.pointer);
  std::vector<double> values;
  for (const json* result : cell.results) {
    if (!result->contains(pointer) || !result->at(pointer).is_number()) continue;
    values.push_back(result->at(pointer).get<double>());
  }
  return values;
}

EffectVerdict VerdictOf(const Metric& metric, const std::optional<Interval>& ratio) {
  if (!ratio) return EffectVerdict::kTooFew;
  if (ratio->low <= 1 && ratio->high >= 1) return EffectVerdict::kNoDifference;
  return (ratio->low > 1) == metric.higher_is_better ? EffectVerdict::kBetter
                                                     : EffectVerdict::kWorse;
}

std::vector<Effect> EffectsOf(const CellResults& a, const CellResults& b) {
  std::vector<Effect> effects;
  for (const Metric& metric : kMetrics) {
    Effect effect;
    effect.metric = &metric;
    effect.a = ValuesOf(a, metric);
    effect.b = ValuesOf(b, metric);
    // A ratio to nothing says nothing, nor do resamples that may be of nothing.
    if (effect.b.empty() || effect.a.empty() ||
        *std::min_element(effect.a.begin(), effect.a.end()) <= 0) {
      continue;
    }
    effect.ratio = Median(effect.b) / Median(effect.a);
    effect.interval = RatioInterval(effect.b, effect.a);
    effect.verdict = VerdictOf(metric, effect.interval);
    effects.push_back(std::move(effect));
  }
  return effects;
}

/// Finds partners, the most alike first.
class Pairer {
 public:
  Pairer(const ResultSet& a, const ResultSet& b) : a_(CellsOf(a)), b_(CellsOf(b)) {}

  Comparison Run() {
    PairBy(Pairing::kCellId, [](const CellResults& cell) { return cell.name.cell_id; });
    PairBy(Pairing::kLabel, [](const CellResults& cell) { return Measured(cell, true); });
    if (comparison_.cells.empty() && HasOneLabel(a_) && HasOneLabel(b_)) {
      PairBy(Pairing::kWorkload, [](const CellResults& cell) { return Measured(cell, false); });
    }
    AddAlone(true, a_, b_);
    AddAlone(false, b_, a_);
    std::sort(comparison_.cells.begin(), comparison_.cells.end(),
              [](const ComparedCells& x, const ComparedCells& y) {
                return std::tie(x.a.workload, x.a.threads, x.a.label, x.a.cell_id) <
                       std::tie(y.a.workload, y.a.threads, y.a.label, y.a.cell_id);
              });
    return std::move(comparison_);
  }

 private:
  using Group = std::vector<CellResults*>;

  /// Pairs cells of the same key, where each side has one of it alone: which of several belong
  /// together cannot be told.
  template <class Key>
  void PairBy(Pairing pairing, const Key& key) {
    std::map<std::string, std::pair<Group, Group>> groups;
    for (CellResults& cell : a_) groups[key(cell)].first.push_back(&cell);
    for (CellResults& cell : b_) groups[key(cell)].second.push_back(&cell);
    for (const auto& [unused, group] : groups) {
      if (group.first.size() != 1 || group.second.size() != 1) continue;
      CellResults& a = *group.first.front();
      CellResults& b = *group.second.front();
      if (a.paired || b.paired) continue;
      a.paired = b.paired = true;
      ComparedCells cells;
      cells.a = a.name;
      cells.b = b.name;
      cells.pairing = pairing;
      cells.differences = DifferencesOf(a, b);
      cells.effects = EffectsOf(a, b);
      cells.decided_by = a.first().contains("arrival") ? "latency_p99_ns" : "throughput_ops_s";
      comparison_.cells.push_back(std::move(cells));
    }
  }

  static bool HasOneLabel(const Cells& cells) {
    return std::all_of(cells.begin(), cells.end(), [&cells](const CellResults& cell) {
      return cell.name.label == cells.front().name.label;
    });
  }

  void AddAlone(bool in_a, const Cells& mine, const Cells& others) {
    std::set<std::string> there;
    for (const CellResults& cell : others) there.insert(Measured(cell, true));
    for (const CellResults& cell : mine) {
      if (cell.paired) continue;
      comparison_.alone.push_back({in_a, cell.name,
                                   there.contains(Measured(cell, true))
                                       ? "several cells of this name differ in configuration"
                                       : "not there"});
    }
  }

  Cells a_;
  Cells b_;
  Comparison comparison_;
};

json NameJson(const CellName& name) {
  return {{"workload", name.workload},
          {"threads", name.threads},
          {"label", name.label},
          {"cell_id", name.cell_id},
          {"sweep", name.coordinates}};
}

json EffectJson(const Effect& effect) {
  return {{"metric", effect.metric->name},
          {"higher_is_better", effect.metric->higher_is_better},
          {"a", effect.a},
          {"b", effect.b},
          {"a_median", Median(effect.a)},
          {"b_median", Median(effect.b)},
          {"ratio", effect.ratio},
          {"ratio_interval",
           effect.interval ? json{effect.interval->low, effect.interval->high} : json()},
          {"verdict", kEffectVerdictNames[static_cast<size_t>(effect.verdict)]}};
}

}  // namespace

const Effect* ComparedCells::Deciding() const {
  const auto effect = std::find_if(effects.begin(), effects.end(), [this](const Effect& candidate) {
    return candidate.metric->name == decided_by;
  });
  return effect == effects.end() ? nullptr : &*effect;
}

EffectVerdict ComparedCells::Verdict() const {
  const Effect* deciding = Deciding();
  return deciding == nullptr ? EffectVerdict::kTooFew : deciding->verdict;
}

Comparison Compare(const ResultSet& a, const ResultSet& b) { return Pairer(a, b).Run(); }

json Comparison::Json() const {
  json list = json::array();
  for (const ComparedCells& compared : cells) {
    json effects = json::array();
    for (const Effect& effect : compared.effects) effects.push_back(EffectJson(effect));
    list.push_back({{"a", NameJson(compared.a)},
                    {"b", NameJson(compared.b)},
                    {"paired_by", kPairingNames[static_cast<size_t>(compared.pairing)]},
                    {"differences", compared.differences},
                    {"verdict", kCellVerdictNames[static_cast<size_t>(compared.Verdict())]},
                    {"decided_by", compared.decided_by},
                    {"effects", effects}});
  }
  json lone = json::array();
  for (const LoneCell& cell : alone) {
    json object = NameJson(cell.cell);
    object["in"] = cell.in_a ? "a" : "b";
    object["why"] = cell.why;
    lone.push_back(std::move(object));
  }
  return {{"cells", list}, {"without_partner", lone}, {"confidence", kConfidence}};
}

}  // namespace bwlab::experiment
