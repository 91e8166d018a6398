#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/statistics.h>
#include <rocksdb/table.h>
#include <rocksdb/version.h>

#include <array>
#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include "bwlab/engines/lsm_files.h"

namespace bwlab::experiment {
namespace {

using nlohmann::json;

/// Set by the build where the library imports __assert_fail.
constexpr bool kHasAssertions = BWLAB_ROCKSDB_HAS_ASSERTIONS;

struct RocksDbApi {
  using DB = rocksdb::DB;
  using Iterator = rocksdb::Iterator;
  using ReadOptions = rocksdb::ReadOptions;
  using Slice = rocksdb::Slice;
  using Status = rocksdb::Status;
  using WriteOptions = rocksdb::WriteOptions;
};

/// Counts what RocksDB's own statistics do not.
class WorkListener final : public rocksdb::EventListener {
 public:
  void OnFlushCompleted(rocksdb::DB*, const rocksdb::FlushJobInfo&) override { Count(&flushes); }
  void OnCompactionCompleted(rocksdb::DB*, const rocksdb::CompactionJobInfo&) override {
    Count(&compactions);
  }

  std::atomic<uint64_t> flushes{0};
  std::atomic<uint64_t> compactions{0};

 private:
  static void Count(std::atomic<uint64_t>* counter) {
    // relaxed: statistics, read while nothing runs.
    counter->fetch_add(1, std::memory_order_relaxed);
  }
};

rocksdb::WriteOptions WriteOptionsOf(Durability durability) {
  rocksdb::WriteOptions options;
  options.disableWAL = durability == Durability::kNone;
  options.sync = IsSynced(durability);
  return options;
}

/// RocksDB without compression, with counters but no timers of its own.
class RocksDbFiles final : public LsmFiles<RocksDbApi> {
 public:
  static Result<std::unique_ptr<RocksDbFiles>> Open(const json& options,
                                                    const std::filesystem::path& folder) {
    const auto cache_bytes = options.at("cache_bytes").get<uint64_t>();
    auto files = std::make_unique<RocksDbFiles>(DurabilityOf(options), cache_bytes);
    rocksdb::BlockBasedTableOptions table;
    table.block_cache = files->cache_;
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kBloomBitsPerKey));
    rocksdb::Options settings;
    settings.create_if_missing = true;
    settings.error_if_exists = true;
    settings.compression = rocksdb::kNoCompression;
    settings.write_buffer_size = WriteBufferBytes(cache_bytes);
    settings.statistics = files->statistics_;
    settings.listeners = {files->listener_};
    settings.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    rocksdb::DB* db = nullptr;
    const rocksdb::Status status = rocksdb::DB::Open(settings, folder.string(), &db);
    if (!status.ok()) return Status::IoError("rocksdb: " + status.ToString());
    files->Take(db);
    return files;
  }

  RocksDbFiles(Durability durability, uint64_t cache_bytes)
      : LsmFiles(durability, {}, WriteOptionsOf(durability)),
        cache_(rocksdb::NewLRUCache(BlockCacheBytes(cache_bytes))) {
    statistics_->set_stats_level(rocksdb::StatsLevel::kExceptHistogramOrTimers);
  }

  /// Blocks that were read, write buffers, and what is kept of each table.
  std::optional<uint64_t> LiveBytes() const {
    return cache_->GetUsage() + Property(rocksdb::DB::Properties::kSizeAllMemTables) +
           Property(rocksdb::DB::Properties::kEstimateTableReadersMem);
  }
  std::optional<Counters> ReadCounters() const {
    return Counters{{"wal_bytes_written", Ticker(rocksdb::WAL_FILE_BYTES)},
                    {"wal_syncs", Ticker(rocksdb::WAL_FILE_SYNCED)},
                    {"flush_bytes_written", Ticker(rocksdb::FLUSH_WRITE_BYTES)},
                    {"compaction_bytes_written", Ticker(rocksdb::COMPACT_WRITE_BYTES)},
                    {"compaction_bytes_read", Ticker(rocksdb::COMPACT_READ_BYTES)},
                    {"flushes", listener_->flushes.load(std::memory_order_relaxed)},
                    {"compactions", listener_->compactions.load(std::memory_order_relaxed)},
                    {"block_cache_hits", Ticker(rocksdb::BLOCK_CACHE_HIT)},
                    {"block_cache_misses", Ticker(rocksdb::BLOCK_CACHE_MISS)},
                    {"stall_us", Ticker(rocksdb::STALL_MICROS)}};
  }
  std::optional<uint64_t> BytesWritten() const {
    return Ticker(rocksdb::WAL_FILE_BYTES) + Ticker(rocksdb::FLUSH_WRITE_BYTES) +
           Ticker(rocksdb::COMPACT_WRITE_BYTES);
  }

  Status Settle() {
    const rocksdb::Status status = db().Flush(rocksdb::FlushOptions());
    if (!status.ok()) return Status::IoError("rocksdb: flush: " + status.ToString());
    using Properties = rocksdb::DB::Properties;
    while (Property(Properties::kCompactionPending) + Property(Properties::kNumRunningCompactions) +
               Property(Properties::kNumRunningFlushes) >
           0) {
      if (Property(Properties::kBackgroundErrors) > 0) {
        return Status::IoError("rocksdb: work in the background failed; its LOG says why");
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return Status::Ok();
  }

 private:
  uint64_t Property(const std::string& name) const {
    uint64_t value = 0;
    return db().GetIntProperty(name, &value) ? value : 0;
  }
  uint64_t Ticker(uint32_t ticker) const { return statistics_->getTickerCount(ticker); }

  std::shared_ptr<rocksdb::Cache> cache_;
  std::shared_ptr<rocksdb::Statistics> statistics_ = rocksdb::CreateDBStatistics();
  std::shared_ptr<WorkListener> listener_ = std::make_shared<WorkListener>();
};

constexpr std::array kDurabilities = {Durability::kNone, Durability::kWal, Durability::kFsync,
                                      Durability::kGroup};
constexpr StorageOptions kOptions = {.engine = "rocksdb",
                                     .durabilities = kDurabilities,
                                     .why_no_other = "",
                                     .number = kCacheBytesOption};

Result<json> Resolve(const json& options) {
  Result<json> resolved = kOptions.Resolve(options);
  if (!resolved.ok()) return resolved;
  const auto cache_bytes = resolved.value()["cache_bytes"].get<uint64_t>();
  const Durability durability = DurabilityOf(resolved.value());
  json config = {{"library", "RocksDB " + rocksdb::GetRocksVersionAsString()},
                 {"library_has_assertions", kHasAssertions},
                 {"options", resolved.value()},
                 {"settings",
                  {{"compression", "none"},
                   {"write_buffer_bytes", WriteBufferBytes(cache_bytes)},
                   {"block_cache_bytes", BlockCacheBytes(cache_bytes)},
                   {"bloom_bits_per_key", kBloomBitsPerKey},
                   {"wal", durability != Durability::kNone},
                   {"sync", IsSynced(durability)}}}};
  if (kHasAssertions) {
    config["note"] =
        "the library is built with assertions on, at about 33,000 instructions a put: no claim of "
        "being faster than RocksDB rests on this";
  }
  return config;
}

}  // namespace

extern const EngineEntry kRocksDbEntry;
constinit const EngineEntry kRocksDbEntry = {
    .engine = "rocksdb",
    .variant = "",
    .summary = kHasAssertions
                   ? "RocksDB, a log-structured merge tree in files; this library has assertions "
                     "on, at about 33,000 instructions a put: not a fair rival"
                   : "RocksDB, a log-structured merge tree in files",
    .variant_summary = "",
    .capabilities = kStorageCapabilities,
    .no_counters_reason = "",
    .no_validation_reason = "RocksDB checks itself only while it works",
    .resolve = Resolve,
    .open = OpenStorage<RocksDbFiles>,
};

}  // namespace bwlab::experiment
