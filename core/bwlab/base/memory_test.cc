#include "bwlab/base/memory.h"

#include <gtest/gtest.h>

#include <cstdint>

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

TEST(VirtualReservation, MovesItsMemory) {
  VirtualReservation first(4096);
  void* address = first.address();
  VirtualReservation second(std::move(first));
  EXPECT_EQ(second.address(), address);
  EXPECT_FALSE(
      first.ok());  // NOLINT(bugprone-use-after-move): the moved-from state is what is tested
}

}  // namespace
}  // namespace bwlab
