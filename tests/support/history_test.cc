// The checker itself: histories that are known to be right, and the same with one answer or one
// moment changed, which are known to be wrong; then random ones against a search without memory.

#include "support/history.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace bwlab::test {
namespace {

using History = std::vector<HistoryEvent>;
using enum HistoryOp;

Verdict Check(const History& history, KeyState before = {}) {
  return LinearizabilityChecker().Check(history, before);
}

TEST(History, OneThreadMustSeeWhatItWrote) {
  const History right = {
      {1, 2, kGet, false, 0},      {3, 4, kInsert, false, 7},  {5, 6, kInsert, true, 8},
      {7, 8, kGet, true, 7},       {9, 10, kUpsert, false, 9}, {11, 12, kUpdate, true, 10},
      {13, 14, kGet, true, 10},    {15, 16, kDelete, true, 0}, {17, 18, kDelete, false, 0},
      {19, 20, kUpdate, false, 3}, {21, 22, kGet, false, 0}};
  EXPECT_EQ(Check(right), Verdict::kLinearizable);
  for (std::size_t i = 0; i < right.size(); ++i) {
    if (right[i].op == kUpsert) continue;  // its answer tells nothing
    History wrong = right;
    wrong[i].present = !wrong[i].present;
    EXPECT_EQ(Check(wrong), Verdict::kNotLinearizable) << ToString(wrong[i]);
  }
  EXPECT_EQ(Check(right, 5), Verdict::kNotLinearizable) << "the key was not absent at first";
}

TEST(History, AReadMayComeBeforeOrAfterAWriteThatItOverlapsButNotTwiceInTurn) {
  const HistoryEvent write{2, 9, kUpsert, false, 2};
  EXPECT_EQ(Check({write, {3, 4, kGet, true, 1}, {5, 6, kGet, true, 2}}, 1),
            Verdict::kLinearizable);
  EXPECT_EQ(Check({write, {3, 4, kGet, true, 2}, {5, 6, kGet, true, 1}}, 1),
            Verdict::kNotLinearizable);
  EXPECT_EQ(Check({write, {3, 5, kGet, true, 2}, {4, 6, kGet, true, 1}}, 1),
            Verdict::kLinearizable);
}

TEST(History, AReadMustNotBeStale) {
  EXPECT_EQ(Check({{1, 2, kUpsert, false, 2}, {3, 4, kGet, true, 1}}, 1),
            Verdict::kNotLinearizable);
  EXPECT_EQ(Check({{1, 3, kUpsert, false, 2}, {2, 4, kGet, true, 1}}, 1), Verdict::kLinearizable);
  EXPECT_EQ(Check({{1, 2, kDelete, true, 0}, {3, 4, kGet, true, 1}}, 1), Verdict::kNotLinearizable);
}

TEST(History, OneOfTwoRacingInsertsOrDeletesWins) {
  EXPECT_EQ(Check({{1, 4, kInsert, false, 1}, {2, 3, kInsert, true, 2}}), Verdict::kLinearizable);
  EXPECT_EQ(Check({{1, 4, kInsert, false, 1}, {2, 3, kInsert, false, 2}}),
            Verdict::kNotLinearizable);
  EXPECT_EQ(Check({{1, 4, kInsert, true, 1}, {2, 3, kInsert, true, 2}}), Verdict::kNotLinearizable);
  EXPECT_EQ(Check({{1, 4, kDelete, true, 0}, {2, 3, kDelete, true, 0}}, 1),
            Verdict::kNotLinearizable);
  EXPECT_EQ(
      Check({{1, 4, kDelete, true, 0}, {2, 3, kDelete, true, 0}, {1, 5, kUpsert, false, 3}}, 1),
      Verdict::kLinearizable);
}

TEST(History, ALostUpdateIsFound) {
  // Two updates of a present key, then a value that neither wrote last.
  const HistoryEvent first{1, 2, kUpdate, true, 10};
  const HistoryEvent second{3, 4, kUpdate, true, 20};
  EXPECT_EQ(Check({first, second, {5, 6, kGet, true, 20}}, 1), Verdict::kLinearizable);
  EXPECT_EQ(Check({first, second, {5, 6, kGet, true, 10}}, 1), Verdict::kNotLinearizable);
}

TEST(History, WhatTakesTooLongIsUndecided) {
  History history;
  for (uint64_t i = 0; i < 20; ++i) history.push_back({1 + i, 100 + i, kUpsert, false, i});
  history.push_back({200, 201, kGet, true, 999});
  EXPECT_EQ(LinearizabilityChecker(1000).Check(history, {}), Verdict::kUndecided);
}

/// Tries every order that the times allow.
bool HasOrder(History rest, const KeyState& state) {
  if (rest.empty()) return true;
  uint64_t first_end = UINT64_MAX;
  for (const HistoryEvent& event : rest) first_end = std::min(first_end, event.end);
  for (std::size_t i = 0; i < rest.size(); ++i) {
    if (rest[i].begin > first_end) continue;
    KeyState after = state;
    if (!TakeEffect(rest[i], after)) continue;
    History without = rest;
    without.erase(without.begin() + static_cast<std::ptrdiff_t>(i));
    if (HasOrder(without, after)) return true;
  }
  return false;
}

TEST(History, AgreesWithASearchOfAllOrders) {
  std::mt19937_64 random(1);
  int right = 0;
  constexpr int kHistories = 20'000;
  for (int round = 0; round < kHistories; ++round) {
    // Operations of two or three threads, with answers that a real order may have given, or not.
    History history;
    const std::size_t count = 2 + random() % 6;
    std::vector<uint64_t> times(2 * count);
    for (std::size_t i = 0; i < times.size(); ++i) times[i] = i + 1;
    for (std::size_t i = 0; i + 1 < times.size(); ++i) {
      if (random() % 2 == 0)
        std::swap(times[i],
                  times[i + 1 + random() % std::min<std::size_t>(3, times.size() - i - 1)]);
    }
    for (std::size_t i = 0; i < count; ++i) {
      const uint64_t begin = std::min(times[2 * i], times[2 * i + 1]);
      const uint64_t end = std::max(times[2 * i], times[2 * i + 1]);
      history.push_back(
          {begin, end, static_cast<HistoryOp>(random() % 5), random() % 2 == 0, random() % 3});
    }
    const KeyState before = random() % 2 == 0 ? KeyState() : KeyState(random() % 3);
    const bool expected = HasOrder(history, before);
    right += expected ? 1 : 0;
    ASSERT_EQ(Check(history, before), expected ? Verdict::kLinearizable : Verdict::kNotLinearizable)
        << "round " << round;
  }
  EXPECT_GT(right, kHistories / 20);
  EXPECT_LT(right, kHistories * 19 / 20);
}

}  // namespace
}  // namespace bwlab::test
