#pragma once

// What stress tests share. The seed is logged; BWLAB_TEST_SEED repeats a run's choices (not its
// schedule), BWLAB_TEST_TIER=long multiplies the rounds.

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bwlab/base/sanitizer.h"
#include "support/schedule.h"
#include "support/tested_tree.h"

namespace bwlab::test {

inline uint64_t Seed() {
  const char* fixed = std::getenv("BWLAB_TEST_SEED");
  return fixed != nullptr ? std::strtoull(fixed, nullptr, 10) : std::random_device{}();
}

inline bool IsLongTier() {
  const char* tier = std::getenv("BWLAB_TEST_TIER");
  return tier != nullptr && std::strcmp(tier, "long") == 0;
}

/// Rounds of this tier. Sanitizers make a round ten to twenty times as long.
inline int Rounds(int rounds_short) {
  constexpr int kLongTierFactor = BWLAB_ASAN || BWLAB_TSAN ? 4 : 20;
  return IsLongTier() ? rounds_short * kLongTierFactor : rounds_short;
}

/// Starts `count` threads at once, each with a session, and joins them.
template <class Tree, class Body>
void RunThreads(Tree& tree, int count, Body&& body) {
  std::atomic<int> ready{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      auto session = std::move(tree.OpenSession()).value();
      ready.fetch_add(1);
      while (ready.load() < count) std::this_thread::yield();
      body(i, session);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

template <class Traits>
class StressFixture : public testing::Test {
 protected:
  using Tree = TestedTree<Traits>;
  void SetUp() override {
    seed_ = Seed();
    perturbation_.emplace(seed_);
    RecordProperty("seed", std::to_string(seed_));
    std::printf("seed %llu\n", static_cast<unsigned long long>(seed_));
  }

  void ExpectValid() {
    const Status status = tree_->Validate();
    ASSERT_TRUE(status.ok()) << status.message();
  }

  uint64_t seed_ = 0;
  std::optional<Perturbation> perturbation_;  // where the build has hooks
  std::unique_ptr<Tree> tree_ = std::move(Tree::Open(Traits::Options())).value();
};

}  // namespace bwlab::test
