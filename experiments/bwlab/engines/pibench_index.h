#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "bwlab/base/status.h"
#include "bwlab/engines/pibench_tree.h"
#include "bwlab/engines/plugin_index.h"
#include "bwlab/experiment/engine.h"

namespace bwlab::experiment {

/// How a library for PiBench is used. Its keys and values have one size; longer ones than those of
/// integers are filled with zeros.
struct PibenchOptions {
  static constexpr size_t kKeyBytesMax = 128;
  static constexpr size_t kValueBytesMax = 1024;

  size_t key_size = 8;            ///< bytes, 8..kKeyBytesMax
  size_t value_size = 8;          ///< bytes, 8..kValueBytesMax
  bool big_endian_keys = false;   ///< for a tree that compares keys byte by byte
  size_t num_threads = 1;         ///< what the tree is told
  size_t scan_records_max = 100;  ///< longer scans are several calls
};

/// The index of a library that was written for PiBench. An operation is one virtual call.
class PibenchIndex {
 public:
  static constexpr Capabilities kCapabilities{.scan = true, .erase = true};

  class Session {
   public:
    explicit Session(const PibenchIndex* index)
        : tree_(index->tree_.get()),
          options_(index->options_),
          key_at_(options_.key_size - sizeof(uint64_t)),
          index_(index) {}

    OpResult Insert(uint64_t key, uint64_t value) {
      const bool done =
          tree_->insert(Key(key), options_.key_size, Value(value), options_.value_size);
      return done ? OpResult::kOk : OpResult::kExists;
    }
    OpResult Update(uint64_t key, uint64_t value) {
      const bool done =
          tree_->update(Key(key), options_.key_size, Value(value), options_.value_size);
      return done ? OpResult::kOk : OpResult::kNotFound;
    }
    OpResult Upsert(uint64_t key, uint64_t value) { return UpsertInSteps(*this, key, value); }
    OpResult Delete(uint64_t key) {
      return tree_->remove(Key(key), options_.key_size) ? OpResult::kOk : OpResult::kNotFound;
    }
    OpResult Get(uint64_t key, uint64_t* value) {
      if (!tree_->find(Key(key), options_.key_size, read_.data())) return OpResult::kNotFound;
      std::memcpy(value, read_.data(), sizeof(*value));
      return OpResult::kOk;
    }

    /// The interface has no cursor: what one call does not give begins behind its last key.
    template <class Visitor>
    size_t Scan(uint64_t first, size_t limit, Visitor&& visit) {
      size_t visited = 0;
      while (visited < limit) {
        const size_t wanted = std::min(limit - visited, options_.scan_records_max);
        char* records = nullptr;
        const int got =
            tree_->scan(Key(first), options_.key_size, static_cast<int>(wanted), records);
        if (got < 0 || static_cast<size_t>(got) > wanted || (got > 0 && records == nullptr)) {
          NoteWrongScan(got, wanted);
          return visited;
        }
        uint64_t last = first;
        for (const char* record = records; record != records + got * RecordBytes();
             record += RecordBytes()) {
          last = WordOfKey(record);
          uint64_t value = 0;
          std::memcpy(&value, record + options_.key_size, sizeof(value));
          ++visited;
          if (!visit(last, value)) return visited;
        }
        if (static_cast<size_t>(got) < wanted || last == UINT64_MAX) return visited;
        first = last + 1;
      }
      return visited;
    }

    /// As that of PluginIndex::Session.
    const Status& failure() const { return failure_; }

   private:
    ptrdiff_t RecordBytes() const {
      return static_cast<ptrdiff_t>(options_.key_size + options_.value_size);
    }
    uint64_t Ordered(uint64_t word) const {
      static_assert(std::endian::native == std::endian::little);
      return options_.big_endian_keys ? __builtin_bswap64(word) : word;
    }
    const char* Key(uint64_t key) {
      const uint64_t word = Ordered(key);
      std::memcpy(key_.data() + key_at_, &word, sizeof(word));
      return key_.data();
    }
    const char* Value(uint64_t value) {
      std::memcpy(value_.data(), &value, sizeof(value));
      return value_.data();
    }
    uint64_t WordOfKey(const char* record) const {
      uint64_t word = 0;
      std::memcpy(&word, record + key_at_, sizeof(word));
      return Ordered(word);
    }

    [[gnu::noinline]] void NoteWrongScan(int got, size_t wanted) {
      if (!failure_.ok()) return;
      failure_ = Status::Corruption(
          index_->file_ + ": a scan of at most " + std::to_string(wanted) + " records returned " +
          std::to_string(got) + (got > 0 ? ", and where they are not" : ""));
    }

    tree_api* tree_;
    PibenchOptions options_;
    size_t key_at_;  // of the integer in a key: behind the zeros
    const PibenchIndex* index_;
    Status failure_;
    // On the thread's own stack, so that threads do not share their lines.
    alignas(8) std::array<char, PibenchOptions::kKeyBytesMax> key_{};
    alignas(8) std::array<char, PibenchOptions::kValueBytesMax> value_{};
    alignas(8) std::array<char, PibenchOptions::kValueBytesMax> read_{};
  };

  /// `file` is for messages.
  PibenchIndex(CreateTreeFunction create, const PibenchOptions& options, std::string file)
      : options_(options), file_(std::move(file)) {
    tree_options_t how;
    how.key_size = options.key_size;
    how.value_size = options.value_size;
    how.num_threads = options.num_threads;
    tree_.reset(create(how));
  }

  Status Check() const {
    if (tree_ != nullptr) return Status::Ok();
    return Status::Unsupported(file_ + ": create_tree made no tree with a key_size of " +
                               std::to_string(options_.key_size) + " and a value_size of " +
                               std::to_string(options_.value_size));
  }

  Result<Session> OpenSession() { return Session(this); }
  static uint64_t Size() { return 0; }  // not known
  static std::optional<uint64_t> LiveBytes() { return std::nullopt; }

 private:
  const PibenchOptions options_;
  const std::string file_;
  std::unique_ptr<tree_api> tree_;
};

}  // namespace bwlab::experiment
