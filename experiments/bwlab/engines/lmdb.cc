#include <lmdb.h>

#include <array>
#include <string>

#include "bwlab/engines/storage_engine.h"
#include "bwlab/workload/key_bytes.h"

namespace bwlab::experiment {
namespace {

using nlohmann::json;

/// Sessions at the same time: the threads that a spec may ask for (1024), and some to check.
constexpr unsigned kSessionsMax = 1100;
/// What the library is built with; OpenSession checks it.
constexpr int kKeyBytesMax = 511;
static_assert(workload::kKeySpaceBytesMax <= kKeyBytesMax);

MDB_val ValOf(std::string_view view) { return {view.size(), const_cast<char*>(view.data())}; }
std::string_view ViewOf(const MDB_val& val) {
  return {static_cast<const char*>(val.mv_data), val.mv_size};
}

/// LMDB, a copy-on-write B+-tree in a file that is mapped. There is one writer at a time; readers
/// wait for nobody. The pages are the system's: it has no cache to be sized.
class LmdbFiles final : public StorageFiles {
 public:
  class Session {
   public:
    Session(LmdbFiles* files, MDB_txn* reader, MDB_cursor* cursor)
        : files_(files), reader_(reader), cursor_(cursor) {}

    OpResult Insert(std::string_view key, std::string_view value) {
      return Write("insert", [&](MDB_txn* txn) { return Put(txn, key, value, MDB_NOOVERWRITE); });
    }
    OpResult Upsert(std::string_view key, std::string_view value) {
      return Write("upsert", [&](MDB_txn* txn) { return Put(txn, key, value, 0); });
    }
    OpResult Update(std::string_view key, std::string_view value) {
      return Write("update", [&](MDB_txn* txn) {
        MDB_val k = ValOf(key);
        MDB_val found;
        const int error = mdb_get(txn, files_->dbi_, &k, &found);
        return error == MDB_SUCCESS ? Put(txn, key, value, 0) : error;
      });
    }
    OpResult Delete(std::string_view key) {
      return Write("delete", [&](MDB_txn* txn) {
        MDB_val k = ValOf(key);
        return mdb_del(txn, files_->dbi_, &k, nullptr);
      });
    }
    OpResult Get(std::string_view key, std::string* value) {
      const Reading reading(*this);
      if (reading.error != MDB_SUCCESS) return files_->Done("get", reading.error);
      MDB_val k = ValOf(key);
      MDB_val found;
      const int error = mdb_get(reader_.get(), files_->dbi_, &k, &found);
      if (error == MDB_SUCCESS) value->assign(ViewOf(found));
      return files_->Done("get", error);
    }
    template <class Visitor>
    size_t Scan(std::string_view first, size_t limit, Visitor&& visit) {
      return Walk(
          limit, visit, MDB_NEXT,
          [&](MDB_val* key, MDB_val* value) {
            // LMDB has no empty keys to look for.
            return mdb_cursor_get(cursor_.get(), key, value,
                                  first.empty() ? MDB_FIRST : MDB_SET_RANGE);
          },
          first);
    }
    template <class Visitor>
    size_t ReverseScan(std::string_view first, size_t limit, Visitor&& visit) {
      return Walk(
          limit, visit, MDB_PREV,
          [&](MDB_val* key, MDB_val* value) {
            const int error = mdb_cursor_get(cursor_.get(), key, value, MDB_SET_RANGE);
            if (error == MDB_NOTFOUND) return mdb_cursor_get(cursor_.get(), key, value, MDB_LAST);
            if (error != MDB_SUCCESS || ViewOf(*key) == first) return error;
            return mdb_cursor_get(cursor_.get(), key, value, MDB_PREV);
          },
          first);
    }

   private:
    /// A view of the records as they are now.
    struct Reading {
      explicit Reading(Session& session)
          : reader(session.reader_.get()), error(mdb_txn_renew(reader)) {}
      Reading(const Reading&) = delete;
      Reading& operator=(const Reading&) = delete;
      ~Reading() { mdb_txn_reset(reader); }

      MDB_txn* reader;
      int error;
    };

    int Put(MDB_txn* txn, std::string_view key, std::string_view value, unsigned flags) {
      MDB_val k = ValOf(key);
      MDB_val v = ValOf(value);
      return mdb_put(txn, files_->dbi_, &k, &v, flags);
    }

    template <class Change>
    OpResult Write(std::string_view operation, const Change& change) {
      MDB_txn* txn = nullptr;
      int error = mdb_txn_begin(files_->env_.get(), nullptr, 0, &txn);
      if (error != MDB_SUCCESS) return files_->Done(operation, error);
      error = change(txn);
      if (error == MDB_SUCCESS) return files_->Done(operation, mdb_txn_commit(txn));
      mdb_txn_abort(txn);
      return files_->Done(operation, error);
    }

    template <class Visitor, class Find>
    size_t Walk(size_t limit, Visitor& visit, MDB_cursor_op step, const Find& find,
                std::string_view first) {
      if (limit == 0) return 0;
      const Reading reading(*this);
      int error = reading.error;
      if (error == MDB_SUCCESS) error = mdb_cursor_renew(reader_.get(), cursor_.get());
      MDB_val key = ValOf(first);
      MDB_val value{};
      if (error == MDB_SUCCESS) error = find(&key, &value);
      size_t visited = 0;
      while (error == MDB_SUCCESS) {
        ++visited;
        if (!visit(ViewOf(key), ViewOf(value)) || visited == limit) return visited;
        error = mdb_cursor_get(cursor_.get(), &key, &value, step);
      }
      files_->Done("scan", error);
      return visited;
    }

    struct AbortTxn {
      void operator()(MDB_txn* txn) const { mdb_txn_abort(txn); }
    };
    struct CloseCursor {
      void operator()(MDB_cursor* cursor) const { mdb_cursor_close(cursor); }
    };

    LmdbFiles* files_;
    std::unique_ptr<MDB_txn, AbortTxn> reader_;        // reset between reads
    std::unique_ptr<MDB_cursor, CloseCursor> cursor_;  // of reader_
  };

  static Result<std::unique_ptr<LmdbFiles>> Open(const json& options,
                                                 const std::filesystem::path& folder) {
    auto files = std::make_unique<LmdbFiles>();
    const int error = files->OpenIn(options, folder);
    if (error != MDB_SUCCESS) {
      return Status::IoError(std::string("lmdb: open: ") + mdb_strerror(error));
    }
    return files;
  }

  Result<Session> OpenSession() {
    MDB_txn* reader = nullptr;
    int error = mdb_txn_begin(env_.get(), nullptr, MDB_RDONLY, &reader);
    if (error != MDB_SUCCESS) return Refused(error);
    MDB_cursor* cursor = nullptr;
    error = mdb_cursor_open(reader, dbi_, &cursor);
    if (error != MDB_SUCCESS) {
      mdb_txn_abort(reader);
      return Refused(error);
    }
    mdb_txn_reset(reader);
    return Session(this, reader, cursor);
  }

  uint64_t Size() const {
    MDB_stat stat{};
    const int error = mdb_env_stat(env_.get(), &stat);
    if (error != MDB_SUCCESS) Done("count", error);
    return stat.ms_entries;
  }

  Status Settle() {
    const int error = mdb_env_sync(env_.get(), 1);
    return error == MDB_SUCCESS ? Status::Ok() : Refused(error);
  }

 private:
  struct CloseEnv {
    void operator()(MDB_env* env) const { mdb_env_close(env); }
  };

  int OpenIn(const json& options, const std::filesystem::path& folder) {
    MDB_env* env = nullptr;
    int error = mdb_env_create(&env);
    if (error != MDB_SUCCESS) return error;
    env_.reset(env);
    error = mdb_env_set_mapsize(env, options.at("map_bytes").get<uint64_t>());
    if (error == MDB_SUCCESS) error = mdb_env_set_maxreaders(env, kSessionsMax);
    // A session may be used from any thread.
    unsigned flags = MDB_NOTLS;
    if (DurabilityOf(options) == Durability::kNone) flags |= MDB_NOSYNC;
    if (error == MDB_SUCCESS) error = mdb_env_open(env, folder.c_str(), flags, 0644);
    if (error == MDB_SUCCESS && mdb_env_get_maxkeysize(env) < kKeyBytesMax) error = MDB_BAD_VALSIZE;
    MDB_txn* txn = nullptr;
    if (error == MDB_SUCCESS) error = mdb_txn_begin(env, nullptr, 0, &txn);
    if (error != MDB_SUCCESS) return error;
    error = mdb_dbi_open(txn, nullptr, 0, &dbi_);
    if (error == MDB_SUCCESS) return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return error;
  }

  static Status Refused(int error) {
    return Status::IoError(std::string("lmdb: ") + mdb_strerror(error));
  }
  OpResult Done(std::string_view operation, int error) const {
    switch (error) {
      case MDB_SUCCESS:
        return OpResult::kOk;
      case MDB_NOTFOUND:
        return OpResult::kNotFound;
      case MDB_KEYEXIST:
        return OpResult::kExists;
      case MDB_BAD_VALSIZE:
        return OpResult::kTooLarge;
      default:
        return Fail(operation, mdb_strerror(error));
    }
  }

  std::unique_ptr<MDB_env, CloseEnv> env_;
  MDB_dbi dbi_ = 0;
};

constexpr std::array kDurabilities = {Durability::kNone, Durability::kFsync};
/// Of the address space; the file grows with its records.
constexpr StorageOptions::Number kMapBytesOption = {"map_bytes", uint64_t{64} << 30,
                                                    uint64_t{1} << 20, uint64_t{1} << 44};
constexpr StorageOptions kOptions = {.engine = "lmdb",
                                     .durabilities = kDurabilities,
                                     .why_no_other = "it has no log, and one writer at a time",
                                     .number = kMapBytesOption};

Result<json> Resolve(const json& options) {
  Result<json> resolved = kOptions.Resolve(options);
  if (!resolved.ok()) return resolved;
  int major = 0;
  int minor = 0;
  int patch = 0;
  mdb_version(&major, &minor, &patch);
  return json{{"library", "LMDB " + std::to_string(major) + "." + std::to_string(minor) + "." +
                              std::to_string(patch)},
              {"options", resolved.value()},
              {"settings",
               {{"cache", "the system's page cache"},
                {"compression", "none"},
                {"MDB_NOSYNC", DurabilityOf(resolved.value()) == Durability::kNone}}}};
}

}  // namespace

extern const EngineEntry kLmdbEntry;
constinit const EngineEntry kLmdbEntry = {
    .engine = "lmdb",
    .variant = "",
    .summary = "LMDB, a copy-on-write B+-tree in a mapped file; one writer at a time",
    .variant_summary = "",
    .capabilities = kStorageCapabilities,
    .no_counters_reason = "LMDB keeps no counters",
    .no_validation_reason = "LMDB does not check itself",
    .no_live_bytes_reason = "LMDB keeps its pages in the system's page cache",
    .resolve = Resolve,
    .open = OpenStorage<LmdbFiles>,
};

}  // namespace bwlab::experiment
