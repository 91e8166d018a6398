#pragma once

#include <cstdint>
#include <string_view>

#include "bwlab/policy/reclamation/ready_pages.h"
#include "bwlab/policy/reclamation/reclamation_options.h"
#include "bwlab/policy/reclamation/retired.h"
#include "bwlab/policy/reclamation/section_nesting.h"

namespace bwlab {

/// Frees nothing before the end. The baseline that shows what reclamation costs (and what reusing
/// warm pages gains); choose it for nothing else, since memory grows with every consolidation.
/// Progress: everything is wait-free.
struct Leak {
  static constexpr std::string_view kName = "leak";
  static constexpr std::string_view kSummary =
      "frees nothing before the tree ends; the baseline that shows what reclamation costs";

  /// Heeds no option.
  class Domain {
   public:
    explicit Domain(const ReclamationOptions& /*options*/) {}
  };

  /// One session's side. Thread safety: one thread at a time; RetiredBytes from any thread.
  class Participant {
   public:
    explicit Participant(Domain& /*domain*/) {}
    Participant(const Participant&) = delete;
    Participant& operator=(const Participant&) = delete;

    void Enter() { nesting_.Enter(); }
    void Exit() { nesting_.Exit(); }
    bool pinned() const { return nesting_.open(); }

    template <class Free>
    void Retire(Retired* page, Free&& /*free*/) {
      retired_.CountRetired(page->bytes);
      retired_.Add(page);
    }
    template <class Free>
    void Collect(Free&& /*free*/) {}
    /// The pages stay here: the participant lives as long as the domain and is drained in the end.
    template <class Free>
    void Leave(Free&& /*free*/) {}
    template <class Free>
    void Drain(Free&& free) {
      retired_.FreeAll(free);
    }
    int64_t RetiredBytes() const { return retired_.bytes(); }

   private:
    SectionNesting nesting_;
    ReadyPages retired_{ReclamationOptions{}};
  };
};

}  // namespace bwlab
