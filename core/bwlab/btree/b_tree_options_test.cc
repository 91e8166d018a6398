#include "bwlab/btree/b_tree_options.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace bwlab {
namespace {

TEST(BTreeOptions, TheDefaultsAreAllowed) { EXPECT_TRUE(BTreeOptions().Check().ok()); }

TEST(BTreeOptions, EveryFieldIsHeldToItsRangeAndNamedWhenItIsNot) {
  int fields = 0;
  BTreeOptions().ForEach([&](std::string_view wanted, auto&, uint64_t, uint64_t, std::string_view) {
    ++fields;
    BTreeOptions options;
    options.ForEach(
        [&](std::string_view name, auto& field, uint64_t, uint64_t max, std::string_view) {
          if (name == wanted)
            field = static_cast<std::remove_reference_t<decltype(field)>>(max + 1);
        });
    const Status status = options.Check();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << wanted;
    EXPECT_EQ(status.message().rfind(std::string(wanted) + " is ", 0), 0u) << status.message();
  });
  EXPECT_EQ(fields, 11);
}

TEST(BTreeOptions, BackoffBoundsMustBeInOrder) {
  BTreeOptions options;
  options.backoff_spins_min = 100;
  options.backoff_spins_max = 99;
  EXPECT_EQ(options.Check().message(),
            "backoff_spins_min is 100; allowed are at most backoff_spins_max (99)");
}

}  // namespace
}  // namespace bwlab
