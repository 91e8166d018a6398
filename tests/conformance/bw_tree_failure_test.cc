// Method: the allocator policy fails at its Nth call, once or for good, for every N that a script
// of operations reaches; page ids run out at every small limit. Each operation must either happen
// whole or answer with a failure and change nothing, and the tree must stay valid and usable.

#include <gtest/gtest.h>

#include <cstdint>
#include <map>

#include "bwlab/bwtree/bw_tree.h"
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

struct FailingTraits : TinyTraits {
  using Allocator = FailingAllocator;
};

/// Runs a script of inserts, updates and deletes. @return whether any operation reported `failure`.
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
    expect(session.Insert(key, i), [&] { model[key] = i; });
    if (i % 3 == 0 && model.count(key) != 0) {
      expect(session.Update(key, i + 1), [&] { model[key] = i + 1; });
    }
    const uint64_t old_key = (i / 2) * 37 % 120;
    if (i % 5 == 0 && model.count(old_key) != 0) {
      expect(session.Delete(old_key), [&] { model.erase(old_key); });
    }
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
  session.Scan(0, SIZE_MAX, [&](uint64_t key, uint64_t value) {
    EXPECT_EQ(key, expected->first);
    EXPECT_EQ(value, expected->second);
    return ++expected != model.end();
  });
  EXPECT_EQ(expected, model.end());
}

class OutOfMemoryTest : public testing::TestWithParam<bool> {
 protected:
  ~OutOfMemoryTest() override { failure_plan = {}; }
};

TEST_P(OutOfMemoryTest, AtEveryAllocationLeavesTheTreeWhole) {
  const bool for_good = GetParam();
  bool reached = true;  // whether the script still gets as far as the failing allocation
  int64_t at = 0;
  for (; reached; ++at) {
    failure_plan = {};
    auto tree = std::move(BwTree<FailingTraits>::Open()).value();
    std::map<uint64_t, uint64_t> model;
    failure_plan = {at, for_good};
    (void)RunScript(*tree, model, OpResult::kOutOfMemory);
    reached = failures > 0;
    failure_plan = {};
    ExpectHolds(*tree, model);
    if (HasFatalFailure()) FAIL() << "allocation " << at;
    (void)RunScript(*tree, model, OpResult::kExists);  // memory is back: the tree goes on
    ExpectHolds(*tree, model);
    failures = 0;
  }
  EXPECT_GT(at, 100) << "the script was meant to allocate often";
}

TEST_P(OutOfMemoryTest, OpeningATreeWithoutMemoryIsAStatus) {
  failure_plan = {0, GetParam()};
  const auto tree = BwTree<FailingTraits>::Open();
  ASSERT_FALSE(tree.ok());
  EXPECT_EQ(tree.status().code(), StatusCode::kOutOfMemory);
}

INSTANTIATE_TEST_SUITE_P(Failures, OutOfMemoryTest, testing::Bool(),
                         [](const testing::TestParamInfo<bool>& param) {
                           return param.param ? "ForGood" : "Once";
                         });

TEST(OutOfPageIds, AtEveryLimitLeavesTheTreeWhole) {
  for (uint64_t limit = 16; limit < 60; ++limit) {
    TreeOptions options = TinyTraits::Options();
    options.pages_max = limit;
    auto tree = std::move(BwTree<TinyTraits>::Open(options)).value();
    std::map<uint64_t, uint64_t> model;
    const bool failed = RunScript(*tree, model, OpResult::kOutOfPageIds);
    EXPECT_TRUE(failed || limit > 40);
    ExpectHolds(*tree, model);
  }
}

}  // namespace
}  // namespace bwlab::test
