#include "bwlab/bwtree/tree_options.h"

#include <gtest/gtest.h>

#include <string>

namespace bwlab {
namespace {

TEST(TreeOptions, TheDefaultsAreAllowed) { EXPECT_TRUE(TreeOptions().Check().ok()); }

TEST(TreeOptions, EveryFieldIsHeldToItsRangeAndNamedWhenItIsNot) {
  std::vector<std::string> names;
  TreeOptions().ForEach([&](std::string_view name, auto&, uint64_t, uint64_t, std::string_view) {
    names.emplace_back(name);
  });
  ASSERT_EQ(names.size(), 8u);
  for (const std::string& wanted : names) {
    for (bool above : {false, true}) {
      TreeOptions options;
      options.ForEach(
          [&](std::string_view name, auto& field, uint64_t min, uint64_t max, std::string_view) {
            using Field = std::remove_reference_t<decltype(field)>;
            if (name != wanted) return;
            if (above) {
              field = static_cast<Field>(max + 1);
            } else if (min > 0) {
              field = static_cast<Field>(min - 1);
            } else {
              field = static_cast<Field>(max + 1);
            }
          });
      const Status status = options.Check();
      EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << wanted;
      EXPECT_EQ(status.message().rfind(wanted + " is ", 0), 0u) << status.message();
    }
  }
}

TEST(TreeOptions, AChainLongerThanItsNodeIsRefused) {
  TreeOptions options;
  options.leaf_capacity = 4;
  options.leaf_chain_length = 5;
  EXPECT_FALSE(options.Check().ok());
  options.leaf_chain_length = 4;
  EXPECT_TRUE(options.Check().ok());
}

TEST(TreeOptions, BackoffBoundsMustBeInOrder) {
  TreeOptions options;
  options.backoff_spins_min = 100;
  options.backoff_spins_max = 99;
  EXPECT_FALSE(options.Check().ok());
}

}  // namespace
}  // namespace bwlab
