#include "bwlab/policy/allocator/tbb_scalable.h"

#include "bwlab/policy/allocator/allocator_policy_test.h"

namespace bwlab::test {
INSTANTIATE_TYPED_TEST_SUITE_P(TbbScalable, AllocatorPolicyTest, TbbScalableAllocator);
}  // namespace bwlab::test
