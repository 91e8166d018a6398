#include "bwlab/bwtree/in_place.h"

#include <gtest/gtest.h>

namespace bwlab {
namespace {

/// Generations of updates alone that `state` waits until it may be opened.
uint32_t WaitOf(InPlace state) {
  uint32_t generations = 0;
  for (; !state.MayOpen(); ++generations) state = state.AfterUpdatesAlone();
  return generations;
}

TEST(InPlaceTest, ALeafWaitsLongerWithEachRestartAndShorterWithoutOne) {
  InPlace state;
  EXPECT_TRUE(state.MayOpen());
  EXPECT_FALSE(state.opened());
  for (const uint32_t wait : {1, 3, 7, 15, 31, 63, 127, 127}) {
    state = state.Opened();
    EXPECT_TRUE(state.opened());
    state = state.AfterRestart(kInPlaceWaitMax);
    EXPECT_FALSE(state.opened());
    EXPECT_FALSE(state.MayOpen());
    EXPECT_EQ(WaitOf(state), wait);
    // Writes of other kinds end no wait.
    EXPECT_EQ(WaitOf(state.Closed()), wait);
    state = state.AfterOpen();
    state = state.Opened().AfterRestart(kInPlaceWaitMax);
  }
  state = state.AfterOpen().AfterOpen().AfterOpen().AfterOpen();
  EXPECT_TRUE(state.MayOpen());
  EXPECT_EQ(WaitOf(state.Opened().AfterRestart(kInPlaceWaitMax)), 15u);
}

TEST(InPlaceTest, TheWaitIsBounded) {
  InPlace state;
  for (int i = 0; i < 10; ++i) state = state.Opened().AfterRestart(5);
  EXPECT_EQ(WaitOf(state), 5u);
  EXPECT_EQ(WaitOf(state.Opened().AfterRestart(0)), 0u);
}

TEST(InPlaceTest, UpdatesInSlotsAreCountedUpToABound) {
  InPlace state = InPlace().Opened().AfterRestart(kInPlaceWaitMax);
  const uint32_t wait = WaitOf(state);
  for (uint32_t i = 0; i < 40; ++i) {
    EXPECT_EQ(state.in_slots(), i < 31 ? i : 31);
    EXPECT_EQ(WaitOf(state), wait);
    state = state.OneMoreInSlots();
  }
  EXPECT_EQ(state.Closed().in_slots(), 0u);
}

}  // namespace
}  // namespace bwlab
