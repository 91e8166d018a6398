#include "bwlab/experiment/results_folder.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

namespace bwlab::experiment {
namespace {

namespace fs = std::filesystem;

class ResultsFolderTest : public testing::Test {
 protected:
  void SetUp() override { fs::create_directories(base_); }
  void TearDown() override { fs::remove_all(base_); }

  // A folder for each test: ctest runs them at the same time.
  fs::path base_ = fs::path(testing::TempDir()) /
                   (std::string("results_folder_test_") +
                    testing::UnitTest::GetInstance()->current_test_info()->name());
};

TEST_F(ResultsFolderTest, HoldsSpecAndResults) {
  auto folder = ResultsFolder::Create(base_ / "a" / "b", {{"id", "x"}, {"schema_version", 1}});
  ASSERT_TRUE(folder.ok()) << folder.status().message();
  ASSERT_TRUE(folder.value().Add({{"cell_id", "ab"}, {"rep", 2}, {"schema_version", 1}}).ok());
  EXPECT_TRUE(fs::is_regular_file(base_ / "a/b/spec.json"));
  std::ifstream file(base_ / "a/b/cells/ab-r2.json");
  std::string first;
  std::getline(file, first);
  std::getline(file, first);
  EXPECT_EQ(first, "  \"schema_version\": 1,");
  folder.value().RemoveIfWithoutResults();
  EXPECT_TRUE(fs::exists(base_ / "a/b/cells/ab-r2.json")) << "it has a result";
}

TEST_F(ResultsFolderTest, RemovesExactlyWhatItMade) {
  auto folder = ResultsFolder::Create(base_ / "a" / "b", {});
  ASSERT_TRUE(folder.ok());
  folder.value().RemoveIfWithoutResults();
  EXPECT_FALSE(fs::exists(base_ / "a"));
  EXPECT_TRUE(fs::exists(base_));
}

TEST_F(ResultsFolderTest, TakesAnEmptyFolderAndNoOther) {
  fs::create_directories(base_ / "empty");
  EXPECT_TRUE(ResultsFolder::Create(base_ / "empty", {}).ok());
  EXPECT_EQ(ResultsFolder::Create(base_ / "empty", {}).status().code(),
            StatusCode::kInvalidArgument);
  std::ofstream(base_ / "file") << "x";
  EXPECT_EQ(ResultsFolder::Create(base_ / "file", {}).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(ResultsFolder::Create(base_ / "file" / "below", {}).status().code(),
            StatusCode::kIoError);
}

TEST_F(ResultsFolderTest, FoldersAndTheResultsOfACellAreFound) {
  const auto write = [](const fs::path& file) {
    fs::create_directories(file.parent_path());
    std::ofstream(file) << "{}";
  };
  write(base_ / "b" / "cells" / "ab-r0.json");
  write(base_ / "b" / "cells" / "ab-r1.json");
  write(base_ / "b" / "cells" / "abc-r2.json");
  write(base_ / "b" / "copy" / "cells" / "ab-r0.json");
  write(base_ / "host" / "a" / "cells" / "ab-r1.json");
  write(base_ / "figures" / "ab-r0.json");
  EXPECT_EQ(ResultsFoldersUnder(base_), (std::vector<fs::path>{base_ / "b", base_ / "host" / "a"}));
  EXPECT_EQ(ResultsOfCell(base_ / "b", "ab"),
            (std::vector<fs::path>{base_ / "b/cells/ab-r0.json", base_ / "b/cells/ab-r1.json"}));
  EXPECT_TRUE(ResultsOfCell(base_ / "host" / "a", "ab").empty()) << "it has no repetition 0";
  EXPECT_TRUE(ResultsFoldersUnder(base_ / "absent").empty());
}

TEST_F(ResultsFolderTest, TheNewestOfASpecIsLookedForAmongTheNamesThatFit) {
  const nlohmann::json spec = {{"id", "x"}};
  for (const char* name : {"x-1", "x-2", "find-max-x-3"}) {
    ASSERT_TRUE(ResultsFolder::Create(base_ / name, spec).ok());
  }
  ASSERT_TRUE(ResultsFolder::Create(base_ / "x-4", {{"id", "x"}, {"seed", 1}}).ok());
  const auto newest = [&](std::string_view begin) {
    return ResultsFolder::NewestOf(
        base_, spec, [begin](std::string_view name) { return name.starts_with(begin); });
  };
  EXPECT_EQ(newest("x-"), base_ / "x-2");
  EXPECT_EQ(newest("find-max-"), base_ / "find-max-x-3");
  EXPECT_EQ(newest("other-"), fs::path());
}

TEST_F(ResultsFolderTest, AResumeTakesAwayTheFilesOfEnginesWhoseRunsHaveNoResult) {
  const nlohmann::json spec = {{"id", "x"}};
  auto folder = ResultsFolder::Create(base_ / "a", spec);
  ASSERT_TRUE(folder.ok());
  ASSERT_TRUE(folder.value().Add({{"cell_id", "ab"}, {"rep", 0}}).ok());
  const fs::path data = base_ / "a" / "data";
  for (const char* name : {"ab-r0", "ab-r1", "ab-r1x", "mine", "-r1", "ab-r"}) {
    fs::create_directories(data / name);
    std::ofstream(data / name / "file") << "x";
  }
  ASSERT_TRUE(ResultsFolder::Resume(base_ / "a", spec).ok());
  EXPECT_FALSE(fs::exists(data / "ab-r1"));
  for (const char* name : {"ab-r0", "ab-r1x", "mine", "-r1", "ab-r"}) {
    EXPECT_TRUE(fs::exists(data / name / "file")) << name;
  }
}

}  // namespace
}  // namespace bwlab::experiment
