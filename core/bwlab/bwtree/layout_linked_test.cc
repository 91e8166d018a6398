// Method: nodes are made and changed by the editor alone, on a host that counts every byte, and are
// compared with a std::map at each step; what is retired is freed when the test says so, so that
// AddressSanitizer sees a chain that goes too early and the count one that never goes.

#include "bwlab/bwtree/layout_linked.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bwlab/base/memory.h"
#include "bwlab/bwtree/layout.h"
#include "bwlab/bwtree/linked_editor.h"
#include "bwlab/bwtree/packed_editor.h"
#include "bwlab/policy/search/scalar.h"

namespace bwlab {
namespace {

using Words = Records<U64Key, U64Value>;
using ByteRecords = Records<BytesKey, BytesValue>;

template <class Layout>
constexpr bool kIsLayout = DeltaLayoutPolicy<Layout, Words, ScalarBinarySearch>&&
    DeltaLayoutPolicy<Layout, ByteRecords, ScalarBinarySearch>;
static_assert(kIsLayout<PackedDeltas>);
static_assert(kIsLayout<LinkedDeltas>);
static_assert(kIsLayout<PreallocatedDeltas>);

static_assert(sizeof(LinkedDelta<Words>) == kCacheLineBytes);

/// What a tree would lend to an editor.
struct World {
  World() {
    options.leaf_capacity = 8;
    options.inner_capacity = 8;
    options.root_capacity = 8;
    options.leaf_chain_length = 6;
    options.inner_chain_length = 6;
  }

  MappingTable table{1024};
  TreeOptions options;
  CountingStats stats;
  RetiredList retired;
  int64_t live_bytes = 0;
  int64_t allocations_left = INT64_MAX;

  uint64_t Count(TreeEvent event) const {
    TreeCounters sum;
    stats.SumInto(sum);
    return sum[event];
  }
};
class TestHost {
 public:
  explicit TestHost(World& world) : world_(&world) {}

  MappingTable& table() { return world_->table; }
  const TreeOptions& options() const { return world_->options; }
  CountingStats& stats() { return world_->stats; }
  void* Allocate(std::size_t bytes) {
    if (world_->allocations_left-- <= 0) return nullptr;
    world_->live_bytes += static_cast<int64_t>(bytes);
    return AllocateLines(bytes);
  }
  void Free(void* memory, std::size_t bytes) {
    world_->live_bytes -= static_cast<int64_t>(bytes);
    FreeLines(memory);
  }
  void Retire(Retired* retired) { world_->retired.Push(retired); }
  PageId TakeId() { return world_->table.AllocateId(); }
  void GiveBackId(PageId id) { world_->table.FreeId(id); }

 private:
  World* world_;
};

/// Numbers as keys and values; byte strings of one length with a long common prefix.
template <class R>
struct Made;
template <>
struct Made<Words> {
  static Head Key(uint64_t number) { return HeadOf(number); }
  static uint64_t Value(uint64_t number) { return number; }
  static uint64_t NumberOf(Head key) { return KeyOf(key); }
  static uint64_t NumberOfValue(uint64_t value) { return value; }
};
template <>
struct Made<ByteRecords> {
  static std::string_view Text(uint64_t number) {
    static const auto texts = [] {
      std::vector<std::string> made;
      for (uint64_t i = 0; i < 1000; ++i)
        made.push_back("common/prefix/" + std::to_string(1000 + i));
      return made;
    }();
    return number == 0 ? std::string_view() : std::string_view(texts.at(number));
  }
  static uint64_t NumberOf(std::string_view text) {
    if (text.empty()) return 0;
    std::string digits(text.substr(14));
    digits.resize(4, '0');  // separators are cut short
    return std::stoull(digits) - 1000;
  }
  static std::string_view Key(uint64_t number) { return Text(number); }
  static BytesValue::Payload Value(uint64_t number) { return BytesValue::Payload(Text(number)); }
  static uint64_t NumberOfValue(const BytesValue::Payload& value) { return NumberOf(value.bytes); }
};

template <class LayoutType, class RecordsType>
struct Param {
  using Layout = LayoutType;
  using R = RecordsType;
};

template <class P>
class LinkedLayoutTest : public testing::Test {
 public:
  using R = typename P::R;
  using Node = typename P::Layout::template Node<R, ScalarBinarySearch>;
  using Editor = typename P::Layout::template Editor<R, ScalarBinarySearch, TestHost>;
  using Page = typename Editor::Page;
  using Model = std::map<uint64_t, uint64_t>;
  using Make = Made<R>;

  ~LinkedLayoutTest() override {
    FreeRetired();
    for (uint64_t id = 1; id < world_.table.ids_used(); ++id) {
      const uint64_t raw = world_.table.Load(static_cast<PageId>(id));
      if (MappingTable::IsNode(raw)) editor_.FreeNode(Node(static_cast<PageId>(id), raw));
    }
    EXPECT_EQ(world_.live_bytes, 0);
  }

  /// A node of [low, high) with the records of `model` in its base page; `right` is kNoPage for a
  /// node without end.
  PageId NewNode(uint32_t level, const Model& model, uint64_t low, uint64_t high, PageId right) {
    uint64_t bytes = 0;
    for (const auto& [key, value] : model) {
      bytes += Page::RecordBytes(level, R::Key::BytesOf(Make::Key(key)), PayloadOf(level, value));
    }
    Page* page = editor_.NewPage({level, static_cast<uint32_t>(model.size()), bytes, Make::Key(low),
                                  Make::Key(high), right});
    PageFiller<Page> filler(*page);
    for (const auto& [key, value] : model) filler.Add(Make::Key(key), PayloadOf(level, value));
    filler.Finish();
    const PageId id = world_.table.AllocateId();
    world_.table.Install(id, Editor::WordOf(page));
    return id;
  }
  static typename R::Payload PayloadOf(uint32_t level, uint64_t value) {
    return level == 0 ? Make::Value(value) : typename R::Payload(value);
  }

  Node At(PageId id) const { return Node(id, world_.table.Load(id)); }

  Attempt Append(PageId id, DeltaKind kind, uint64_t key, uint64_t value) {
    Node node = At(id);
    typename Editor::Cursor cursor(node, Make::Key(key));
    Finger finger;
    cursor.Look(node, world_.stats, finger);
    return editor_.Append(node, {Make::Key(key), Make::Value(value), kind}, cursor);
  }
  /// Puts a delta on a leaf that has room for it, and the same into the model.
  void Put(PageId id, Model& model, uint64_t key, uint64_t value) {
    ASSERT_EQ(
        Append(id, model.count(key) != 0 ? DeltaKind::kUpdate : DeltaKind::kInsert, key, value),
        Attempt::kDone);
    model[key] = value;
  }
  void Remove(PageId id, Model& model, uint64_t key) {
    ASSERT_EQ(Append(id, DeltaKind::kDelete, key, 0), Attempt::kDone);
    model.erase(key);
  }
  Attempt ChangeTerm(PageId id, DeltaKind kind, uint64_t key, uint64_t child) {
    Node node = At(id);
    Split<R> split;
    return editor_.PublishTerm(node, {Make::Key(key), typename R::Payload(child), kind}, &split);
  }
  void Consolidate(PageId id) {
    Split<R> split;
    ASSERT_EQ(editor_.Consolidate(At(id), nullptr, &split), Attempt::kDone);
    ASSERT_FALSE(split.happened());
  }
  void Mark(PageId id) {
    Node node = At(id);
    ASSERT_EQ(editor_.Mark(node), Attempt::kDone);
    ASSERT_TRUE(node.marked() && At(id).marked());
  }
  Attempt Absorb(PageId left, PageId right) {
    Split<R> split;
    return editor_.Absorb(At(left), At(right), &split);
  }

  /// Frees what was retired, as at the end of a grace period. @return the ids that end with it.
  std::vector<PageId> FreeRetired() {
    std::vector<PageId> ids;
    while (!world_.retired.empty()) {
      const PageId id = editor_.FreeRetired(world_.retired.Pop());
      if (id == kNoPage) continue;
      ids.push_back(id);
      world_.table.FreeId(id);
    }
    return ids;
  }

  /// That a leaf holds exactly the model's records in [low, high), whichever way it is asked.
  void ExpectHolds(const Node& node, const Model& whole, uint64_t low, uint64_t high) {
    const Model model(whole.lower_bound(low), whole.lower_bound(high));
    EXPECT_EQ(node.Check(), "");
    EXPECT_EQ(node.records_at_most(), model.size());
    EXPECT_EQ(Make::NumberOf(node.low()), low);
    for (uint64_t key = low; key < high; ++key) {
      typename R::Payload payload;
      const auto expected = model.find(key);
      const bool found = node.Find(Make::Key(key), &payload, world_.stats);
      ASSERT_EQ(found, expected != model.end()) << key;
      if (found) {
        ASSERT_EQ(Make::NumberOfValue(payload), expected->second) << key;
      }
    }
    std::vector<std::pair<uint64_t, uint64_t>> visited;
    KeyBuffer<R> keys;
    keys.SetPrefix(node.prefix());
    const auto visit = [&](const Record<R>& record) {
      visited.emplace_back(Make::NumberOf(keys.JoinProbe(record.key)),
                           Make::NumberOfValue(record.payload));
      return true;
    };
    EXPECT_TRUE(node.Visit(visit));
    EXPECT_TRUE(Is(visited, model.begin(), model.end()));
    for (uint64_t key = low; key < high; ++key) {
      visited.clear();
      EXPECT_TRUE(node.VisitFrom(Make::Key(key), visit));
      EXPECT_TRUE(Is(visited, model.lower_bound(key), model.end())) << "from " << key;
      for (const bool inclusive : {false, true}) {
        visited.clear();
        const auto end = Make::Key(key);
        EXPECT_TRUE(node.VisitBackward(&end, inclusive, visit));
        const auto last = inclusive ? model.upper_bound(key) : model.lower_bound(key);
        EXPECT_TRUE(Is(visited, std::make_reverse_iterator(last), model.rend())) << "to " << key;
      }
    }
    visited.clear();
    EXPECT_TRUE(node.VisitBackward(nullptr, false, visit));
    EXPECT_TRUE(Is(visited, model.rbegin(), model.rend()));
  }
  template <class It>
  static bool Is(const std::vector<std::pair<uint64_t, uint64_t>>& visited, It first, It last) {
    return std::equal(
        visited.begin(), visited.end(), first, last,
        [](const auto& a, const auto& b) { return a.first == b.first && a.second == b.second; });
  }

  World world_;
  Editor editor_{TestHost(world_)};
};

using Params =
    testing::Types<Param<LinkedDeltas, Words>, Param<PreallocatedDeltas, Words>,
                   Param<LinkedDeltas, ByteRecords>, Param<PreallocatedDeltas, ByteRecords>>;
struct ParamName {
  template <class P>
  static std::string GetName(int) {
    return std::string(P::Layout::kName) + "_" + std::string(P::R::Key::kName);
  }
};
TYPED_TEST_SUITE(LinkedLayoutTest, Params, ParamName);

TYPED_TEST(LinkedLayoutTest, AWordTellsATopThatIsADeltaFromAPageAndNeitherFromAFreeId) {
  typename TestFixture::Model model{{10, 1}, {20, 2}};
  const PageId id = this->NewNode(0, model, 0, 0, kNoPage);
  const uint64_t page_word = this->At(id).raw();
  EXPECT_FALSE(this->At(id).word().is_delta());
  this->Put(id, model, 15, 3);
  EXPECT_TRUE(this->At(id).word().is_delta());
  EXPECT_EQ(this->At(id).delta_count(), 1u);
  for (const uint64_t word : {page_word, this->At(id).raw()}) {
    EXPECT_TRUE(MappingTable::IsNode(word));
    EXPECT_EQ(word & ((1u << 23) - 2), 0u);
  }
}

TYPED_TEST(LinkedLayoutTest, AChainAgreesWithAMapAsItGrowsAndWhenItIsConsolidated) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 60; ++round) {
    typename TestFixture::Model model;
    for (uint64_t i = random() % 6; i > 0; --i) model[random() % 30] = random() % 900;
    const PageId id = this->NewNode(0, model, 0, 0, kNoPage);
    for (uint32_t i = 0; i < this->world_.options.leaf_chain_length; ++i) {
      const uint64_t key = random() % 30;
      if (model.count(key) != 0 && random() % 2 == 0) {
        this->Remove(id, model, key);
      } else if (model.size() < 8) {
        this->Put(id, model, key, random() % 900);
      }
      this->ExpectHolds(this->At(id), model, 0, 30);
      if (this->HasFailure()) return;
    }
    this->Consolidate(id);
    EXPECT_EQ(this->At(id).delta_count(), 0u);
    this->ExpectHolds(this->At(id), model, 0, 30);
    this->FreeRetired();
  }
}

/// Remembers between which records it has searched.
struct SpySearch : ScalarBinarySearch {
  static uint32_t UpperBoundWithin(const SortedHeads& node, uint32_t first, uint32_t last,
                                   Head key) {
    range = {first, last};
    return ScalarBinarySearch::UpperBoundWithin(node, first, last, key);
  }
  inline static std::pair<uint32_t, uint32_t> range;
};
TYPED_TEST(LinkedLayoutTest, DeltasOnBothSidesNarrowTheSearchOfTheBasePage) {
  using Range = std::pair<uint32_t, uint32_t>;
  for (const bool shortcuts : {true, false}) {
    this->world_.options.search_shortcuts = shortcuts;
    typename TestFixture::Model model;
    for (uint64_t key = 10; key <= 80; key += 10) model[key] = key;
    const PageId id = this->NewNode(0, model, 0, 0, kNoPage);
    const auto searched = [&](uint64_t key) {
      using SpiedNode = typename TypeParam::Layout::template Node<typename TypeParam::R, SpySearch>;
      typename TypeParam::R::Payload payload;
      SpySearch::range = {};
      const SpiedNode node(id, this->world_.table.Load(id));
      EXPECT_EQ(node.Find(TestFixture::Make::Key(key), &payload, this->world_.stats),
                model.count(key) != 0);
      return SpySearch::range;
    };
    EXPECT_EQ(searched(40), Range(0, 8));
    this->Put(id, model, 35, 1);  // three records are below it
    this->Remove(id, model, 60);  // five, and itself
    const auto expected = [&](uint32_t first, uint32_t last) {
      return shortcuts ? Range(first, last) : Range(0, 8);
    };
    EXPECT_EQ(searched(20), expected(0, 3));
    EXPECT_EQ(searched(40), expected(3, 5));
    EXPECT_EQ(searched(45), expected(3, 5));
    EXPECT_EQ(searched(70), expected(5, 8));
    EXPECT_EQ(searched(35), Range()) << "a delta has the answer";
    this->Put(id, model, 38, 2);
    this->Put(id, model, 37, 2);
    EXPECT_EQ(searched(36), expected(3, 3)) << "between two neighbours";
  }
}

TYPED_TEST(LinkedLayoutTest, AFullChainTakesNoMoreAndNothingIsLost) {
  typename TestFixture::Model model{{1, 1}};
  const PageId id = this->NewNode(0, model, 0, 0, kNoPage);
  for (uint64_t i = 0; i < 6; ++i) this->Put(id, model, 1, i);
  EXPECT_EQ(this->Append(id, DeltaKind::kUpdate, 1, 9), Attempt::kFull);
  this->ExpectHolds(this->At(id), model, 0, 30);
}

TYPED_TEST(LinkedLayoutTest, ALostAppendShowsTheWordThatWonAndMayBeTriedAgain) {
  typename TestFixture::Model model{{1, 1}};
  const PageId id = this->NewNode(0, model, 0, 0, kNoPage);
  auto stale = this->At(id);
  const auto key = TestFixture::Make::Key(2);
  typename TestFixture::Editor::Cursor cursor(stale, key);
  Finger finger;
  EXPECT_FALSE(cursor.Look(stale, this->world_.stats, finger));
  this->Put(id, model, 2, 7);
  const Delta<typename TestFixture::R> delta{key, TestFixture::Make::Value(8), DeltaKind::kUpdate};
  EXPECT_EQ(this->editor_.Append(stale, delta, cursor), Attempt::kLost);
  EXPECT_EQ(stale.raw(), this->At(id).raw());
  EXPECT_TRUE(cursor.IsOn(stale));
  EXPECT_TRUE(cursor.Look(stale, this->world_.stats, finger));
  EXPECT_EQ(this->editor_.Append(stale, delta, cursor), Attempt::kDone);
  model[2] = 8;
  this->ExpectHolds(this->At(id), model, 0, 30);
  this->Consolidate(id);
  EXPECT_FALSE(cursor.IsOn(this->At(id)));
}

TYPED_TEST(LinkedLayoutTest, ASplitOnTopHidesTheUpperHalfUntilTheNextConsolidation) {
  for (const uint64_t extra_key : {5u, 95u, 200u}) {  // below, in place of, and above what is there
    typename TestFixture::Model model;
    for (uint64_t key = 10; key < 90; key += 10) model[key] = key;
    const PageId id = this->NewNode(0, model, 0, 500, 999);
    for (uint64_t key = 15; key < 75; key += 10) this->Put(id, model, key, key);
    Split<typename TestFixture::R> split;
    const Delta<typename TestFixture::R> extra{TestFixture::Make::Key(extra_key),
                                               TestFixture::Make::Value(1), DeltaKind::kInsert};
    ASSERT_EQ(this->editor_.Consolidate(this->At(id), &extra, &split), Attempt::kDone);
    model[extra_key] = 1;
    ASSERT_TRUE(split.happened());
    const uint64_t separator = TestFixture::Make::NumberOf(this->At(id).high());
    EXPECT_TRUE(split.separator == this->At(id).high());
    EXPECT_EQ(this->At(id).right(), split.right);
    EXPECT_EQ(this->At(split.right).right(), 999u);
    EXPECT_TRUE(this->At(id).HasStructure());
    EXPECT_TRUE(this->At(id).IsBeyond(split.separator));
    this->ExpectHolds(this->At(id), model, 0, separator);
    this->ExpectHolds(this->At(split.right), model, separator, 500);
    EXPECT_EQ(this->world_.retired.pages, 0u);  // the left half is as it was

    this->Consolidate(id);
    EXPECT_FALSE(this->At(id).HasStructure());
    EXPECT_TRUE(this->At(id).high() == this->At(split.right).low());
    this->ExpectHolds(this->At(id), model, 0, separator);
    this->FreeRetired();
    if (this->HasFailure()) return;
  }
  EXPECT_EQ(this->world_.Count(TreeEvent::kPublishedSplit), 3u);
  EXPECT_EQ(this->world_.Count(TreeEvent::kLeafSplit), 3u);
}

TYPED_TEST(LinkedLayoutTest, AFailedSplitTakesNothingWithIt) {
  for (int64_t allocations = 0; allocations < 3; ++allocations) {
    typename TestFixture::Model model;
    for (uint64_t key = 10; key < 90; key += 10) model[key] = key;
    const PageId id = this->NewNode(0, model, 0, 0, kNoPage);
    for (uint64_t key = 15; key < 75; key += 10) this->Put(id, model, key, key);
    const auto before = this->At(id);
    const int64_t bytes = this->world_.live_bytes;
    Split<typename TestFixture::R> split;
    const Delta<typename TestFixture::R> extra{TestFixture::Make::Key(5),
                                               TestFixture::Make::Value(1), DeltaKind::kInsert};
    this->world_.allocations_left = allocations;
    const Attempt attempt = this->editor_.Consolidate(before, &extra, &split);
    this->world_.allocations_left = INT64_MAX;
    if (attempt == Attempt::kDone) {
      EXPECT_GT(allocations, 0);  // the rest came from an area
      continue;
    }
    EXPECT_EQ(attempt, Attempt::kOutOfMemory);
    EXPECT_EQ(this->world_.live_bytes, bytes);
    EXPECT_EQ(this->At(id).raw(), before.raw());
    this->ExpectHolds(this->At(id), model, 0, 100);
  }
}

/// Two neighbouring leaves with deltas, 40..50 and 50..59, so that each of them leaves out more of
/// a byte string than both together do. A split may have cut off the end of the right one.
template <class Fixture>
struct Neighbours {
  Neighbours(Fixture& test, bool with_split) {
    right = test.NewNode(0, {{50, 1}, {52, 2}}, 50, 59, 999);
    model = {{50, 1}, {52, 2}};
    test.Put(right, model, 51, 3);
    test.Remove(right, model, 52);
    if (with_split) {
      for (const uint64_t key : {55, 56, 57, 58}) test.Put(right, model, key, key);
      test.world_.options.leaf_capacity = 4;
      Split<typename Fixture::R> split;
      EXPECT_EQ(test.editor_.Consolidate(test.At(right), nullptr, &split), Attempt::kDone);
      test.world_.options.leaf_capacity = 8;
      EXPECT_TRUE(split.happened());
      end = Fixture::Make::NumberOf(split.separator);
      model.erase(model.lower_bound(end), model.end());
    }
    left = test.NewNode(0, {{41, 4}, {45, 5}}, low, 50, right);
    model[41] = 4;
    model[45] = 5;
    test.Put(left, model, 45, 6);
  }
  PageId left, right;
  uint64_t low = 40;
  uint64_t end = 59;
  typename Fixture::Model model;
};

TYPED_TEST(LinkedLayoutTest, AMergeOnTopReadsAsBothNodesAndTakesDeltasOfBoth) {
  for (const bool with_split : {false, true}) {
    this->world_.options.leaf_chain_length = 16;
    Neighbours<TestFixture> nodes(*this, with_split);
    this->Mark(nodes.right);
    ASSERT_EQ(this->Absorb(nodes.left, nodes.right), Attempt::kDone);
    const auto merged = [&] { return this->At(nodes.left); };
    ASSERT_NE(merged().Merge(), nullptr);
    EXPECT_EQ(merged().right(), this->At(nodes.right).right());
    EXPECT_TRUE(merged().high() == this->At(nodes.right).high());
    this->ExpectHolds(merged(), nodes.model, nodes.low, nodes.end);

    const uint64_t removals = this->world_.Count(TreeEvent::kTraversedRemove);
    typename TestFixture::R::Payload payload;
    EXPECT_FALSE(merged().Find(TestFixture::Make::Key(49), &payload, this->world_.stats));
    EXPECT_EQ(this->world_.Count(TreeEvent::kTraversedRemove), removals);
    EXPECT_TRUE(merged().Find(TestFixture::Make::Key(50), &payload, this->world_.stats));
    EXPECT_EQ(this->world_.Count(TreeEvent::kTraversedRemove), removals + 1);

    this->Put(nodes.left, nodes.model, 45, 7);
    this->Put(nodes.left, nodes.model, 49, 8);
    this->Put(nodes.left, nodes.model, 50, 9);
    this->Put(nodes.left, nodes.model, 53, 10);
    this->Remove(nodes.left, nodes.model, 41);
    this->Remove(nodes.left, nodes.model, 51);
    this->ExpectHolds(merged(), nodes.model, nodes.low, nodes.end);
    this->Consolidate(nodes.left);
    this->ExpectHolds(merged(), nodes.model, nodes.low, nodes.end);
    EXPECT_EQ(merged().Merge(), nullptr);
    this->editor_.RetireNode(this->At(nodes.right));
    this->FreeRetired();
    if (this->HasFailure()) return;
  }
}

TYPED_TEST(LinkedLayoutTest, AnAbsorbedChainLivesAsLongAsTheRemovedNodeOrTheMergeNeedsIt) {
  for (const bool node_first : {true, false}) {
    Neighbours<TestFixture> nodes(*this, false);
    this->Mark(nodes.right);
    ASSERT_EQ(this->Absorb(nodes.left, nodes.right), Attempt::kDone);
    const auto removed = this->At(nodes.right);
    if (node_first) {
      this->editor_.RetireNode(removed);
      EXPECT_EQ(this->FreeRetired(), std::vector<PageId>{nodes.right});
      this->ExpectHolds(this->At(nodes.left), nodes.model, nodes.low, nodes.end);
      this->Consolidate(nodes.left);
    } else {
      this->Consolidate(nodes.left);
      EXPECT_TRUE(this->FreeRetired().empty());
      // Whoever comes late through its id still finds range and records.
      typename TestFixture::R::Payload payload;
      EXPECT_EQ(TestFixture::Make::NumberOf(removed.low()), 50u);
      EXPECT_TRUE(removed.Find(TestFixture::Make::Key(51), &payload, this->world_.stats));
      this->editor_.RetireNode(removed);
    }
    this->FreeRetired();
    this->ExpectHolds(this->At(nodes.left), nodes.model, nodes.low, nodes.end);
    const auto page_bytes = static_cast<int64_t>(this->At(nodes.left).base().bytes);
    EXPECT_EQ(this->world_.live_bytes, page_bytes) << "only the consolidated page is left";
    // Ends the node, so that the next round begins with nothing.
    this->editor_.RetirePageOf(this->At(nodes.left));
    this->FreeRetired();
    this->world_.table.FreeId(nodes.left);
  }
}

TYPED_TEST(LinkedLayoutTest, OfTwoMergesOfOneNodeTheLoserGivesItsShareBack) {
  Neighbours<TestFixture> nodes(*this, false);
  this->Mark(nodes.right);
  const auto late = this->At(nodes.left);
  ASSERT_EQ(this->Absorb(nodes.left, nodes.right), Attempt::kDone);
  Split<typename TestFixture::R> split;
  EXPECT_EQ(this->editor_.Absorb(late, this->At(nodes.right), &split), Attempt::kLost);
  this->Consolidate(nodes.left);
  this->editor_.RetireNode(this->At(nodes.right));
  this->FreeRetired();
  EXPECT_EQ(this->world_.live_bytes, static_cast<int64_t>(this->At(nodes.left).base().bytes));
}

TYPED_TEST(LinkedLayoutTest, ANodeWithASplitOrAMergeIsConsolidatedBeforeItAbsorbsOrEnds) {
  const PageId third = this->NewNode(0, {{150, 1}}, 100, 0, kNoPage);
  const PageId second = this->NewNode(0, {{50, 1}}, 50, 100, third);
  const PageId first = this->NewNode(0, {{10, 1}}, 0, 50, second);
  this->Mark(second);
  ASSERT_EQ(this->Absorb(first, second), Attempt::kDone);
  this->Mark(third);
  EXPECT_EQ(this->Absorb(first, third), Attempt::kLost);
  EXPECT_EQ(this->At(first).delta_count(), 0u);
  EXPECT_EQ(this->Absorb(first, third), Attempt::kDone);
  this->ExpectHolds(this->At(first), {{10, 1}, {50, 1}, {150, 1}}, 0, 200);
  EXPECT_EQ(this->At(first).right(), kNoPage);

  auto node = this->At(first);
  EXPECT_EQ(this->editor_.Mark(node), Attempt::kLost);
  EXPECT_EQ(this->At(first).delta_count(), 0u);
  this->Mark(first);
  this->ExpectHolds(this->At(first), {{10, 1}, {50, 1}, {150, 1}}, 0, 200);
}

TYPED_TEST(LinkedLayoutTest, NodesTooLargeForAMergeOnTopBecomeNewPages) {
  typename TestFixture::Model left_model, right_model;
  for (uint64_t key = 0; key < 6; ++key) {
    left_model[key + 1] = key;
    right_model[key + 50] = key;
  }
  typename TestFixture::Model both = left_model;
  both.insert(right_model.begin(), right_model.end());
  const PageId right = this->NewNode(0, right_model, 50, 0, kNoPage);
  const PageId left = this->NewNode(0, left_model, 0, 50, right);
  this->Mark(right);
  Split<typename TestFixture::R> split;
  ASSERT_EQ(this->editor_.Absorb(this->At(left), this->At(right), &split), Attempt::kDone);
  ASSERT_TRUE(split.happened());
  EXPECT_EQ(this->At(left).delta_count(), 0u);
  const uint64_t separator = TestFixture::Make::NumberOf(split.separator);
  this->ExpectHolds(this->At(left), both, 0, separator);
  this->ExpectHolds(this->At(split.right), both, separator, 100);
}

TYPED_TEST(LinkedLayoutTest, TermsAgreeWithAMapUnderInsertsDeletesAndIntentsAcrossAMerge) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 40; ++round) {
    this->world_.options.inner_chain_length = 24;
    this->world_.options.inner_capacity = 24;
    constexpr uint64_t kLow = 40, kSeam = 50, kHigh = 59;
    typename TestFixture::Model model{{kLow, 1000}, {43, 1043}, {46, 1046}};
    const PageId right = this->NewNode(1, {{kSeam, 1050}, {55, 1055}}, kSeam, kHigh, 999);
    const PageId left = this->NewNode(1, model, kLow, kSeam, right);
    model[kSeam] = 1050;
    model[55] = 1055;
    for (int i = 0; i < 20; ++i) {
      if (i == 6) {
        this->Mark(right);
        ASSERT_EQ(this->Absorb(left, right), Attempt::kDone);
      }
      // The first child of a node cannot go; after the merge that of the right one can.
      const uint64_t key = kLow + 1 + random() % (kHigh - kLow - 1);
      const PageId id = i < 6 && key >= kSeam ? right : left;
      const bool first = i < 6 && key == kSeam;
      if (model.count(key) == 0) {
        ASSERT_EQ(this->ChangeTerm(id, DeltaKind::kIndexTermInsert, key, key), Attempt::kDone);
        model[key] = key;
      } else if (first || random() % 2 == 0) {
        const uint64_t intended = IndexTerm{model[key]}.WithIntent().word;
        ASSERT_EQ(this->ChangeTerm(id, DeltaKind::kMergeIntent, key, intended), Attempt::kDone);
        model[key] = intended;
      } else {
        ASSERT_EQ(this->ChangeTerm(id, DeltaKind::kIndexTermDelete, key, 0), Attempt::kDone);
        model.erase(key);
      }
      if (i == 12 && model.count(kSeam) != 0) {
        ASSERT_EQ(this->ChangeTerm(left, DeltaKind::kIndexTermDelete, kSeam, 0), Attempt::kDone);
        model.erase(kSeam);
      }
      if (i < 6) continue;
      const auto node = this->At(left);
      ASSERT_EQ(node.Check(), "");
      ASSERT_EQ(node.records_at_most(), model.size());
      ASSERT_EQ(node.LastTerm().word, model.rbegin()->second);
      for (uint64_t probe = kLow; probe < kHigh; ++probe) {
        bool exact;
        const auto above = model.upper_bound(probe);
        const auto& [separator, term] = *std::prev(above);
        ASSERT_EQ(node.TermFor(TestFixture::Make::Key(probe), this->world_.stats, &exact).word,
                  term)
            << probe;
        ASSERT_EQ(exact, separator == probe) << probe;
        if (probe == kLow) continue;
        ASSERT_EQ(node.TermBefore(TestFixture::Make::Key(probe)).word,
                  std::prev(model.lower_bound(probe))->second);
      }
      ASSERT_EQ(node.TermBefore(TestFixture::Make::Key(200)).word, model.rbegin()->second);
    }
    this->editor_.RetireNode(this->At(right));
  }
}

TYPED_TEST(LinkedLayoutTest, WithoutInnerChainsEveryChangeIsANewBasePage) {
  this->world_.options.inner_chain_length = 0;
  const PageId id = this->NewNode(1, {{0, 1}}, 0, 0, kNoPage);
  for (uint64_t key = 90; key > 0; key -= 10) {
    ASSERT_EQ(this->ChangeTerm(id, DeltaKind::kIndexTermInsert, key, key), Attempt::kDone);
    ASSERT_EQ(this->At(id).delta_count(), 0u);
  }
  EXPECT_EQ(this->world_.Count(TreeEvent::kPublishedSplit), 0u);
  EXPECT_EQ(this->world_.Count(TreeEvent::kInnerSplit), 1u);
}

TEST(PreallocatedDeltas, AreCutFromTheBasePageUntilItsAreaIsUsedUp) {
  using Page = LinkedPage<Words>;
  const PageShape<Words> shape{0, 0, 0, kHeadMin, kHeadMax, kNoPage};
  const Page::Geometry geometry(shape, 0, 3 * kCacheLineBytes);
  void* memory = AllocateLines(geometry.bytes);
  auto* page = new (memory) Page(shape, 3 * kCacheLineBytes, geometry);
  char* const end = static_cast<char*>(memory) + geometry.bytes;
  EXPECT_EQ(page->CutDelta(kCacheLineBytes), end - 3 * kCacheLineBytes);
  EXPECT_EQ(page->CutDelta(2 * kCacheLineBytes), end - 2 * kCacheLineBytes);
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(page->CutDelta(kCacheLineBytes), nullptr);
  EXPECT_TRUE(page->Holds(end - kCacheLineBytes));
  EXPECT_FALSE(page->Holds(end));
  page->~Page();
  FreeLines(memory);
}

}  // namespace
}  // namespace bwlab
