#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "bwlab/workload/distribution.h"
#include "bwlab/workload/op.h"

namespace bwlab::workload {

/// Which record an operation asks for.
struct RequestSpec {
  DistributionKind distribution = DistributionKind::kUniform;
  double theta = 0.0;  ///< zipfian and latest only
  bool scrambled =
      true;  ///< zipfian only: popular records are scattered over the ranks, not the first ones

  friend bool operator==(const RequestSpec&, const RequestSpec&) = default;
};

/// How many records a scan asks for: uniform over [min, max].
struct ScanSpec {
  uint16_t length_min = 1;
  uint16_t length_max = 100;

  friend bool operator==(const ScanSpec&, const ScanSpec&) = default;
};

/// A named workload: the mix of operations and whom they ask for. How many records and operations
/// there are, and which keys, is the experiment's business.
struct WorkloadSpec {
  std::string name;
  std::string title;
  std::string source;                         ///< where the definition comes from
  std::array<double, kOpKindCount> mix = {};  ///< share of each kind by IndexOf(kind); sums to 1
  RequestSpec request;                        ///< unused where InsertsOnly()
  ScanSpec scan;                              ///< unused where the mix has no scans

  double Share(OpKind kind) const { return mix[IndexOf(kind)]; }
  bool Has(OpKind kind) const { return Share(kind) > 0; }

  /// No operation asks for a record that is there already: it can run on an empty index.
  bool InsertsOnly() const {
    for (const OpKind kind : kAllOpKinds) {
      if (kind != OpKind::kInsert && Has(kind)) return false;
    }
    return true;
  }

  /// Whether a read, update or delete that finds nothing is an error of the engine. Streams ask
  /// only for loaded keys and for keys that the same thread inserted before, so only deletes can
  /// make a key disappear.
  bool MissIsError() const { return !Has(OpKind::kDelete); }

  friend bool operator==(const WorkloadSpec&, const WorkloadSpec&) = default;
};

}  // namespace bwlab::workload
