// Method: the allocator policy fails at its Nth call, once or for good, for every N that a script
// of operations reaches; page ids run out at every small limit. Each operation must either happen
// whole or answer with a failure and change nothing, and the tree must stay valid and usable.

#include <gtest/gtest.h>

#include <cstdint>
#include <map>

#include "bwlab/bwtree/bw_tree.h"
#include "support/test_records.h"
#include "support/test_traits.h"

namespace bwlab::test {
namespace {

struct FailurePlan {
  int64_t allocations_left = INT64_MAX;  // successful ones before the first failure
  bool for_good = false;
};
FailurePlan failure_plan;
int64_t failures = 0;

struct FailingAllocator {
  static constexpr std::string_view kName = "failing";
  static constexpr std::string_view kSummary = "fails when the test says so";
  using Shared = SystemAllocator::Shared;
  class Local : public SystemAllocator::Local {
   public:
    using SystemAllocator::Local::Local;
    void* Allocate(std::size_t bytes) {
      if (failure_plan.allocations_left-- <= 0) {
        ++failures;
        if (!failure_plan.for_good) failure_plan.allocations_left = INT64_MAX;
        return nullptr;
      }
      return SystemAllocator::Local::Allocate(bytes);
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

template <class Traits>
class BwTreeFailureTest : public testing::Test {
 protected:
  using FailingTree = BwTree<Failing<Traits>>;

  ~BwTreeFailureTest() override { failure_plan = {}; }

  void FailAtEveryAllocation(bool for_good) {
    bool reached = true;  // whether the script still gets as far as the failing allocation
    int64_t at = 0;
    for (; reached; ++at) {
      failure_plan = {};
      auto tree = std::move(FailingTree::Open()).value();
      std::map<uint64_t, uint64_t> model;
      failure_plan = {at, for_good};
      (void)RunScript(*tree, model, OpResult::kOutOfMemory);
      reached = failures > 0;
      failure_plan = {};
      ExpectHolds(*tree, model);
      if (this->HasFatalFailure()) FAIL() << "allocation " << at;
      (void)RunScript(*tree, model, OpResult::kExists);  // memory is back: the tree goes on
      ExpectHolds(*tree, model);
      failures = 0;
    }
    EXPECT_GT(at, 80) << "the script was meant to allocate often";
  }
};

using AllTraits = testing::Types<TinyTraits, TinyLinked, TinyPreallocated, LongChains<LinkedDeltas>,
                                 WithRecords<TinyTraits, BytesKey, BytesValue>,
                                 WithRecords<LongChains<LinkedDeltas>, BytesKey, BytesValue>>;
TYPED_TEST_SUITE(BwTreeFailureTest, AllTraits, TraitsName);

TYPED_TEST(BwTreeFailureTest, OneFailureAtAnyAllocationLeavesTheTreeWhole) {
  this->FailAtEveryAllocation(false);
}

TYPED_TEST(BwTreeFailureTest, NoMemoryFromAnyAllocationOnLeavesTheTreeWhole) {
  this->FailAtEveryAllocation(true);
}

TYPED_TEST(BwTreeFailureTest, OpeningATreeWithoutMemoryIsAStatus) {
  failure_plan = {0, false};
  const auto tree = TestFixture::FailingTree::Open();
  ASSERT_FALSE(tree.ok());
  EXPECT_EQ(tree.status().code(), StatusCode::kOutOfMemory);
}

TYPED_TEST(BwTreeFailureTest, RunningOutOfPageIdsAtAnyNumberLeavesTheTreeWhole) {
  int limits_that_failed = 0;
  for (uint64_t limit = 16; limit < 60; ++limit) {
    TreeOptions options = TypeParam::Options();
    options.pages_max = limit;
    auto tree = std::move(BwTree<TypeParam>::Open(options)).value();
    std::map<uint64_t, uint64_t> model;
    if (RunScript(*tree, model, OpResult::kOutOfPageIds)) ++limits_that_failed;
    ExpectHolds(*tree, model);
  }
  EXPECT_GT(limits_that_failed, 3) << "the script was meant to need more ids than the least limits";
}

}  // namespace
}  // namespace bwlab::test
