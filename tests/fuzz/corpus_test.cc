// Runs a fuzzer's entry point on the inputs that it has found worth keeping (BWLAB_CORPORA, folders
// with : between), and on random changes of them, so that every compiler and sanitizer sees them.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "support/stress.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size);

namespace bwlab::test {
namespace {

using Input = std::vector<uint8_t>;

std::vector<Input> Corpus() {
  std::vector<std::filesystem::path> files;
  std::istringstream folders(BWLAB_CORPORA);
  for (std::string folder; std::getline(folders, folder, ':');) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  std::vector<Input> inputs;
  for (const auto& path : files) {
    std::ifstream file(path, std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return inputs;
}

// What goes wrong stops the process: the entry points abort.
TEST(Corpus, EveryInputIsDealtWith) {
  const std::vector<Input> corpus = Corpus();
  ASSERT_GE(corpus.size(), 3u);
  for (const Input& input : corpus) LLVMFuzzerTestOneInput(input.data(), input.size());
}

TEST(Corpus, SoAreInputsLikeThem) {
  const std::vector<Input> corpus = Corpus();
  const uint64_t seed = Seed();
  RecordProperty("seed", std::to_string(seed));
  std::mt19937_64 random(seed);
  const int rounds = Rounds(200);
  for (int round = 0; round < rounds; ++round) {
    Input input = corpus[random() % corpus.size()];
    for (uint64_t changes = 1 + random() % 8; changes > 0 && !input.empty(); --changes) {
      const auto at = static_cast<std::ptrdiff_t>(random() % input.size());
      switch (random() % 4) {
        case 0:
          input[static_cast<std::size_t>(at)] = static_cast<uint8_t>(random());
          break;
        case 1:
          input.insert(input.begin() + at, static_cast<uint8_t>(random()));
          break;
        case 2:
          input.erase(input.begin() + at);
          break;
        default:
          input.resize(static_cast<std::size_t>(at));
      }
    }
    SCOPED_TRACE("seed " + std::to_string(seed) + ", round " + std::to_string(round));
    LLVMFuzzerTestOneInput(input.data(), input.size());
  }
}

}  // namespace
}  // namespace bwlab::test
