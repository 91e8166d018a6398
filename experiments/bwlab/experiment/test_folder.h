#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

namespace bwlab::experiment {

/// An empty folder of the test that runs, which goes when the test is over. ctest runs tests at the
/// same time, in processes of their own.
class TestFolder {
 public:
  explicit TestFolder(const std::filesystem::path& parent = testing::TempDir())
      : path_(parent / ("bwlab_test_" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  const std::filesystem::path path_;
};

}  // namespace bwlab::experiment
