#include "bwlab/btree/page.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "bwlab/base/memory.h"
#include "bwlab/btree/fit.h"
#include "bwlab/policy/search/scalar.h"
#include "bwlab/policy/search/simd.h"

namespace bwlab {
namespace {

using Words = BTreePage<Records<U64Key, U64Value>>;
using Strings = BTreePage<Records<BytesKey, BytesValue>>;

struct FreeLinesOf {
  void operator()(void* memory) const { FreeLines(memory); }
};
template <class Page>
using Owned = std::unique_ptr<Page, FreeLinesOf>;

template <class Page>
Owned<Page> Make(const PageContent<Page>& content, const PageLimits& limits) {
  const typename Page::Shape shape = content.ShapeFor(0, limits, 0);
  return Owned<Page>(Page::Make(AllocateLines(shape.bytes), shape));
}

TEST(BTreePage, FourKiBytesHold232RecordsOfTwoWords) {
  EXPECT_EQ(LimitsOf<Words>(4096, 4096).records_max, 232u);
  EXPECT_EQ(LimitsOf<Words>(4096, 100).records_max, 100u);
  EXPECT_LE(Words::Geometry(232).fences, 4096u);
}

TEST(BTreePage, InsertsAndRemovesAtAnyPlaceKeepItSorted) {
  const PageLimits limits = LimitsOf<Words>(512, 4096);
  const auto page = Make<Words>({0, 0, kHeadMin, 0, false}, limits);
  std::mt19937_64 random(1);
  std::vector<uint64_t> keys;
  for (int i = 0; i < 5000; ++i) {
    const uint64_t key = random() % 100 == 0 ? UINT64_MAX : random() % 64;
    const Position position = page->Held().Locate<WidestSimdSearch>(HeadOf(key));
    const auto at = std::lower_bound(keys.begin(), keys.end(), key);
    ASSERT_EQ(position.lower(), static_cast<uint32_t>(at - keys.begin()));
    ASSERT_EQ(position.exact, at != keys.end() && *at == key);
    if (position.exact) {
      ASSERT_EQ(page->Held().PayloadAt(position.lower()), key + 1);
      page->Remove(position.lower());
      keys.erase(at);
    } else if (page->HasRoomFor(0)) {
      page->Insert(position.lower(), HeadOf(key), key + 1);
      keys.insert(at, key);
    }
    ASSERT_EQ(page->Check(), "");
    ASSERT_EQ(page->count(), keys.size());
  }
}

TEST(BTreePage, KeysLeaveOutWhatTheFencesHaveInCommon) {
  const std::string low = "user0001";
  const std::string high = "user0002";
  const auto page = Make<Strings>({0, 0, low, high, true}, LimitsOf<Strings>(4096, 4096));
  EXPECT_EQ(page->prefix(), "user000");
  const Strings::Key key = page->InPage("user0001abc");
  EXPECT_EQ(key.suffix, "1abc");
  page->Insert(0, key, Strings::Payload(std::string_view("value")));
  EXPECT_EQ(page->live_heap_bytes(), 9u);
  EXPECT_EQ(page->Held().KeyAt(0), key);
  EXPECT_EQ(page->Held().PayloadAt(0).bytes, "value");
  EXPECT_EQ(page->Check(), "");
}

TEST(BTreePage, AValueThatDoesNotFitInPlaceMovesToTheEndOfTheHeap) {
  const auto page = Make<Strings>({0, 0, "", "", false}, LimitsOf<Strings>(512, 4096));
  const auto value = [](const std::string& text) {
    return Strings::Payload(std::string_view(text));
  };
  const std::string small(4, 'a');
  const std::string large(60, 'b');
  const std::string huge(600, 'c');
  page->Insert(0, page->InPage("key"), value(small));
  ASSERT_TRUE(page->Replace(0, value(large)));
  EXPECT_EQ(page->dead_bytes(), 7u);
  ASSERT_TRUE(page->Replace(0, value(small)));
  EXPECT_EQ(page->dead_bytes(), 63u);
  EXPECT_FALSE(page->Replace(0, value(huge)));
  EXPECT_EQ(page->Held().PayloadAt(0).bytes, small);
  EXPECT_EQ(page->Check(), "");
  page->Remove(0);
  EXPECT_EQ(page->dead_bytes(), 0u) << "an empty page has no dead bytes";
  EXPECT_EQ(page->Check(), "");
}

// What an optimistic reader may meet: any bytes at all where the records stand. AddressSanitizer
// sees each access that leaves the page.
TEST(BTreePage, ReadersOfTornContentsStayInsideThePage) {
  const PageLimits limits = LimitsOf<Strings>(4096, 4096);
  const std::string value(20, 'v');
  std::mt19937_64 random(2);
  for (int round = 0; round < 300; ++round) {
    const auto page = Make<Strings>({0, 0, "", "", false}, limits);
    for (char c = 'a'; c < 'm'; ++c) {
      page->Insert(page->count(), page->InPage(std::string(10, 's') + c),
                   Strings::Payload(std::string_view(value)));
    }
    const uint32_t count = page->count();
    const Strings::View view = page->Held();
    char* const bytes = reinterpret_cast<char*>(page.get());
    for (std::size_t i = Strings::kHeaderBytes; i < page->bytes; ++i) {
      // Heads that are often equal, so that keys are compared.
      if (round % 2 == 0 || random() % 2 == 0) bytes[i] = static_cast<char>(random());
    }
    for (const char* text : {"", "ssssssssss", "sssssssssse", "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"}) {
      const Strings::Key key = page->InPage(text);
      for (const Position position :
           {view.Locate<WidestSimdSearch>(key), view.Locate<ScalarBinarySearch>(key),
            view.Locate<BranchFreeSearch>(key)}) {
        ASSERT_LE(position.upper, count);
      }
    }
    const auto expect_inside = [&](std::string_view part) {
      if (part.empty()) return;
      ASSERT_GE(part.data(), bytes);
      ASSERT_LE(part.data() + part.size(), bytes + page->bytes);
    };
    for (uint32_t at = 0; at < count; ++at) {
      expect_inside(view.KeyAt(at).suffix);
      expect_inside(view.PayloadAt(at).bytes);
    }
  }
}

}  // namespace
}  // namespace bwlab
