#include "bwlab/base/memory.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>

#include "bwlab/base/full_address_space_test.h"
#include "bwlab/base/sanitizer.h"

namespace bwlab {
namespace {

TEST(AllocateLines, BeginsOnACacheLine) {
  for (std::size_t bytes : {1u, 64u, 65u, 4096u}) {
    void* memory = AllocateLines(bytes);
    ASSERT_NE(memory, nullptr);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(memory) % 64, 0u);
    FreeLines(memory);
  }
}

TEST(VirtualReservation, IsZeroedAndWritableFarBeyondWhatIsTouched) {
  VirtualReservation reservation(std::size_t{4} << 30);
  ASSERT_TRUE(reservation.ok());
  auto* bytes = static_cast<unsigned char*>(reservation.address());
  EXPECT_EQ(bytes[0], 0);
  EXPECT_EQ(bytes[reservation.bytes() - 1], 0);
  bytes[reservation.bytes() - 1] = 7;
  EXPECT_EQ(bytes[reservation.bytes() - 1], 7);
}

TEST(VirtualReservation, SaysSoWhenTheSystemRefuses) {
  EXPECT_FALSE(VirtualReservation(std::size_t{1} << 60).ok());
}

TEST(VirtualReservation, OfHugePagesBeginsAtOneAndTellsWhetherTheSystemAgreed) {
  void* probe = MapAligned(kHugePageBytes, kHugePageBytes);
  ASSERT_NE(probe, nullptr);
  const bool accepts = AdviseHugePages(probe, kHugePageBytes);
  EXPECT_TRUE(Unmap(probe, kHugePageBytes));

  VirtualReservation reservation((std::size_t{64} << 20) + 4096, true);
  ASSERT_TRUE(reservation.ok());
  EXPECT_EQ(reinterpret_cast<uintptr_t>(reservation.address()) % kHugePageBytes, 0u);
  EXPECT_EQ(reservation.bytes(), std::size_t{66} << 20);
  EXPECT_EQ(reservation.huge_pages(), accepts);
  static_cast<char*>(reservation.address())[reservation.bytes() - 1] = 1;
  EXPECT_FALSE(VirtualReservation(4096).huge_pages());
}

TEST(MapAligned, BeginsAtAMultipleOfTheAlignmentAndIsZeroed) {
  for (std::size_t alignment : {std::size_t{4096}, std::size_t{256} << 10, kHugePageBytes}) {
    auto* memory = static_cast<char*>(MapAligned(8192, alignment));
    ASSERT_NE(memory, nullptr);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(memory) % alignment, 0u);
    EXPECT_EQ(memory[0], 0);
    EXPECT_EQ(memory[8191], 0);
    memory[0] = memory[8191] = 1;
    EXPECT_TRUE(Unmap(memory, 8192));
  }
  EXPECT_EQ(MapAligned(std::size_t{1} << 60, 4096), nullptr);
}

TEST(MapAligned, GoesWhereItIsWishedUnlessSomethingIsThere) {
  constexpr std::size_t kBytes = 256 << 10;
  auto* room = static_cast<char*>(MapAligned(2 * kBytes, kBytes));
  ASSERT_NE(room, nullptr);
  EXPECT_TRUE(Unmap(room + kBytes, kBytes));
  void* wished = MapAligned(kBytes, kBytes, room + kBytes);
  EXPECT_EQ(wished, room + kBytes);
  void* elsewhere = MapAligned(kBytes, kBytes, room);
  ASSERT_NE(elsewhere, nullptr);
  EXPECT_NE(elsewhere, room);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(elsewhere) % kBytes, 0u);
  for (void* memory : {static_cast<void*>(room), wished, elsewhere}) {
    EXPECT_TRUE(Unmap(memory, kBytes));
  }
}

TEST(AdviseHugePages, SaysSoWhereTheSystemRefuses) {
  auto* memory = static_cast<char*>(MapAligned(kHugePageBytes, kHugePageBytes));
  ASSERT_NE(memory, nullptr);
  EXPECT_FALSE(AdviseHugePages(memory + 1, 4096));  // inside a system page
  EXPECT_TRUE(Unmap(memory, kHugePageBytes));
}

#if !BWLAB_ASAN && !BWLAB_TSAN
TEST(MapAligned, IsNullWhereTheSystemRefuses) {
  const test::NoNewMappings full;
  EXPECT_EQ(MapAligned(4096, 4096), nullptr);
  EXPECT_FALSE(VirtualReservation(4096).ok());
}

TEST(Unmap, WithoutAMappingToSpareZeroesTheRangeAndLeavesIt) {
  constexpr std::size_t kBytes = 64 << 10;
  auto* memory = static_cast<char*>(MapAligned(3 * kBytes, 4096));
  ASSERT_NE(memory, nullptr);
  std::memset(memory, 1, 3 * kBytes);
  {
    const test::NoSpareMappings full;
    ASSERT_TRUE(full.ok());
    EXPECT_FALSE(Unmap(memory + kBytes, kBytes));
  }
  EXPECT_EQ(memory[kBytes - 1], 1);
  EXPECT_EQ(memory[kBytes], 0);
  EXPECT_EQ(memory[2 * kBytes - 1], 0);
  EXPECT_EQ(memory[2 * kBytes], 1);
  EXPECT_TRUE(Unmap(memory, 3 * kBytes));
}
#endif

}  // namespace
}  // namespace bwlab
