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
#include "support/failures.h"
#include "support/test_traits.h"

namespace bwlab::test {
namespace {

FailurePlan mapping_plan;

template <class Traits>
class BwTreeFailureTest : public FailureFixture<Failing<Traits>> {};

using AllTraits = testing::Types<TinyTraits, TinyLinked, TinyPreallocated, LongChains<LinkedDeltas>,
                                 WithRecords<TinyTraits, BytesKey, BytesValue>,
                                 WithRecords<LongChains<LinkedDeltas>, BytesKey, BytesValue>>;
TYPED_TEST_SUITE(BwTreeFailureTest, AllTraits, TraitsName);

TYPED_TEST(BwTreeFailureTest, OneFailureAtAnyAllocationLeavesTheTreeWhole) {
  this->FailAtEveryAllocation(false, 80);
}

TYPED_TEST(BwTreeFailureTest, NoMemoryFromAnyAllocationOnLeavesTheTreeWhole) {
  this->FailAtEveryAllocation(true, 80);
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
