#include "bwlab/bwtree/layout_packed.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <vector>

#include "bwlab/base/memory.h"
#include "bwlab/bwtree/merge_plan.h"
#include "bwlab/policy/search/scalar.h"

namespace bwlab {
namespace {

struct FreePage {
  void operator()(PackedPage* page) const { FreeLines(page); }
};
using PagePtr = std::unique_ptr<PackedPage, FreePage>;

PagePtr NewPage(uint32_t count, uint32_t slots) {
  const PackedPage::Geometry geometry(count, slots);
  return PagePtr(new (AllocateLines(geometry.bytes)) PackedPage(0, count, slots, geometry));
}

PagePtr NewPage(const std::map<Head, uint64_t>& records, uint32_t slots) {
  PagePtr page = NewPage(static_cast<uint32_t>(records.size()), slots);
  uint32_t i = 0;
  for (const auto& [head, payload] : records) {
    page->mutable_heads()[i] = head;
    page->mutable_payloads()[i++] = payload;
  }
  page->Seal(kHeadMin, kHeadMax, kNoPage);
  return page;
}

TEST(PackedPage, ItsPartsDoNotOverlapAndFillTheAllocation) {
  for (uint32_t count : {0u, 1u, 8u, 9u, 64u, 65u, 128u, 1024u}) {
    for (uint32_t slots : {0u, 1u, 8u, 9u, 20u}) {
      const PackedPage::Geometry g(count, slots);
      const auto lines = [](uint32_t words) { return (words + 7) / 8; };
      EXPECT_EQ(g.hints_line, 1 + lines(slots));
      EXPECT_GE(g.heads_line, g.hints_line + 1);
      EXPECT_GE((g.heads_line - g.hints_line) * 8, lines(count));
      EXPECT_EQ(g.payloads_line, g.heads_line + lines(count));
      EXPECT_EQ(g.slot_payloads_line, g.payloads_line + lines(count));
      EXPECT_EQ(g.bytes, 64 * (g.slot_payloads_line + lines(slots)));
    }
  }
}

TEST(PackedPage, SlotsKeepWhatTheyAreFilledWithBesideTheRecords) {
  std::map<Head, uint64_t> records;
  for (Head i = 0; i < 70; ++i) records[i * 3] = static_cast<uint64_t>(i) * 5;
  const PagePtr page = NewPage(records, 20);
  for (uint32_t slot = 0; slot < 20; ++slot) {
    ASSERT_EQ(page->ClaimSlot(), slot);
    page->FillSlot(slot, -static_cast<Head>(slot), 1000 + slot,
                   slot % 2 == 0 ? DeltaKind::kInsert : DeltaKind::kDelete);
  }
  for (uint32_t slot = 0; slot < 20; ++slot) {
    EXPECT_EQ(page->SlotHead(slot), -static_cast<Head>(slot));
    EXPECT_EQ(page->SlotPayload(slot), 1000 + slot);
    EXPECT_EQ(page->SlotKind(slot), slot % 2 == 0 ? DeltaKind::kInsert : DeltaKind::kDelete);
  }
  uint32_t i = 0;
  for (const auto& [head, payload] : records) {
    EXPECT_EQ(page->heads()[i], head);
    EXPECT_EQ(page->payloads()[i++], payload);
  }
}

TEST(PackedPage, ClaimingStopsAtTheLastSlotHoweverOftenItIsTried) {
  const PagePtr page = NewPage(std::map<Head, uint64_t>{}, 3);
  for (uint32_t i = 0; i < 3; ++i) EXPECT_EQ(page->ClaimSlot(), i);
  for (int i = 0; i < 200'000; ++i) ASSERT_GE(page->ClaimSlot(), 3u);  // more than 16 bits count
}

TEST(PackedWord, HoldsAddressAndMembersExactly) {
  const PagePtr page = NewPage(std::map<Head, uint64_t>{}, 1);
  for (uint32_t members : {0u, 1u, 0x80000u, 0xFFFFFu}) {
    const PackedWord word(page.get(), members);
    EXPECT_EQ(word.page(), page.get());
    EXPECT_EQ(word.members(), members);
    EXPECT_EQ(PackedWord(word.raw()).page(), page.get());
  }
  auto* highest = reinterpret_cast<PackedPage*>((uintptr_t{1} << 47) - 64);
  EXPECT_EQ(PackedWord(highest, 0xFFFFF).page(), highest);
}

/// Applies random deltas to a page and to a std::map; the merge must agree, into one page and into
/// two.
TEST(MergePlan, AgreesWithAMapForRandomBasesAndDeltas) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 2000; ++round) {
    std::map<Head, uint64_t> model;
    const auto base_size = random() % 40;
    for (uint64_t i = 0; i < base_size; ++i) model[static_cast<Head>(random() % 100)] = random();
    const PagePtr base = NewPage(model, 20);
    uint32_t members = 0;
    std::map<Head, uint32_t> slot_of;
    const auto delta_count = static_cast<uint32_t>(random() % 21);
    for (uint32_t i = 0; i < delta_count; ++i) {
      const uint32_t slot = base->ClaimSlot();
      const Head head = static_cast<Head>(random() % 110);
      const bool removes = random() % 3 == 0;
      const uint64_t payload = random();
      base->FillSlot(slot, head, payload, removes ? DeltaKind::kDelete : DeltaKind::kUpdate);
      if (slot_of.count(head) != 0) members &= ~(1u << slot_of[head]);
      members |= 1u << slot;
      slot_of[head] = slot;
      if (removes) {
        model.erase(head);
      } else {
        model[head] = payload;
      }
    }

    const SortedDeltas deltas(*base, members);
    const MergePlan plan = MergePlan::Make<ScalarBinarySearch>(*base, deltas);
    ASSERT_EQ(plan.count(), model.size());
    for (uint32_t left_count : {plan.count(), plan.count() / 2, plan.count() * 9 / 10}) {
      const PagePtr left = NewPage(left_count, 0);
      const uint32_t right_count = plan.count() - left_count;
      const PagePtr right = right_count == 0 ? nullptr : NewPage(right_count, 0);
      RecordSink sink(left.get(), right.get());
      plan.WriteTo(sink);
      ASSERT_TRUE(sink.Complete());
      uint32_t i = 0;
      for (const auto& [head, payload] : model) {
        const PackedPage& page = i < left_count ? *left : *right;
        const uint32_t at = i < left_count ? i : i - left_count;
        ASSERT_EQ(page.heads()[at], head);
        ASSERT_EQ(page.payloads()[at], payload);
        ++i;
      }
    }

    auto expected = model.begin();
    EXPECT_TRUE(VisitMerged(*base, deltas, 0, [&](Head head, uint64_t payload) {
      EXPECT_EQ(head, expected->first);
      EXPECT_EQ(payload, expected->second);
      ++expected;
      return true;
    }));
    EXPECT_EQ(expected, model.end());
  }
}

}  // namespace
}  // namespace bwlab
