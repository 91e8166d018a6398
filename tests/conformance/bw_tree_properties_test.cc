// Method: RapidCheck makes sequences of operations up, does them on a tree and on its model, and
// shrinks what fails to the fewest and smallest operations that still fail. Then the same with
// operations read from random bytes, which is how the fuzzer drives it (tests/fuzz). The tree has
// nodes of four and chains of two.

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/state.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ostream>
#include <random>
#include <string>
#include <vector>

#include "support/op_model.h"
#include "support/stress.h"
#include "support/test_traits.h"

namespace bwlab::test {
namespace {

rc::Gen<Op> AnyOp() {
  // Numbers near each other, so that operations meet; seldom one of the long ones.
  const auto number = rc::gen::weightedOneOf<uint16_t>(
      {{4, rc::gen::inRange<uint16_t>(0, 40)}, {1, rc::gen::inRange<uint16_t>(0, 1000)}});
  return rc::gen::build<Op>(
      rc::gen::set(&Op::kind, rc::gen::map(rc::gen::inRange<int>(0, Op::kKinds),
                                           [](int kind) { return static_cast<Op::Kind>(kind); })),
      rc::gen::set(&Op::key, number), rc::gen::set(&Op::value, rc::gen::inRange<uint16_t>(0, 200)),
      rc::gen::set(&Op::amount, rc::gen::inRange<uint8_t>(0, 60)));
}

template <class Traits>
using MapOf = typename OpMachine<Traits>::Model;

/// An operation as a command of RapidCheck's state machine.
template <class Traits>
class OpCommand : public rc::state::Command<MapOf<Traits>, OpMachine<Traits>> {
 public:
  OpCommand() : op_(*AnyOp()) {}

  void apply(MapOf<Traits>& model) const override { OpMachine<Traits>::Predict(model, op_); }
  void run(const MapOf<Traits>& before, OpMachine<Traits>& machine) const override {
    ++commands_run;
    MapOf<Traits> model = before;
    const auto expected = OpMachine<Traits>::Predict(model, op_);
    RC_ASSERT(machine.Perform(op_) == expected);
    RC_ASSERT(machine.Difference(model) == "");
  }
  void show(std::ostream& out) const override { out << op_; }

  static inline uint64_t commands_run = 0;

 private:
  Op op_;
};

template <class Traits>
class BwTreePropertiesTest : public testing::Test {};

using AllTraits = testing::Types<TinyTraits, TinyLinked, TinyPreallocated, LongChains<LinkedDeltas>,
                                 WithRecords<TinyTraits, BytesKey, BytesValue>,
                                 WithRecords<TinyLinked, BytesKey, U64Value>,
                                 WithRecords<TinyTraits, FixedBytesKey<16>, BytesValue>>;
TYPED_TEST_SUITE(BwTreePropertiesTest, AllTraits, TraitsName);

/// RC_PARAMS in the environment, by which RapidCheck repeats what failed, goes before this.
const int kParametersSet =
    ::setenv("RC_PARAMS", ("max_size=200 max_success=" + std::to_string(Rounds(150))).c_str(), 0);

TYPED_TEST(BwTreePropertiesTest, EverySequenceOfCommandsAnswersAsAMap) {
  ASSERT_EQ(kParametersSet, 0);
  EXPECT_TRUE(rc::check(std::string(TypeParam::kName), [] {
    OpMachine<TypeParam> machine;
    rc::state::check(MapOf<TypeParam>(), machine,
                     rc::state::gen::execOneOfWithArgs<OpCommand<TypeParam>>());
  }));
  std::printf("%llu commands\n",
              static_cast<unsigned long long>(OpCommand<TypeParam>::commands_run));
}

TYPED_TEST(BwTreePropertiesTest, OperationsReadFromBytesAnswerAsAMap) {
  const uint64_t seed = Seed();
  this->RecordProperty("seed", std::to_string(seed));
  std::mt19937_64 random(seed);
  const int rounds = Rounds(30);
  for (int round = 0; round < rounds; ++round) {
    std::vector<uint8_t> bytes(random() % 5000);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
    ASSERT_EQ(FaultOf<TypeParam>(OpsOf(bytes)), "") << "seed " << seed << ", round " << round;
  }
}

}  // namespace
}  // namespace bwlab::test
