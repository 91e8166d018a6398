#include "bwlab/bwtree/bulk_load.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "bwlab/bwtree/bw_tree.h"
#include "support/test_traits.h"

namespace bwlab::test {
namespace {

using TinyBytes = WithRecords<TinyTraits, BytesKey, BytesValue>;

std::vector<std::pair<uint64_t, uint64_t>> Ascending(uint64_t count) {
  std::vector<std::pair<uint64_t, uint64_t>> records;
  for (uint64_t i = 0; i < count; ++i) records.emplace_back(i * 10, i);
  return records;
}

TEST(BulkLoad, EverySizeAndFillFactorGivesAValidTreeThatCanBeWritten) {
  for (const double fill_factor : {0.1, 0.5, 0.9, 1.0}) {
    for (uint64_t count : {0, 1, 2, 3, 4, 5, 8, 9, 16, 17, 63, 64, 65, 500}) {
      auto tree = std::move(BwTree<TinyTraits>::Open()).value();
      auto session = std::move(tree->OpenSession()).value();
      const auto records = Ascending(count);
      const Status loaded = session.BulkLoad(records, {fill_factor});
      ASSERT_TRUE(loaded.ok()) << loaded.message();
      ASSERT_EQ(tree->Size(), count);
      ASSERT_TRUE(tree->Validate().ok())
          << count << " records at " << fill_factor << ": " << tree->Validate().message();
      std::vector<std::pair<uint64_t, uint64_t>> found;
      session.Scan(0, SIZE_MAX, [&](uint64_t key, uint64_t value) {
        found.emplace_back(key, value);
        return true;
      });
      ASSERT_EQ(found, records);
      for (uint64_t i = 0; i < count; ++i) {
        ASSERT_EQ(session.Insert(i * 10 + 5, i), OpResult::kOk);
        ASSERT_EQ(session.Delete(i * 10), OpResult::kOk);
      }
      ASSERT_TRUE(tree->Validate().ok()) << tree->Validate().message();
      ASSERT_EQ(tree->Size(), count);
    }
  }
}

TEST(BulkLoad, LeavesAreAsFullAsAsked) {
  TreeOptions options;
  options.leaf_capacity = 128;
  uint64_t bytes[2];
  for (int i = 0; i < 2; ++i) {
    auto tree = std::move(BwTree<DefaultTraits>::Open(options)).value();
    auto session = std::move(tree->OpenSession()).value();
    ASSERT_TRUE(session.BulkLoad(Ascending(100000), {i == 0 ? 0.25 : 1.0}).ok());
    bytes[i] = tree->Memory().live_bytes;
  }
  // 16 bytes a record, and a header, hints and slots of 384 bytes a leaf of 32 or 128.
  EXPECT_GT(static_cast<double>(bytes[0]), 1.4 * static_cast<double>(bytes[1]));
}

TEST(BulkLoad, ByteStringsOfAllLengths) {
  std::vector<std::string> keys{""};
  for (int i = 0; i < 300; ++i) {
    keys.push_back(keys.back().size() < 4000 ? keys.back() + std::string(1 + i % 40, '\0')
                                             : std::string(1, static_cast<char>('a' + i % 26)) +
                                                   std::string(static_cast<std::size_t>(i), 'x'));
  }
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  std::vector<std::pair<std::string_view, std::string_view>> records;
  for (const std::string& key : keys)
    records.emplace_back(key, std::string_view(key).substr(0, 100));
  auto tree = std::move(BwTree<TinyBytes>::Open()).value();
  auto session = std::move(tree->OpenSession()).value();
  ASSERT_TRUE(session.BulkLoad(records).ok());
  EXPECT_TRUE(tree->Validate().ok()) << tree->Validate().message();
  for (const auto& [key, value] : records) {
    std::string found;
    ASSERT_EQ(session.Get(key, &found), OpResult::kOk);
    ASSERT_EQ(found, value);
  }
}

TEST(BulkLoad, BadInputIsNamedAndChangesNothing) {
  auto tree = std::move(BwTree<TinyTraits>::Open()).value();
  auto session = std::move(tree->OpenSession()).value();
  auto records = Ascending(100);
  std::swap(records[40], records[41]);
  records[70].first = records[69].first;
  const Status unsorted = session.BulkLoad(records);
  EXPECT_EQ(unsorted.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(unsorted.message().find("record 41"), std::string::npos) << unsorted.message();
  for (const double fill_factor :
       {0.0, 0.05, 1.1, -1.0, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_FALSE(session.BulkLoad(Ascending(10), {fill_factor}).ok()) << fill_factor;
  }
  EXPECT_EQ(tree->Size(), 0u);
  ASSERT_EQ(session.Insert(1, 1), OpResult::kOk);
  EXPECT_FALSE(session.BulkLoad(Ascending(10)).ok()) << "the tree is not empty";
  EXPECT_EQ(tree->Size(), 1u);
  EXPECT_TRUE(tree->Validate().ok());
}

TEST(BulkLoad, ARecordThatIsTooLargeIsNamed) {
  using Traits = WithRecords<TinyTraits, BytesKey, BytesValue>;
  auto tree = std::move(BwTree<Traits>::Open()).value();
  auto session = std::move(tree->OpenSession()).value();
  const std::string too_long(kKeyBytesMax + 1, 'z');
  const std::vector<std::pair<std::string_view, std::string_view>> records = {{"a", "1"},
                                                                              {too_long, "2"}};
  const Status status = session.BulkLoad(records);
  EXPECT_EQ(status.message(), "record 1: " + std::string(ToString(OpResult::kTooLarge)));
  EXPECT_EQ(tree->Size(), 0u);
}

TEST(BulkLoad, WithoutPageIdsNothingIsLost) {
  TreeOptions options = TinyTraits::Options();
  options.pages_max = 40;
  auto tree = std::move(BwTree<TinyTraits>::Open(options)).value();
  auto session = std::move(tree->OpenSession()).value();
  const uint64_t live = tree->Memory().live_bytes;
  const Status status = session.BulkLoad(Ascending(1000));
  EXPECT_EQ(status.code(), StatusCode::kOutOfMemory);
  EXPECT_EQ(tree->Memory().live_bytes, live);
  EXPECT_TRUE(tree->Validate().ok());
  EXPECT_TRUE(session.BulkLoad(Ascending(50)).ok()) << "the ids are free again";
}

/// A loader against readers and a writer. The writer wins or loses the empty root: either its
/// record stands alone and the load is refused, or it comes after the load and both are there.
TEST(BulkLoad, OthersSeeNothingOrEverything) {
  constexpr uint64_t kCount = 2000;
  const auto records = Ascending(kCount);
  for (int round = 0; round < 50; ++round) {
    auto tree = std::move(BwTree<TinyTraits>::Open()).value();
    std::atomic<int> ready{0};
    const auto start = [&ready] {
      ++ready;
      while (ready < 3) std::this_thread::yield();
    };
    bool loaded = false;
    std::thread loader([&] {
      auto session = std::move(tree->OpenSession()).value();
      start();
      loaded = session.BulkLoad(records).ok();
    });
    std::thread writer([&] {
      auto session = std::move(tree->OpenSession()).value();
      start();
      for (int i = 0; i < round * 10; ++i) std::this_thread::yield();
      ASSERT_EQ(session.Insert(5, 5), OpResult::kOk);
    });
    auto session = std::move(tree->OpenSession()).value();
    start();
    bool seen = false;
    for (int i = 0; i < 200; ++i) {
      uint64_t value;
      const bool first = session.Get(0, &value) == OpResult::kOk;
      const bool last = session.Get((kCount - 1) * 10, &value) == OpResult::kOk;
      ASSERT_TRUE(!seen || first);
      ASSERT_TRUE(!first || last);
      seen = first;
    }
    loader.join();
    writer.join();
    ASSERT_EQ(tree->Size(), 1 + (loaded ? kCount : 0));
    uint64_t value;
    ASSERT_EQ(session.Get(5, &value), OpResult::kOk);
    ASSERT_TRUE(tree->Validate().ok()) << tree->Validate().message();
  }
}

}  // namespace
}  // namespace bwlab::test
