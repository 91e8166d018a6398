#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "bwlab/policy/concepts.h"
#include "bwlab/policy/reclamation/epoch_centralized.h"
#include "bwlab/policy/reclamation/epoch_decentralized.h"
#include "bwlab/policy/reclamation/leak.h"
#include "bwlab/policy/reclamation/qsbr.h"

namespace bwlab::test {

/// A policy with options under which its promises must hold.
template <class P, uint32_t frees_per_retire_max, bool membarrier = true>
struct Reclaiming {
  static_assert(ReclamationPolicy<P>);
  using Policy = P;
  static ReclamationOptions Options(uint32_t batch_pages = 4) {
    return {batch_pages, frees_per_retire_max, membarrier};
  }
  static std::string Name() {
    return std::string(P::kName) + (frees_per_retire_max == 0 ? "_immediate" : "_amortised") +
           (membarrier ? "" : "_fence");
  }
};

using DecentralizedImmediate = Reclaiming<EpochDecentralized, 0>;
using DecentralizedFence = Reclaiming<EpochDecentralized, 0, false>;
using DecentralizedAmortised = Reclaiming<EpochDecentralized, 2>;
using CentralizedImmediate = Reclaiming<EpochCentralized, 0>;
using CentralizedAmortised = Reclaiming<EpochCentralized, 2>;
using QsbrImmediate = Reclaiming<Qsbr, 0>;
using QsbrAmortised = Reclaiming<Qsbr, 2>;
using LeakUntilTheEnd = Reclaiming<Leak, 0>;

struct ReclaimingName {
  template <class Config>
  static std::string GetName(int) {
    return Config::Name();
  }
};

/// What a test's free(Retired*) was called for, in order.
class FreedPages {
 public:
  auto Free() {
    return [this](Retired* page) { pages_.push_back(page); };
  }
  bool Has(const Retired& page) const {
    return std::find(pages_.begin(), pages_.end(), &page) != pages_.end();
  }
  std::size_t count() const { return pages_.size(); }
  /// How many different ones: less than count() where a page was freed twice.
  std::size_t distinct() const {
    std::vector<Retired*> sorted = pages_;
    std::sort(sorted.begin(), sorted.end());
    return static_cast<std::size_t>(std::unique(sorted.begin(), sorted.end()) - sorted.begin());
  }

 private:
  std::vector<Retired*> pages_;
};

}  // namespace bwlab::test
