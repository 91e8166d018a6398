// Method: that of support/stress_suite.h, with every layout and policy, on chains of two.

#include "support/stress_suite.h"
#include "support/test_traits.h"

namespace bwlab::test {
namespace {

using AllTraits = testing::Types<TinyTraits, TinyScalar, TinyPooled, TinyCentralized, TinyQsbr,
                                 TinyLeak, TinyFence, TinyWorkers, Default, TinyLinked,
                                 TinyPreallocated, LongChains<LinkedDeltas>>;
INSTANTIATE_TYPED_TEST_SUITE_P(BwTree, StressTest, AllTraits, TraitsName);

using RecordTraits = testing::Types<
    TinyTraits, TinyScalar, TinyPooled, TinyCentralized, TinyQsbr, TinyLeak, TinyFence, TinyWorkers,
    Default, TinyLinked, TinyPreallocated, LongChains<LinkedDeltas>,
    WithRecords<TinyTraits, BytesKey, BytesValue>, WithRecords<TinyPooled, BytesKey, U64Value>,
    WithRecords<TinyQsbr, BytesKey, BytesValue>, WithRecords<TinyWorkers, BytesKey, U64Value>,
    WithRecords<TinyLinked, BytesKey, BytesValue>,
    WithRecords<TinyTraits, FixedBytesKey<16>, BytesValue>>;
INSTANTIATE_TYPED_TEST_SUITE_P(BwTree, RecordStressTest, RecordTraits, TraitsName);

}  // namespace
}  // namespace bwlab::test
