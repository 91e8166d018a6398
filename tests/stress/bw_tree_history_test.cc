// Method: that of support/history_suite.h, with every layout and the policies that matter to it;
// then the same for the pairs of a multimap.

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "bwlab/bwtree/bw_multi_map.h"
#include "support/history_suite.h"

namespace bwlab::test {
namespace {

using AllTraits =
    testing::Types<TinyTraits, TinyScalar, TinyPooled, TinyCentralized, TinyQsbr, TinyWorkers,
                   TinyLinked, TinyPreallocated, LongChains<LinkedDeltas>,
                   WithRecords<TinyTraits, BytesKey, BytesValue>,
                   WithRecords<TinyTraits, FixedBytesKey<5>, U64Value>,
                   WithRecords<TinyLinked, BytesKey, U64Value>>;
INSTANTIATE_TYPED_TEST_SUITE_P(BwTree, HistoryTest, AllTraits, TraitsName);

/// A pair of a multimap is there or not; its history is that of a key whose value is always 0.
template <class Traits>
class BwMultiMapHistoryTest : public testing::Test {};
using PairTraits = testing::Types<WithRecords<TinyTraits, U64Key, U64Value>,
                                  WithRecords<TinyLinked, BytesKey, BytesValue>,
                                  WithRecords<TinyQsbr, BytesKey, U64Value>>;
TYPED_TEST_SUITE(BwMultiMapHistoryTest, PairTraits, TraitsName);

TYPED_TEST(BwMultiMapHistoryTest, EveryPairsHistoryIsLinearizable) {
  constexpr uint64_t kValues = 8;  // of each key
  const uint64_t seed = Seed();
  this->RecordProperty("seed", std::to_string(seed));
  const Perturbation perturbation(seed);
  std::mt19937_64 choices(seed);
  auto map = std::move(BwMultiMap<TypeParam>::Open()).value();
  const auto key_at = [](uint64_t i) { return KeyOfNumber<typename TypeParam::Key>(i); };
  const auto value_at = [](uint64_t i) { return ValueOfNumber<typename TypeParam::Value>(i); };
  uint64_t first = 1000;
  const int rounds = Rounds(60);
  for (int round = 0; round < rounds && !this->HasFailure(); ++round) {
    const int threads = 2 + static_cast<int>(choices() % 7);
    const uint64_t keys = uint64_t{1} << choices() % 4;
    HistoryLog log(threads, keys * kValues);
    const uint64_t round_seed = choices();
    RunThreads(*map, threads, [&](int thread, auto& session) {
      std::mt19937_64 random(round_seed + static_cast<uint64_t>(thread));
      for (uint64_t i = 0; i < 40; ++i) {
        const uint64_t key = random() % keys;
        const uint64_t value = random() % kValues;
        const auto tree_key = key_at(first + key);
        HistoryEvent event{log.Now(), 0, HistoryOp::kGet, false, 0};
        std::vector<bool> found(kValues);
        const uint64_t choice = random() % 8;
        if (choice < 3) {
          event.op = HistoryOp::kInsert;
          event.present = session.Insert(tree_key, value_at(value)) == OpResult::kExists;
        } else if (choice < 6) {
          event.op = HistoryOp::kDelete;
          event.present = session.Delete(tree_key, value_at(value)) == OpResult::kOk;
        } else if (choice < 7) {
          event.present = session.Contains(tree_key, value_at(value));
        } else {
          session.Get(tree_key, [&](const auto& tree_value) {
            const uint64_t at = NumberOfValue<typename TypeParam::Value>(tree_value);
            EXPECT_TRUE(at < kValues && !found[at]);
            if (at < kValues) found[at] = true;
            return true;
          });
        }
        event.end = log.Now();
        if (choice < 7) {
          log.Add(thread, key * kValues + value, event);
          continue;
        }
        for (uint64_t at = 0; at < kValues; ++at) {
          event.present = found[at];
          log.Add(thread, key * kValues + at, event);
        }
      }
    });
    log.ExpectLinearizable();
    first += keys;
  }
  const Status status = map->Validate();
  EXPECT_TRUE(status.ok()) << status.message();
}

}  // namespace
}  // namespace bwlab::test
