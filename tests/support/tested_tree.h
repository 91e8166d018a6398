#pragma once

// Which tree a test of some traits runs on, so that one test serves both trees.

#include <cstdint>

#include "bwlab/btree/b_tree.h"
#include "bwlab/bwtree/bw_tree.h"

namespace bwlab::test {

/// The traits of a Bw-tree for a B+-tree with the same nodes of four.
template <class Base>
struct OnBTree : Base {
  static BTreeOptions Options() {
    BTreeOptions options;
    options.leaf_bytes = 512;
    options.inner_bytes = 512;
    options.leaf_capacity = 4;
    options.inner_capacity = 4;
    options.epoch_batch_size = 1;
    options.membarrier = Base::Options().membarrier;
    return options;
  }
};

/// As shipped.
template <class Base>
struct OnDefaultBTree : Base {
  static BTreeOptions Options() { return {}; }
};

template <class Traits>
struct TreeUnderTest {
  using Type = BwTree<Traits>;
};
template <class Base>
struct TreeUnderTest<OnBTree<Base>> {
  using Type = BTree<OnBTree<Base>>;
};
template <class Base>
struct TreeUnderTest<OnDefaultBTree<Base>> {
  using Type = BTree<OnDefaultBTree<Base>>;
};
template <class Traits>
using TestedTree = typename TreeUnderTest<Traits>::Type;

}  // namespace bwlab::test
