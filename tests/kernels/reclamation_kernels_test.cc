// Method: relacy runs the reclamation policies of the engine, readers and writers of one shared
// page, in random schedules with every value that the memory model lets a load return. A page that
// is freed while a reader may look at it shows as a data race on its plain word or as a wrong word.

#include <array>
#include <memory>
#include <vector>

#include "bwlab/policy/reclamation/epoch_centralized.h"
#include "bwlab/policy/reclamation/epoch_decentralized.h"
#include "bwlab/policy/reclamation/qsbr.h"
#include "kernels/kernel.h"

namespace bwlab::kernels {
namespace {

constexpr uint64_t kFreed = 0xdddd;

struct Page : Retired {
  explicit Page(uint64_t content) {
    bytes = 64;
    plain($) = content;
  }
  rl::var<uint64_t> plain;
};

/// Readers hold the page in sections, one inside the other now and then; writers put a new one in
/// its place and retire the old one. The last writer ends its session early and leaves what is not
/// free to the others.
template <class Policy, unsigned kReaders, unsigned kWriters>
class SharedPage {
 public:
  static constexpr unsigned kThreads = kReaders + kWriters;

  SharedPage() : domain_(ReclamationOptions{1, 0, /*membarrier=*/false}) {
    current_.store(NewPage(0), std::memory_order_relaxed);
  }

  void Run(unsigned thread) {
    participants_[thread].reset(new Participant(domain_));
    Participant& participant = *participants_[thread];
    if (thread < kReaders) {
      for (int i = 0; i < kRounds; ++i) Read(participant, i % 2 == 1);
    } else {
      for (uint64_t i = 0; i < kRounds; ++i) Write(participant, 1 + thread * kRounds + i);
      if (thread + 1 == kThreads) participant.Leave(Free());
    }
  }

  void Finish() {
    for (auto& participant : participants_) participant->Drain(Free());
    Check(freed_ == kWriters * kRounds, "every retired page is freed, once");
  }

 private:
  using Participant = typename Policy::Participant;
  static constexpr int kRounds = 3;

  Page* NewPage(uint64_t content) {
    pages_.emplace_back(new Page(content));
    return pages_.back().get();
  }

  auto Free() {
    return [this](Retired* retired) {
      auto* page = static_cast<Page*>(retired);
      Check(page->plain($) != kFreed, "a page is freed twice");
      page->plain($) = kFreed;
      ++freed_;
    };
  }

  /// In a section.
  Page* Look() {
    Page* page = current_.load(std::memory_order_acquire);
    Check(page->plain($) != kFreed, "a reader holds a freed page");
    return page;
  }

  void Read(Participant& participant, bool nested) {
    participant.Enter();
    Page* page = Look();
    if (nested) {
      participant.Enter();
      Look();
      participant.Exit();
    }
    Check(page->plain($) != kFreed, "a page is freed under a reader");
    participant.Exit();
  }

  void Write(Participant& participant, uint64_t content) {
    participant.Enter();
    Page* page = NewPage(content);
    Page* old = current_.load(std::memory_order_acquire);
    while (!current_.compare_exchange_weak(old, page, std::memory_order_acq_rel,
                                           std::memory_order_acquire)) {
    }
    Check(old->plain($) != kFreed, "what was in place is not free");
    participant.Retire(old, Free());
    participant.Exit();
  }

  typename Policy::Domain domain_;
  std::array<std::unique_ptr<Participant>, kThreads> participants_;
  std::vector<std::unique_ptr<Page>> pages_;
  Atomic<Page*> current_;
  uint64_t freed_ = 0;
};

template <class Policy>
class ReclamationKernelTest : public testing::Test {};
using Policies = testing::Types<EpochDecentralized, EpochCentralized, Qsbr>;
TYPED_TEST_SUITE(ReclamationKernelTest, Policies);

TYPED_TEST(ReclamationKernelTest, NoPageIsFreedUnderAReader) {
  Explore<SharedPage<TypeParam, 1, 1>>(20'000);
}

TYPED_TEST(ReclamationKernelTest, NoPageIsFreedUnderAReaderByTwoWritersOfWhichOneLeaves) {
  Explore<SharedPage<TypeParam, 1, 2>>(20'000);
}

}  // namespace
}  // namespace bwlab::kernels
