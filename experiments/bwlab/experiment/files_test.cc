#include "bwlab/experiment/files.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace bwlab::experiment {
namespace {

namespace fs = std::filesystem;

TEST(Files, Sha256OfKnownTexts) {  // FIPS 180-2, appendix B
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256Hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Files, AtomicWriteReplacesTheWholeFileAndLeavesNoOther) {
  const fs::path folder = fs::path(testing::TempDir()) / "atomic_write";
  fs::create_directories(folder);
  const fs::path path = folder / "file.json";
  ASSERT_TRUE(WriteFileAtomically(path, std::string(100000, 'x')).ok());
  ASSERT_TRUE(WriteFileAtomically(path, "short").ok());
  std::ifstream file(path);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), "short");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), {}), 1);
  EXPECT_EQ(Sha256HexOfFile(path.string()), Sha256Hex("short"));
  fs::remove_all(folder);
}

TEST(Files, AFailedWriteNamesThePath) {
  const Status status = WriteFileAtomically("/proc/none/file.json", "text");
  EXPECT_EQ(status.code(), StatusCode::kIoError);
  EXPECT_NE(status.message().find("/proc/none/file.json"), std::string::npos);
}

TEST(Files, WhatCannotBeReadIsEmpty) {
  EXPECT_EQ(FirstLine("/none"), "");
  EXPECT_EQ(Sha256HexOfFile("/none"), "");
}

}  // namespace
}  // namespace bwlab::experiment
