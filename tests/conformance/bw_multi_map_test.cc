#include "bwlab/bwtree/bw_multi_map.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "support/test_traits.h"

namespace bwlab::test {
namespace {

template <class Key, class Value>
using Tiny = WithRecords<TinyTraits, Key, Value>;

/// Few keys, some of them prefixes of others and with NULs; few values, so that pairs come again.
template <class View>
View Made(uint64_t number, std::string& storage) {
  if constexpr (std::is_same_v<View, uint64_t>) {
    return number * 0x0101010101010101u;
  } else {
    static constexpr std::string_view kParts[] = {std::string_view("", 0), "a", "ab",
                                                  std::string_view("\0", 1),
                                                  std::string_view("\xff\0", 2)};
    storage.clear();
    for (; number != 0; number /= 5) storage.append(kParts[number % 5]);
    return storage;
  }
}
template <class View>
using Owned = std::conditional_t<std::is_same_v<View, uint64_t>, uint64_t, std::string>;

template <class Traits>
class BwMultiMapTest : public testing::Test {};
using PairTypes = testing::Types<Tiny<U64Key, U64Value>, Tiny<BytesKey, U64Value>,
                                 Tiny<U64Key, BytesValue>, Tiny<BytesKey, BytesValue>>;
TYPED_TEST_SUITE(BwMultiMapTest, PairTypes);

TYPED_TEST(BwMultiMapTest, HoldsThePairsThatASetOfPairsHolds) {
  using Map = BwMultiMap<TypeParam>;
  using Key = Owned<typename Map::Key>;
  using Value = Owned<typename Map::Value>;
  auto map = std::move(Map::Open()).value();
  auto session = std::move(map->OpenSession()).value();
  std::set<std::pair<Key, Value>> model;
  std::mt19937_64 random(20251121);
  std::string key_storage;
  std::string value_storage;
  for (int step = 0; step < 20000; ++step) {
    const auto key = Made<typename Map::Key>(random() % 60, key_storage);
    const auto value = Made<typename Map::Value>(random() % 60, value_storage);
    const std::pair<Key, Value> pair{Key(key), Value(value)};
    // Grows first, shrinks later.
    if (random() % 10 < (step < 10000 ? 7u : 3u)) {
      const bool inserted = model.insert(pair).second;
      ASSERT_EQ(session.Insert(key, value), inserted ? OpResult::kOk : OpResult::kExists);
    } else {
      const bool erased = model.erase(pair) == 1;
      ASSERT_EQ(session.Delete(key, value), erased ? OpResult::kOk : OpResult::kNotFound);
    }
    ASSERT_EQ(session.Contains(key, value), model.contains(pair));
  }
  EXPECT_EQ(map->Size(), model.size());
  EXPECT_TRUE(map->Validate().ok()) << map->Validate().message();

  std::vector<std::pair<Key, Value>> scanned;
  session.Scan(typename Map::Key{}, SIZE_MAX, [&](const auto& key, const auto& value) {
    scanned.emplace_back(Key(key), Value(value));
    return true;
  });
  EXPECT_EQ(scanned, (std::vector<std::pair<Key, Value>>(model.begin(), model.end())));

  for (uint64_t number = 0; number < 60; ++number) {
    const auto key = Made<typename Map::Key>(number, key_storage);
    std::vector<Value> expected;
    for (const auto& pair : model) {
      if (pair.first == Key(key)) expected.push_back(pair.second);
    }
    std::vector<Value> found;
    const std::size_t visited = session.Get(key, [&](const auto& value) {
      found.emplace_back(value);
      return true;
    });
    EXPECT_EQ(found, expected);
    EXPECT_EQ(visited, expected.size());
  }
}

TEST(BwMultiMap, RefusesPairsThatAreTooLarge) {
  using Map = BwMultiMap<Tiny<BytesKey, BytesValue>>;
  auto map = std::move(Map::Open()).value();
  auto session = std::move(map->OpenSession()).value();
  EXPECT_EQ(session.Insert(std::string(kKeyBytesMax, 'k'), ""), OpResult::kTooLarge);
  EXPECT_EQ(session.Insert(std::string(kKeyBytesMax / 2, '\0'), "value"), OpResult::kTooLarge);
  EXPECT_EQ(session.Insert("key", std::string(kKeyBytesMax, 'v')), OpResult::kTooLarge);
  EXPECT_EQ(session.Insert(std::string(kKeyBytesMax - 2, 'k'), ""), OpResult::kOk);
  EXPECT_EQ(map->Size(), 1u);
}

TEST(BwMultiMap, StopsWhereTheVisitorSaysSo) {
  using Map = BwMultiMap<Tiny<U64Key, U64Value>>;
  auto map = std::move(Map::Open()).value();
  auto session = std::move(map->OpenSession()).value();
  for (uint64_t value = 0; value < 100; ++value) ASSERT_EQ(session.Insert(7, value), OpResult::kOk);
  std::vector<uint64_t> found;
  EXPECT_EQ(session.Get(7, [&](uint64_t value) { return found.push_back(value), value < 4; }), 5u);
  EXPECT_EQ(found, (std::vector<uint64_t>{0, 1, 2, 3, 4}));
  EXPECT_EQ(session.Scan(0, 3, [](uint64_t, uint64_t) { return true; }), 3u);
}

}  // namespace
}  // namespace bwlab::test
