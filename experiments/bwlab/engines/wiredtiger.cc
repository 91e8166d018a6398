#include <fmt/format.h>
#include <wiredtiger.h>

#include <array>
#include <string>

#include "bwlab/engines/storage_engine.h"

namespace bwlab::experiment {
namespace {

using nlohmann::json;

/// Sessions at the same time: the threads that a spec may ask for (1024), and some of its own.
constexpr int kSessionsMax = 1100;
constexpr const char* kTable = "table:records";

WT_ITEM ItemOf(std::string_view view) {
  WT_ITEM item{};
  item.data = view.data();
  item.size = view.size();
  return item;
}
std::string_view ViewOf(const WT_ITEM& item) {
  return {static_cast<const char*>(item.data), item.size};
}

struct CloseConnection {
  void operator()(WT_CONNECTION* connection) const { connection->close(connection, nullptr); }
};
struct CloseSession {
  void operator()(WT_SESSION* session) const { session->close(session, nullptr); }
};
using Connection = std::unique_ptr<WT_CONNECTION, CloseConnection>;
using OpenedSession = std::unique_ptr<WT_SESSION, CloseSession>;

/// How the library is opened.
std::string SettingsOf(const json& options) {
  const Durability durability = DurabilityOf(options);
  std::string log = "log=(enabled=false)";
  if (durability != Durability::kNone) {
    // Without a sync, a commit still waits until the system has its log record.
    log = fmt::format("log=(enabled=true),transaction_sync=(enabled=true,method={})",
                      IsSynced(durability) ? "fsync" : "none");
  }
  return fmt::format("cache_size={},session_max={},statistics=(fast),{}",
                     options.at("cache_bytes").get<uint64_t>(), kSessionsMax, log);
}

/// WiredTiger's B-tree, without compression. A write that meets another one of its key is rolled
/// back by the library, and made again here.
class WiredTigerFiles final : public StorageFiles {
 public:
  class Session {
   public:
    /// `strict` refuses to insert what is there; `loose` puts whatever is there.
    Session(WiredTigerFiles* files, OpenedSession session, WT_CURSOR* strict, WT_CURSOR* loose)
        : files_(files), session_(std::move(session)), strict_(strict), loose_(loose) {}

    OpResult Insert(std::string_view key, std::string_view value) {
      return Write("insert", strict_, key, value, &WT_CURSOR::insert);
    }
    OpResult Upsert(std::string_view key, std::string_view value) {
      return Write("upsert", loose_, key, value, &WT_CURSOR::insert);
    }
    OpResult Update(std::string_view key, std::string_view value) {
      return Write("update", strict_, key, value, &WT_CURSOR::update);
    }
    OpResult Delete(std::string_view key) {
      return Write("delete", strict_, key, {}, &WT_CURSOR::remove);
    }
    OpResult Get(std::string_view key, std::string* value) {
      const WT_ITEM k = ItemOf(key);
      strict_->set_key(strict_, &k);
      WT_ITEM found{};
      int error = strict_->search(strict_);
      if (error == 0) error = strict_->get_value(strict_, &found);
      if (error == 0) value->assign(ViewOf(found));
      strict_->reset(strict_);  // or the page could not leave the cache
      return files_->Done("get", error);
    }
    template <class Visitor>
    size_t Scan(std::string_view first, size_t limit, Visitor&& visit) {
      return Walk(first, limit, visit, &WT_CURSOR::next, -1);
    }
    template <class Visitor>
    size_t ReverseScan(std::string_view first, size_t limit, Visitor&& visit) {
      return Walk(first, limit, visit, &WT_CURSOR::prev, 1);
    }

   private:
    OpResult Write(std::string_view operation, WT_CURSOR* cursor, std::string_view key,
                   std::string_view value, int (*WT_CURSOR::*change)(WT_CURSOR*)) {
      const WT_ITEM k = ItemOf(key);
      const WT_ITEM v = ItemOf(value);
      int error = WT_ROLLBACK;
      while (error == WT_ROLLBACK) {
        const auto turn = files_->order_.Enter();
        cursor->set_key(cursor, &k);
        if (change != &WT_CURSOR::remove) cursor->set_value(cursor, &v);
        error = (cursor->*change)(cursor);
        cursor->reset(cursor);
      }
      return files_->Done(operation, error);
    }

    /// `before`: the sign of search_near's answer where it found the neighbour on the wrong side.
    template <class Visitor>
    size_t Walk(std::string_view first, size_t limit, Visitor& visit,
                int (*WT_CURSOR::*step)(WT_CURSOR*), int before) {
      if (limit == 0) return 0;
      int error = session_->begin_transaction(session_.get(), "isolation=snapshot");
      if (error != 0) {
        files_->Done("scan", error);
        return 0;
      }
      WT_ITEM key = ItemOf(first);
      WT_ITEM value{};
      if (first.empty()) {
        error = (strict_->*step)(strict_);  // there are no empty keys to look for
      } else {
        int side = 0;
        strict_->set_key(strict_, &key);
        error = strict_->search_near(strict_, &side);
        if (error == 0 && side * before > 0) error = (strict_->*step)(strict_);
      }
      size_t visited = 0;
      while (error == 0) {
        error = strict_->get_key(strict_, &key);
        if (error == 0) error = strict_->get_value(strict_, &value);
        if (error != 0) break;
        ++visited;
        if (!visit(ViewOf(key), ViewOf(value)) || visited == limit) break;
        error = (strict_->*step)(strict_);
      }
      strict_->reset(strict_);
      session_->rollback_transaction(session_.get(), nullptr);  // it has read only
      files_->Done("scan", error);
      return visited;
    }

    WiredTigerFiles* files_;
    OpenedSession session_;
    WT_CURSOR* strict_;  // these go with session_
    WT_CURSOR* loose_;
  };

  static Result<std::unique_ptr<WiredTigerFiles>> Open(const json& options,
                                                       const std::filesystem::path& folder) {
    auto files = std::make_unique<WiredTigerFiles>(DurabilityOf(options));
    WT_CONNECTION* connection = nullptr;
    int error = wiredtiger_open(folder.c_str(), &files->events_.handler,
                                ("create,exclusive," + SettingsOf(options)).c_str(), &connection);
    files->connection_.reset(connection);
    if (error == 0) error = files->OpenOwnSession();
    if (error == 0) {
      error = files->own_->create(files->own_.get(), kTable, "key_format=u,value_format=u");
    }
    if (error != 0) return files->Refused("open", error);
    return files;
  }

  explicit WiredTigerFiles(Durability durability) : events_(this), order_(durability) {}

  Result<Session> OpenSession() {
    WT_SESSION* session = nullptr;
    int error =
        connection_->open_session(connection_.get(), nullptr, "isolation=snapshot", &session);
    if (error != 0) return Refused("session", error);
    OpenedSession opened(session);
    WT_CURSOR* strict = nullptr;
    WT_CURSOR* loose = nullptr;
    error = session->open_cursor(session, kTable, nullptr, "overwrite=false", &strict);
    if (error == 0) error = session->open_cursor(session, kTable, nullptr, nullptr, &loose);
    if (error != 0) return Refused("cursor", error);
    return Session(this, std::move(opened), strict, loose);
  }

  uint64_t Size() const {
    WT_CURSOR* cursor = nullptr;
    uint64_t records = 0;
    int error = own_->open_cursor(own_.get(), kTable, nullptr, nullptr, &cursor);
    if (error == 0) {
      while ((error = cursor->next(cursor)) == 0) ++records;
      cursor->close(cursor);
    }
    Done("count", error);
    return records;
  }

  /// Pages in the cache.
  std::optional<uint64_t> LiveBytes() const { return Statistic(WT_STAT_CONN_CACHE_BYTES_INUSE); }
  std::optional<Counters> ReadCounters() const {
    return Counters{{"block_bytes_written", Statistic(WT_STAT_CONN_BLOCK_BYTE_WRITE)},
                    {"log_bytes_written", Statistic(WT_STAT_CONN_LOG_BYTES_WRITTEN)},
                    {"file_syncs", Statistic(WT_STAT_CONN_FSYNC_IO)},
                    {"file_writes", Statistic(WT_STAT_CONN_WRITE_IO)},
                    {"pages_written", Statistic(WT_STAT_CONN_CACHE_WRITE)},
                    {"checkpoints", Statistic(WT_STAT_CONN_TXN_CHECKPOINT)}};
  }
  std::optional<uint64_t> BytesWritten() const {
    return Statistic(WT_STAT_CONN_BLOCK_BYTE_WRITE) + Statistic(WT_STAT_CONN_LOG_BYTES_WRITTEN);
  }

  Status Settle() {
    const int error = own_->checkpoint(own_.get(), nullptr);
    return error == 0 ? Status::Ok() : Refused("checkpoint", error);
  }

 private:
  /// Takes the library's messages, which it would print. Must begin with what the library knows.
  struct Events {
    explicit Events(WiredTigerFiles* owner) : files(owner) {
      handler.handle_error = [](WT_EVENT_HANDLER* self, WT_SESSION*, int error,
                                const char* message) {
        // What a write meets often, and is made again for, is no failure.
        if (error != WT_ROLLBACK)
          reinterpret_cast<Events*>(self)->files->Fail("wiredtiger", message);
        return 0;
      };
      handler.handle_message = [](WT_EVENT_HANDLER*, WT_SESSION*, const char*) { return 0; };
    }

    WT_EVENT_HANDLER handler{};
    WiredTigerFiles* files;
  };

  int OpenOwnSession() {
    WT_SESSION* session = nullptr;
    const int error = connection_->open_session(connection_.get(), nullptr, nullptr, &session);
    own_.reset(session);
    return error;
  }

  Status Refused(std::string_view what, int error) const {
    return Status::IoError(fmt::format("wiredtiger: {}: {}", what, wiredtiger_strerror(error)));
  }
  OpResult Done(std::string_view operation, int error) const {
    switch (error) {
      case 0:
        return OpResult::kOk;
      case WT_NOTFOUND:
        return OpResult::kNotFound;
      case WT_DUPLICATE_KEY:
        return OpResult::kExists;
      default:
        return Fail(operation, wiredtiger_strerror(error));
    }
  }

  uint64_t Statistic(int key) const {
    WT_CURSOR* cursor = nullptr;
    int error = own_->open_cursor(own_.get(), "statistics:", nullptr, nullptr, &cursor);
    int64_t value = 0;
    if (error == 0) {
      const char* description = nullptr;
      const char* shown = nullptr;
      cursor->set_key(cursor, key);
      error = cursor->search(cursor);
      if (error == 0) error = cursor->get_value(cursor, &description, &shown, &value);
      cursor->close(cursor);
    }
    if (error != 0) Done("statistics", error);
    return static_cast<uint64_t>(value);
  }

  Events events_;
  CommitOrder order_;
  Connection connection_;
  OpenedSession own_;  // for what is done while no other runs
};

constexpr std::array kDurabilities = {Durability::kNone, Durability::kWal, Durability::kFsync,
                                      Durability::kGroup};
constexpr StorageOptions kOptions = {.engine = "wiredtiger",
                                     .durabilities = kDurabilities,
                                     .why_no_other = "",
                                     .number = kCacheBytesOption};

Result<json> Resolve(const json& options) {
  Result<json> resolved = kOptions.Resolve(options);
  if (!resolved.ok()) return resolved;
  int major = 0;
  int minor = 0;
  int patch = 0;
  wiredtiger_version(&major, &minor, &patch);
  return json{
      {"library", fmt::format("WiredTiger {}.{}.{}", major, minor, patch)},
      {"options", resolved.value()},
      {"settings", {{"compression", "none"}, {"connection", SettingsOf(resolved.value())}}}};
}

}  // namespace

extern const EngineEntry kWiredTigerEntry;
constinit const EngineEntry kWiredTigerEntry = {
    .engine = "wiredtiger",
    .variant = "",
    .summary = "WiredTiger's B-tree in files, with a cache and snapshots of its own",
    .variant_summary = "",
    .capabilities = kStorageCapabilities,
    .no_counters_reason = "",
    .no_validation_reason = "WiredTiger checks itself only while nobody has its files open",
    .resolve = Resolve,
    .open = OpenStorage<WiredTigerFiles>,
};

}  // namespace bwlab::experiment
