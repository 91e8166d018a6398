#include <sqlite3.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <string>
#include <vector>

#include "bwlab/engines/storage_engine.h"

namespace bwlab::experiment {
namespace {

using nlohmann::json;

constexpr uint64_t kPageBytes = 4096;
/// How long a write waits for those of others before it fails.
constexpr int kBusyWaitMs = 60'000;

struct CloseConnection {
  void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
};
struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};

/// How a connection is set up.
struct Settings {
  std::string_view journal_mode;
  std::string_view synchronous;
  uint64_t cache_bytes;
};

Settings SettingsOf(const json& options) {
  const Durability durability = DurabilityOf(options);
  const auto cache_bytes = options.at("cache_bytes").get<uint64_t>();
  // Without a log, a transaction that fails is undone from memory.
  if (durability == Durability::kNone) return {"MEMORY", "OFF", cache_bytes};
  return {"WAL", durability == Durability::kFsync ? "FULL" : "OFF", cache_bytes};
}

/// Called when a lock is another connection's: the library's own way of waiting begins with a
/// millisecond, fifty times what a write takes.
int WaitAWhile(void* /*unused*/, int times) {
  constexpr long kPauseNs = 50'000;
  if (int64_t{times} * kPauseNs > int64_t{kBusyWaitMs} * 1'000'000) return 0;
  const timespec pause = {0, kPauseNs};
  ::nanosleep(&pause, nullptr);
  return 1;
}

/// One connection with its statements. Its cache is its own.
class SqliteConnection {
 public:
  enum Statement : size_t { kInsert, kUpsert, kUpdate, kDelete, kGet, kScan, kReverseScan };

  /// @return what is wrong, or ""
  std::string Open(const std::filesystem::path& file, const Settings& settings) {
    sqlite3* db = nullptr;
    const int error =
        sqlite3_open_v2(file.c_str(), &db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
    db_.reset(db);
    if (error != SQLITE_OK) return sqlite3_errstr(error);
    sqlite3_busy_handler(db, WaitAWhile, nullptr);
    const std::string setup =
        "PRAGMA page_size=" + std::to_string(kPageBytes) +
        ";PRAGMA journal_mode=" + std::string(settings.journal_mode) +
        ";PRAGMA synchronous=" + std::string(settings.synchronous) +
        ";PRAGMA cache_size=" + std::to_string(settings.cache_bytes / kPageBytes) +
        ";CREATE TABLE IF NOT EXISTS records(key BLOB PRIMARY KEY, value BLOB NOT NULL)"
        " WITHOUT ROWID";
    if (sqlite3_exec(db, setup.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
      return sqlite3_errmsg(db);
    }
    for (size_t i = 0; i < kTexts.size(); ++i) {
      sqlite3_stmt* statement = nullptr;
      if (sqlite3_prepare_v3(db, kTexts[i], -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) !=
          SQLITE_OK) {
        return sqlite3_errmsg(db);
      }
      statements_[i].reset(statement);
    }
    return "";
  }

  sqlite3* db() const { return db_.get(); }
  sqlite3_stmt* at(Statement statement) const { return statements_[statement].get(); }

 private:
  static constexpr std::array<const char*, 7> kTexts = {
      "INSERT INTO records VALUES(?1, ?2)",
      "INSERT INTO records VALUES(?1, ?2) ON CONFLICT(key) DO UPDATE SET value=excluded.value",
      "UPDATE records SET value=?2 WHERE key=?1",
      "DELETE FROM records WHERE key=?1",
      "SELECT value FROM records WHERE key=?1",
      "SELECT key, value FROM records WHERE key>=?1 ORDER BY key LIMIT ?2",
      "SELECT key, value FROM records WHERE key<=?1 ORDER BY key DESC LIMIT ?2"};

  std::unique_ptr<sqlite3, CloseConnection> db_;
  std::array<std::unique_ptr<sqlite3_stmt, Finalize>, kTexts.size()> statements_;
};

/// SQLite, a table without row ids: a B-tree in one file. One writer at a time. Sessions lend
/// connections and give them back, so that what one has in its cache serves the next phase too.
class SqliteFiles final : public StorageFiles {
 public:
  class Session {
   public:
    Session(SqliteFiles* files, std::unique_ptr<SqliteConnection> connection)
        : files_(files), connection_(std::move(connection)) {}
    Session(Session&&) noexcept = default;
    Session& operator=(Session&&) = delete;
    ~Session() {
      if (connection_) files_->TakeBack(std::move(connection_));
    }

    OpResult Insert(std::string_view key, std::string_view value) {
      return Write("insert", SqliteConnection::kInsert, key, &value);
    }
    OpResult Upsert(std::string_view key, std::string_view value) {
      return Write("upsert", SqliteConnection::kUpsert, key, &value);
    }
    OpResult Update(std::string_view key, std::string_view value) {
      return Write("update", SqliteConnection::kUpdate, key, &value);
    }
    OpResult Delete(std::string_view key) {
      return Write("delete", SqliteConnection::kDelete, key, nullptr);
    }
    OpResult Get(std::string_view key, std::string* value) {
      sqlite3_stmt* const statement = connection_->at(SqliteConnection::kGet);
      Bind(statement, 1, key);
      const int step = sqlite3_step(statement);
      if (step == SQLITE_ROW) value->assign(Column(statement, 0));
      const int error = sqlite3_reset(statement);
      if (error != SQLITE_OK) return Fail("get");
      return step == SQLITE_ROW ? OpResult::kOk : OpResult::kNotFound;
    }
    template <class Visitor>
    size_t Scan(std::string_view first, size_t limit, Visitor&& visit) {
      return Walk(SqliteConnection::kScan, first, limit, visit);
    }
    template <class Visitor>
    size_t ReverseScan(std::string_view first, size_t limit, Visitor&& visit) {
      return Walk(SqliteConnection::kReverseScan, first, limit, visit);
    }

   private:
    /// An empty view must not become NULL.
    static void Bind(sqlite3_stmt* statement, int place, std::string_view bytes) {
      sqlite3_bind_blob64(statement, place, bytes.empty() ? "" : bytes.data(), bytes.size(),
                          SQLITE_STATIC);
    }
    static std::string_view Column(sqlite3_stmt* statement, int column) {
      const void* const bytes = sqlite3_column_blob(statement, column);
      return {static_cast<const char*>(bytes),
              static_cast<size_t>(sqlite3_column_bytes(statement, column))};
    }
    OpResult Fail(std::string_view operation) {
      return files_->Fail(operation, sqlite3_errmsg(connection_->db()));
    }

    OpResult Write(std::string_view operation, SqliteConnection::Statement which,
                   std::string_view key, const std::string_view* value) {
      sqlite3_stmt* const statement = connection_->at(which);
      Bind(statement, 1, key);
      if (value != nullptr) Bind(statement, 2, *value);
      sqlite3_step(statement);
      const int error = sqlite3_reset(statement);  // the same as the step's
      if (error == SQLITE_CONSTRAINT && which == SqliteConnection::kInsert) {
        return OpResult::kExists;
      }
      if (error != SQLITE_OK) return Fail(operation);
      return sqlite3_changes(connection_->db()) > 0 ? OpResult::kOk : OpResult::kNotFound;
    }

    /// A statement sees the records as they were when it began.
    template <class Visitor>
    size_t Walk(SqliteConnection::Statement which, std::string_view first, size_t limit,
                Visitor& visit) {
      sqlite3_stmt* const statement = connection_->at(which);
      Bind(statement, 1, first);
      constexpr size_t kLimitMax = INT64_MAX;
      sqlite3_bind_int64(statement, 2, static_cast<int64_t>(std::min(limit, kLimitMax)));
      size_t visited = 0;
      while (sqlite3_step(statement) == SQLITE_ROW) {
        ++visited;
        if (!visit(Column(statement, 0), Column(statement, 1))) break;
      }
      if (sqlite3_reset(statement) != SQLITE_OK) Fail("scan");
      return visited;
    }

    SqliteFiles* files_;
    std::unique_ptr<SqliteConnection> connection_;
  };

  static Result<std::unique_ptr<SqliteFiles>> Open(const json& options,
                                                   const std::filesystem::path& folder) {
    auto files = std::make_unique<SqliteFiles>(folder / "records.sqlite", SettingsOf(options));
    const std::string error = files->own_.Open(files->file_, files->settings_);
    if (!error.empty()) return Status::IoError("sqlite: open: " + error);
    return files;
  }

  SqliteFiles(std::filesystem::path file, const Settings& settings)
      : file_(std::move(file)), settings_(settings) {}

  Result<Session> OpenSession() {
    std::unique_ptr<SqliteConnection> connection;
    {
      const std::lock_guard lock(idle_mutex_);
      if (!idle_.empty()) {
        connection = std::move(idle_.back());
        idle_.pop_back();
      }
    }
    if (connection) return Session(this, std::move(connection));
    connection = std::make_unique<SqliteConnection>();
    const std::string error = connection->Open(file_, settings_);
    if (!error.empty()) return Status::IoError("sqlite: session: " + error);
    return Session(this, std::move(connection));
  }

  uint64_t Size() const {
    sqlite3_stmt* statement = nullptr;
    int64_t records = 0;
    if (sqlite3_prepare_v2(own_.db(), "SELECT count(*) FROM records", -1, &statement, nullptr) ==
            SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
      records = sqlite3_column_int64(statement, 0);
    } else {
      Fail("count", sqlite3_errmsg(own_.db()));
    }
    sqlite3_finalize(statement);
    return static_cast<uint64_t>(records);
  }

  /// The caches of all connections.
  std::optional<uint64_t> LiveBytes() const { return Sum(SQLITE_DBSTATUS_CACHE_USED); }
  std::optional<Counters> ReadCounters() const {
    return Counters{{"cache_hits", Sum(SQLITE_DBSTATUS_CACHE_HIT)},
                    {"cache_misses", Sum(SQLITE_DBSTATUS_CACHE_MISS)},
                    {"pages_written", Sum(SQLITE_DBSTATUS_CACHE_WRITE)}};
  }

  Status Settle() {
    const int error =
        sqlite3_wal_checkpoint_v2(own_.db(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
    if (error == SQLITE_OK) return Status::Ok();
    return Status::IoError(std::string("sqlite: checkpoint: ") + sqlite3_errmsg(own_.db()));
  }

 private:
  void TakeBack(std::unique_ptr<SqliteConnection> connection) {
    const std::lock_guard lock(idle_mutex_);
    idle_.push_back(std::move(connection));
  }

  /// Of all connections that no session has.
  uint64_t Sum(int counter) const {
    const auto read = [counter](const SqliteConnection& connection) {
      int value = 0;
      int highest = 0;
      sqlite3_db_status(connection.db(), counter, &value, &highest, 0);
      return static_cast<uint64_t>(value);
    };
    const std::lock_guard lock(idle_mutex_);
    uint64_t sum = read(own_);
    for (const auto& connection : idle_) sum += read(*connection);
    return sum;
  }

  const std::filesystem::path file_;
  const Settings settings_;
  SqliteConnection own_;  // for what is done while no session runs
  mutable std::mutex idle_mutex_;
  std::vector<std::unique_ptr<SqliteConnection>> idle_;
};

constexpr std::array kDurabilities = {Durability::kNone, Durability::kWal, Durability::kFsync};
constexpr StorageOptions kOptions = {.engine = "sqlite",
                                     .durabilities = kDurabilities,
                                     .why_no_other = "it has one writer at a time",
                                     .number = kCacheBytesOption};

Result<json> Resolve(const json& options) {
  Result<json> resolved = kOptions.Resolve(options);
  if (!resolved.ok()) return resolved;
  const Settings settings = SettingsOf(resolved.value());
  return json{{"library", std::string("SQLite ") + sqlite3_libversion()},
              {"options", resolved.value()},
              {"settings",
               {{"cache_bytes_of_each_connection", settings.cache_bytes},
                {"compression", "none"},
                {"journal_mode", settings.journal_mode},
                {"page_bytes", kPageBytes},
                {"synchronous", settings.synchronous}}}};
}

}  // namespace

extern const EngineEntry kSqliteEntry;
constinit const EngineEntry kSqliteEntry = {
    .engine = "sqlite",
    .variant = "",
    .summary = "SQLite, a table without row ids: a B-tree in a file; one writer at a time",
    .variant_summary = "",
    .capabilities = kStorageCapabilities,
    .no_counters_reason = "",
    .no_validation_reason = "SQLite's integrity_check reads the whole file: nothing runs it here",
    .resolve = Resolve,
    .open = OpenStorage<SqliteFiles>,
};

}  // namespace bwlab::experiment
