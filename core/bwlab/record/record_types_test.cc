#include "bwlab/record/record_types.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <compare>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "bwlab/record/locator.h"

namespace bwlab {
namespace {

/// Every string of up to `most` bytes over an alphabet in which NUL and 0xFF are the ends.
std::vector<std::string> ShortStrings(std::size_t most) {
  std::vector<std::string> strings = {""};
  for (std::size_t begin = 0; begin < strings.size(); ++begin) {
    if (strings[begin].size() == most) continue;
    for (const char c : {'\0', '\x7F', '\x80', '\xFF'}) strings.push_back(strings[begin] + c);
  }
  return strings;
}

std::strong_ordering BytewiseOrder(const std::string& a, const std::string& b) {
  return std::lexicographical_compare_three_way(
      a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
        return static_cast<unsigned char>(x) <=> static_cast<unsigned char>(y);
      });
}

// Seven equal bytes in front, so that the strings end before, at and behind the end of a head.
TEST(BytesPageKey, OrdersAsUnsignedBytesAroundTheEndOfTheHead) {
  for (const std::string& front : {std::string(), std::string(6, '\0'), std::string(7, '\xFF')}) {
    std::vector<std::string> strings = ShortStrings(3);
    for (std::string& string : strings) string.insert(0, front);
    for (const std::string& a : strings) {
      for (const std::string& b : strings) {
        const BytesPageKey key_a{HeadOfBytes(a), a};
        const BytesPageKey key_b{HeadOfBytes(b), b};
        ASSERT_EQ(key_a <=> key_b, BytewiseOrder(a, b));
        ASSERT_EQ(key_a == key_b, a == b);
        ASSERT_TRUE(key_a.head >= key_b.head || a < b) << "the head alone must not mislead";
      }
    }
  }
}

TEST(HeadOfBytes, ReadsNoByteBehindTheString) {
  for (std::size_t size = 0; size <= 9; ++size) {
    const auto exact = std::make_unique<char[]>(size);  // AddressSanitizer sees the end
    std::fill_n(exact.get(), size, '\xFF');
    const uint64_t expected =
        size == 0 ? 0 : UINT64_MAX << (64 - 8 * std::min<std::size_t>(size, 8));
    EXPECT_EQ(KeyOf(HeadOfBytes({exact.get(), size})), expected);
  }
  EXPECT_EQ(HeadOfBytes({}), kHeadMin);
}

TEST(CommonPrefixLength, EndsAtTheFirstDifferenceOrTheShorterEnd) {
  EXPECT_EQ(CommonPrefixLength("", ""), 0u);
  EXPECT_EQ(CommonPrefixLength("", "a"), 0u);
  EXPECT_EQ(CommonPrefixLength("abc", "abd"), 2u);
  EXPECT_EQ(CommonPrefixLength("abc", "abcdef"), 3u);
  const std::string longest(kKeyBytesMax, 'x');
  EXPECT_EQ(CommonPrefixLength(longest, longest), kKeyBytesMax);
}

template <class Key>
void ExpectOrderAndRoundTrip() {
  using View = typename Key::View;
  std::mt19937_64 random(3);
  std::vector<View> keys;
  for (int i = 0; i < 300; ++i) {
    View key;
    for (unsigned char& byte : key)
      byte = std::array<unsigned char, 4>{0, 1, 0x80, 0xFF}[random() % 4];
    keys.push_back(key);
  }
  keys.push_back(View{});
  for (const View& a : keys) {
    ASSERT_EQ(Key::FromProbe(Key::ToProbe(a)), a);
    ASSERT_GE(Key::ToProbe(a), Key::kLeast);
    for (const View& b : keys) {
      ASSERT_EQ(Key::ToProbe(a) < Key::ToProbe(b), a < b);
      ASSERT_EQ(Key::ToProbe(a) == Key::ToProbe(b), a == b);
    }
  }
}

TEST(FixedBytesKey, KeepsOrderAndBytesWithinAndBeyondAHead) {
  ExpectOrderAndRoundTrip<FixedBytesKey<1>>();
  ExpectOrderAndRoundTrip<FixedBytesKey<5>>();
  ExpectOrderAndRoundTrip<FixedBytesKey<8>>();
  ExpectOrderAndRoundTrip<FixedBytesKey<9>>();
  ExpectOrderAndRoundTrip<FixedBytesKey<16>>();
  static_assert(FixedBytesKey<8>::kInHead && !FixedBytesKey<9>::kInHead);
}

TEST(KeyBuffer, JoinsPrefixAndSuffixUpToTheLongestKey) {
  using R = Records<BytesKey, U64Value>;
  const auto buffer = std::make_unique<KeyBuffer<R>>();
  const std::string longest(kKeyBytesMax, 'k');
  for (std::size_t prefix : {std::size_t{0}, std::size_t{1}, kKeyBytesMax - 1, kKeyBytesMax}) {
    buffer->SetPrefix(std::string_view(longest).substr(0, prefix));
    const std::string_view suffix = std::string_view(longest).substr(prefix);
    EXPECT_EQ(buffer->Join({HeadOfBytes(suffix), suffix}), longest);
  }
  EXPECT_EQ(buffer->Join({kHeadMin, {}}), longest) << "the prefix stays until the next page";
}

TEST(Locator, HoldsTheLongestOfEverything) {
  const uint64_t greatest = (uint64_t{1} << 33) - 1;
  for (uint64_t upper : {uint64_t{0}, uint64_t{kValueBytesMax}, greatest}) {
    const Locator locator(Locator::kPageBytesMax - 1, kKeyBytesMax, upper);
    EXPECT_EQ(locator.offset(), Locator::kPageBytesMax - 1);
    EXPECT_EQ(locator.suffix_bytes(), kKeyBytesMax);
    EXPECT_EQ(locator.upper(), upper);
    EXPECT_EQ(Locator(locator.raw()).raw(), locator.raw());
  }
}

}  // namespace
}  // namespace bwlab
