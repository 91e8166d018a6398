#include "bwlab/workload/trace.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include "bwlab/workload/stream_digest.h"
#include "bwlab/workload/trace_csv.h"

namespace bwlab::workload {
namespace {

namespace fs = std::filesystem;

class TraceFile : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("bwlab-trace-" + std::to_string(::getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path path() const { return folder_ / "some.bwtrace"; }

  /// Three records, two threads, an odd number of words in front of the operations.
  TraceView Small() const {
    return {.key_space = KeySpaceKind::kMonoInt,
            .expected_misses = 1,
            .records = records_,
            .streams = SpansOf(streams_)};
  }

  std::string Bytes() const {
    std::ifstream file(path(), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  std::string ErrorOf(const std::string& bytes) const {
    std::ofstream(path(), std::ios::binary) << bytes;
    const TraceOpened opened = Trace::Open(path());
    EXPECT_EQ(opened.ok(), opened.trace.has_value());
    return opened.error;
  }

  fs::path folder_;
  std::vector<uint64_t> records_ = {1, 2, 3};
  std::vector<std::vector<Op>> streams_ = {
      {{.key = 1, .kind = OpKind::kRead}, {.key = 2, .version = 7, .kind = OpKind::kUpdate}},
      {{.key = 3, .length = 9, .kind = OpKind::kScan}}};
};

TEST_F(TraceFile, IsReadBack) {
  ASSERT_EQ(WriteTrace(path(), Small()), "");
  const TraceOpened opened = Trace::Open(path());
  ASSERT_TRUE(opened.ok()) << opened.error;
  const TraceView& view = opened.trace->view();
  EXPECT_EQ(view.key_space, KeySpaceKind::kMonoInt);
  EXPECT_EQ(view.expected_misses, 1u);
  EXPECT_EQ(std::vector<uint64_t>(view.records.begin(), view.records.end()), records_);
  EXPECT_EQ(view.ops(), 3u);
  EXPECT_EQ(StreamsSha256(view.streams), StreamsSha256(streams_));
  EXPECT_EQ(opened.trace->sha256().size(), 64u);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 1) << "nothing else is left there";
}

TEST_F(TraceFile, IsReadWithoutItsDigestWhereNobodyAsksForThat) {
  ASSERT_EQ(WriteTrace(path(), Small()), "");
  std::string bytes = Bytes();
  bytes[60] ^= 1;  // of the digest
  ASSERT_NE(ErrorOf(bytes), "");
  const TraceOpened opened = Trace::OpenUnchecked(path());
  ASSERT_TRUE(opened.ok()) << opened.error;
  EXPECT_EQ(opened.trace->view().ops(), 3u);
  EXPECT_EQ(opened.trace->sha256(), "");
}

TEST_F(TraceFile, APipeIsNoTraceAndIsNotWaitedFor) {
  ASSERT_EQ(::mkfifo(path().c_str(), 0600), 0);
  EXPECT_NE(Trace::Open(path()).error.find("is no file"), std::string::npos);
}

TEST_F(TraceFile, WorkloadHasItsMix) {
  const WorkloadSpec spec = WorkloadOf(Small(), "some", "a test");
  EXPECT_EQ(spec.name, "some");
  EXPECT_DOUBLE_EQ(spec.Share(OpKind::kScan), 1.0 / 3);
  EXPECT_DOUBLE_EQ(spec.Share(OpKind::kUpdate), 1.0 / 3);
  EXPECT_FALSE(spec.Has(OpKind::kInsert));
}

TEST_F(TraceFile, DamageIsFoundWhereverItIs) {
  ASSERT_EQ(WriteTrace(path(), Small()), "");
  const std::string good = Bytes();
  EXPECT_EQ(ErrorOf(good), "");
  for (size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    EXPECT_NE(ErrorOf(bad), "") << "byte " << at;
  }
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_NE(ErrorOf(good.substr(0, size)), "") << size << " bytes";
  }
  EXPECT_NE(ErrorOf(good + std::string(16, '\0')).find("goes on"), std::string::npos);
}

TEST_F(TraceFile, ErrorsNameTheFileAndWhatIsWrong) {
  EXPECT_NE(Trace::Open(folder_ / "absent").error.find("absent"), std::string::npos);
  EXPECT_NE(Trace::Open(folder_).error.find("no file"), std::string::npos);
  EXPECT_NE(ErrorOf(std::string(200, 'x')).find("bwtrace1"), std::string::npos);
  EXPECT_NE(WriteTrace(folder_ / "no" / "folder", Small()).find("cannot be written"),
            std::string::npos);
}

TEST(TraceBytes, OperationsThatNoStreamHasAreRefused) {
  const auto fault = [](Op op) {
    const std::vector<std::vector<Op>> streams = {{op}};
    TraceView view;
    view.streams = SpansOf(streams);
    const fs::path path = fs::temp_directory_path() / ("bwlab-op-" + std::to_string(::getpid()));
    EXPECT_EQ(WriteTrace(path, view), "");
    const std::string error = Trace::Open(path).error;
    fs::remove(path);
    return error;
  };
  EXPECT_EQ(fault({.kind = OpKind::kRead}), "");
  EXPECT_NE(fault({.kind = static_cast<OpKind>(kOpKindCount)}).find("kind"), std::string::npos);
  EXPECT_NE(fault({.kind = OpKind::kScan}).find("length"), std::string::npos);
  EXPECT_NE(fault({.length = 1, .kind = OpKind::kRead}).find("length"), std::string::npos);
  EXPECT_NE(fault({.kind = OpKind::kRead, .reserved = 1}).find("reserved"), std::string::npos);
}

CsvTrace Read(const std::string& text, CsvOptions options) {
  std::istringstream csv(text);
  return ReadCsvTrace(csv, "some.csv", options);
}

constexpr CsvOptions kOps = {.layout = CsvLayout::kOps};

std::vector<OpKind> KindsOf(const CsvTrace& trace) {
  std::vector<OpKind> kinds;
  for (const auto& stream : trace.streams) {
    for (const Op& op : stream) kinds.push_back(op.kind);
  }
  return kinds;
}

TEST(CsvTrace, CacheOperationsBecomeThoseOfAnIndex) {
  const CsvTrace trace = Read(
      "0,a,1,10,3,get,0\n"     // was there: loaded
      "0,b,1,10,3,set,100\n"   // new
      "1,b,1,10,3,set,100\n"   // there
      "1,b,1,10,4,delete,0\n"  //
      "2,b,1,10,4,get,0\n"     // misses
      "2,b,1,10,4,set,0\n"     // new again
      "2,b,1,10,4,add,0\n"     // finds it there
      "3,c,1,10,4,incr,0\r\n"  // was there
      "\n",
      {});
  ASSERT_TRUE(trace.ok()) << trace.error;
  EXPECT_EQ(KindsOf(trace), (std::vector<OpKind>{OpKind::kRead, OpKind::kInsert, OpKind::kUpdate,
                                                 OpKind::kDelete, OpKind::kRead, OpKind::kInsert,
                                                 OpKind::kInsert, OpKind::kUpdate}));
  EXPECT_EQ(trace.records.size(), 2u);
  EXPECT_EQ(trace.expected_misses, 2u);
}

TEST(CsvTrace, KeysMayHoldCommas) {
  const CsvTrace trace = Read("0,a,b,3,10,3,get,0\n0,a,c,3,10,3,get,0\n0,a,b,3,10,3,get,0\n", {});
  ASSERT_TRUE(trace.ok()) << trace.error;
  EXPECT_EQ(trace.records.size(), 2u);
}

TEST(CsvTrace, OperationsOfAKeyStayTogetherAndInOrder) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += "upsert," + std::to_string(i % 10) + "\n";
  const CsvTrace trace = Read(text, {.layout = CsvLayout::kOps, .threads = 4});
  ASSERT_TRUE(trace.ok()) << trace.error;
  size_t used = 0;
  for (const auto& stream : trace.streams) {
    used += stream.empty() ? 0 : 1;
    for (size_t i = 1; i < stream.size(); ++i) EXPECT_GT(stream[i].version, stream[i - 1].version);
    for (const auto& other : trace.streams) {
      if (&other == &stream || other.empty() || stream.empty()) continue;
      for (const Op& op : other) EXPECT_NE(op.key, stream.front().key);
    }
  }
  EXPECT_GT(used, 1u);
  EXPECT_EQ(trace.view().ops(), 300u);
}

TEST(CsvTrace, ScansAndNumbersAreTakenAsTheyAre) {
  const CsvTrace trace =
      Read("read,18446744073709551615\nscan,7,100\nreverse_scan,abc,65535\n", kOps);
  ASSERT_TRUE(trace.ok()) << trace.error;
  EXPECT_EQ(trace.records, std::vector<uint64_t>{UINT64_MAX});
  EXPECT_EQ(trace.streams[0][1].key, 7u);
  EXPECT_EQ(trace.streams[0][1].length, 100);
  EXPECT_EQ(trace.expected_misses, 0u);
}

TEST(CsvTrace, NoMoreLinesThanAskedForAreRead) {
  const CsvTrace trace =
      Read("read,1\nread,2\nnonsense\n", {.layout = CsvLayout::kOps, .ops_max = 2});
  ASSERT_TRUE(trace.ok()) << trace.error;
  EXPECT_EQ(trace.view().ops(), 2u);
}

TEST(CsvTrace, ErrorsNameTheLine) {
  const auto error = [](const std::string& text, CsvOptions options) {
    return Read(text, options).error;
  };
  EXPECT_NE(error("", kOps).find("no operation"), std::string::npos);
  EXPECT_NE(error("read,1\nraed,2\n", kOps)
                .find("line 2: unknown operation \"raed\"; did you mean "
                      "\"read\"?"),
            std::string::npos);
  EXPECT_NE(error("scan,1\n", kOps).find("2 fields, not 3"), std::string::npos);
  EXPECT_NE(error("scan,1,0\n", kOps).find("length"), std::string::npos);
  EXPECT_NE(error("scan,1,65536\n", kOps).find("65536"), std::string::npos);
  EXPECT_NE(error("0,a,1,10,3,get\n", {}).find("6 fields, not 7"), std::string::npos);
  EXPECT_NE(error("0,a,1,10,3,git,0\n", {}).find("did you mean \"get\"?"), std::string::npos);
}

}  // namespace
}  // namespace bwlab::workload
