// What all reclamation policies promise alike, seen from one thread.

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "bwlab/policy/reclamation/reclamation_policy_test.h"

namespace bwlab::test {
namespace {

template <class Config>
class ReclamationBaseTest : public testing::Test {
 protected:
  using Policy = typename Config::Policy;
  using Participant = typename Policy::Participant;

  auto Free() { return freed_.Free(); }
  bool IsFreed(const Retired& page) const { return freed_.Has(page); }
  std::unique_ptr<Participant> Join() { return std::make_unique<Participant>(domain_); }
  /// What a session that is not idle does all the time; qsbr relies on it.
  static void WorkOnce(Participant& participant) {
    participant.Enter();
    participant.Exit();
  }

  typename Policy::Domain domain_{Config::Options()};
  FreedPages freed_;
};

/// Policies that free while the domain is in use.
template <class Config>
class ReclamationTest : public ReclamationBaseTest<Config> {};
using Reclaimers =
    testing::Types<DecentralizedImmediate, DecentralizedFence, DecentralizedAmortised,
                   CentralizedImmediate, CentralizedAmortised, QsbrImmediate, QsbrAmortised>;
TYPED_TEST_SUITE(ReclamationTest, Reclaimers, ReclaimingName);

TYPED_TEST(ReclamationTest, APageIsNotFreedWhileASectionThatBeganBeforeIsOpen) {
  auto reader = this->Join();
  auto writer = this->Join();
  Retired page;
  reader->Enter();
  writer->Retire(&page, this->Free());
  for (int i = 0; i < 5; ++i) writer->Collect(this->Free());
  EXPECT_FALSE(this->IsFreed(page));
  reader->Exit();
  writer->Collect(this->Free());
  EXPECT_TRUE(this->IsFreed(page));
}

TYPED_TEST(ReclamationTest, ALaterSectionOfTheSameReaderDoesNotLetItsEarlierPagesGoEarly) {
  auto reader = this->Join();
  auto writer = this->Join();
  Retired first;
  Retired second;
  reader->Enter();
  writer->Retire(&first, this->Free());
  reader->Exit();
  reader->Enter();
  writer->Retire(&second, this->Free());
  for (int i = 0; i < 5; ++i) writer->Collect(this->Free());
  EXPECT_FALSE(this->IsFreed(second));
  reader->Exit();
  for (int i = 0; i < 2; ++i) writer->Collect(this->Free());
  EXPECT_TRUE(this->IsFreed(first));
  EXPECT_TRUE(this->IsFreed(second));
}

TYPED_TEST(ReclamationTest, TheSectionOfTheRetirerItselfHoldsThePage) {
  auto writer = this->Join();
  Retired page;
  writer->Enter();
  writer->Retire(&page, this->Free());
  writer->Collect(this->Free());
  EXPECT_FALSE(this->IsFreed(page));
  writer->Exit();
  writer->Collect(this->Free());
  EXPECT_TRUE(this->IsFreed(page));
}

TYPED_TEST(ReclamationTest, ASectionThatBeganAfterTheBatchWasClosedHoldsNothingBack) {
  auto reader = this->Join();
  auto writer = this->Join();
  Retired page;
  writer->Enter();
  writer->Retire(&page, this->Free());
  writer->Collect(this->Free());  // closes the batch; the writer's own section still holds it
  EXPECT_FALSE(this->IsFreed(page));
  writer->Exit();
  reader->Enter();
  writer->Collect(this->Free());
  EXPECT_TRUE(this->IsFreed(page));
  reader->Exit();
}

TYPED_TEST(ReclamationTest, AParticipantThatNeverBeganASectionHoldsNothingBack) {
  auto idle = this->Join();
  auto writer = this->Join();
  Retired page;
  writer->Retire(&page, this->Free());
  writer->Collect(this->Free());
  EXPECT_TRUE(this->IsFreed(page));
}

TYPED_TEST(ReclamationTest, AParticipantThatHasLeftHoldsNothingBackAndMayComeBack) {
  auto guest = this->Join();
  auto writer = this->Join();
  guest->Enter();
  guest->Exit();
  guest->Leave(this->Free());
  Retired page;
  writer->Retire(&page, this->Free());
  writer->Collect(this->Free());
  EXPECT_TRUE(this->IsFreed(page));
  Retired later;
  guest->Enter();
  writer->Retire(&later, this->Free());
  writer->Collect(this->Free());
  EXPECT_FALSE(this->IsFreed(later));
  guest->Exit();
  writer->Collect(this->Free());
  EXPECT_TRUE(this->IsFreed(later));
}

TYPED_TEST(ReclamationTest, SectionsNest) {
  auto reader = this->Join();
  auto writer = this->Join();
  Retired page;
  reader->Enter();
  reader->Enter();
  reader->Exit();
  EXPECT_TRUE(reader->pinned());
  writer->Retire(&page, this->Free());
  writer->Collect(this->Free());
  EXPECT_FALSE(this->IsFreed(page));
  reader->Exit();
  EXPECT_FALSE(reader->pinned());
  writer->Collect(this->Free());
  EXPECT_TRUE(this->IsFreed(page));
}

TYPED_TEST(ReclamationTest, RetiringAloneFreesInTheEnd) {
  auto writer = this->Join();
  std::vector<Retired> pages(100);
  for (Retired& page : pages) writer->Retire(&page, this->Free());
  EXPECT_GE(this->freed_.count(), 80u);
  EXPECT_EQ(this->freed_.distinct(), this->freed_.count());
}

TYPED_TEST(ReclamationTest, AStalledSectionCostsMemoryOnly) {
  auto reader = this->Join();
  auto writer = this->Join();
  std::vector<Retired> pages(1000);
  for (Retired& page : pages) page.bytes = 64;
  reader->Enter();
  for (Retired& page : pages) writer->Retire(&page, this->Free());
  EXPECT_EQ(this->freed_.count(), 0u);
  EXPECT_EQ(writer->RetiredBytes(), 64'000);
  reader->Exit();
  // The first collection empties the ring of batches, the second one closes what did not fit in it.
  for (int i = 0; i < 3; ++i) {
    writer->Collect(this->Free());
    this->WorkOnce(*reader);
  }
  EXPECT_EQ(this->freed_.count(), 1000u);
  EXPECT_EQ(this->freed_.distinct(), 1000u);
  EXPECT_EQ(writer->RetiredBytes(), 0);
}

TYPED_TEST(ReclamationTest, WhatALeavingParticipantCannotFreeIsFreedByTheNextCollector) {
  auto reader = this->Join();
  auto leaver = this->Join();
  auto heir = this->Join();
  std::vector<Retired> pages(6);  // a batch and a half
  for (Retired& page : pages) page.bytes = 64;
  reader->Enter();
  for (Retired& page : pages) leaver->Retire(&page, this->Free());
  leaver->Leave(this->Free());
  EXPECT_EQ(this->freed_.count(), 0u);
  reader->Exit();
  heir->Collect(this->Free());  // takes the pages over where they are the leaver's
  this->WorkOnce(*reader);
  heir->Collect(this->Free());
  EXPECT_EQ(this->freed_.distinct(), 6u);
  EXPECT_EQ(leaver->RetiredBytes() + heir->RetiredBytes(), 0);
}

TYPED_TEST(ReclamationTest, LeavingFreesWhatNobodyHolds) {
  auto leaver = this->Join();
  Retired page;
  leaver->Enter();
  leaver->Retire(&page, this->Free());
  leaver->Exit();
  leaver->Leave(this->Free());
  EXPECT_TRUE(this->IsFreed(page));
}

/// Policies whose idle participants hold nothing.
template <class Config>
class ReclamationBesideIdleTest : public ReclamationBaseTest<Config> {};
using IndifferentToIdle =
    testing::Types<DecentralizedImmediate, DecentralizedFence, DecentralizedAmortised,
                   CentralizedImmediate, CentralizedAmortised>;
TYPED_TEST_SUITE(ReclamationBesideIdleTest, IndifferentToIdle, ReclaimingName);

TYPED_TEST(ReclamationBesideIdleTest, AnOpenButIdleParticipantHoldsNothingBack) {
  auto idle = this->Join();
  idle->Enter();
  idle->Exit();
  auto writer = this->Join();
  Retired page;
  writer->Retire(&page, this->Free());
  writer->Collect(this->Free());
  EXPECT_TRUE(this->IsFreed(page));
}

template <class Config>
class ReclamationImmediateTest : public ReclamationBaseTest<Config> {};
using ImmediateReclaimers =
    testing::Types<DecentralizedImmediate, DecentralizedFence, CentralizedImmediate, QsbrImmediate>;
TYPED_TEST_SUITE(ReclamationImmediateTest, ImmediateReclaimers, ReclaimingName);

TYPED_TEST(ReclamationImmediateTest, AFullBatchIsFreedAtOnce) {
  auto writer = this->Join();
  std::vector<Retired> pages(4);
  for (int i = 0; i < 3; ++i) writer->Retire(&pages[i], this->Free());
  EXPECT_EQ(this->freed_.count(), 0u);
  writer->Retire(&pages[3], this->Free());
  EXPECT_EQ(this->freed_.count(), 4u);
}

template <class Config>
class ReclamationAmortisedTest : public ReclamationBaseTest<Config> {};
using AmortisedReclaimers =
    testing::Types<DecentralizedAmortised, CentralizedAmortised, QsbrAmortised>;
TYPED_TEST_SUITE(ReclamationAmortisedTest, AmortisedReclaimers, ReclaimingName);

TYPED_TEST(ReclamationAmortisedTest, NoRetireFreesMoreThanItsShare) {
  auto reader = this->Join();
  auto writer = this->Join();
  std::vector<Retired> pages(200);
  reader->Enter();
  for (int i = 0; i < 100; ++i) writer->Retire(&pages[i], this->Free());
  reader->Exit();  // a backlog of 100 pages
  std::size_t before = 0;
  std::size_t retires_that_freed_two = 0;
  for (int i = 100; i < 200; ++i) {
    this->WorkOnce(*reader);
    writer->Retire(&pages[i], this->Free());
    ASSERT_LE(this->freed_.count() - before, 2u);
    retires_that_freed_two += this->freed_.count() - before == 2 ? 1 : 0;
    before = this->freed_.count();
  }
  EXPECT_GE(retires_that_freed_two, 90u);  // it works the backlog off
}

TYPED_TEST(ReclamationAmortisedTest, CollectingAndLeavingFreeWhateverIsReady) {
  auto writer = this->Join();
  std::vector<Retired> pages(8);
  for (Retired& page : pages) writer->Retire(&page, this->Free());
  EXPECT_LT(this->freed_.count(), 8u);
  writer->Leave(this->Free());
  EXPECT_EQ(this->freed_.distinct(), 8u);
}

/// What leaking promises too.
template <class Config>
class AnyReclamationTest : public ReclamationBaseTest<Config> {};
using AllPolicies =
    testing::Types<DecentralizedImmediate, DecentralizedFence, DecentralizedAmortised,
                   CentralizedImmediate, CentralizedAmortised, QsbrImmediate, QsbrAmortised,
                   LeakUntilTheEnd>;
TYPED_TEST_SUITE(AnyReclamationTest, AllPolicies, ReclaimingName);

TYPED_TEST(AnyReclamationTest, DrainingEveryParticipantFreesEveryPageOnce) {
  auto reader = this->Join();
  auto leaver = this->Join();
  auto writer = this->Join();
  std::vector<Retired> pages(30);
  for (Retired& page : pages) page.bytes = 64;
  reader->Enter();
  for (int i = 0; i < 7; ++i) leaver->Retire(&pages[i], this->Free());
  leaver->Leave(this->Free());
  for (int i = 7; i < 30; ++i) writer->Retire(&pages[i], this->Free());
  reader->Exit();
  for (auto* participant : {reader.get(), leaver.get(), writer.get()}) {
    participant->Drain(this->Free());
  }
  EXPECT_EQ(this->freed_.count(), 30u);
  EXPECT_EQ(this->freed_.distinct(), 30u);
  EXPECT_EQ(reader->RetiredBytes() + leaver->RetiredBytes() + writer->RetiredBytes(), 0);
}

TYPED_TEST(AnyReclamationTest, PinnedTellsWhetherASectionIsOpen) {
  auto reader = this->Join();
  EXPECT_FALSE(reader->pinned());
  reader->Enter();
  EXPECT_TRUE(reader->pinned());
  reader->Exit();
  EXPECT_FALSE(reader->pinned());
}

using LeakTest = ReclamationBaseTest<LeakUntilTheEnd>;

TEST_F(LeakTest, NothingIsFreedBeforeTheEnd) {
  auto writer = Join();
  std::vector<Retired> pages(1000);
  for (Retired& page : pages) {
    page.bytes = 64;
    writer->Retire(&page, Free());
  }
  writer->Collect(Free());
  writer->Leave(Free());
  EXPECT_EQ(freed_.count(), 0u);
  EXPECT_EQ(writer->RetiredBytes(), 64'000);
}

}  // namespace
}  // namespace bwlab::test
