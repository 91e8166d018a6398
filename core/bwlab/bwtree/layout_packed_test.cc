#include "bwlab/bwtree/layout_packed.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "bwlab/base/memory.h"
#include "bwlab/bwtree/mapping_table.h"
#include "bwlab/bwtree/merge_plan.h"
#include "bwlab/policy/search/scalar.h"
#include "bwlab/policy/search/simd.h"

namespace bwlab {
namespace {

using Words = Records<U64Key, U64Value>;
using WordPage = PackedPage<Words>;
using ByteRecords = Records<BytesKey, BytesValue>;
using BytePage = PackedPage<ByteRecords>;

template <class Page>
struct FreePage {
  void operator()(Page* page) const {
    page->~Page();
    FreeLines(page);
  }
};
template <class R>
using PagePtr = std::unique_ptr<PackedPage<R>, FreePage<PackedPage<R>>>;

template <class R>
PagePtr<R> NewPage(const PageShape<R>& shape, uint32_t slots) {
  const auto geometry = PackedPage<R>::GeometryOf(shape, slots);
  return PagePtr<R>(new (AllocateLines(geometry.bytes)) PackedPage<R>(shape, slots, geometry));
}

PagePtr<Words> NewPage(const std::map<Head, uint64_t>& records, uint32_t slots) {
  auto page = NewPage<Words>(
      {0, static_cast<uint32_t>(records.size()), 0, kHeadMin, kHeadMax, kNoPage}, slots);
  PageFiller<WordPage> filler(*page);
  for (const auto& [head, payload] : records) filler.Add(head, payload);
  filler.Finish();
  return page;
}

using StringMap = std::map<std::string, std::string>;

PagePtr<ByteRecords> NewPage(const StringMap& records, std::string_view low, std::string_view high,
                             uint32_t slots) {
  uint64_t bytes = 0;
  for (const auto& [key, value] : records) bytes += key.size() + value.size();
  auto page = NewPage<ByteRecords>(
      {0, static_cast<uint32_t>(records.size()), bytes, low, high, high.empty() ? kNoPage : 7},
      slots);
  PageFiller<BytePage> filler(*page);
  for (const auto& [key, value] : records) {
    filler.Add(std::string_view(key), ByteRecords::Payload(std::string_view(value)));
  }
  filler.Finish();
  return page;
}

std::string EntireKey(const BytePage& page, const BytePage::Key& key) {
  return std::string(page.prefix()) + std::string(key.suffix);
}

TEST(PackedPage, ItsPartsDoNotOverlapAndFillTheAllocation) {
  for (uint32_t count : {0u, 1u, 8u, 9u, 64u, 65u, 128u, 1024u}) {
    for (uint32_t slots : {0u, 1u, 8u, 9u, kSlotsMax}) {
      const auto g = WordPage::GeometryOf({0, count, 0, kHeadMin, kHeadMax, kNoPage}, slots);
      const auto lines = [](uint32_t words) { return (words + 7) / 8; };
      const uint32_t hint_lines = g.heads_line - 1;
      EXPECT_GE(hint_lines, 1u);
      EXPECT_GE(hint_lines * kShortHintLanes, lines(count) - 1 + kShortHintScaleLanes);
      EXPECT_EQ(g.heap_offset, 64 * (g.heads_line + 2 * lines(count) + lines(2 * slots)));
      EXPECT_EQ(g.bytes, g.heap_offset) << "records of two words need no heap";
    }
  }
}

TEST(PackedPage, SlotsKeepWhatTheyAreFilledWithBesideTheRecords) {
  std::map<Head, uint64_t> records;
  for (Head i = 0; i < 70; ++i) records[i * 3] = static_cast<uint64_t>(i) * 5;
  const auto page = NewPage(records, kSlotsMax);
  for (uint32_t slot = 0; slot < kSlotsMax; ++slot) {
    const auto claim = page->ClaimSlot(0, 0);
    ASSERT_EQ(claim.slot, slot);
    page->FillSlot(claim, -static_cast<Head>(slot), 1000 + slot,
                   slot % 2 == 0 ? DeltaKind::kInsert : DeltaKind::kDelete);
  }
  for (uint32_t slot = 0; slot < kSlotsMax; ++slot) {
    EXPECT_EQ(page->SlotKey(slot), -static_cast<Head>(slot));
    EXPECT_EQ(page->SlotRecord(slot).payload, 1000 + slot);
    EXPECT_EQ(page->SlotRemoves(slot), slot % 2 == 1);
  }
  uint32_t i = 0;
  for (const auto& [head, payload] : records) {
    EXPECT_EQ(page->heads()[i], head);
    EXPECT_EQ(page->payload_words()[i++], payload);
  }
}

/// Many keys, so that hundreds of them have the tag of another one in the page.
TEST(PackedPage, ATagThatAnotherKeyHasTooIsNotTakenForIt) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 200; ++round) {
    const auto page = NewPage(std::map<Head, uint64_t>{}, kSlotsMax);
    std::array<Head, kSlotsMax> heads;
    for (uint32_t slot = 0; slot < kSlotsMax; ++slot) {
      heads[slot] = static_cast<Head>(random());
      page->FillSlot(page->ClaimSlot(heads[slot], 0), heads[slot], 0, DeltaKind::kInsert);
    }
    const uint32_t members = static_cast<uint32_t>(random()) % (1u << kSlotsMax);
    for (uint32_t slot = 0; slot < kSlotsMax; ++slot) {
      const uint32_t bit = uint32_t{1} << slot;
      EXPECT_EQ(page->MatchSlots<WidestSimdSearch>(members, heads[slot]), members & bit);
      EXPECT_EQ(page->MatchSlots<ScalarBinarySearch>(members, heads[slot]), members & bit);
    }
    for (int i = 0; i < 100; ++i) {
      EXPECT_EQ(page->MatchSlots<WidestSimdSearch>(members, static_cast<Head>(random())), 0u);
    }
  }
}

TEST(PackedPage, ClaimingStopsAtTheLastSlotHoweverOftenItIsTried) {
  const auto page = NewPage(std::map<Head, uint64_t>{}, 3);
  for (uint32_t i = 0; i < 3; ++i) EXPECT_EQ(page->ClaimSlot(0, 0).slot, i);
  for (int i = 0; i < 200'000; ++i) ASSERT_FALSE(page->ClaimSlot(0, 0).valid());  // > 16 bits
}

// The pieces of the heap that slots claim lie side by side and touch neither the base records nor
// each other, down to the last byte that fits.
TEST(PackedPage, SlotHeapsOfByteStringsAreDisjointAndEndWithThePage) {
  const StringMap records = {{"abc1", "one"}, {"abc2", ""}, {"abc3", "three"}};
  std::mt19937_64 random(5);
  for (int round = 0; round < 200; ++round) {
    const auto page = NewPage(records, "abc", "abd", kSlotsMax);
    ASSERT_EQ(page->prefix(), "ab");
    std::vector<std::pair<std::string, std::string>> written;
    for (;;) {
      const std::string key = "abc" + std::string(random() % 60, static_cast<char>(random()));
      const std::string value(random() % 60, static_cast<char>(random()));
      const auto in_page = page->InPage(key);
      const ByteRecords::Payload payload{std::string_view(value)};
      const auto claim = page->ClaimSlot(in_page, payload);
      if (!claim.valid()) break;
      ASSERT_EQ(claim.slot, written.size());
      page->FillSlot(claim, in_page, payload, DeltaKind::kInsert);
      written.emplace_back(key, value);
    }
    ASSERT_GT(written.size(), 0u);
    for (uint32_t slot = 0; slot < written.size(); ++slot) {
      EXPECT_EQ(EntireKey(*page, page->SlotKey(slot)), written[slot].first);
      EXPECT_EQ(page->SlotRecord(slot).payload.bytes, written[slot].second);
    }
    uint32_t at = 0;
    for (const auto& [key, value] : records) {
      EXPECT_EQ(EntireKey(*page, page->KeyAt(at)), key);
      EXPECT_EQ(page->RecordAt(at++).payload.bytes, value);
    }
    EXPECT_EQ(page->low(), "abc");
    EXPECT_EQ(page->high(), "abd");
  }
}

TEST(PackedPage, ARecordTooLargeForTheSlotsHeapClaimsNothing) {
  const auto page = NewPage(StringMap{{"k", "v"}}, "", "", 4);
  const std::string large(4096, 'x');
  const ByteRecords::Payload payload{std::string_view(large)};
  EXPECT_FALSE(page->ClaimSlot(page->InPage("l"), payload).valid());
  const auto claim = page->ClaimSlot(page->InPage("l"), ByteRecords::Payload{});
  EXPECT_TRUE(claim.valid());
  EXPECT_EQ(claim.slot, 0u);
}

// Keys that the first eight bytes behind the prefix do not tell apart are found all the same.
TEST(PackedPage, LocatesKeysOfEqualHeads) {
  StringMap records;
  for (const char* head : {"", "aaaaaaaa", "aaaaaaab", "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"}) {
    for (const std::string& tail :
         {std::string(), std::string(1, '\0'), std::string(2, '\0'), std::string("\0z", 2),
          std::string("m"), std::string("\xFF"), std::string("\xFF\xFF")}) {
      records[std::string(head) + tail] = tail;
    }
  }
  const auto page = NewPage(records, "", "", 0);
  uint32_t at = 0;
  for (const auto& [key, value] : records) {
    const auto position = page->Locate<ScalarBinarySearch>(page->InPage(key));
    EXPECT_TRUE(position.exact);
    EXPECT_EQ(position.lower(), at++);
    std::string absent = key + '\1';
    if (records.count(absent) == 0) {
      const auto gap = page->Locate<ScalarBinarySearch>(page->InPage(absent));
      EXPECT_FALSE(gap.exact);
      EXPECT_EQ(gap.upper, std::distance(records.begin(), records.lower_bound(absent)));
    }
  }
}

TEST(PackedWord, HoldsAddressLinesAndMembersExactly) {
  using Word = PackedWord<Words>;
  auto* highest = reinterpret_cast<WordPage*>((uintptr_t{1} << 47) - 64);
  for (uint32_t members : {0u, 1u, 0x8000u, 0xFFFFu}) {
    for (uint32_t lines : {0u, 1u, 16u, 31u}) {
      const Word word = Word(highest, lines, 0x5A5A).WithMembers(members);
      EXPECT_FALSE(word.marked());
      EXPECT_TRUE(word.WithMark().marked());
      for (const Word same : {word, Word(word.raw()), word.WithMark()}) {
        EXPECT_EQ(same.page(), highest);
        EXPECT_EQ(same.head_lines(), lines);
        EXPECT_EQ(same.members(), members);
      }
      EXPECT_TRUE(MappingTable::IsNode(word.raw()));
    }
  }
  EXPECT_EQ(Word(highest, 32, 0).head_lines(), 0u) << "more than the word has room for";
  EXPECT_EQ(Word(highest, 32, 0).page(), highest);
}

TEST(PackedPage, TellsOfAHintThatIsNotThatOfItsBlock) {
  std::map<Head, uint64_t> records;
  for (Head i = 0; i < 200; ++i) records[i * i * i] = 1;
  const auto page = NewPage(records, 1);
  ASSERT_EQ(CheckBase(*page), "");
  const auto sorted = page->sorted();
  auto& hint = const_cast<ShortHint&>(sorted.lanes[ShortHintedHeads::LaneOf(24)]);
  --hint;
  EXPECT_EQ(CheckBase(*page), "I1: hint 24 is not that of the first head of its block");
}

/// Where a page keeps its heads can be told from the lines that they take, and the estimate is one
/// of them.
TEST(PackedPage, AnEstimateLiesInThePage) {
  for (uint32_t count = 1; count <= 300; ++count) {
    std::map<Head, uint64_t> records;
    for (uint32_t i = 0; i < count; ++i) records[static_cast<Head>(i)] = i;
    const auto page = NewPage(records, 1);
    const uint32_t lines = WordPage::Geometry::Lines(count);
    const auto* first_line = reinterpret_cast<const char*>(page.get()) +
                             WordPage::Geometry::HeadsLine(lines) * kCacheLineBytes;
    EXPECT_EQ(reinterpret_cast<const char*>(page->heads()), first_line);
    for (const double share : {-1e30, 0.0, 0.3, 0.5, 1.0, 1e30}) {
      EXPECT_LT(WordPage::EstimatedLine(lines, share), lines);
    }
    // Of keys that are spread evenly over whole lines it is the right one, or the one before.
    for (uint32_t at = 0; at < count && count % kBlockHeads == 0; ++at) {
      const uint32_t line = WordPage::EstimatedLine(lines, double(at) / count);
      EXPECT_LE(line, at / kBlockHeads);
      EXPECT_GE(line + 1, at / kBlockHeads);
    }
  }
}

/// What an inner node tells of a key: how much of the child's range lies below it.
TEST(PackedNode, TellsTheShareOfTheChildsRangeBelowAKey) {
  const Head top = kHeadMax - 1;
  const auto page =
      NewPage(std::map<Head, uint64_t>{{kHeadMin, 1}, {100, 2}, {101, 3}, {1101, 4}, {top, 5}}, 1);
  const PackedNode<Words, ScalarBinarySearch> node(
      7, PackedWord<Words>(page.get(), WordPage::Geometry::Lines(page->count()), 0).raw());
  NoStats stats;
  const auto share_of = [&](Head key) {
    uint32_t at;
    node.TermFor(key, stats, nullptr, nullptr, &at);
    return node.ShareBelow(at, key);
  };
  EXPECT_EQ(share_of(kHeadMin), 0.0);
  EXPECT_EQ(share_of(100), 0.0);
  EXPECT_EQ(share_of(101), 0.0);
  EXPECT_NEAR(share_of(351), 0.25, 0.01);
  EXPECT_NEAR(share_of(1100), 1.0, 0.01);
  EXPECT_NEAR(share_of(99), 1.0, 0.01);
  EXPECT_NEAR(share_of(top / 2), 0.5, 0.01);
  EXPECT_EQ(share_of(top), 0.0);
}

/// Deltas in any order, of which the last of a key counts once; what is no overwriting is refused.
TEST(Overwrites, AgreeWithAMapAndRefuseWhatIsNone) {
  std::mt19937_64 random(13);
  for (int round = 0; round < 500; ++round) {
    std::map<Head, uint64_t> model;
    for (uint32_t i = 0; i < 60; ++i) model[static_cast<Head>(random() % 100)] = random();
    const auto base = NewPage(model, kSlotsMax);
    Overwrites<WordPage, kSlotsMax> overwrites;
    std::set<Head> overwritten;
    for (uint32_t i = 0; i < kSlotsMax; ++i) {
      const Head head = static_cast<Head>(random() % 110);
      const uint64_t payload = random();
      const bool removes = random() % 8 == 0;
      const bool replaces = model.count(head) != 0 && !removes;
      const PageDelta<Words> delta{head, payload, removes};
      ASSERT_EQ(overwrites.Supersede<ScalarBinarySearch>(*base, delta), replaces);
      if (!replaces) continue;
      model[head] = payload;
      overwritten.insert(head);
    }
    ASSERT_EQ(overwrites.size(), overwritten.size());
    const auto page = NewPage<Words>(
        {0, static_cast<uint32_t>(model.size()), 0, kHeadMin, kHeadMax, kNoPage}, kSlotsMax);
    overwrites.WriteTo(*base, *page);
    ASSERT_EQ(CheckBase(*page), "");
    uint32_t at = 0;
    for (const auto& [head, payload] : model) {
      ASSERT_EQ(page->heads()[at], head);
      ASSERT_EQ(page->payload_words()[at++], payload);
    }
  }
}

/// Applies random deltas to a page and to a std::map; the merge must agree, into one page and into
/// two, in both ways to write them.
TEST(MergePlan, AgreesWithAMapForRandomBasesAndDeltas) {
  using Plan = MergePlan<WordPage, kSlotsMax>;
  std::mt19937_64 random(11);
  int interleaved = 0;
  for (int round = 0; round < 2000; ++round) {
    std::map<Head, uint64_t> model;
    const uint64_t keys = round % 2 == 0 ? 100 : 800;
    const uint64_t removals_of_eight = round % 4 < 2 ? 3 : 0;
    const auto base_size = random() % (keys / 2);
    for (uint64_t i = 0; i < base_size; ++i) model[static_cast<Head>(random() % keys)] = random();
    const auto base = NewPage(model, kSlotsMax);
    Plan::Deltas deltas;
    const auto delta_count = static_cast<uint32_t>(random() % (kSlotsMax + 1));
    for (uint32_t i = 0; i < delta_count; ++i) {
      const Head head = static_cast<Head>(random() % (keys + 10));
      const bool removes = random() % 8 < removals_of_eight;
      const uint64_t payload = random();
      deltas.Supersede({head, payload, removes});
      if (removes) {
        model.erase(head);
      } else {
        model[head] = payload;
      }
    }

    const Plan plan = Plan::Make<ScalarBinarySearch>(*base, deltas);
    ASSERT_EQ(plan.count(), model.size());
    for (uint32_t left_count : {plan.count(), plan.count() / 2, plan.count() * 9 / 10}) {
      const uint32_t right_count = plan.count() - left_count;
      const auto half = [](uint32_t count) {
        return NewPage<Words>({0, count, 0, kHeadMin, kHeadMax, kNoPage}, 0);
      };
      const auto left = half(left_count);
      const auto right = right_count == 0 ? nullptr : half(right_count);
      const auto expect_model = [&] {
        uint32_t i = 0;
        for (const auto& [head, payload] : model) {
          const WordPage& page = i < left_count ? *left : *right;
          const uint32_t at = i < left_count ? i : i - left_count;
          ASSERT_EQ(page.heads()[at], head);
          ASSERT_EQ(page.payload_words()[at], payload);
          ++i;
        }
        ASSERT_EQ(CheckBase(*left), "");
        if (right != nullptr) {
          ASSERT_EQ(CheckBase(*right), "");
        }
      };
      RecordSink<WordPage> sink(left.get(), right.get());
      plan.WriteTo(sink);
      sink.Finish();
      expect_model();
      if (HasFatalFailure()) return;
      if (!plan.Interleaves()) continue;
      ++interleaved;
      for (WordPage* page : {left.get(), right.get()}) {
        if (page == nullptr) continue;
        std::memset(page->chars() + sizeof(*page), 0xA5, page->bytes - sizeof(*page));
      }
      plan.InterleaveTo(*left, right.get());
      expect_model();
      if (HasFatalFailure()) return;
    }
    uint32_t place = 0;
    for (const auto& [head, payload] : model) {
      const Record<Words> record = plan.RecordAt(place++);
      ASSERT_EQ(record.key, head);
      ASSERT_EQ(record.payload, payload);
    }

    auto expected = model.begin();
    EXPECT_TRUE(plan.Visit([&](const Record<Words>& record) {
      EXPECT_EQ(record.key, expected->first);
      EXPECT_EQ(record.payload, expected->second);
      ++expected;
      return true;
    }));
    EXPECT_EQ(expected, model.end());
    EXPECT_TRUE(VisitMergedBackward(*base, deltas, base->count(), [&](const Record<Words>& record) {
      --expected;
      EXPECT_EQ(record.key, expected->first);
      EXPECT_EQ(record.payload, expected->second);
      return true;
    }));
    EXPECT_EQ(expected, model.begin());
  }
  EXPECT_GT(interleaved, 1000);
}

/// The same for byte strings, whose pages change their prefix: two neighbouring pages become one,
/// which is cut again.
TEST(MergePlan, AgreesWithAMapWherePrefixesGrowAndShrink) {
  using Plan = MergePlan<BytePage, kSlotsMax>;
  std::mt19937_64 random(12);
  const auto random_text = [&](std::size_t most) {
    std::string text(random() % (most + 1), '\0');
    for (char& c : text) c = std::string_view("\0aa\xFF", 4)[random() % 4];
    return text;
  };
  for (int round = 0; round < 1000; ++round) {
    const std::string prefix(random() % 20, 'p');
    // [prefix + "a", prefix + "ab") and [prefix + "ab", prefix + "b")
    const std::string bounds[] = {prefix + "a", prefix + "ab", prefix + "b"};
    StringMap model;
    PagePtr<ByteRecords> pages[2];
    Plan::Deltas deltas[2];
    std::vector<StringMap> delta_bytes(2);
    for (int side = 0; side < 2; ++side) {
      const auto any_key = [&] {
        std::string key = (side == 0 ? prefix + "a" : prefix + "ab") + random_text(12);
        if (side == 0 && key >= bounds[1]) key = prefix + "a";
        return key;
      };
      StringMap base;
      for (auto i = random() % 30; i > 0; --i) base[any_key()] = random_text(20);
      pages[side] = NewPage(base, bounds[side], bounds[side + 1], 0);
      StringMap now = base;
      for (auto i = random() % 15; i > 0; --i) {
        const auto& [key, value] =
            *delta_bytes[side].insert_or_assign(any_key(), random_text(20)).first;
        const bool removes = random() % 3 == 0;
        deltas[side].Supersede(
            {pages[side]->InPage(key), ByteRecords::Payload(std::string_view(value)), removes});
        if (removes) {
          now.erase(key);
        } else {
          now[key] = value;
        }
      }
      model.insert(now.begin(), now.end());
    }
    const Plan first = Plan::Make<ScalarBinarySearch>(*pages[0], deltas[0]);
    const Plan second = Plan::Make<ScalarBinarySearch>(*pages[1], deltas[1]);
    const uint32_t count = first.count() + second.count();
    ASSERT_EQ(count, model.size());
    if (count < 2) continue;

    const auto left_count = static_cast<uint32_t>(1 + random() % (count - 1));
    const auto cut = std::next(model.begin(), left_count);
    const auto new_page = [&](auto begin, auto end, std::string_view low, std::string_view high) {
      PageShape<ByteRecords> shape{0, 0, 0, low, high, 7};
      for (; begin != end; ++begin) {
        ++shape.count;
        shape.record_bytes += begin->first.size() + begin->second.size();
      }
      return NewPage<ByteRecords>(shape, 0);
    };
    const auto left = new_page(model.begin(), cut, bounds[0], cut->first);
    const auto right = new_page(cut, model.end(), cut->first, bounds[2]);
    RecordSink<BytePage> sink(left.get(), right.get());
    first.WriteTo(sink);
    second.WriteTo(sink);
    sink.Finish();
    uint32_t i = 0;
    for (const auto& [key, value] : model) {
      const BytePage& page = i < left_count ? *left : *right;
      const uint32_t at = i < left_count ? i : i - left_count;
      ASSERT_EQ(EntireKey(page, page.KeyAt(at)), key);
      ASSERT_EQ(page.KeyAt(at).head, HeadOfBytes(page.KeyAt(at).suffix));
      ASSERT_EQ(page.RecordAt(at).payload.bytes, value);
      ++i;
    }
  }
}

}  // namespace
}  // namespace bwlab
