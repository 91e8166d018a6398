#include <leveldb/cache.h>
#include <leveldb/db.h>
#include <leveldb/env.h>
#include <leveldb/filter_policy.h>

#include <array>
#include <atomic>
#include <charconv>
#include <string>

#include "bwlab/engines/lsm_files.h"

namespace bwlab::experiment {
namespace {

using nlohmann::json;

struct LevelDbApi {
  using DB = leveldb::DB;
  using Iterator = leveldb::Iterator;
  using ReadOptions = leveldb::ReadOptions;
  using Slice = leveldb::Slice;
  using Status = leveldb::Status;
  using WriteOptions = leveldb::WriteOptions;
};

/// The system's files, with counts of what is written to them: LevelDB keeps none.
class CountingEnv final : public leveldb::EnvWrapper {
 public:
  CountingEnv() : EnvWrapper(leveldb::Env::Default()) {}

  leveldb::Status NewWritableFile(const std::string& name, leveldb::WritableFile** file) override {
    if (name.ends_with(".ldb")) Count(&tables_);
    return Wrap(EnvWrapper::NewWritableFile(name, file), file);
  }
  leveldb::Status NewAppendableFile(const std::string& name,
                                    leveldb::WritableFile** file) override {
    return Wrap(EnvWrapper::NewAppendableFile(name, file), file);
  }

  uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  uint64_t syncs() const { return syncs_.load(std::memory_order_relaxed); }
  uint64_t tables() const { return tables_.load(std::memory_order_relaxed); }

 private:
  class File final : public leveldb::WritableFile {
   public:
    File(CountingEnv* env, leveldb::WritableFile* file) : env_(env), file_(file) {}

    leveldb::Status Append(const leveldb::Slice& data) override {
      Count(&env_->bytes_, data.size());
      return file_->Append(data);
    }
    leveldb::Status Close() override { return file_->Close(); }
    leveldb::Status Flush() override { return file_->Flush(); }
    leveldb::Status Sync() override {
      Count(&env_->syncs_);
      return file_->Sync();
    }

   private:
    CountingEnv* env_;
    std::unique_ptr<leveldb::WritableFile> file_;
  };

  static void Count(std::atomic<uint64_t>* counter, uint64_t n = 1) {
    // relaxed: statistics, read while nothing runs.
    counter->fetch_add(n, std::memory_order_relaxed);
  }
  leveldb::Status Wrap(const leveldb::Status& status, leveldb::WritableFile** file) {
    if (status.ok()) *file = new File(this, *file);
    return status;
  }

  std::atomic<uint64_t> bytes_{0};
  std::atomic<uint64_t> syncs_{0};
  std::atomic<uint64_t> tables_{0};
};

leveldb::WriteOptions WriteOptionsOf(Durability durability) {
  leveldb::WriteOptions options;
  options.sync = IsSynced(durability);
  return options;
}

/// LevelDB without compression. Writes are handed to one thread at a time, which writes those that
/// wait with its own.
class LevelDbFiles final : public LsmFiles<LevelDbApi> {
 public:
  static Result<std::unique_ptr<LevelDbFiles>> Open(const json& options,
                                                    const std::filesystem::path& folder) {
    const auto cache_bytes = options.at("cache_bytes").get<uint64_t>();
    auto files = std::make_unique<LevelDbFiles>(DurabilityOf(options), cache_bytes);
    leveldb::Options settings;
    settings.create_if_missing = true;
    settings.error_if_exists = true;
    settings.env = &files->env_;
    settings.compression = leveldb::kNoCompression;
    settings.write_buffer_size = WriteBufferBytes(cache_bytes);
    settings.block_cache = files->cache_.get();
    settings.filter_policy = files->filter_.get();
    leveldb::DB* db = nullptr;
    const leveldb::Status status = leveldb::DB::Open(settings, folder.string(), &db);
    if (!status.ok()) return Status::IoError("leveldb: " + status.ToString());
    files->Take(db);
    return files;
  }

  LevelDbFiles(Durability durability, uint64_t cache_bytes)
      : LsmFiles(durability, {}, WriteOptionsOf(durability)),
        cache_(leveldb::NewLRUCache(BlockCacheBytes(cache_bytes))),
        filter_(leveldb::NewBloomFilterPolicy(kBloomBitsPerKey)) {}
  ~LevelDbFiles() { Close(); }

  /// Blocks that were read, and write buffers.
  std::optional<uint64_t> LiveBytes() const {
    std::string text;
    uint64_t bytes = 0;
    if (!db().GetProperty("leveldb.approximate-memory-usage", &text)) return std::nullopt;
    std::from_chars(text.data(), text.data() + text.size(), bytes);
    return bytes;
  }
  std::optional<Counters> ReadCounters() const {
    return Counters{{"file_bytes_written", env_.bytes()},
                    {"file_syncs", env_.syncs()},
                    {"tables_written", env_.tables()}};
  }
  std::optional<uint64_t> BytesWritten() const { return env_.bytes(); }

  /// LevelDB offers no way to write its buffer out or to wait for compactions.
  Status Settle() { return Status::Ok(); }

 private:
  CountingEnv env_;
  std::unique_ptr<leveldb::Cache> cache_;
  std::unique_ptr<const leveldb::FilterPolicy> filter_;
};

constexpr std::array kDurabilities = {Durability::kWal, Durability::kFsync, Durability::kGroup};
constexpr StorageOptions kOptions = {.engine = "leveldb",
                                     .durabilities = kDurabilities,
                                     .why_no_other = "it always writes its log",
                                     .number = kCacheBytesOption};

Result<json> Resolve(const json& options) {
  Result<json> resolved = kOptions.Resolve(options);
  if (!resolved.ok()) return resolved;
  const auto cache_bytes = resolved.value()["cache_bytes"].get<uint64_t>();
  return json{{"library", "LevelDB " + std::to_string(leveldb::kMajorVersion) + "." +
                              std::to_string(leveldb::kMinorVersion)},
              {"options", resolved.value()},
              {"settings",
               {{"compression", "none"},
                {"write_buffer_bytes", WriteBufferBytes(cache_bytes)},
                {"block_cache_bytes", BlockCacheBytes(cache_bytes)},
                {"bloom_bits_per_key", kBloomBitsPerKey},
                {"sync", IsSynced(DurabilityOf(resolved.value()))}}}};
}

}  // namespace

extern const EngineEntry kLevelDbEntry;
constinit const EngineEntry kLevelDbEntry = {
    .engine = "leveldb",
    .variant = "",
    .summary = "LevelDB, a log-structured merge tree in files",
    .variant_summary = "",
    .capabilities = kStorageCapabilities,
    .no_counters_reason = "",
    .no_validation_reason = "LevelDB does not check itself",
    .resolve = Resolve,
    .open = OpenStorage<LevelDbFiles>,
};

}  // namespace bwlab::experiment
