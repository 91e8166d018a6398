#pragma once

// An allocator that refuses memory when a test says so, and what a tree has to make of it. Method:
// it fails at its Nth call, once or for good, for every N that a script of operations reaches. Each
// operation must either happen whole or answer with a failure and change nothing, and the tree must
// stay valid and usable.

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <utility>

#include "bwlab/base/status.h"
#include "bwlab/policy/allocator/system.h"
#include "support/test_records.h"
#include "support/tested_tree.h"

namespace bwlab::test {

/// When calls of one kind are refused.
class FailurePlan {
 public:
  FailurePlan() = default;
  FailurePlan(int64_t calls_left, bool for_good) : calls_left_(calls_left), for_good_(for_good) {}

  /// To be asked at each call.
  bool Refuses() {
    if (calls_left_-- > 0) return false;
    ++refused_;
    if (!for_good_) calls_left_ = INT64_MAX;
    return true;
  }
  int64_t refused() const { return refused_; }

 private:
  int64_t calls_left_ = INT64_MAX;  // before the first that is refused
  bool for_good_ = false;
  int64_t refused_ = 0;
};
inline FailurePlan allocation_plan;

struct FailingAllocator {
  static constexpr std::string_view kName = "failing";
  static constexpr std::string_view kSummary = "fails when the test says so";
  using Shared = SystemAllocator::Shared;
  class Local : public SystemAllocator::Local {
   public:
    using SystemAllocator::Local::Local;
    void* Allocate(std::size_t bytes) {
      return allocation_plan.Refuses() ? nullptr : SystemAllocator::Local::Allocate(bytes);
    }
  };
};

template <class Base>
struct Failing : Base {
  using Allocator = FailingAllocator;
};

template <class Tree>
auto KeyAt(uint64_t number) {
  return KeyOfNumber<typename Tree::R::Key>(number);
}
template <class Tree>
auto ValueAt(uint64_t number) {
  return ValueOfNumber<typename Tree::R::Value>(number);
}

/// Runs a script of inserts, updates and deletes, which in the end takes all away again but every
/// ninth key. @return whether any operation reported `failure`.
template <class Tree>
bool RunScript(Tree& tree, std::map<uint64_t, uint64_t>& model, OpResult failure) {
  auto session = std::move(tree.OpenSession()).value();
  bool failed = false;
  const auto expect = [&](OpResult result, auto&& apply) {
    if (result == OpResult::kOk) {
      apply();
    } else {
      EXPECT_EQ(result, failure);
      failed = true;
    }
  };
  for (uint64_t i = 0; i < 120; ++i) {
    const uint64_t key = i * 37 % 120;
    expect(session.Insert(KeyAt<Tree>(key), ValueAt<Tree>(i)), [&] { model[key] = i; });
    if (i % 3 == 0 && model.count(key) != 0) {
      expect(session.Update(KeyAt<Tree>(key), ValueAt<Tree>(i + 1)), [&] { model[key] = i + 1; });
    }
    const uint64_t old_key = (i / 2) * 37 % 120;
    if (i % 5 == 0 && model.count(old_key) != 0) {
      expect(session.Delete(KeyAt<Tree>(old_key)), [&] { model.erase(old_key); });
    }
  }
  for (uint64_t i = 0; i < 120; ++i) {
    const uint64_t key = i * 11 % 120;
    if (key % 9 == 0 || model.count(key) == 0) continue;
    expect(session.Delete(KeyAt<Tree>(key)), [&] { model.erase(key); });
  }
  return failed;
}

template <class Tree>
void ExpectHolds(Tree& tree, const std::map<uint64_t, uint64_t>& model) {
  const Status status = tree.Validate();
  ASSERT_TRUE(status.ok()) << status.message();
  ASSERT_EQ(tree.Size(), model.size());
  auto session = std::move(tree.OpenSession()).value();
  auto expected = model.begin();
  session.Scan(KeyAt<Tree>(0), SIZE_MAX, [&](const auto& key, const auto& value) {
    EXPECT_EQ(key, KeyAt<Tree>(expected->first));
    EXPECT_EQ(value, ValueAt<Tree>(expected->second));
    return ++expected != model.end();
  });
  EXPECT_EQ(expected, model.end());
}

/// `FailingTraits` have the FailingAllocator.
template <class FailingTraits>
class FailureFixture : public testing::Test {
 protected:
  using FailingTree = TestedTree<FailingTraits>;

  ~FailureFixture() override { allocation_plan = {}; }

  void FailAtEveryAllocation(bool for_good, int64_t allocations_min) {
    bool reached = true;  // whether the script still gets as far as the failing allocation
    int64_t at = 0;
    for (; reached; ++at) {
      auto tree = std::move(FailingTree::Open(FailingTraits::Options())).value();
      std::map<uint64_t, uint64_t> model;
      allocation_plan = {at, for_good};
      (void)RunScript(*tree, model, OpResult::kOutOfMemory);
      reached = allocation_plan.refused() > 0;
      allocation_plan = {};
      ExpectHolds(*tree, model);
      if (this->HasFatalFailure()) FAIL() << "allocation " << at;
      (void)RunScript(*tree, model, OpResult::kExists);  // memory is back: the tree goes on
      ExpectHolds(*tree, model);
    }
    EXPECT_GT(at, allocations_min) << "the script was meant to allocate often";
  }
};

}  // namespace bwlab::test
