// That the durability modes of the storage engines do what their names say. Method: this program
// has fsync and fdatasync of its own, which the libraries find before the system's; they count, and
// take some time, so that writes of several threads have to wait and can share one. What is written
// at all shows in /proc/self/io.

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "bwlab/engines/storage_options.h"
#include "bwlab/experiment/registry.h"
#include "bwlab/experiment/test_folder.h"

namespace {

std::atomic<uint64_t> g_syncs{0};
std::atomic<bool> g_slow{false};

int CountedSync(long number, int fd) {
  ++g_syncs;
  if (g_slow) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  return static_cast<int>(::syscall(number, fd));
}

}  // namespace

extern "C" {
int fsync(int fd) { return CountedSync(SYS_fsync, fd); }
int fdatasync(int fd) { return CountedSync(SYS_fdatasync, fd); }
}

namespace bwlab::experiment {
namespace {

using nlohmann::json;

/// An engine with a durability that it can do.
struct Mode {
  const EngineEntry* entry;
  std::string_view durability;
};

void PrintTo(const Mode& mode, std::ostream* out) {
  *out << mode.entry->Label() << ' ' << mode.durability;
}

std::vector<Mode> Modes() {
  std::vector<Mode> modes;
  for (const EngineEntry* entry : ListedEngines()) {
    if (!entry->capabilities.keeps_files) continue;
    for (const std::string_view durability : kDurabilityNames) {
      if (entry->resolve({{"durability", durability}}).ok()) modes.push_back({entry, durability});
    }
  }
  return modes;
}

std::string ModeName(const testing::TestParamInfo<Mode>& mode) {
  return mode.param.entry->Label() + "_" + std::string(mode.param.durability);
}

/// Bytes that this process has given to write calls.
uint64_t BytesGivenToTheSystem() {
  std::ifstream lines("/proc/self/io");
  std::string name;
  uint64_t bytes = 0;
  while (lines >> name >> bytes) {
    if (name == "wchar:") break;
  }
  return bytes;
}

class StorageDurability : public testing::TestWithParam<Mode> {
 protected:
  void SetUp() override {
    const json config = GetParam().entry->resolve({{"durability", GetParam().durability}}).value();
    Result<std::unique_ptr<Engine>> engine =
        GetParam().entry->open(config, RecordForm{}, folder_.path());
    ASSERT_TRUE(engine.ok()) << engine.status().message();
    engine_ = std::move(engine).value();
    Insert(0, 1);
    ASSERT_TRUE(engine_->Settle().ok());
  }
  void TearDown() override { g_slow = false; }

  /// Keys from `first` on.
  void Insert(uint64_t first, uint64_t count) {
    const std::unique_ptr<CheckSession> session = engine_->OpenCheckSession().value();
    for (uint64_t key = first; key < first + count; ++key) {
      ASSERT_EQ(session->Insert(key, key), OpResult::kOk) << engine_->FirstFailure().message();
    }
  }

  bool Is(std::string_view durability) const { return GetParam().durability == durability; }
  bool IsSyncing() const { return Is("fsync") || Is("group"); }

  const TestFolder folder_;
  std::unique_ptr<Engine> engine_;
};

TEST_P(StorageDurability, AWriteOfOneThreadSyncsIfItIsToAndNotOtherwise) {
  constexpr uint64_t kWrites = 50;
  const uint64_t before = g_syncs;
  Insert(1, kWrites);
  const uint64_t syncs = g_syncs - before;
  if (IsSyncing()) {
    EXPECT_GE(syncs, kWrites);
  } else {
    EXPECT_EQ(syncs, 0u);
  }
}

TEST_P(StorageDurability, WritesOfSeveralThreadsShareSyncsInAGroupAlone) {
  if (!IsSyncing()) GTEST_SKIP() << "does not sync";
  constexpr uint64_t kThreads = 8;
  constexpr uint64_t kWrites = 25;
  g_slow = true;
  const uint64_t before = g_syncs;
  std::vector<std::jthread> threads;
  for (uint64_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([this, t] { Insert(1 + t * kWrites, kWrites); });
  }
  threads.clear();  // joins
  const uint64_t syncs = g_syncs - before;
  if (Is("fsync")) {
    EXPECT_GE(syncs, kThreads * kWrites);
  } else {
    EXPECT_LT(syncs, kThreads * kWrites);
  }
  EXPECT_EQ(engine_->Size(), 1 + kThreads * kWrites);
}

TEST_P(StorageDurability, AWriteIsInTheLogOfTheSystemWhenItReturns) {
  if (Is("none")) GTEST_SKIP() << "promises nothing";
  constexpr uint64_t kWrites = 500;
  constexpr uint64_t kRecordBytes = 16;
  const uint64_t before = BytesGivenToTheSystem();
  Insert(1, kWrites);
  EXPECT_GE(BytesGivenToTheSystem() - before, kWrites * kRecordBytes);
}

TEST_P(StorageDurability, WithoutALogABufferedWriteStaysInMemory) {
  const std::string_view engine = GetParam().entry->engine;
  if (!Is("none") || (engine != "rocksdb" && engine != "wiredtiger")) {
    GTEST_SKIP() << "writes its pages or its log";
  }
  const uint64_t before = BytesGivenToTheSystem();
  Insert(1, 500);
  EXPECT_LT(BytesGivenToTheSystem() - before, 500u);
}

INSTANTIATE_TEST_SUITE_P(Every, StorageDurability, testing::ValuesIn(Modes()), ModeName);

}  // namespace
}  // namespace bwlab::experiment
