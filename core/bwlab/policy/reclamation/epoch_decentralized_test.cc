#include "bwlab/policy/reclamation/epoch_decentralized.h"

#include <gtest/gtest.h>

#include <vector>

#include "bwlab/base/memory.h"
#include "bwlab/policy/reclamation/reclamation_policy_test.h"

namespace bwlab {
namespace {

using Domain = EpochDecentralized::Domain;
using Participant = EpochDecentralized::Participant;

TEST(EpochDecentralized, ReadersPayAFenceWhereTheyAreToldToOrTheKernelHasNoMembarrier) {
  EXPECT_EQ(Domain({.membarrier = true}).uses_membarrier(), MembarrierAvailable());
  EXPECT_FALSE(Domain({.membarrier = false}).uses_membarrier());
}

TEST(EpochDecentralized, TheEpochAdvancesOnceABatch) {
  test::FreedPages freed;
  Domain domain({.batch_pages = 8});
  Participant writer(domain);
  const uint64_t before = domain.epoch();
  std::vector<Retired> pages(64);
  for (Retired& page : pages) writer.Retire(&page, freed.Free());
  EXPECT_EQ(domain.epoch() - before, 8u);
}

TEST(EpochDecentralized, CollectingWithNothingRetiredLeavesTheEpochAlone) {
  test::FreedPages freed;
  Domain domain({});
  Participant writer(domain);
  const uint64_t before = domain.epoch();
  writer.Collect(freed.Free());
  EXPECT_EQ(domain.epoch(), before);
}

TEST(EpochDecentralized, WhatAParticipantRetiredIsFreedByItAlone) {
  test::FreedPages freed;
  Domain domain({});
  Participant retirer(domain);
  Participant other(domain);
  Retired page;
  retirer.Retire(&page, freed.Free());
  for (int i = 0; i < 3; ++i) other.Collect(freed.Free());
  EXPECT_FALSE(freed.Has(page));
  retirer.Collect(freed.Free());
  EXPECT_TRUE(freed.Has(page));
}

}  // namespace
}  // namespace bwlab
