#include "bwlab/policy/reclamation/epoch_centralized.h"

#include <gtest/gtest.h>

#include <vector>

#include "bwlab/policy/reclamation/reclamation_policy_test.h"

namespace bwlab {

/// The steps of a section's beginning and of a reclaimer, taken one at a time as by a slow thread.
struct EpochCentralizedSteps {
  static constexpr uint64_t kSlots = EpochCentralized::Domain::kSlots;
  static bool TryJoin(EpochCentralized::Domain& domain, uint64_t epoch) {
    return domain.TryJoin(epoch);
  }
  static uint64_t Oldest(const EpochCentralized::Domain& domain) { return domain.oldest_; }
};

namespace {

using Domain = EpochCentralized::Domain;
using Participant = EpochCentralized::Participant;

TEST(EpochCentralized, AnyParticipantFreesWhatOthersRetired) {
  test::FreedPages freed;
  Domain domain({});
  Participant retirer(domain);
  Participant other(domain);
  Retired page;
  page.bytes = 64;
  retirer.Retire(&page, freed.Free());
  other.Collect(freed.Free());
  EXPECT_TRUE(freed.Has(page));
  EXPECT_EQ(retirer.RetiredBytes(), 64);
  EXPECT_EQ(other.RetiredBytes(), -64);
}

TEST(EpochCentralized, AnOlderEpochInUseHoldsBackYoungerOnes) {
  test::FreedPages freed;
  Domain domain({.batch_pages = 1});
  Participant old_reader(domain);
  Participant young_reader(domain);
  Participant writer(domain);
  std::vector<Retired> pages(3);
  old_reader.Enter();
  writer.Retire(&pages[0], freed.Free());
  young_reader.Enter();
  writer.Retire(&pages[1], freed.Free());
  young_reader.Exit();  // its epoch is empty now, the one before is not
  writer.Retire(&pages[2], freed.Free());
  EXPECT_EQ(freed.count(), 0u);
  old_reader.Exit();
  writer.Collect(freed.Free());
  EXPECT_EQ(freed.distinct(), 3u);
}

TEST(EpochCentralized, AYoungerEpochInUseDoesNotHoldBackOlderOnes) {
  test::FreedPages freed;
  Domain domain({.batch_pages = 1});
  Participant old_reader(domain);
  Participant young_reader(domain);
  Participant writer(domain);
  Retired page;
  old_reader.Enter();
  writer.Retire(&page, freed.Free());
  young_reader.Enter();
  old_reader.Exit();
  writer.Collect(freed.Free());
  EXPECT_TRUE(freed.Has(page));
  young_reader.Exit();
}

TEST(EpochCentralized, EpochsStopAdvancingWhileAStalledSectionHoldsThemAndGoOnAfter) {
  test::FreedPages freed;
  Domain domain({.batch_pages = 1});
  Participant reader(domain);
  Participant writer(domain);
  std::vector<Retired> pages(1000);
  reader.Enter();
  const uint64_t stalled_at = domain.epoch();
  for (int i = 0; i < 500; ++i) writer.Retire(&pages[i], freed.Free());
  EXPECT_LT(domain.epoch() - stalled_at, 32u);
  reader.Exit();
  const uint64_t resumed_at = domain.epoch();
  for (int i = 500; i < 1000; ++i) writer.Retire(&pages[i], freed.Free());
  EXPECT_GT(domain.epoch() - resumed_at, 400u);  // many times around the slots
  writer.Collect(freed.Free());
  EXPECT_EQ(freed.count(), 1000u);
  EXPECT_EQ(freed.distinct(), 1000u);
}

TEST(EpochCentralized, ASlowSectionDoesNotJoinAnEpochThatIsReclaimed) {
  test::FreedPages freed;
  Domain domain({});
  Participant writer(domain);
  const uint64_t read_long_ago = domain.epoch();
  std::vector<Retired> pages(200);
  for (Retired& page : pages) {
    writer.Retire(&page, freed.Free());
    writer.Collect(freed.Free());
    // Among them are all lives of a slot: reclaimed and unused, current, waiting to be reclaimed.
    EXPECT_FALSE(EpochCentralizedSteps::TryJoin(domain, read_long_ago));
  }
  EXPECT_GT(domain.epoch() - read_long_ago, EpochCentralizedSteps::kSlots);
  EXPECT_EQ(freed.distinct(), 200u);  // nothing was left behind that holds an epoch back
}

TEST(EpochCentralized, ASlotThatASlowReclaimerRemembersIsNotReused) {
  test::FreedPages freed;
  Domain domain({.batch_pages = 1});
  Participant stalled(domain);
  Participant slow_reclaimer(domain);
  Participant writer(domain);
  std::vector<Retired> pages(1000);
  stalled.Enter();
  for (int i = 0; i < 500; ++i) writer.Retire(&pages[i], freed.Free());
  slow_reclaimer.Enter();
  const uint64_t remembered = EpochCentralizedSteps::Oldest(domain);
  stalled.Exit();
  for (int i = 500; i < 1000; ++i) writer.Retire(&pages[i], freed.Free());
  EXPECT_GT(EpochCentralizedSteps::Oldest(domain), remembered);  // others went on without it
  EXPECT_LT(domain.epoch(), remembered + EpochCentralizedSteps::kSlots);
  slow_reclaimer.Exit();
  writer.Collect(freed.Free());
  writer.Collect(freed.Free());
  EXPECT_EQ(freed.distinct(), 1000u);
}

TEST(EpochCentralized, CollectingWithNothingRetiredLeavesTheEpochAlone) {
  test::FreedPages freed;
  Domain domain({});
  Participant writer(domain);
  const uint64_t before = domain.epoch();
  writer.Collect(freed.Free());
  EXPECT_EQ(domain.epoch(), before);
}

}  // namespace
}  // namespace bwlab
