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
  ASSERT_EQ(names.size(), 21u);
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
  options.inner_capacity = 4;
  options.inner_chain_length = 5;
  EXPECT_NE(options.Check().message().find("inner_chain_length is 5; allowed are at most"),
            std::string::npos);
}

struct ShortChains {
  static constexpr std::string_view kName = "short";
  static constexpr uint32_t kChainLengthMax = 5;
};

TEST(TreeOptions, AChainLongerThanTheDeltaLayoutTakesIsRefused) {
  TreeOptions options;
  options.leaf_chain_length = 5;
  options.inner_chain_length = 5;
  EXPECT_TRUE(options.CheckFor<ShortChains>().ok());
  options.inner_chain_length = 6;
  EXPECT_EQ(options.CheckFor<ShortChains>().message(),
            "inner_chain_length is 6; the delta layout short takes at most 5");
  options.leaf_chain_length = 7;
  const Status status = options.CheckFor<ShortChains>();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "leaf_chain_length is 7; the delta layout short takes at most 5");
  options.leaf_capacity = 3;
  EXPECT_EQ(options.CheckFor<ShortChains>().message(), options.Check().message());
}

TEST(TreeOptions, BackoffBoundsMustBeInOrder) {
  TreeOptions options;
  options.backoff_spins_min = 100;
  options.backoff_spins_max = 99;
  EXPECT_FALSE(options.Check().ok());
}

}  // namespace
}  // namespace bwlab
