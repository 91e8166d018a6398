// Method: that of support/range_stress_suite.h, with every layout; then what iterators promise.

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <random>

#include "support/range_stress_suite.h"
#include "support/test_traits.h"

namespace bwlab::test {
namespace {

using AllTraits = testing::Types<TinyTraits, WithRecords<TinyTraits, BytesKey, BytesValue>,
                                 WithRecords<TinyPooled, BytesKey, U64Value>,
                                 WithRecords<TinyTraits, FixedBytesKey<5>, BytesValue>,
                                 WithRecords<TinyLinked, BytesKey, BytesValue>,
                                 WithRecords<LongChains<PreallocatedDeltas>, BytesKey, U64Value>,
                                 WithRecords<Default, BytesKey, BytesValue>>;
INSTANTIATE_TYPED_TEST_SUITE_P(BwTree, RangeStressTest, AllTraits, TraitsName);

template <class Traits>
class BwTreeIteratorStressTest : public RangeStressTest<Traits> {};
TYPED_TEST_SUITE(BwTreeIteratorStressTest, AllTraits, TraitsName);

// Everything goes except the first and the last key, again and again, while iterators stand in the
// middle of it: what they copied outlives the pages, and they find their way from there.
TYPED_TEST(BwTreeIteratorStressTest, IteratorsOutliveTheTreeAroundThem) {
  constexpr int kThreads = 4;
  const int rounds = Rounds(60);
  {
    auto session = std::move(this->tree_->OpenSession()).value();
    for (const uint64_t number : {uint64_t{0}, this->kKeys - 3}) {
      ASSERT_EQ(session.Insert(this->KeyAt(number), this->ValueAt(number, 0)), OpResult::kOk);
    }
  }
  std::atomic<int> writers_left{kThreads / 2};
  RunThreads(*this->tree_, kThreads, [&](int thread, auto& session) {
    std::mt19937_64 random(this->seed_ + static_cast<uint64_t>(thread));
    if (thread % 2 == 0) {
      for (int round = 0; round < rounds && !testing::Test::HasFatalFailure(); ++round) {
        const uint64_t begin = 1 + random() % (this->kKeys - 300);
        for (const bool inserts : {true, false}) {
          for (uint64_t number = begin; number < begin + 250; ++number) {
            if (inserts) {
              ASSERT_EQ(session.Upsert(this->KeyAt(number), this->ValueAt(number, 0)),
                        OpResult::kOk);
            } else {
              (void)session.Delete(this->KeyAt(number));
            }
          }
        }
      }
      writers_left.fetch_sub(1);
      return;
    }
    while (writers_left.load() > 0 && !testing::Test::HasFatalFailure()) {
      auto up = session.NewIterator();
      auto down = session.NewIterator();
      up.SeekToFirst();
      down.SeekToLast();
      ASSERT_TRUE(up.Valid() && down.Valid());
      ASSERT_EQ(up.key(), this->KeyAt(0));
      ASSERT_EQ(down.key(), this->KeyAt(this->kKeys - 3));
      auto last_up = this->KeyAt(0);
      auto last_down = this->KeyAt(this->kKeys - 3);
      while (up.Valid() && down.Valid()) {
        up.Next();
        down.Prev();
        ASSERT_TRUE(!up.Valid() || last_up < up.key());
        ASSERT_TRUE(!down.Valid() || last_down > down.key());
        if (up.Valid()) last_up = typename TestFixture::Key(up.key());
        if (down.Valid()) last_down = typename TestFixture::Key(down.key());
      }
      while (up.Valid()) {
        last_up = typename TestFixture::Key(up.key());
        up.Next();
      }
      while (down.Valid()) {
        last_down = typename TestFixture::Key(down.key());
        down.Prev();
      }
      ASSERT_EQ(last_up, this->KeyAt(this->kKeys - 3));
      ASSERT_EQ(last_down, this->KeyAt(0));
    }
  });
  this->ExpectValid();
}

}  // namespace
}  // namespace bwlab::test
