#include "bwlab/policy/reclamation/epoch_decentralized.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace bwlab {
namespace {

using Participant = EpochDecentralized::Participant;

/// Whether readers rely on the collector's membarrier or pay a fence: the promises are the same.
class EpochDecentralizedTest : public testing::TestWithParam<bool> {
 protected:
  EpochDecentralized::Domain domain_{4, GetParam()};
  std::vector<Retired*> freed_;

  auto Free() {
    return [this](Retired* page) { freed_.push_back(page); };
  }
  bool IsFreed(Retired* page) const {
    return std::find(freed_.begin(), freed_.end(), page) != freed_.end();
  }
};

TEST_P(EpochDecentralizedTest, APageIsNotFreedWhileASectionThatBeganBeforeIsOpen) {
  Participant reader(domain_);
  Participant writer(domain_);
  Retired page;
  reader.Enter();
  writer.Retire(&page, Free());
  for (int i = 0; i < 5; ++i) writer.Collect(Free());
  EXPECT_FALSE(IsFreed(&page));
  reader.Exit();
  writer.Collect(Free());
  EXPECT_TRUE(IsFreed(&page));
}

TEST_P(EpochDecentralizedTest, ASectionThatBeganAfterTheBatchWasClosedHoldsNothingBack) {
  Participant reader(domain_);
  Participant writer(domain_);
  Retired page;
  writer.Enter();
  writer.Retire(&page, Free());
  writer.Collect(Free());  // closes the batch; the writer's own section still holds it
  EXPECT_FALSE(IsFreed(&page));
  writer.Exit();
  reader.Enter();
  writer.Collect(Free());
  EXPECT_TRUE(IsFreed(&page));
  reader.Exit();
}

TEST_P(EpochDecentralizedTest, ARegisteredButIdleParticipantHoldsNothingBack) {
  Participant idle(domain_);
  idle.Enter();
  idle.Exit();
  Participant writer(domain_);
  Retired page;
  writer.Retire(&page, Free());
  writer.Collect(Free());
  EXPECT_TRUE(IsFreed(&page));
}

TEST_P(EpochDecentralizedTest, SectionsNest) {
  Participant reader(domain_);
  Participant writer(domain_);
  Retired page;
  reader.Enter();
  reader.Enter();
  reader.Exit();
  writer.Retire(&page, Free());
  writer.Collect(Free());
  EXPECT_FALSE(IsFreed(&page));
  reader.Exit();
  EXPECT_FALSE(reader.pinned());
  writer.Collect(Free());
  EXPECT_TRUE(IsFreed(&page));
}

TEST_P(EpochDecentralizedTest, ABatchIsClosedWhenItIsFull) {
  Participant writer(domain_);
  std::vector<Retired> pages(4);
  for (int i = 0; i < 3; ++i) writer.Retire(&pages[i], Free());
  EXPECT_TRUE(freed_.empty());
  writer.Retire(&pages[3], Free());
  EXPECT_EQ(freed_.size(), 4u);
}

TEST_P(EpochDecentralizedTest, AStalledSectionCostsMemoryOnly) {
  Participant reader(domain_);
  Participant writer(domain_);
  std::vector<Retired> pages(1000);
  for (Retired& page : pages) page.bytes = 64;
  reader.Enter();
  for (Retired& page : pages) writer.Retire(&page, Free());
  EXPECT_TRUE(freed_.empty());
  EXPECT_EQ(writer.RetiredBytes(), 64'000u);
  reader.Exit();
  writer.Collect(Free());
  writer.Collect(Free());  // the first one empties the ring, the second one takes what did not fit
  EXPECT_EQ(freed_.size(), 1000u);
  EXPECT_EQ(writer.RetiredBytes(), 0u);
}

TEST_P(EpochDecentralizedTest, WhatALeavingParticipantCannotFreeIsFreedByTheNextCollector) {
  Participant reader(domain_);
  Participant leaver(domain_);
  Participant heir(domain_);
  Retired page;
  reader.Enter();
  leaver.Retire(&page, Free());
  leaver.Leave(Free());
  EXPECT_FALSE(IsFreed(&page));
  reader.Exit();
  heir.Collect(Free());
  EXPECT_TRUE(IsFreed(&page));
}

TEST_P(EpochDecentralizedTest, DrainFreesEverything) {
  Participant writer(domain_);
  Retired open;
  Retired closed;
  writer.Enter();
  writer.Retire(&closed, Free());
  writer.Collect(Free());
  writer.Retire(&open, Free());
  writer.Exit();
  writer.Drain(Free());
  EXPECT_EQ(freed_.size(), 2u);
}

// Method: one cell holds a page that a writer replaces all the time; a page that is freed is marked
// as garbage before it is used again. Readers look at the page of the cell and must never find
// garbage.
TEST_P(EpochDecentralizedTest, ReadersNeverSeeAFreedPage) {
  struct Page : Retired {
    std::atomic<int> state{0};  // 1 live, 2 garbage
  };
  constexpr int kRounds = 20'000;
  std::vector<std::unique_ptr<Page>> pages;
  std::vector<Page*> pool;
  for (int i = 0; i < 256; ++i) pool.push_back(pages.emplace_back(new Page).get());
  Page* first = pool.back();
  pool.pop_back();
  first->state = 1;
  std::atomic<Page*> cell{first};
  std::atomic<bool> done{false};
  std::atomic<int> seen_garbage{0};

  std::vector<std::unique_ptr<Participant>> participants;  // live as long as the domain is used
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    participants.push_back(std::make_unique<Participant>(domain_));
    readers.emplace_back([&, &reader = *participants.back()] {
      while (!done.load(std::memory_order_relaxed)) {
        reader.Enter();
        const Page* page = cell.load(std::memory_order_acquire);
        for (int look = 0; look < 8; ++look) {
          if (page->state.load(std::memory_order_relaxed) != 1) ++seen_garbage;
        }
        reader.Exit();
      }
    });
  }
  Participant writer(domain_);
  const auto free_page = [&](Retired* retired) {
    auto* page = static_cast<Page*>(retired);
    page->state.store(2, std::memory_order_relaxed);
    pool.push_back(page);
  };
  int rounds = 0;
  while (rounds < kRounds) {
    if (pool.empty()) {
      writer.Collect(free_page);
      std::this_thread::yield();
      continue;
    }
    Page* page = pool.back();
    pool.pop_back();
    page->state.store(1, std::memory_order_relaxed);
    writer.Retire(cell.exchange(page, std::memory_order_acq_rel), free_page);
    ++rounds;
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(seen_garbage, 0);
}

INSTANTIATE_TEST_SUITE_P(Barriers, EpochDecentralizedTest, testing::Bool(),
                         [](const testing::TestParamInfo<bool>& param) {
                           return param.param ? "Membarrier" : "Fence";
                         });

}  // namespace
}  // namespace bwlab
