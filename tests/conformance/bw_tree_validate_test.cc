// Method: damage a sound tree in one place and see Validate name the invariant of PROTOCOL.md that
// no longer holds; repair it and see it content. Every other test trusts what Validate says.

#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "bwlab/bwtree/bw_tree.h"
#include "support/sound_tree.h"
#include "support/test_records.h"
#include "support/test_traits.h"

namespace bwlab::test {

/// Reaches into a tree that nobody else uses.
template <class Tree>
class TreeDamage {
 public:
  using Node = typename Tree::Node;

  explicit TreeDamage(Tree& tree) : tree_(tree) {}

  Node Root() const { return At(static_cast<PageId>(tree_.root_.load())); }
  Node At(PageId id) const { return Node(id, tree_.table_.Load(id)); }
  void Put(PageId id, uint64_t raw) { tree_.table_.Install(id, raw); }

  /// The nodes of a level in their order.
  std::vector<Node> Level(uint32_t level) const {
    Node first = Root();
    typename Tree::Stats uncounted{};
    while (first.level() > level) {
      first = At(first.TermFor(Tree::R::Key::kLeast, uncounted).child());
    }
    std::vector<Node> nodes = {first};
    while (nodes.back().right() != kNoPage) nodes.push_back(At(nodes.back().right()));
    return nodes;
  }

 private:
  Tree& tree_;
};

namespace {

template <class Traits>
class BwTreeValidateTest : public SoundTree<Traits> {
 protected:
  using typename SoundTree<Traits>::Tree;
  using R = typename Tree::R;
  using Damage = TreeDamage<Tree>;
  using Node = typename Damage::Node;

  BwTreeValidateTest() {
    for (uint64_t i = 0; i < 200; ++i) this->Insert(2 * i);
    for (uint64_t i = 0; i < 200; ++i) this->Insert(2 * (200 - i) - 1);
    EXPECT_EQ(this->Fault(), "");
    EXPECT_GE(damage_.Root().level(), 3u);
  }

  /// With other words for some page ids.
  void ExpectFaultWith(const std::vector<std::pair<PageId, uint64_t>>& words,
                       const std::string& what) {
    std::vector<uint64_t> before;
    for (const auto& [id, raw] : words) {
      before.push_back(damage_.At(id).raw());
      damage_.Put(id, raw);
    }
    this->ExpectFault(what);
    for (size_t i = 0; i < words.size(); ++i) damage_.Put(words[i].first, before[i]);
  }

  /// With another value of something that is constant once it is published.
  template <class T>
  void ExpectFaultWith(const T& constant, T value, const std::string& what) {
    const T before = std::exchange(const_cast<T&>(constant), value);
    this->ExpectFault(what);
    const_cast<T&>(constant) = before;
  }

  /// The page that a node's low key is in.
  static const auto& PageOf(const Node& node) {
    if constexpr (requires { node.base(); }) {
      return node.base();
    } else {
      return node.page();
    }
  }
  /// A node of a level, not the first one, whose page holds two records at least.
  Node NodeWithRecords(uint32_t level) const {
    const std::vector<Node> nodes = damage_.Level(level);
    for (size_t i = 1; i + 1 < nodes.size(); ++i) {
      if (PageOf(nodes[i]).count() >= 2) return nodes[i];
    }
    ADD_FAILURE() << "every node is almost empty";
    return nodes[1];
  }

  Damage damage_{*this->tree_};
};

using AllTraits = testing::Types<TinyTraits, TinyLinked, TinyPreallocated, LongChains<LinkedDeltas>,
                                 WithRecords<TinyTraits, BytesKey, BytesValue>,
                                 WithRecords<TinyLinked, BytesKey, U64Value>,
                                 WithRecords<TinyTraits, FixedBytesKey<16>, BytesValue>>;
TYPED_TEST_SUITE(BwTreeValidateTest, AllTraits, TraitsName);

TYPED_TEST(BwTreeValidateTest, SeesKeysThatDoNotAscend) {
  const auto node = this->NodeWithRecords(0);
  const auto* heads = this->PageOf(node).heads();
  this->ExpectFaultWith(heads[1], kHeadMin, "I1: keys 0 and 1 are not ascending");
}

TYPED_TEST(BwTreeValidateTest, SeesAHeadThatIsNotThatOfItsKey) {
  if (TypeParam::Key::kInHead) GTEST_SKIP() << "the head is the key";
  const auto& page = this->PageOf(this->NodeWithRecords(0));
  const Head& last = page.heads()[page.count() - 1];
  this->ExpectFaultWith(last, last + 1, "is not that of its key");
}

TYPED_TEST(BwTreeValidateTest, SeesAHintThatDiffersFromItsBlock) {
  const auto sorted = this->PageOf(this->NodeWithRecords(0)).sorted();
  if constexpr (TypeParam::Key::kInHead) {
    // There is one block, which needs no hint.
    const Head& middle = *reinterpret_cast<const Head*>(sorted.lanes);
    this->ExpectFaultWith(middle, middle + 1, "I1: the scale of the hints is not that of the heads");
  } else {
    this->ExpectFaultWith(sorted.hints[0], sorted.hints[0] + 1,
                          "I1: hint 0 is not that of the first head");
  }
}

TYPED_TEST(BwTreeValidateTest, SeesARootAboveTheLeastKey) {
  this->ExpectFaultWith({{this->damage_.Root().id(), this->damage_.Level(0)[1].raw()}},
                        "I3: a level begins above the least key");
}

TYPED_TEST(BwTreeValidateTest, SeesALeafThatEndsBeforeTheNextBegins) {
  const auto leaves = this->damage_.Level(0);
  // A root without a level below, so that nothing else is looked at.
  this->ExpectFaultWith(
      {{this->damage_.Root().id(), leaves[0].raw()}, {leaves[1].id(), leaves[2].raw()}},
      "I3: the right sibling does not begin where the node ends");
}

TYPED_TEST(BwTreeValidateTest, SeesASiblingOfAnotherLevel) {
  const auto leaves = this->damage_.Level(0);
  this->ExpectFaultWith({{this->damage_.Root().id(), leaves[0].raw()},
                         {leaves[1].id(), this->damage_.Level(1)[0].raw()}},
                        "I3: right sibling of another level");
}

TYPED_TEST(BwTreeValidateTest, SeesAChildThatDoesNotBeginAtItsSeparator) {
  const auto leaves = this->damage_.Level(0);
  this->ExpectFaultWith({{leaves[1].id(), leaves[2].raw()}}, "does not begin at its separator");
}

TYPED_TEST(BwTreeValidateTest, SeesAChildOfTheWrongLevel) {
  this->ExpectFaultWith({{this->damage_.Level(1)[0].id(), this->damage_.Level(0)[0].raw()}},
                        "has the wrong level");
}

TYPED_TEST(BwTreeValidateTest, SeesAChildThatStandsInNoLevel) {
  // As if the first leaf ended where the last one does: what lies between is reached from above
  // only.
  const auto leaves = this->damage_.Level(0);
  auto alone = std::move(TestFixture::Tree::Open(TypeParam::Options())).value();
  const auto empty = typename TestFixture::Damage(*alone).Root();
  this->ExpectFaultWith({{leaves[0].id(), empty.raw()}}, "does not stand in the level below");
}

TYPED_TEST(BwTreeValidateTest, SeesAFirstSeparatorThatIsNotTheLowKey) {
  if (!TypeParam::Key::kInHead) GTEST_SKIP() << "a head alone cannot be another key";
  const auto& page = this->PageOf(this->NodeWithRecords(1));
  this->ExpectFaultWith(page.heads()[0], page.heads()[0] + 1,
                        "I4: the first separator is not the low key");
}

TYPED_TEST(BwTreeValidateTest, SeesAnIntentOnAFirstChild) {
  const auto& page = this->PageOf(this->NodeWithRecords(1));
  const IndexTerm term = page.TermAt(0);
  uint64_t with_intent = page.payload_words()[0];
  if constexpr (TestFixture::R::kWords) {
    with_intent = term.WithIntent().word;
  } else {
    const Locator locator(with_intent);
    with_intent = Locator(locator.offset(), locator.suffix_bytes(), term.WithIntent().word).raw();
  }
  this->ExpectFaultWith(page.payload_words()[0], with_intent, "I9: an intent on the first child");
}

TYPED_TEST(BwTreeValidateTest, SeesALostRecord) {
  // Of two states of a leaf, before and after an insert, the earlier one.
  uint64_t number = 1000;
  for (;; ++number) {
    const auto before = this->damage_.Level(0).back();
    this->Insert(number);
    const auto after = this->damage_.Level(0).back();
    if (after.id() != before.id() || after.delta_count() != before.delta_count() + 1) continue;
    this->ExpectFaultWith({{before.id(), before.raw()}}, "I8: the leaves hold ");
    return;
  }
}

TYPED_TEST(BwTreeValidateTest, SeesANodeAboveItsCapacity) {
  TreeOptions options = TypeParam::Options();
  options.leaf_capacity = 4 * options.capacity(0) + options.leaf_chain_length;
  auto other = std::move(TestFixture::Tree::Open(options)).value();
  auto session = std::move(other->OpenSession()).value();
  for (uint64_t i = 0; i < options.leaf_capacity; ++i) {
    ASSERT_EQ(session.Insert(KeyOfNumber<typename TypeParam::Key>(i),
                             ValueOfNumber<typename TypeParam::Value>(i)),
              OpResult::kOk);
  }
  const auto large = typename TestFixture::Damage(*other).Root();
  ASSERT_TRUE(large.is_leaf());
  this->ExpectFaultWith({{this->damage_.Root().id(), large.raw()}}, "exceed the capacity");
}

/// The slots of the packed layout.
template <class Traits>
class PackedValidateTest : public BwTreeValidateTest<Traits> {
 protected:
  /// A leaf with as many deltas as asked for, or more.
  typename BwTreeValidateTest<Traits>::Node LeafWithDeltas(uint32_t count) {
    for (uint64_t number = 2000;; ++number) {
      const auto leaf = this->damage_.Level(0).back();
      if (leaf.delta_count() >= count) return leaf;
      this->Insert(number);
    }
  }
};

using PackedTraits = testing::Types<TinyTraits, WithRecords<TinyTraits, BytesKey, U64Value>,
                                    WithRecords<TinyTraits, U64Key, BytesValue>>;
TYPED_TEST_SUITE(PackedValidateTest, PackedTraits, TraitsName);

TYPED_TEST(PackedValidateTest, SeesAMemberThatIsNoSlot) {
  const auto leaf = this->LeafWithDeltas(0);
  ASSERT_LT(leaf.page().slot_count(), kSlotsMax);
  const uint64_t beyond = uint64_t{1} << leaf.page().slot_count();
  this->ExpectFaultWith({{leaf.id(), leaf.raw() | beyond}}, "I5: a member beyond the slots");
}

TYPED_TEST(PackedValidateTest, SeesAWordThatTellsTheWrongLines) {
  using Word = typename BwTreeValidateTest<TypeParam>::Node::Word;
  const auto leaf = this->LeafWithDeltas(0);
  const Word wrong(&leaf.page(), leaf.word().head_lines() + 1, leaf.word().members());
  this->ExpectFaultWith({{leaf.id(), wrong.raw()}}, "I5: the word tells");
}

TYPED_TEST(PackedValidateTest, SeesATagThatIsNotItsKeys) {
  const auto leaf = this->LeafWithDeltas(1);
  const auto slot = static_cast<uint32_t>(std::countr_zero(leaf.word().members()));
  // The tags are the end of the header.
  const auto* const tags = reinterpret_cast<const uint8_t*>(&leaf.page() + 1) - kTagsMax;
  ASSERT_TRUE(leaf.page().HasTagOf(slot, leaf.page().SlotKey(slot)));
  this->ExpectFaultWith(tags[slot], static_cast<uint8_t>(tags[slot] + 2), "I5: the tag");
}

TYPED_TEST(PackedValidateTest, SeesTwoMembersOfOneKey) {
  const auto leaf = this->LeafWithDeltas(1);
  auto& page = leaf.page();
  const auto slot = static_cast<uint32_t>(std::countr_zero(leaf.word().members()));
  const auto record = page.SlotRecord(slot);
  const auto claim = page.ClaimSlot(record.key, record.payload);
  ASSERT_TRUE(claim.valid());
  page.FillSlot(claim, record.key, record.payload, DeltaKind::kUpdate);
  this->ExpectFaultWith({{leaf.id(), leaf.raw() | uint64_t{1} << claim.slot}},
                        "I5: two members hold the same key");
}

/// The chains of the linked layouts.
template <class Traits>
class LinkedValidateTest : public BwTreeValidateTest<Traits> {
 protected:
  /// The newest delta of a leaf that has one.
  const auto& Top() {
    for (uint64_t number = 2000;; ++number) {
      const auto leaf = this->damage_.Level(0).back();
      if (leaf.delta_count() > 0) return *leaf.top();
      this->Insert(number);
    }
  }
};

using LinkedTraits = testing::Types<TinyLinked, TinyPreallocated, LongChains<LinkedDeltas>,
                                    WithRecords<TinyLinked, BytesKey, U64Value>>;
TYPED_TEST_SUITE(LinkedValidateTest, LinkedTraits, TraitsName);

TYPED_TEST(LinkedValidateTest, SeesADeltaOfTheWrongDepth) {
  const auto& top = this->Top();
  this->ExpectFaultWith(top.depth, static_cast<uint8_t>(top.depth + 1), "I5: the depth");
}

TYPED_TEST(LinkedValidateTest, SeesADeltaWithAWrongNumberOfRecords) {
  const auto& top = this->Top();
  this->ExpectFaultWith(top.count, static_cast<uint16_t>(top.count + 1),
                        "tells a wrong number of records");
}

TYPED_TEST(LinkedValidateTest, SeesADeltaThatTellsAWrongPlace) {
  const auto& top = this->Top();
  if (top.position == kNoPosition) GTEST_SKIP() << "deltas tell no places here";
  this->ExpectFaultWith(top.position, static_cast<uint16_t>(top.position + 1), "D3");
}

}  // namespace
}  // namespace bwlab::test
