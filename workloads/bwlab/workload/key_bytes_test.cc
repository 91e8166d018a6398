#include "bwlab/workload/key_bytes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <vector>

#include "bwlab/workload/chi_square_testing.h"

namespace bwlab::workload {
namespace {

std::string BytesOf(KeySpaceKind kind, uint64_t key) {
  std::array<char, kKeySpaceBytesMax> bytes;
  return {bytes.data(), WriteKeyBytes(kind, key, bytes.data())};
}

std::vector<KeySpaceKind> ByteSpaces() {
  std::vector<KeySpaceKind> kinds;
  for (const KeySpaceInfo& info : kKeySpaces) {
    if (HasByteKeys(info.kind)) kinds.push_back(info.kind);
  }
  return kinds;
}

// Small and large numbers, those around powers of two, and those of the first records.
std::vector<uint64_t> ManyKeys() {
  std::vector<uint64_t> keys;
  const KeySpace spread(KeySpaceKind::kRandInt, 3);
  for (uint64_t i = 0; i < 50000; ++i) {
    keys.insert(keys.end(), {i, ~i, spread.KeyOf(i), i << 40});
  }
  for (int bit = 0; bit < 64; ++bit) {
    const uint64_t power = uint64_t{1} << bit;
    keys.insert(keys.end(), {power - 1, power, power + 1});
  }
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

TEST(KeyBytes, OfEverySpaceAreUniqueAndTurnBack) {
  for (const KeySpaceKind kind : ByteSpaces()) {
    std::set<std::string> seen;
    for (const uint64_t key : ManyKeys()) {
      const std::string bytes = BytesOf(kind, key);
      ASSERT_EQ(KeyOfBytes(kind, bytes), key) << ToString(kind) << " " << bytes;
      ASSERT_TRUE(seen.insert(bytes).second) << ToString(kind) << " " << bytes;
    }
  }
}

TEST(KeyBytes, KeepTheLengthsThatTheCatalogueStates) {
  for (const uint64_t key : ManyKeys()) {
    ASSERT_EQ(BytesOf(KeySpaceKind::kEmail, key).size(), 31u);
    ASSERT_EQ(BytesOf(KeySpaceKind::kComposite, key).size(), 16u);
    ASSERT_GE(BytesOf(KeySpaceKind::kUrl, key).size(), 46u);
    ASSERT_LE(BytesOf(KeySpaceKind::kUrl, key).size(), 99u);
  }
  const std::string shortest = "http://m.example.com/news/news/0000000000.html";
  const std::string longest =
      "http://en.wiki.example.org/electronics/electronics/electronics/electronics/electronics/"
      "0000000.html";
  for (const std::string& url : {shortest, longest}) {
    EXPECT_EQ(BytesOf(KeySpaceKind::kUrl, KeyOfBytes(KeySpaceKind::kUrl, url)), url);
  }
  EXPECT_EQ(shortest.size(), 46u);
  EXPECT_EQ(longest.size(), InfoOf(kKeySpaces, KeySpaceKind::kUrl).key_bytes_max);
}

// Published results name a stream by a digest over its numbers: what these stand for must not
// change.
TEST(KeyBytes, AreWhatTheyAlwaysWere) {
  EXPECT_EQ(BytesOf(KeySpaceKind::kEmail, 0), "com.gmail@aisha.adams0000000000");
  EXPECT_EQ(BytesOf(KeySpaceKind::kEmail, 0x0123456789abcdef), "com.icloud@emma.nagel00ny1vk2v5");
  EXPECT_EQ(BytesOf(KeySpaceKind::kEmail, ~uint64_t{0}), "uk.co.yahoo@paul.yang1dvxwqtywv");
  EXPECT_EQ(BytesOf(KeySpaceKind::kUrl, 0), "http://www.example.com/news/news/0000000000.html");
  EXPECT_EQ(BytesOf(KeySpaceKind::kUrl, 0x0123456789abcdef),
            "http://images.example.com/community/electronics/history/products/00k7cu02.html");
  EXPECT_EQ(
      BytesOf(KeySpaceKind::kUrl, ~uint64_t{0}),
      "http://data.example.org/questions/questions/questions/questions/questions/0zik0zj.html");
  EXPECT_EQ(BytesOf(KeySpaceKind::kComposite, (uint64_t{1023} << kSequenceBits) | 0x0123456789ab),
            std::string("\0\0\0\0\0\0\x03\xff\0\0\x01\x23\x45\x67\x89\xab", 16));
}

TEST(KeyBytes, HostsAreAsPopularAsTheyAreMeantToBe) {
  const KeySpace keys(KeySpaceKind::kEmail, 1);
  uint64_t gmail = 0;
  uint64_t rarest = 0;
  constexpr uint64_t kRecords = 100000;
  for (uint64_t rank = 0; rank < kRecords; ++rank) {
    const std::string bytes = BytesOf(KeySpaceKind::kEmail, keys.KeyOf(rank));
    gmail += bytes.starts_with("com.gmail@") ? 1 : 0;
    rarest += bytes.starts_with("com.163@") ? 1 : 0;
  }
  EXPECT_GT(
      testing::ChiSquarePValue(std::vector<uint64_t>{gmail, rarest, kRecords - gmail - rarest},
                               std::vector<double>{24, 1, 39}),
      testing::kSuspicious);
}

TEST(KeyBytes, NeighboursInAnIndexOfUrlsShareLongPrefixes) {
  const KeySpace keys(KeySpaceKind::kUrl, 1);
  constexpr uint64_t kRecords = 100000;
  std::vector<std::string> sorted;
  for (uint64_t rank = 0; rank < kRecords; ++rank) {
    sorted.push_back(BytesOf(KeySpaceKind::kUrl, keys.KeyOf(rank)));
  }
  std::sort(sorted.begin(), sorted.end());
  uint64_t shared = 0;
  for (size_t i = 1; i < sorted.size(); ++i) {
    shared += static_cast<uint64_t>(
        std::mismatch(sorted[i].begin(), sorted[i].end(), sorted[i - 1].begin()).first -
        sorted[i].begin());
  }
  EXPECT_GT(shared / kRecords, 35u);
}

TEST(KeyBytes, OfCompositeKeysAreInTheOrderOfTheKeys) {
  std::string before;
  for (const uint64_t key : ManyKeys()) {
    const std::string bytes = BytesOf(KeySpaceKind::kComposite, key);
    ASSERT_LT(before, bytes);
    before = bytes;
  }
}

TEST(KeyBytes, ThatNoKeyHasGiveANumberWhoseBytesDiffer) {
  for (const KeySpaceKind kind : ByteSpaces()) {
    const std::string whole = BytesOf(kind, 0x0123456789abcdef);
    std::vector<std::string> wrong = {"",  "@",          "//////////",
                                      ".", "com.gmail@", std::string(99, '\xff')};
    for (size_t length = 0; length < whole.size(); ++length)
      wrong.push_back(whole.substr(0, length));
    wrong.push_back(whole + "0");
    for (const std::string& bytes : wrong) {
      EXPECT_NE(BytesOf(kind, KeyOfBytes(kind, bytes)), bytes) << ToString(kind);
    }
  }
}

TEST(KeyBytes, AreReadInTheOrderOfTheOperations) {
  for (const KeySpaceKind kind : ByteSpaces()) {
    std::vector<Op> ops;
    size_t bytes = 0;
    for (const uint64_t key : ManyKeys()) {
      ops.push_back({.key = key});
      bytes += 2 + BytesOf(kind, key).size();
    }
    const KeyBytes keys = KeyBytes::Of(kind, ops);
    EXPECT_EQ(keys.bytes(), bytes);
    for (int pass = 0; pass < 2; ++pass) {
      KeyBytes::Reader reader = keys.Read();
      for (const Op& op : ops) ASSERT_EQ(reader.Next(), BytesOf(kind, op.key));
    }
  }
  EXPECT_EQ(KeyBytes::Of(KeySpaceKind::kUrl, {}).bytes(), 0u);
}

}  // namespace
}  // namespace bwlab::workload
