#include "bwlab/engines/libcds_skiplist.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace bwlab::experiment {
namespace {

using Index = LibcdsSkiplist<RecordForm{}>;

TEST(LibcdsSkiplist, ASessionMayBeClosedByAnotherThreadThanThatWhichUsedIt) {
  Index index;
  std::optional<Index::Session> session;
  std::jthread([&] {
    Result<Index::Session> opened = index.OpenSession();
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    session.emplace(std::move(opened).value());
    EXPECT_EQ(session->Insert(1, 2), OpResult::kOk);
  }).join();
  session.reset();
  uint64_t value = 0;
  EXPECT_EQ(index.OpenSession().value().Get(1, &value), OpResult::kOk);
  EXPECT_EQ(value, 2u);
}

TEST(LibcdsSkiplist, SessionsOfMoreThreadsThanItHasHazardPointersForAreRefused) {
  Index index;
  const auto try_all = [&index] {  // returns the number of threads that were refused
    constexpr size_t kThreads = libcds::kThreadsMax + 20;
    std::atomic<size_t> refused{0};
    std::latch all_tried(kThreads);
    std::vector<std::jthread> threads;
    for (size_t t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        Result<Index::Session> session = index.OpenSession();
        if (session.ok()) {
          session.value().Upsert(t, t);
        } else {
          EXPECT_NE(session.status().message().find("at most 100 threads"), std::string::npos);
          ++refused;
        }
        all_tried.arrive_and_wait();
      });
    }
    threads.clear();
    return refused.load();
  };
  const size_t refused = try_all();
  EXPECT_GE(refused, 20u);
  EXPECT_LE(refused, 21u) << "this thread may have its own";
  EXPECT_EQ(try_all(), refused) << "threads that ended have given theirs back";
}

TEST(LibcdsSkiplist, NothingIsLeftOfAnIndexThatIsGone) {
  const uint64_t before = libcds::node_bytes.Sum();
  {
    Index index;
    std::jthread([&] {
      Index::Session session = index.OpenSession().value();
      for (uint64_t key = 0; key < 1000; ++key) session.Insert(key, key);
      for (uint64_t key = 0; key < 500; ++key) session.Delete(key);
    }).join();
    EXPECT_EQ(index.Size(), 500u);
    EXPECT_GT(index.LiveBytes(), before);
  }
  EXPECT_EQ(libcds::node_bytes.Sum(), before);
}

}  // namespace
}  // namespace bwlab::experiment
