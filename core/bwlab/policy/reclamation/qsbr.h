#pragma once

#include <string_view>

#include "bwlab/base/assert.h"
#include "bwlab/base/test_hooks.h"
#include "bwlab/policy/reclamation/announced_epochs.h"
#include "bwlab/policy/reclamation/reclamation_options.h"

namespace bwlab {

/// Quiescent-state-based reclamation: a section begins without a store; when it ends, the
/// participant announces that it has passed a quiescent state, and only if the epoch has moved
/// since its last announcement. Source: McKenney and Slingwine, PDCS 1998 (read-copy update);
/// compared with others by Hart et al., JPDC 2007. Choose it where every open session keeps
/// working. A session that is open and idle keeps the epoch that it announced last, so that no page
/// that is retired later comes back until it works again, parks or ends.
///
/// Protocol: that of AnnouncedEpochs. An announcement e holds for the section that ended before it
/// and for all that follow until the next announcement:
///   - Enter needs no store and no barrier. Every load of a section is sequenced after the acquire
///     load (E1) that returned the announced e, whose place is the end of an earlier section. So it
///     comes after the unlinking of every batch stamped below e, and those are the only batches
///     that the announcement lets go. What was unlinked later is stamped e or above, and waits for
///     a later announcement, which this participant makes after the section (E2).
///   - Between (E2) and the next section's loads nothing needs to be in order: a collector that
///     still reads the earlier announcement waits longer.
///   - Where the epoch has not moved, the announcement would store the value that stands there. It
///     would free nothing more, and is left out.
///   - A participant is offline (quiescent) from its construction, from Park and from Leave on, to
///     its next section. That section announces and pays a full fence, the partner of the
///     collector's (E4): the case "quiescent" of AnnouncedEpochs.
/// Progress: as EpochDecentralized, but that an idle session holds pages as well as a stalled one.
struct Qsbr {
  static constexpr std::string_view kName = "qsbr";
  static constexpr std::string_view kSummary =
      "no store when an operation begins; for sessions that never rest: an idle open session holds "
      "back every page retired since";

  /// Heeds batch_pages and frees_per_retire_max. A membarrier would save nothing: the only fences
  /// are those of a collection and of a participant that comes back from offline.
  class Domain : public AnnouncedEpochs {
   public:
    explicit Domain(const ReclamationOptions& options)
        : AnnouncedEpochs(options, /*membarrier=*/false) {}
  };

  class Participant : public AnnouncedEpochs::Participant {
   public:
    explicit Participant(Domain& domain) : AnnouncedEpochs::Participant(domain) {}

    /// Begins a section; sections nest.
    void Enter() {
      if (!nesting().Enter() || !quiescent()) return;
      Announce(LoadEpoch());
      BarrierAfterAnnouncing();
    }

    void Exit() {
      if (!nesting().Exit() && !BWLAB_MUTANT(QuiescentInside)) return;
      const uint64_t epoch = LoadEpoch();
      if (epoch != announced()) Announce(epoch);
    }

    /// Goes offline, so that an idle participant holds nothing back. The next section comes online
    /// by itself, for the price of a fence. Outside any section.
    void Park() {
      BWLAB_ASSERT(!pinned());
      AnnounceQuiescent();
    }

    template <class Free>
    void Leave(Free&& free) {
      Park();
      AnnouncedEpochs::Participant::Leave(free);
    }
  };
};

}  // namespace bwlab
