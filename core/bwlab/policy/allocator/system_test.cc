#include "bwlab/policy/allocator/system.h"

#include "bwlab/policy/allocator/allocator_policy_test.h"

namespace bwlab::test {
INSTANTIATE_TYPED_TEST_SUITE_P(System, AllocatorPolicyTest, SystemAllocator);
}  // namespace bwlab::test
