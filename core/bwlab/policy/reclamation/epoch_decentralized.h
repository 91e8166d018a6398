#pragma once

#include <string_view>

#include "bwlab/base/memory.h"
#include "bwlab/base/test_hooks.h"
#include "bwlab/policy/reclamation/announced_epochs.h"
#include "bwlab/policy/reclamation/reclamation_options.h"

namespace bwlab {

/// Epoch-based reclamation in which each session announces its epoch in a line of its own and frees
/// what it retired itself. Nothing shared is written but the global epoch, once a batch. Source:
/// Wang et al., SIGMOD 2018, section 4.2 (decentralised epochs). Differs: the epoch is advanced by
/// whoever closes a batch instead of a timer thread, and a reader pays a plain store: the
/// collector's membarrier(2) supplies the barrier.
///
/// Protocol: that of AnnouncedEpochs; a participant announces the epoch when a section begins and
/// is quiescent between sections.
/// Progress: Enter, Exit and Retire are wait-free (but for adopting and leaving orphans, which is
/// lock-free); a stalled section keeps pages from being freed and stops nobody.
struct EpochDecentralized {
  static constexpr std::string_view kName = "epoch_decentralized";
  static constexpr std::string_view kSummary =
      "an epoch a session, batches freed by who retired them; the default";

  /// Heeds all options; a fence replaces the membarrier where the kernel has none.
  class Domain : public AnnouncedEpochs {
   public:
    explicit Domain(const ReclamationOptions& options)
        : AnnouncedEpochs(options, options.membarrier && MembarrierAvailable()) {}
  };

  class Participant : public AnnouncedEpochs::Participant {
   public:
    explicit Participant(Domain& domain) : AnnouncedEpochs::Participant(domain) {}

    /// Begins a section; sections nest.
    void Enter() {
      if (!nesting().Enter() || BWLAB_MUTANT(NoAnnouncement)) return;
      Announce(LoadEpoch());
      BarrierAfterAnnouncing();
    }

    void Exit() {
      if (nesting().Exit()) AnnounceQuiescent();
    }
  };
};

}  // namespace bwlab
