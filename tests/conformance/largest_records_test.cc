// Method: the longest keys and values that are allowed, on the longest chains and in the largest
// pages, so that everything that has room for a number of bytes comes to its limit; beside a
// std::map.

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>

#include "bwlab/bwtree/bw_tree.h"
#include "support/test_traits.h"

namespace bwlab::test {
namespace {

template <class Layout>
class LargestRecordsTest : public testing::Test {
 protected:
  struct Traits : TinyTraits {
    using Key = BytesKey;
    using Value = BytesValue;
    using DeltaLayout = Layout;
    static TreeOptions Options() {
      TreeOptions options;
      options.leaf_chain_length = Layout::kChainLengthMax;
      options.inner_chain_length = Layout::kChainLengthMax;
      options.page_bytes_max = 65536;
      return options;
    }
  };

  /// `key_at(number)` gives keys of at most kKeyBytesMax bytes.
  template <class KeyAt>
  static void ExpectAgreesWithMap(KeyAt&& key_at) {
    auto tree = std::move(BwTree<Traits>::Open(Traits::Options())).value();
    auto session = std::move(tree->OpenSession()).value();
    std::map<std::string, std::string> model;
    std::mt19937_64 random(1);
    for (int i = 0; i < 3000; ++i) {
      const std::string key = key_at(random() % 700);
      // Grows, then shrinks to almost nothing.
      if (random() % 8 < (i < 1500 ? 1u : 6u)) {
        const bool present = model.erase(key) != 0;
        ASSERT_EQ(session.Delete(key), present ? OpResult::kOk : OpResult::kNotFound);
      } else {
        const std::string value(kValueBytesMax - random() % 3, static_cast<char>('a' + i % 26));
        ASSERT_EQ(session.Upsert(key, value), OpResult::kOk);
        model[key] = value;
      }
      if (i % 300 != 299) continue;
      const Status status = tree->Validate();
      ASSERT_TRUE(status.ok()) << status.message();
      std::map<std::string, std::string> held;
      session.Scan("", SIZE_MAX, [&](std::string_view at, std::string_view value) {
        held.emplace(at, value);
        return true;
      });
      ASSERT_TRUE(held == model) << i;
    }
  }
};
using Layouts = testing::Types<PackedDeltas, LinkedDeltas, PreallocatedDeltas>;
TYPED_TEST_SUITE(LargestRecordsTest, Layouts);

TYPED_TEST(LargestRecordsTest, ThatDifferAtTheBeginning) {
  this->ExpectAgreesWithMap([](uint64_t number) {
    return std::to_string(1000 + number) + std::string(kKeyBytesMax - 4, 'k');
  });
}

TYPED_TEST(LargestRecordsTest, ThatDifferAtTheEnd) {
  this->ExpectAgreesWithMap([](uint64_t number) {
    return std::string(kKeyBytesMax - 4, 'k') + std::to_string(1000 + number);
  });
}

// The outermost leaves have no prefix: what is merged into them is stored with entire keys.
TYPED_TEST(LargestRecordsTest, ThatAreMergedIntoTheOutermostLeaves) {
  constexpr uint64_t kCount = 400;
  const auto key_at = [](uint64_t number) {
    return std::string(8000, 'a') + std::to_string(10'000 + number);
  };
  for (const bool from_the_end : {false, true}) {
    auto tree =
        std::move(BwTree<typename TestFixture::Traits>::Open(TestFixture::Traits::Options()))
            .value();
    auto session = std::move(tree->OpenSession()).value();
    for (uint64_t i = 0; i < kCount; ++i) {
      ASSERT_EQ(session.Insert(key_at(i * 37 % kCount), ""), OpResult::kOk);
    }
    for (uint64_t i = 0; i < kCount; ++i) {
      ASSERT_EQ(session.Delete(key_at(from_the_end ? kCount - 1 - i : i)), OpResult::kOk);
      if (i % 10 != 0) continue;
      const Status status = tree->Validate();
      ASSERT_TRUE(status.ok()) << i << ": " << status.message();
    }
    EXPECT_EQ(tree->Size(), 0u);
  }
}

// Ranges whose keys share almost everything, beside others of which they share nothing: a merge
// brings back what the pages had left out.
TYPED_TEST(LargestRecordsTest, ThatDifferAtBothEnds) {
  this->ExpectAgreesWithMap([](uint64_t number) {
    return std::to_string(10 + number / 100) + std::string(kKeyBytesMax - 5, 'k') +
           std::to_string(100 + number % 100);
  });
}

}  // namespace
}  // namespace bwlab::test
