// Method: support/failures.h on the B+-tree.

#include <gtest/gtest.h>

#include "support/failures.h"
#include "support/test_traits.h"

namespace bwlab::test {
namespace {

template <class Traits>
class BTreeFailureTest : public FailureFixture<OnBTree<Failing<Traits>>> {};

using AllTraits = testing::Types<TinyTraits, WithRecords<TinyTraits, BytesKey, U64Value>,
                                 WithRecords<TinyTraits, BytesKey, BytesValue>>;
TYPED_TEST_SUITE(BTreeFailureTest, AllTraits, TraitsName);

TYPED_TEST(BTreeFailureTest, OneFailureAtAnyAllocationLeavesTheTreeWhole) {
  this->FailAtEveryAllocation(false, 80);
}

TYPED_TEST(BTreeFailureTest, NoMemoryFromAnyAllocationOnLeavesTheTreeWhole) {
  this->FailAtEveryAllocation(true, 80);
}

TYPED_TEST(BTreeFailureTest, OpeningATreeWithoutMemoryIsAStatus) {
  allocation_plan = {0, false};
  const auto tree = TestFixture::FailingTree::Open();
  ASSERT_FALSE(tree.ok());
  EXPECT_EQ(tree.status().code(), StatusCode::kOutOfMemory);
}

}  // namespace
}  // namespace bwlab::test
