#include "bwlab/bwtree/bulk_load_tbb.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "bwlab/bwtree/bw_tree.h"
#include "bwlab/policy/default_traits.h"

namespace bwlab {
namespace {

TEST(TbbExecutor, AParallelLoadGivesTheTreeThatASerialOneGives) {
  std::vector<std::pair<uint64_t, uint64_t>> records;
  for (uint64_t i = 0; i < 300000; ++i) records.emplace_back(i * 3, ~i);
  auto serial = std::move(BwTree<DefaultTraits>::Open()).value();
  auto parallel = std::move(BwTree<DefaultTraits>::Open()).value();
  auto serial_session = std::move(serial->OpenSession()).value();
  auto parallel_session = std::move(parallel->OpenSession()).value();
  ASSERT_TRUE(serial_session.BulkLoad(records).ok());
  ASSERT_TRUE(parallel_session.BulkLoad(records, {}, TbbExecutor{}).ok());
  EXPECT_TRUE(parallel->Validate().ok()) << parallel->Validate().message();
  EXPECT_EQ(parallel->Size(), records.size());
  EXPECT_EQ(parallel->Memory().live_bytes, serial->Memory().live_bytes);
  std::size_t at = 0;
  parallel_session.Scan(0, SIZE_MAX, [&](uint64_t key, uint64_t value) {
    EXPECT_EQ(key, records[at].first);
    EXPECT_EQ(value, records[at].second);
    ++at;
    return !testing::Test::HasFailure();
  });
  EXPECT_EQ(at, records.size());
}

TEST(TbbExecutor, ReportsTheFirstRecordOutOfOrder) {
  std::vector<std::pair<uint64_t, uint64_t>> records;
  for (uint64_t i = 0; i < 100000; ++i) records.emplace_back(i, i);
  records[90000].first = 5;
  records[20000].first = 5;
  auto tree = std::move(BwTree<DefaultTraits>::Open()).value();
  auto session = std::move(tree->OpenSession()).value();
  const Status status = session.BulkLoad(records, {}, TbbExecutor{});
  EXPECT_NE(status.message().find("record 20000"), std::string::npos) << status.message();
}

}  // namespace
}  // namespace bwlab
