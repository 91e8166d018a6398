// Method: damage a sound B+-tree in one place and see Validate name the invariant of page.h or
// README.md that no longer holds; repair it and see it content.

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "bwlab/btree/b_tree.h"
#include "support/sound_tree.h"
#include "support/test_traits.h"
#include "support/tested_tree.h"

namespace bwlab::test {

/// Reaches into a tree that nobody else uses.
template <class Tree>
class TreeDamage {
 public:
  using Leaf = typename Tree::Leaf;
  using Inner = typename Tree::Inner;

  explicit TreeDamage(Tree& tree) : tree_(tree) {}

  BTreeNode& Root() const { return *tree_.root_.load(); }
  static BTreeNode& Child(const BTreeNode& inner, uint32_t at) {
    return *Tree::ChildOf(AsInner(inner).Held().PayloadAt(at));
  }
  static const Inner& AsInner(const BTreeNode& node) { return static_cast<const Inner&>(node); }
  static Leaf& AsLeaf(BTreeNode& node) { return static_cast<Leaf&>(node); }

 private:
  Tree& tree_;
};

namespace {

template <class Traits>
class BTreeValidateTest : public SoundTree<Traits> {
 protected:
  using typename SoundTree<Traits>::Tree;
  using Damage = TreeDamage<Tree>;
  using Leaf = typename Damage::Leaf;
  using Inner = typename Damage::Inner;

  BTreeValidateTest() {
    for (uint64_t i = 0; i < 400; ++i) this->Insert(i);
    EXPECT_EQ(this->Fault(), "");
    EXPECT_GE(damage_.Root().level, 3u);
  }

  /// With a node as `damage` leaves it.
  void ExpectFaultAfter(BTreeNode& node, const std::function<void()>& damage,
                        const std::string& what) {
    const char* bytes = reinterpret_cast<const char*>(&node);
    const std::vector<char> before(bytes, bytes + node.bytes);
    damage();
    this->ExpectFault(what);
    std::memcpy(static_cast<void*>(&node), before.data(), before.size());
  }

  /// The second leaf of the tree: it has others on both sides.
  Leaf& SecondLeaf() {
    BTreeNode* node = &damage_.Root();
    while (node->level > 1) node = &Damage::Child(*node, 0);
    return Damage::AsLeaf(Damage::Child(*node, 1));
  }
  BTreeNode& FirstInner(uint32_t level) {
    BTreeNode* node = &damage_.Root();
    while (node->level > level) node = &Damage::Child(*node, 0);
    return *node;
  }

  /// The least key that a page can hold.
  static typename Leaf::Probe KeyBelow(const Leaf& leaf) {
    if constexpr (Leaf::RecordsType::Key::kInHead) {
      return kHeadMin;
    } else {
      return leaf.prefix();
    }
  }

  template <class T>
  static void Put(const T& constant, T value) {
    const_cast<T&>(constant) = value;
  }
  /// The first of the hints, which stand behind the header.
  template <class Page>
  static Head& FirstHint(Page& page) {
    return *reinterpret_cast<Head*>(reinterpret_cast<uintptr_t>(&page) + Page::kHeaderBytes);
  }

  Damage damage_{*this->tree_};
};

using AllTraits =
    testing::Types<OnBTree<TinyTraits>, OnBTree<WithRecords<TinyTraits, BytesKey, BytesValue>>,
                   OnBTree<WithRecords<TinyTraits, U64Key, BytesValue>>,
                   OnBTree<WithRecords<TinyTraits, FixedBytesKey<16>, U64Value>>>;
TYPED_TEST_SUITE(BTreeValidateTest, AllTraits, TraitsName);

TYPED_TEST(BTreeValidateTest, SeesALockThatNobodyGaveBack) {
  auto& leaf = this->SecondLeaf();
  this->ExpectFaultAfter(
      leaf, [&] { ASSERT_TRUE(leaf.lock.TryLock(leaf.lock.Load())); }, "T1: it is locked");
}

TYPED_TEST(BTreeValidateTest, SeesANodeThatHasBeenReplaced) {
  auto& leaf = this->SecondLeaf();
  this->ExpectFaultAfter(
      leaf,
      [&] {
        ASSERT_TRUE(leaf.lock.TryLock(leaf.lock.Load()));
        leaf.lock.UnlockObsolete();
      },
      "T1: it is locked or obsolete");
}

TYPED_TEST(BTreeValidateTest, SeesAChildUnderTheSeparatorOfAnother) {
  BTreeNode& inner = this->FirstInner(1);
  const auto& page = TestFixture::Damage::AsInner(inner);
  this->ExpectFaultAfter(
      inner, [&] { this->Put(page.Held().words()[1], page.Held().words()[0]); },
      "T2: its range is not what its parent says");
}

TYPED_TEST(BTreeValidateTest, SeesAChildOfAnotherLevel) {
  BTreeNode& inner = this->FirstInner(2);
  const auto& page = TestFixture::Damage::AsInner(inner);
  const auto& below = TestFixture::Damage::AsInner(this->FirstInner(1));
  this->ExpectFaultAfter(
      inner, [&] { this->Put(page.Held().words()[0], below.Held().words()[0]); },
      "T2: it is of another level");
}

TYPED_TEST(BTreeValidateTest, SeesAnInnerNodeWithoutChildren) {
  BTreeNode& inner = this->FirstInner(1);
  auto& page = static_cast<typename TestFixture::Inner&>(inner);
  this->ExpectFaultAfter(
      inner,
      [&] {
        while (page.count() > 0) page.Remove(page.count() - 1);
      },
      "T3: an inner node without children");
}

TYPED_TEST(BTreeValidateTest, SeesAFirstSeparatorThatIsNotTheLowKey) {
  BTreeNode& inner = this->FirstInner(1);
  auto& page = static_cast<typename TestFixture::Inner&>(inner);
  this->ExpectFaultAfter(
      inner, [&] { page.Remove(0); }, "T3: the first separator is not the low key");
}

TYPED_TEST(BTreeValidateTest, SeesKeysThatDoNotAscend) {
  auto& leaf = this->SecondLeaf();
  this->ExpectFaultAfter(
      leaf, [&] { this->Put(leaf.Held().heads()[1], kHeadMin); },
      "P2: keys 0 and 1 are not ascending");
}

TYPED_TEST(BTreeValidateTest, SeesAKeyOutsideTheRange) {
  auto& leaf = this->SecondLeaf();
  const typename TestFixture::Tree::R::Payload payload{};
  this->ExpectFaultAfter(
      leaf,
      [&] {
        leaf.Remove(leaf.count() - 1);
        leaf.Append(leaf.high(), payload);
      },
      "P2: a key lies outside the range");
  this->ExpectFaultAfter(
      leaf,
      [&] {
        leaf.Remove(0);
        leaf.Insert(0, leaf.InPage(this->KeyBelow(leaf)), payload);
      },
      "P2: a key lies outside the range");
}

TYPED_TEST(BTreeValidateTest, SeesAHeadBehindTheLastRecord) {
  auto& leaf = this->SecondLeaf();
  this->ExpectFaultAfter(
      leaf,
      [&] {
        leaf.Remove(leaf.count() - 1);
        this->Put(leaf.Held().heads()[leaf.count()], kHeadMax - 1);
      },
      "P3: a head behind the last record");
}

TYPED_TEST(BTreeValidateTest, SeesAHintThatDiffersFromItsBlock) {
  auto& leaf = this->SecondLeaf();
  this->ExpectFaultAfter(
      leaf, [&] { this->FirstHint(leaf) += 1; }, "P3: hint 0 is not the first head");
}

TYPED_TEST(BTreeValidateTest, SeesALostRecord) {
  auto& leaf = this->SecondLeaf();
  this->ExpectFaultAfter(
      leaf, [&] { leaf.Remove(leaf.count() - 1); },
      "T4: the leaves hold 399 records, Size() says 400");
}

/// Pages whose keys or values stand in a heap.
template <class Traits>
class HeapValidateTest : public BTreeValidateTest<Traits> {};
using HeapTraits = testing::Types<OnBTree<WithRecords<TinyTraits, BytesKey, BytesValue>>,
                                  OnBTree<WithRecords<TinyTraits, U64Key, BytesValue>>>;
TYPED_TEST_SUITE(HeapValidateTest, HeapTraits, TraitsName);

TYPED_TEST(HeapValidateTest, SeesAHeadThatIsNotThatOfItsKey) {
  if (TypeParam::Key::kInHead) GTEST_SKIP() << "the head is the key";
  auto& leaf = this->SecondLeaf();
  const Head* heads = leaf.Held().heads();
  this->ExpectFaultAfter(
      leaf, [&] { this->Put(heads[leaf.count() - 1], heads[leaf.count() - 1] + 1); },
      "is not that of its key");
}

TYPED_TEST(HeapValidateTest, SeesAHeapThatDoesNotAddUp) {
  auto& leaf = this->SecondLeaf();
  const typename TestFixture::Leaf::Geometry geometry(leaf.capacity());
  auto* locators =
      reinterpret_cast<uint64_t*>(reinterpret_cast<uintptr_t>(&leaf) + geometry.locators);
  this->ExpectFaultAfter(
      leaf,
      [&] {
        const Locator old(locators[0]);
        ASSERT_GT(old.upper(), 0u);
        locators[0] = Locator(old.offset(), old.suffix_bytes(), old.upper() - 1).raw();
      },
      "P4: the heap does not add up");
}

}  // namespace
}  // namespace bwlab::test
