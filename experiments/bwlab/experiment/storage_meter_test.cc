#include "bwlab/experiment/storage_meter.h"

#include <gtest/gtest.h>

#include <fstream>

#include "bwlab/experiment/registry.h"
#include "bwlab/experiment/test_folder.h"

namespace bwlab::experiment {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// Says what a test wants it to have written; all else is that of an engine that does nothing.
class WritingEngine final : public Engine {
 public:
  Status RunThread(const ThreadTask&, ThreadTally*) override { return Status::Ok(); }
  Status CheckAllRecords(const ThreadTask&, ThreadTally*) override { return Status::Ok(); }
  Result<std::unique_ptr<CheckSession>> OpenCheckSession() override {
    return Status::Unsupported("not asked for");
  }
  uint64_t Size() const override { return 0; }
  std::optional<uint64_t> LiveBytes() const override { return std::nullopt; }
  Status Settle() override {
    if (written && written->by_engine) *written->by_engine += settled_bytes;
    settled_bytes = 0;
    return settle_status;
  }
  std::optional<WrittenBytes> ReadWrittenBytes() const override { return written; }

  std::optional<WrittenBytes> written = WrittenBytes{};
  uint64_t settled_bytes = 0;  // that the next Settle writes
  Status settle_status;
};

TEST(StorageMeter, AnEngineWithoutFilesIsLeftAlone) {
  WritingEngine engine;
  engine.written = std::nullopt;
  engine.settle_status = Status::IoError("must not be asked");
  StorageMeter meter(engine, {});
  EXPECT_TRUE(meter.Begin().ok());
  EXPECT_TRUE(meter.End("load").ok());
  EXPECT_TRUE(meter.Json().is_null());
}

TEST(StorageMeter, EachPhaseHasWhatWasWrittenInItAndInItsSettling) {
  const TestFolder folder;
  WritingEngine engine;
  engine.written = {.by_user = 0, .by_engine = 1000};
  StorageMeter meter(engine, folder.path());
  engine.settled_bytes = 7;  // of before
  ASSERT_TRUE(meter.Begin().ok());
  engine.written->by_user += 100;
  *engine.written->by_engine += 150;
  engine.settled_bytes = 50;
  ASSERT_TRUE(meter.End("load").ok());
  ASSERT_TRUE(meter.Begin().ok());
  std::ofstream(folder.path() / "file") << std::string(100000, 'x') << std::flush;
  ASSERT_TRUE(meter.End("run").ok());

  const json storage = meter.Json();
  EXPECT_EQ(storage["load"]["user_bytes_written"], 100);
  EXPECT_EQ(storage["load"]["engine_bytes_written"], 200);
  EXPECT_EQ(storage["load"]["engine_write_amplification"], 2.0);
  EXPECT_EQ(storage["load"]["bytes_on_disk"], 0) << "nothing is left of the probe";
  EXPECT_EQ(storage["run"]["user_bytes_written"], 0);
  EXPECT_TRUE(storage["run"]["engine_write_amplification"].is_null()) << "nothing was given";
  EXPECT_TRUE(storage["engine_bytes_reason"].is_null());
  if (storage["device_bytes_reason"].is_null()) {
    EXPECT_GE(storage["run"]["device_bytes_written"], 100000);
    EXPECT_LT(storage["load"]["device_bytes_written"], 100000);
  } else {
    EXPECT_TRUE(storage["run"]["device_bytes_written"].is_null());
  }
}

TEST(StorageMeter, APageThatWasWrittenInAnEarlierPhaseCountsAgain) {
  const TestFolder folder;
  WritingEngine engine;
  std::ofstream(folder.path() / "file").close();
  StorageMeter meter(engine, folder.path());
  for (const char* phase : {"load", "run"}) {
    ASSERT_TRUE(meter.Begin().ok());
    std::fstream file(folder.path() / "file", std::ios::in | std::ios::out);
    file << std::string(100000, 'x') << std::flush;
    ASSERT_TRUE(meter.End(phase).ok());
  }
  const json storage = meter.Json();
  if (!storage["device_bytes_reason"].is_null()) GTEST_SKIP() << storage["device_bytes_reason"];
  EXPECT_GE(storage["load"]["device_bytes_written"], 100000);
  EXPECT_GE(storage["run"]["device_bytes_written"], 100000);
}

TEST(StorageMeter, WhatIsNotCountedIsNullWithAReason) {
  const fs::path shared = "/dev/shm";
  if (FileSystemOf(shared) != "tmpfs") GTEST_SKIP() << "no tmpfs at " << shared;
  const TestFolder folder(shared);
  WritingEngine engine;
  engine.written = {.by_user = 5, .by_engine = std::nullopt};
  StorageMeter meter(engine, folder.path());
  ASSERT_TRUE(meter.Begin().ok());
  ASSERT_TRUE(meter.End("load").ok());
  const json storage = meter.Json();
  EXPECT_TRUE(storage["load"]["device_bytes_written"].is_null());
  EXPECT_TRUE(storage["load"]["device_write_amplification"].is_null());
  EXPECT_NE(storage["device_bytes_reason"].get<std::string>().find("tmpfs"), std::string::npos);
  EXPECT_TRUE(storage["load"]["engine_bytes_written"].is_null());
  EXPECT_TRUE(storage["engine_bytes_reason"].is_string());
}

TEST(StorageMeter, AnEngineThatCannotSettleFailsThePhase) {
  const TestFolder folder;
  WritingEngine engine;
  engine.settle_status = Status::IoError("disk full");
  StorageMeter meter(engine, folder.path());
  EXPECT_EQ(meter.Begin().message(), "disk full");
  EXPECT_EQ(meter.End("load").message(), "disk full");
}

TEST(StorageMeter, TheKernelsCountIsFoundByItsName) {
  const TestFolder folder;
  const fs::path file = folder.path() / "io";
  std::ofstream(file) << "rchar: 1\nwchar: 2\nsyscr: 3\nsyscw: 4\nread_bytes: 5\n"
                         "write_bytes: 4096\ncancelled_write_bytes: 6\n";
  EXPECT_EQ(DeviceBytesWritten(file), 4096u);
  EXPECT_FALSE(DeviceBytesWritten("/none").has_value());
}

TEST(StorageMeter, BytesOnDiskAreThoseOfAllFilesBelow) {
  const TestFolder folder;
  EXPECT_EQ(BytesOnDisk(folder.path()), 0u);
  fs::create_directory(folder.path() / "below");
  std::ofstream(folder.path() / "below" / "file") << std::string(100000, 'x') << std::flush;
  std::ofstream(folder.path() / "sparse").close();
  fs::resize_file(folder.path() / "sparse", 100 << 20);
  EXPECT_GE(BytesOnDisk(folder.path()), 100000u);
  EXPECT_LT(BytesOnDisk(folder.path()), 10u << 20) << "a hole takes no room";
}

}  // namespace
}  // namespace bwlab::experiment
