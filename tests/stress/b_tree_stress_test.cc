// Method: those of support/stress_suite.h and support/range_stress_suite.h, on a B+-tree of nodes
// of four and on the one that is shipped.

#include "bwlab/base/sanitizer.h"
#include "support/range_stress_suite.h"
#include "support/stress_suite.h"
#include "support/test_traits.h"

namespace bwlab::test {
namespace {

using AllTraits = testing::Types<OnBTree<TinyTraits>, OnBTree<TinyScalar>, OnBTree<TinyPooled>,
                                 OnBTree<TinyCentralized>, OnBTree<TinyQsbr>, OnBTree<TinyLeak>,
                                 OnBTree<TinyFence>, OnDefaultBTree<Default>>;
INSTANTIATE_TYPED_TEST_SUITE_P(BTree, StressTest, AllTraits, TraitsName);

// Under ThreadSanitizer a reader copies each node word by word, which makes the scans of this test
// take minutes with byte strings; there they are left to the walks below and to histories.
#if BWLAB_TSAN
using RecordTraits =
    testing::Types<OnBTree<TinyTraits>, OnBTree<TinyPooled>, OnDefaultBTree<Default>>;
#else
using RecordTraits =
    testing::Types<OnBTree<TinyTraits>, OnBTree<TinyPooled>, OnDefaultBTree<Default>,
                   OnBTree<WithRecords<TinyTraits, BytesKey, BytesValue>>,
                   OnBTree<WithRecords<TinyPooled, BytesKey, U64Value>>,
                   OnBTree<WithRecords<TinyTraits, FixedBytesKey<16>, BytesValue>>,
                   OnDefaultBTree<WithRecords<Default, BytesKey, BytesValue>>>;
#endif
INSTANTIATE_TYPED_TEST_SUITE_P(BTree, RecordStressTest, RecordTraits, TraitsName);

using RangeTraits =
    testing::Types<OnBTree<TinyTraits>, OnBTree<WithRecords<TinyTraits, BytesKey, BytesValue>>,
                   OnBTree<WithRecords<TinyPooled, BytesKey, U64Value>>,
                   OnBTree<WithRecords<TinyTraits, FixedBytesKey<5>, BytesValue>>,
                   OnDefaultBTree<WithRecords<Default, BytesKey, BytesValue>>>;
INSTANTIATE_TYPED_TEST_SUITE_P(BTree, RangeStressTest, RangeTraits, TraitsName);

}  // namespace
}  // namespace bwlab::test
