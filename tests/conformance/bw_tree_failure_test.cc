// Method: the allocator policy fails at its Nth call, once or for good, for every N that a script
// of operations reaches; so does the system, asked for mappings; page ids run out at every small
// limit. Each operation must either happen whole or answer with a failure and change nothing, and
// the tree must stay valid and usable.

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <map>

#include "bwlab/base/sanitizer.h"
#include "bwlab/bwtree/bw_tree.h"
#include "support/test_records.h"
#include "support/test_traits.h"

namespace bwlab::test {
namespace {

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
FailurePlan allocation_plan;
FailurePlan mapping_plan;

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

template <class Traits>
class BwTreeFailureTest : public testing::Test {
 protected:
  using FailingTree = BwTree<Failing<Traits>>;

  ~BwTreeFailureTest() override { allocation_plan = {}; }

  void FailAtEveryAllocation(bool for_good) {
    bool reached = true;  // whether the script still gets as far as the failing allocation
    int64_t at = 0;
    for (; reached; ++at) {
      auto tree = std::move(FailingTree::Open()).value();
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
  allocation_plan = {0, false};
  const auto tree = TestFixture::FailingTree::Open();
  ASSERT_FALSE(tree.ok());
  EXPECT_EQ(tree.status().code(), StatusCode::kOutOfMemory);
}

#if !BWLAB_ASAN && !BWLAB_TSAN  // which have the mappings of a process in their own hands

/// Every mapping that a tree with pooled pages asks for, from its opening on, is refused, once or
/// for good. Values of 1000 bytes, so that pools want new chunks again and again.
void RefuseEveryMapping(bool for_good) {
  using Tree = BwTree<WithRecords<DefaultTraits, U64Key, BytesValue>>;
  const std::string value(1000, 'v');
  int64_t at = 0;
  for (bool reached = true; reached; ++at) {
    mapping_plan = {at, for_good};
    auto opened = Tree::Open();
    uint64_t inserted = 0;
    if (opened.ok()) {
      auto session = std::move(opened.value()->OpenSession()).value();
      for (uint64_t key = 0; key < 4000; ++key) {
        const OpResult result = session.Insert(key, value);
        ASSERT_TRUE(result == OpResult::kOk || result == OpResult::kOutOfMemory)
            << "mapping " << at;
        if (result == OpResult::kOk) ++inserted;
      }
    } else {
      EXPECT_EQ(opened.status().code(), StatusCode::kOutOfMemory);
    }
    reached = mapping_plan.refused() > 0;
    mapping_plan = {};
    if (!opened.ok()) continue;
    if (!reached) {
      EXPECT_EQ(inserted, 4000u);
    } else if (for_good) {
      EXPECT_LT(inserted, 4000u) << "mapping " << at;
    }
    const Tree& tree = *opened.value();
    const Status status = tree.Validate();
    ASSERT_TRUE(status.ok()) << status.message();
    ASSERT_EQ(tree.Size(), inserted);
    auto session = std::move(opened.value()->OpenSession()).value();
    EXPECT_EQ(session.Insert(4000, value), OpResult::kOk) << "memory is back: the tree goes on";
  }
  EXPECT_GT(at, 15) << "the tree was meant to ask often";
}

TEST(BwTreeMappingFailureTest, OneRefusedMappingLeavesTheTreeWhole) { RefuseEveryMapping(false); }

TEST(BwTreeMappingFailureTest, NoMappingFromAnyOnLeavesTheTreeWhole) { RefuseEveryMapping(true); }

#endif

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

/// For the mmap of this binary.
bool RefusesMapping() { return mapping_plan.Refuses(); }

}  // namespace bwlab::test

#if !BWLAB_ASAN && !BWLAB_TSAN
extern "C" void* mmap(void* wish, size_t bytes, int protection, int flags, int file,
                      off_t offset) noexcept {
  if (bwlab::test::RefusesMapping()) {
    errno = ENOMEM;
    return MAP_FAILED;
  }
  return reinterpret_cast<void*>(::syscall(SYS_mmap, wish, bytes, protection, flags, file, offset));
}
#endif
