#include "bwlab/experiment/function_ref.h"

#include <gtest/gtest.h>

#include <memory>
#include <utility>

namespace bwlab::experiment {
namespace {

constinit const FunctionRef<int(int)> kTwice = [](int value) { return 2 * value; };

struct Adder {
  int summand;
  int Add(int value) const { return summand + value; }
  int Take(std::unique_ptr<int> value) const { return summand + *value; }
};

TEST(FunctionRef, CallsAFunctionOfAConstant) { EXPECT_EQ(kTwice(21), 42); }

TEST(FunctionRef, CallsAMethodOfTheStateThatItWasGiven) {
  const Adder one{1};
  const Adder ten{10};
  EXPECT_EQ(FunctionRef<int(int)>::Of<&Adder::Add>(&one)(2), 3);
  EXPECT_EQ(FunctionRef<int(int)>::Of<&Adder::Add>(&ten)(2), 12);
}

TEST(FunctionRef, HandsOnWhatCanOnlyBeMoved) {
  const Adder ten{10};
  const auto take = FunctionRef<int(std::unique_ptr<int>)>::Of<&Adder::Take>(&ten);
  EXPECT_EQ(take(std::make_unique<int>(5)), 15);
}

}  // namespace
}  // namespace bwlab::experiment
