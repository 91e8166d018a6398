#include "bwlab/experiment/data_folder.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "bwlab/experiment/test_folder.h"

namespace bwlab::experiment {
namespace {

namespace fs = std::filesystem;

class DataFolderTest : public testing::Test {
 protected:
  Result<DataFolder> Make(const std::string& name, bool keep = false, uint64_t bytes_needed = 0) {
    return DataFolder::Make({.results = results(), .keep = keep}, name, bytes_needed);
  }
  const fs::path& results() const { return folder_.path(); }

  TestFolder folder_;
};

TEST_F(DataFolderTest, GoesWithAllThatIsInIt) {
  {
    const Result<DataFolder> made = Make("ab-r0");
    ASSERT_TRUE(made.ok()) << made.status().message();
    EXPECT_EQ(made.value().path(), results() / "data" / "ab-r0");
    EXPECT_TRUE(fs::is_empty(made.value().path()));
    fs::create_directory(made.value().path() / "below");
    std::ofstream(made.value().path() / "below" / "file") << "text";
  }
  EXPECT_TRUE(fs::is_empty(results()));
}

TEST_F(DataFolderTest, LeavesItsNeighboursAndWhatLinksPointTo) {
  std::ofstream(results() / "foreign") << "text";
  const Result<DataFolder> neighbour = Make("ab-r1");
  ASSERT_TRUE(neighbour.ok());
  {
    const Result<DataFolder> made = Make("ab-r0");
    ASSERT_TRUE(made.ok());
    fs::create_symlink(results() / "foreign", made.value().path() / "link");
    fs::create_directory_symlink(neighbour.value().path(), made.value().path() / "folder");
    std::ofstream(neighbour.value().path() / "file") << "text";
  }
  EXPECT_FALSE(fs::exists(results() / "data" / "ab-r0"));
  EXPECT_TRUE(fs::exists(results() / "foreign"));
  EXPECT_TRUE(fs::exists(neighbour.value().path() / "file"));
}

TEST_F(DataFolderTest, StaysWhereItIsToBeKept) {
  {
    const Result<DataFolder> made = Make("ab-r0", true);
    ASSERT_TRUE(made.ok());
    std::ofstream(made.value().path() / "file") << "text";
  }
  EXPECT_TRUE(fs::exists(results() / "data" / "ab-r0" / "file"));
}

TEST_F(DataFolderTest, IsNotMadeOverWhatIsThere) {
  fs::create_directories(results() / "data" / "ab-r0");
  std::ofstream(results() / "data" / "ab-r0" / "file") << "text";
  const Status status = Make("ab-r0").status();
  EXPECT_EQ(status.code(), StatusCode::kIoError);
  EXPECT_NE(status.message().find("it is there already"), std::string::npos) << status.message();
  EXPECT_TRUE(fs::exists(results() / "data" / "ab-r0" / "file"));
}

TEST_F(DataFolderTest, NeedsRoomOnTheDisk) {
  const Status status = Make("ab-r0", false, UINT64_MAX).status();
  EXPECT_EQ(status.code(), StatusCode::kIoError);
  EXPECT_NE(status.message().find("GiB are free"), std::string::npos) << status.message();
  EXPECT_TRUE(fs::is_empty(results()));
}

}  // namespace
}  // namespace bwlab::experiment
