#include "bwlab/base/status.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>

namespace bwlab {
namespace {

TEST(OpResult, EachHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (int result = 0; result <= static_cast<int>(OpResult::kIoError); ++result) {
    names.insert(ToString(static_cast<OpResult>(result)));
  }
  EXPECT_EQ(names.size(), 1 + static_cast<size_t>(OpResult::kIoError));
  EXPECT_FALSE(names.contains("unknown"));
}

TEST(Status, KeepsItsCodeAndItsSentence) {
  const Status ok;
  EXPECT_TRUE(ok.ok());
  EXPECT_EQ(ok.message(), "");
  const Status unsupported = Status::Unsupported("no such thing here");
  EXPECT_FALSE(unsupported.ok());
  EXPECT_EQ(unsupported.code(), StatusCode::kUnsupported);
  EXPECT_EQ(unsupported.message(), "no such thing here");
}

TEST(Result, IsAValueOrTheReasonWhyThereIsNone) {
  const Result<std::string> value = std::string("seven");
  ASSERT_TRUE(value.ok());
  EXPECT_EQ(value.value(), "seven");
  EXPECT_TRUE(value.status().ok());
  const Result<std::string> none = Status::IoError("gone");
  EXPECT_FALSE(none.ok());
  EXPECT_EQ(none.status().message(), "gone");
}

}  // namespace
}  // namespace bwlab
