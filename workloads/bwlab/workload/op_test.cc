#include "bwlab/workload/op.h"

#include <gtest/gtest.h>

#include "bwlab/workload/value.h"

namespace bwlab::workload {
namespace {

TEST(OpKind, NamesAreReadBack) {
  for (const OpKind kind : kAllOpKinds) EXPECT_EQ(OpKindFromName(ToString(kind)), kind);
  EXPECT_EQ(ToString(OpKind::kReadModifyWrite), "read_modify_write");
  EXPECT_EQ(ToString(OpKind::kScan), "scan");
  EXPECT_EQ(ToString(OpKind::kReverseScan), "reverse_scan");
  EXPECT_EQ(OpKindFromName("Read"), std::nullopt);
  EXPECT_EQ(OpKindFromName(""), std::nullopt);
}

TEST(Value, CarriesItsVersionAndItsKey) {
  for (const uint64_t key : {uint64_t{0}, uint64_t{1}, ~uint64_t{0}}) {
    for (const uint32_t version : {0u, 1u, ~0u}) {
      const uint64_t value = ValueOf(key, version);
      EXPECT_EQ(VersionOf(value), version);
      EXPECT_TRUE(IsValueOf(key, value));
      EXPECT_FALSE(IsValueOf(key, value ^ (uint64_t{1} << 32)));
    }
  }
}

TEST(Value, OfAnotherKeyIsNoticed) {
  for (uint64_t key = 0; key < 100000; ++key) {
    ASSERT_FALSE(IsValueOf(key, ValueOf(key + 1, 0)));
    ASSERT_FALSE(IsValueOf(key, key));
  }
}

}  // namespace
}  // namespace bwlab::workload
