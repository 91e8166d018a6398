// Method: that of support/history_suite.h, on a B+-tree of nodes of four.

#include "support/history_suite.h"

namespace bwlab::test {
namespace {

using BTreeTraitsList =
    testing::Types<OnBTree<TinyTraits>, OnBTree<TinyScalar>, OnBTree<TinyPooled>,
                   OnBTree<TinyCentralized>, OnBTree<TinyQsbr>,
                   OnBTree<WithRecords<TinyTraits, BytesKey, BytesValue>>,
                   OnBTree<WithRecords<TinyScalar, BytesKey, U64Value>>,
                   OnBTree<WithRecords<TinyTraits, FixedBytesKey<5>, U64Value>>,
                   OnDefaultBTree<WithRecords<Default, BytesKey, BytesValue>>>;
INSTANTIATE_TYPED_TEST_SUITE_P(BTree, HistoryTest, BTreeTraitsList, TraitsName);

}  // namespace
}  // namespace bwlab::test
