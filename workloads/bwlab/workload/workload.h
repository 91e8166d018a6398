#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "bwlab/workload/op.h"
#include "bwlab/workload/request.h"
#include "bwlab/workload/scan.h"

namespace bwlab::workload {

/// What operations there are and whom they ask for.
struct TrafficSpec {
  std::array<double, kOpKindCount> mix = {};  ///< share of each kind by IndexOf(kind); sums to 1
  RequestSpec request;                        ///< unused where InsertsOnly()
  ScanSpec scan;                              ///< unused where the mix has no scans

  double Share(OpKind kind) const { return mix[IndexOf(kind)]; }
  bool Has(OpKind kind) const { return Share(kind) > 0; }
  bool HasScans() const { return Has(OpKind::kScan) || Has(OpKind::kReverseScan); }

  /// No operation asks for a record that is there already: it can run on an empty index.
  bool InsertsOnly() const {
    for (const OpKind kind : kAllOpKinds) {
      if (kind != OpKind::kInsert && Has(kind)) return false;
    }
    return true;
  }

  friend bool operator==(const TrafficSpec&, const TrafficSpec&) = default;
};

/// A part of a workload whose traffic changes over time.
struct PhaseSpec : TrafficSpec {
  double share = 0;  ///< of each thread's operations; those of all phases sum to 1

  friend bool operator==(const PhaseSpec&, const PhaseSpec&) = default;
};

inline constexpr size_t kPhasesMax = 64;

/// A named workload. How many records and operations there are, and which keys, is the experiment's
/// business.
///
/// Its traffic is the same throughout, or that of one phase after the other. In the second case
/// `mix` is the mix over all phases, so that Share(), Has(), InsertsOnly() and MissIsError() hold
/// for the whole, and `request` and `scan` are unused.
struct WorkloadSpec : TrafficSpec {
  std::string name;
  std::string title;
  std::string source;             ///< where the definition comes from
  std::vector<PhaseSpec> phases;  ///< empty, or 1 to kPhasesMax; set by SetPhases()

  void SetPhases(std::vector<PhaseSpec> in_turn) {
    phases = std::move(in_turn);
    mix = {};
    for (const PhaseSpec& phase : phases) {
      for (const OpKind kind : kAllOpKinds) mix[IndexOf(kind)] += phase.share * phase.Share(kind);
    }
  }

  /// The traffic of each phase, or the one that is the same throughout.
  std::vector<TrafficSpec> InTurn() const {
    if (phases.empty()) return {*this};
    return {phases.begin(), phases.end()};
  }

  /// Whether a read, update or delete that finds nothing is an error of the engine. Streams ask
  /// only for loaded keys and for keys that the same thread inserted before, so only deletes can
  /// make a key disappear.
  bool MissIsError() const { return !Has(OpKind::kDelete); }

  friend bool operator==(const WorkloadSpec&, const WorkloadSpec&) = default;
};

}  // namespace bwlab::workload
