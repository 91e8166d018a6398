// Every engine and variant, and plug-ins, against std::map, through the interface that the harness
// measures them by: what an engine answers here is what run_experiment counts. Methods: random
// operations on few keys, so that most of them meet an earlier one; the ends of the key space; and
// threads that race for the same keys, where the sum of the answers is known whatever the schedule.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <iterator>
#include <map>
#include <memory>
#include <numeric>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bwlab/engines/plugin_engine.h"
#include "bwlab/experiment/engine.h"
#include "bwlab/experiment/storage_meter.h"
#include "bwlab/experiment/test_folder.h"
#include "bwlab/experiment/tested_engines.h"
#include "bwlab/workload/value.h"

namespace bwlab::experiment {
namespace {

using Model = std::map<uint64_t, uint64_t>;
using Records = std::vector<std::pair<uint64_t, uint64_t>>;

constexpr uint64_t kMax = UINT64_MAX;

class EngineConformance : public testing::TestWithParam<TestedEngine> {
 protected:
  void SetUp() override {
    const Result<nlohmann::json> config = entry().resolve(nlohmann::json::object());
    ASSERT_TRUE(config.ok()) << config.status().message();
    Result<std::unique_ptr<Engine>> engine =
        entry().open(config.value(), GetParam().form, folder_.path());
    ASSERT_TRUE(engine.ok()) << engine.status().message();
    engine_ = std::move(engine).value();
  }

  void TearDown() override {
    EXPECT_TRUE(engine_->FirstFailure().ok()) << engine_->FirstFailure().message();
    const std::optional<Status> valid = engine_->Validate();
    if (valid) {
      EXPECT_TRUE(valid->ok()) << valid->message();
    }
  }

  static const EngineEntry& entry() { return *GetParam().entry; }
  bool can_erase() const { return entry().capabilities.erase; }
  bool can_scan() const { return entry().capabilities.scan; }

  /// Where an engine does not know its size, a scan counts.
  uint64_t Size() {
    if (entry().no_size_reason.empty()) return engine_->Size();
    return Scan(*Open(), 0, SIZE_MAX).size();
  }

  std::unique_ptr<CheckSession> Open() {
    Result<std::unique_ptr<CheckSession>> session = engine_->OpenCheckSession();
    EXPECT_TRUE(session.ok()) << session.status().message();
    return std::move(session).value();
  }

  static Records Scan(CheckSession& session, uint64_t first, size_t limit) {
    Records records;
    const size_t visited = session.Scan(first, limit, Collect(&records));
    EXPECT_EQ(visited, records.size());
    return records;
  }
  static Records ReverseScan(CheckSession& session, uint64_t first, size_t limit) {
    Records records;
    const size_t visited = session.ReverseScan(first, limit, Collect(&records));
    EXPECT_EQ(visited, records.size());
    return records;
  }
  static CheckSession::Visitor Collect(Records* records) {
    return [records](uint64_t key, uint64_t value) {
      records->emplace_back(key, value);
      return true;
    };
  }

  static Records Expected(const Model& model, uint64_t first, size_t limit) {
    Records records;
    for (auto at = model.lower_bound(first); at != model.end() && records.size() < limit; ++at) {
      records.emplace_back(*at);
    }
    return records;
  }

  static Records ExpectedReverse(const Model& model, uint64_t first, size_t limit) {
    Records records;
    for (auto at = std::make_reverse_iterator(model.upper_bound(first));
         at != model.rend() && records.size() < limit; ++at) {
      records.emplace_back(*at);
    }
    return records;
  }

  /// One random operation on both. `keys` are few, so that it meets what earlier ones did.
  void Step(CheckSession& session, Model& model, std::mt19937_64& random,
            const std::vector<uint64_t>& keys) {
    const uint64_t key = keys[random() % keys.size()];
    const uint64_t value = random();
    const bool present = model.contains(key);
    switch (random() % 7) {
      case 0:
        ASSERT_EQ(session.Insert(key, value), present ? OpResult::kExists : OpResult::kOk) << key;
        model.emplace(key, value);
        return;
      case 1:
        ASSERT_EQ(session.Upsert(key, value), OpResult::kOk) << key;
        model[key] = value;
        return;
      case 2:
        ASSERT_EQ(session.Update(key, value), present ? OpResult::kOk : OpResult::kNotFound) << key;
        if (present) model[key] = value;
        return;
      case 3: {
        if (!can_erase()) return;
        ASSERT_EQ(session.Delete(key), present ? OpResult::kOk : OpResult::kNotFound) << key;
        model.erase(key);
        return;
      }
      case 4: {
        uint64_t read = 12345;
        ASSERT_EQ(session.Get(key, &read), present ? OpResult::kOk : OpResult::kNotFound) << key;
        if (present) {
          ASSERT_EQ(read, model[key]) << key;
        }
        return;
      }
      case 5: {
        if (!entry().capabilities.reverse_scan) return;
        const size_t limit = random() % 20;
        ASSERT_EQ(ReverseScan(session, key, limit), ExpectedReverse(model, key, limit))
            << key << ", " << limit;
        return;
      }
      default: {
        if (!can_scan()) return;
        const size_t limit = random() % 20;
        ASSERT_EQ(Scan(session, key, limit), Expected(model, key, limit)) << key << ", " << limit;
      }
    }
  }

  void RunAgainstModel(const std::vector<uint64_t>& keys, int steps) {
    const std::unique_ptr<CheckSession> session = Open();
    Model model;
    std::mt19937_64 random(20240601);
    for (int step = 0; step < steps; ++step) {
      Step(*session, model, random, keys);
      if (HasFatalFailure()) FAIL() << "at step " << step;
    }
    EXPECT_EQ(RecordsOf(*session, keys), Expected(model, 0, SIZE_MAX));
    EXPECT_EQ(Size(), model.size());
  }

  /// All records, none of which has another key than these: by a scan, or key by key where the
  /// engine cannot scan.
  Records RecordsOf(CheckSession& session, std::vector<uint64_t> keys) {
    if (can_scan()) return Scan(session, 0, SIZE_MAX);
    std::sort(keys.begin(), keys.end());
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    Records records;
    for (const uint64_t key : keys) {
      uint64_t value = 0;
      if (session.Get(key, &value) == OpResult::kOk) records.emplace_back(key, value);
    }
    return records;
  }

  const TestFolder folder_;  // goes after the engine that keeps its files there
  std::unique_ptr<Engine> engine_;
};

TEST_P(EngineConformance, AgreesWithStdMapOnKeysThatAreSpread) {
  std::mt19937_64 random(1);
  std::vector<uint64_t> keys(2000);
  for (uint64_t& key : keys) key = random();
  RunAgainstModel(keys, 60000);
}

TEST_P(EngineConformance, AgreesWithStdMapOnNeighbouringKeysAtBothEnds) {
  std::vector<uint64_t> keys;
  for (uint64_t i = 0; i < 200; ++i) keys.insert(keys.end(), {i, kMax - i, (kMax / 2) + i});
  RunAgainstModel(keys, 30000);
}

TEST_P(EngineConformance, AgreesWithStdMapOnOneKey) { RunAgainstModel({7}, 3000); }

TEST_P(EngineConformance, EveryBitOfKeysAndValuesIsTheUsers) {
  const std::unique_ptr<CheckSession> session = Open();
  const std::array<uint64_t, 6> words = {
      0, 1, kMax, kMax - 1, uint64_t{1} << 63, (uint64_t{1} << 63) - 1};
  for (size_t i = 0; i < words.size(); ++i) {
    ASSERT_EQ(session->Insert(words[i], words[words.size() - 1 - i]), OpResult::kOk) << words[i];
  }
  for (size_t i = 0; i < words.size(); ++i) {
    uint64_t value = 12345;
    ASSERT_EQ(session->Get(words[i], &value), OpResult::kOk) << words[i];
    EXPECT_EQ(value, words[words.size() - 1 - i]);
  }
  if (!can_scan()) return;
  EXPECT_EQ(Scan(*session, kMax, 10), (Records{{kMax, words[3]}}));
  const Records all = Scan(*session, 0, 10);
  ASSERT_EQ(all.size(), words.size());
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end()));
}

TEST_P(EngineConformance, AnEmptyIndexHasNothing) {
  const std::unique_ptr<CheckSession> session = Open();
  uint64_t value = 12345;
  EXPECT_EQ(session->Get(0, &value), OpResult::kNotFound);
  EXPECT_EQ(value, 12345u);
  EXPECT_EQ(session->Update(0, 1), OpResult::kNotFound);
  if (can_scan()) {
    EXPECT_TRUE(Scan(*session, 0, SIZE_MAX).empty());
  }
  EXPECT_EQ(Size(), 0u);
}

TEST_P(EngineConformance, AScanStopsWhereItsVisitorSaysSo) {
  if (!can_scan()) GTEST_SKIP() << "cannot scan";
  const std::unique_ptr<CheckSession> session = Open();
  for (uint64_t key = 0; key < 5000; ++key) session->Insert(2 * key, key);
  size_t calls = 0;
  const size_t visited = session->Scan(2001, 1000, [&calls](uint64_t key, uint64_t value) {
    EXPECT_EQ(key, 2 * value);
    EXPECT_EQ(key, 2002 + 2 * calls);
    return ++calls < 300;
  });
  EXPECT_EQ(visited, 300u);
  EXPECT_EQ(calls, 300u);
  EXPECT_TRUE(Scan(*session, 0, 0).empty());
  EXPECT_TRUE(Scan(*session, 10000, 10).empty());
  EXPECT_EQ(Scan(*session, 9990, 100).size(), 5u);
}

TEST_P(EngineConformance, LiveBytesGrowWithRecords) {
  if (entry().capabilities.keeps_files) GTEST_SKIP() << "its records are in files";
  if (!entry().no_live_bytes_reason.empty()) GTEST_SKIP() << entry().no_live_bytes_reason;
  const std::unique_ptr<CheckSession> session = Open();
  for (uint64_t key = 0; key < 100000; ++key) {
    session->Insert(key * 0x9e3779b97f4a7c15, key);
  }
  const double bytes_per_key = static_cast<double>(engine_->LiveBytes().value()) / 100000;
  EXPECT_GT(bytes_per_key, 16) << "a record alone takes that";
  if (entry().Label() == "bwtree/leak") {
    EXPECT_GT(bytes_per_key, 100) << "it frees no page";
  } else {
    EXPECT_LT(bytes_per_key, GetParam().form == RecordForm{} ? 100 : 200);
  }
}

TEST_P(EngineConformance, FilesGrowWithRecords) {
  if (!entry().capabilities.keeps_files) GTEST_SKIP() << "its records are in memory";
  constexpr uint64_t kKeys = 20000;
  ASSERT_TRUE(engine_->Settle().ok());
  const uint64_t empty_bytes = BytesOnDisk(folder_.path());
  {
    const std::unique_ptr<CheckSession> session = Open();
    for (uint64_t key = 0; key < kKeys; ++key) session->Insert(key * 0x9e3779b97f4a7c15, key);
    EXPECT_EQ(session->Insert(0, 1), OpResult::kExists);
  }
  ASSERT_TRUE(engine_->Settle().ok());
  EXPECT_EQ(engine_->ReadWrittenBytes()->by_user, 16 * kKeys)
      << "those of the writes that succeeded";
  EXPECT_GE(BytesOnDisk(folder_.path()) - empty_bytes, 16 * kKeys);
  EXPECT_LT(BytesOnDisk(folder_.path()) - empty_bytes, 200 * kKeys);
}

/// Runs `work(thread)` on four threads at once.
template <class Work>
void RunThreads(Work&& work) {
  std::vector<std::jthread> threads;
  for (uint64_t t = 0; t < 4; ++t) threads.emplace_back([&work, t] { work(t); });
}

TEST_P(EngineConformance, ExactlyOneOfRacingInsertsWins) {
  constexpr uint64_t kKeys = 5000;
  std::atomic<uint64_t> inserted{0};
  RunThreads([&](uint64_t thread) {
    const std::unique_ptr<CheckSession> session = Open();
    for (uint64_t key = 0; key < kKeys; ++key) {
      if (session->Insert(key, workload::ValueOf(key, static_cast<uint32_t>(thread))) ==
          OpResult::kOk) {
        ++inserted;
      }
    }
  });
  EXPECT_EQ(inserted, kKeys);
  EXPECT_EQ(Size(), kKeys);
  std::vector<uint64_t> keys(kKeys);
  std::iota(keys.begin(), keys.end(), 0);
  const std::unique_ptr<CheckSession> session = Open();
  for (const auto& [key, value] : RecordsOf(*session, keys)) {
    ASSERT_TRUE(workload::IsValueOf(key, value)) << key;
  }
}

TEST_P(EngineConformance, ExactlyOneOfRacingDeletesWins) {
  if (!can_erase()) GTEST_SKIP() << "cannot erase";
  constexpr uint64_t kKeys = 5000;
  {
    const std::unique_ptr<CheckSession> session = Open();
    for (uint64_t key = 0; key < kKeys; ++key) session->Insert(key, key);
  }
  std::atomic<uint64_t> deleted{0};
  RunThreads([&](uint64_t) {
    const std::unique_ptr<CheckSession> session = Open();
    for (uint64_t key = 0; key < kKeys; ++key) {
      if (session->Delete(key) == OpResult::kOk) ++deleted;
    }
  });
  EXPECT_EQ(deleted, kKeys);
  EXPECT_EQ(Size(), 0u);
}

TEST_P(EngineConformance, ReadersSeeWholeValuesOfTheirKeysWhileOthersDeleteThem) {
  if (!can_erase()) GTEST_SKIP() << "cannot erase";
  constexpr uint64_t kKeys = 200;
  std::atomic<uint64_t> wrong{0};
  std::atomic<uint64_t> inserted{0};
  std::atomic<uint64_t> deleted{0};
  RunThreads([&](uint64_t thread) {
    const std::unique_ptr<CheckSession> session = Open();
    std::mt19937_64 random(thread);
    for (uint32_t step = 0; step < 20000; ++step) {
      const uint64_t key = random() % kKeys;
      uint64_t value = workload::ValueOf(key, step);
      switch (random() % 4) {
        case 0:
          if (session->Insert(key, value) == OpResult::kOk) ++inserted;
          break;
        case 1:
          if (session->Delete(key) == OpResult::kOk) ++deleted;
          break;
        case 2:
          session->Update(key, value);
          break;
        default:
          if (session->Get(key, &value) == OpResult::kOk && !workload::IsValueOf(key, value)) {
            ++wrong;
          }
      }
    }
  });
  EXPECT_EQ(wrong, 0u);
  EXPECT_EQ(Size(), inserted - deleted);
}

TEST_P(EngineConformance, DeletedRecordsGiveTheirMemoryBack) {
  if (!can_erase()) GTEST_SKIP() << "cannot erase";
  if (entry().Label() == "bwtree/leak") GTEST_SKIP() << "it frees no page";
  if (entry().capabilities.keeps_files) GTEST_SKIP() << "its records are in files";
  if (!entry().no_live_bytes_reason.empty()) GTEST_SKIP() << entry().no_live_bytes_reason;
  constexpr uint64_t kKeys = 50000;
  uint64_t full = 0;
  {
    const std::unique_ptr<CheckSession> session = Open();
    for (uint64_t key = 0; key < kKeys; ++key) session->Insert(key, key);
    full = engine_->LiveBytes().value();
    for (uint64_t key = 0; key < kKeys; ++key) {
      ASSERT_EQ(session->Delete(key), OpResult::kOk) << key;
    }
  }
  EXPECT_LT(engine_->LiveBytes().value(), full / 2);
}

TEST_P(EngineConformance, ReadersSeeWholeValuesOfTheirKeysWhileWritersWork) {
  constexpr uint64_t kKeys = 1000;
  {
    const std::unique_ptr<CheckSession> session = Open();
    for (uint64_t key = 0; key < kKeys; key += 2) session->Insert(key, workload::ValueOf(key, 0));
  }
  std::atomic<uint64_t> wrong{0};
  RunThreads([&](uint64_t thread) {
    const std::unique_ptr<CheckSession> session = Open();
    std::mt19937_64 random(thread);
    for (uint32_t step = 0; step < 20000; ++step) {
      const uint64_t key = random() % kKeys;
      if (thread % 2 == 0) {
        session->Upsert(key, workload::ValueOf(key, step));
        continue;
      }
      uint64_t value = 0;
      const OpResult result = session->Get(key, &value);
      // Even keys were there from the start, and nobody deletes.
      if (result == OpResult::kOk ? !workload::IsValueOf(key, value) : key % 2 == 0) ++wrong;
      if (!can_scan()) continue;
      uint64_t next = key;
      session->Scan(key, 10, [&](uint64_t scanned, uint64_t scanned_value) {
        if (scanned < next || !workload::IsValueOf(scanned, scanned_value)) ++wrong;
        next = scanned + 1;
        return true;
      });
    }
  });
  EXPECT_EQ(wrong, 0u);
}

const std::vector<TestedEngine>& EnginesAndPlugins() {
  static const std::vector<TestedEngine> tested = [] {
    for (const char* path : {BWLAB_TESTED_PLUGINS}) {
      const Result<const EngineEntry*> added = AddPlugin(path, "");
      // Before any test runs, where a failure would count for nothing.
      if (!added.ok()) throw std::runtime_error(added.status().message());
    }
    return TestedEngines();
  }();
  return tested;
}

INSTANTIATE_TEST_SUITE_P(Every, EngineConformance, testing::ValuesIn(EnginesAndPlugins()),
                         TestedEngineName);

}  // namespace
}  // namespace bwlab::experiment
