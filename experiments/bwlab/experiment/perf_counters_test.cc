#include "bwlab/experiment/perf_counters.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <map>
#include <set>
#include <thread>

namespace bwlab::experiment {
namespace {

const PerfCount& CountOf(const std::vector<PerfCount>& counts, std::string_view name) {
  for (const PerfCount& count : counts) {
    if (count.name == name) return count;
  }
  static const PerfCount kNone;
  ADD_FAILURE() << "no " << name;
  return kNone;
}

/// Touches `pages` new pages of memory.
void TouchPages(size_t pages) {
  constexpr size_t kPageBytes = 4096;
  void* memory = ::mmap(nullptr, pages * kPageBytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  ::madvise(memory, pages * kPageBytes, MADV_NOHUGEPAGE);
  for (size_t i = 0; i < pages; ++i) static_cast<volatile char*>(memory)[i * kPageBytes] = 1;
  ::munmap(memory, pages * kPageBytes);
}

TEST(PerfCounters, NoGroupIsLargerThanAProcessorCounts) {
  std::map<uint32_t, int> sizes;
  std::set<std::string_view> names;
  for (const PerfEvent& event : AllPerfEvents()) {
    EXPECT_LE(++sizes[event.group], 4);
    EXPECT_TRUE(names.insert(event.name).second);
  }
}

TEST(PerfCounters, EveryEventHasACountOrAReason) {
  PerfCounters counters(std::nullopt);
  counters.Start();
  TouchPages(100);
  counters.Stop();
  const std::vector<PerfCount> counts = counters.Read();
  EXPECT_EQ(counts.size(), AllPerfEvents().size());
  const nlohmann::json object = CountsJson(counts, 100);
  for (const PerfCount& count : counts) {
    const nlohmann::json& entry = object[count.name];
    EXPECT_NE(entry["total"].is_null(), entry["reason"].is_null()) << count.name;
    if (count.reason.empty()) {
      EXPECT_DOUBLE_EQ(entry["per_op"], count.total / 100);
    }
  }
}

TEST(PerfCounters, CountsWhatHappensBetweenStartAndStopOnThisThread) {
  PerfCounters counters(std::vector<std::string>{"page_faults"});
  TouchPages(1000);
  counters.Start();
  TouchPages(100);
  std::thread(TouchPages, 1000).join();
  counters.Stop();
  TouchPages(1000);
  const std::vector<PerfCount> counts = counters.Read();
  ASSERT_EQ(counts.size(), 1u);
  if (!counts[0].reason.empty()) GTEST_SKIP() << counts[0].reason;
  EXPECT_GE(counts[0].total, 100);
  EXPECT_LT(counts[0].total, 500);
}

TEST(PerfCounters, ThreadsAddUpAndOneReasonIsEnough) {
  std::vector<PerfCount> sum;
  AddCounts({{"a", 10, 0.5, ""}, {"b", 1, 1, ""}}, &sum);
  AddCounts({{"a", 30, 1, ""}, {"b", 0, 1, "none"}}, &sum);
  EXPECT_EQ(CountOf(sum, "a").total, 40);
  EXPECT_EQ(CountOf(sum, "a").running_share, 0.5);
  EXPECT_TRUE(CountsJson(sum, 4)["b"]["total"].is_null());
  EXPECT_EQ(CountsJson(sum, 4)["b"]["reason"], "none");
  EXPECT_EQ(CountsJson(sum, 4)["a"]["per_op"], 10);
}

TEST(PerfCounters, NamesAreChecked) {
  EXPECT_FALSE(ParseCounters("auto").value().has_value());
  EXPECT_TRUE(ParseCounters("off").value()->empty());
  EXPECT_EQ(ParseCounters("cycles,page_faults").value()->size(), 2u);
  const auto refused = ParseCounters("cycles,page_fault");
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.status().message().find("did you mean \"page_faults\""), std::string::npos)
      << refused.status().message();
}

}  // namespace
}  // namespace bwlab::experiment
