#pragma once

// Operations as data, what a std::map answers to them, and what a tree does: for tests that make
// operations up, shrink them, or read them from bytes.

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/test_records.h"
#include "support/tested_tree.h"

namespace bwlab::test {

struct Op {
  enum class Kind : uint8_t {
    kInsert,
    kUpsert,
    kUpdate,
    kDelete,
    kGet,
    kMultiGet,  // of `amount` keys from `key` on
    kScan,      // `amount` records
    kReverseScan,
    kIterate,      // `amount` steps forward by iterator
    kIterateBack,  // and backward
    kInsertMany,   // `amount` keys from `key` on, ascending
    kDeleteMany,   // and descending, so that nodes are merged
    kReopenSession,
    kTrim,
  };
  static constexpr std::size_t kKinds = 14;

  Kind kind = Kind::kGet;
  uint16_t key = 0;  // a number, from which each key type makes a key
  uint16_t value = 0;
  uint8_t amount = 0;
};

inline std::ostream& operator<<(std::ostream& out, const Op& op) {
  constexpr std::array<std::string_view, Op::kKinds> kNames = {
      "insert", "upsert",  "update",       "delete",      "get",         "multiget",       "scan",
      "rscan",  "iterate", "iterate back", "insert many", "delete many", "reopen session", "trim"};
  return out << kNames[static_cast<std::size_t>(op.kind)] << " key " << op.key << " value "
             << op.value << " amount " << static_cast<int>(op.amount);
}

/// What an operation answers: results, and the records that it reads, in order.
template <class Key, class Value>
struct OpAnswer {
  std::vector<OpResult> results;
  std::vector<std::pair<Key, Value>> records;
  friend bool operator==(const OpAnswer&, const OpAnswer&) = default;
};

/// A tree and how operations are done on it; the static half is the model.
template <class Traits>
class OpMachine {
 public:
  using Tree = TestedTree<Traits>;
  using Key = OwnedOf<typename Tree::Key>;
  using Value = OwnedOf<typename Tree::Value>;
  using Model = std::map<Key, Value>;
  using Answer = OpAnswer<Key, Value>;
  /// A tree without these reads the same by its other verbs.
  static constexpr bool kHasIterators = requires(typename Tree::Session & session) {
    session.NewIterator();
  };
  static constexpr bool kHasMultiGet = requires(typename Tree::Session & session) {
    session.MultiGet({}, {}, {});
  };

  explicit OpMachine(const decltype(Traits::Options())& options = Traits::Options())
      : tree_(std::move(Tree::Open(options)).value()) {
    Reopen();
  }

  static Key KeyAt(uint64_t number) { return KeyOfNumber<typename Traits::Key>(number); }
  static Value ValueAt(uint64_t number) { return ValueOfNumber<typename Traits::Value>(number); }

  /// What a map answers, which becomes what it would be after the operation.
  static Answer Predict(Model& model, const Op& op) {
    Answer answer;
    const Key key = KeyAt(op.key);
    const bool present = model.count(key) != 0;
    const auto write = [&](const Key& at, bool insert) {
      const bool there = model.count(at) != 0;
      if (insert) {
        answer.results.push_back(there ? OpResult::kExists : OpResult::kOk);
        model.emplace(at, ValueAt(op.value));
      } else {
        answer.results.push_back(there ? OpResult::kOk : OpResult::kNotFound);
        model.erase(at);
      }
    };
    const auto read = [&](const Key& at) {
      const auto found = model.find(at);
      answer.results.push_back(found == model.end() ? OpResult::kNotFound : OpResult::kOk);
      if (found != model.end()) answer.records.emplace_back(*found);
    };
    switch (op.kind) {
      case Op::Kind::kInsert:
        write(key, true);
        break;
      case Op::Kind::kUpsert:
        answer.results.push_back(OpResult::kOk);
        model[key] = ValueAt(op.value);
        break;
      case Op::Kind::kUpdate:
        answer.results.push_back(present ? OpResult::kOk : OpResult::kNotFound);
        if (present) model[key] = ValueAt(op.value);
        break;
      case Op::Kind::kDelete:
        write(key, false);
        break;
      case Op::Kind::kGet:
        read(key);
        break;
      case Op::Kind::kMultiGet:
        for (uint64_t i = 0; i < op.amount; ++i) read(KeyAt(op.key + i));
        break;
      case Op::Kind::kScan:
      case Op::Kind::kIterate:
        for (auto at = model.lower_bound(key);
             at != model.end() && answer.records.size() < op.amount; ++at) {
          answer.records.emplace_back(*at);
        }
        break;
      case Op::Kind::kReverseScan:
      case Op::Kind::kIterateBack:
        for (auto at = std::make_reverse_iterator(model.upper_bound(key));
             at != model.rend() && answer.records.size() < op.amount; ++at) {
          answer.records.emplace_back(*at);
        }
        break;
      case Op::Kind::kInsertMany:
        for (uint64_t i = 0; i < op.amount; ++i) write(KeyAt(op.key + i), true);
        break;
      case Op::Kind::kDeleteMany:
        for (uint64_t i = op.amount; i > 0; --i) write(KeyAt(op.key + i - 1), false);
        break;
      case Op::Kind::kReopenSession:
      case Op::Kind::kTrim:
        break;
    }
    return answer;
  }

  /// Does it on the tree.
  Answer Perform(const Op& op) {
    Answer answer;
    const Key key = KeyAt(op.key);
    const auto note = [&](const typename Tree::Key& at, const typename Tree::Value& value) {
      answer.records.emplace_back(Key(at), Value(value));
      return true;
    };
    switch (op.kind) {
      case Op::Kind::kInsert:
        answer.results.push_back(session_->Insert(key, ValueAt(op.value)));
        break;
      case Op::Kind::kUpsert:
        answer.results.push_back(session_->Upsert(key, ValueAt(op.value)));
        break;
      case Op::Kind::kUpdate:
        answer.results.push_back(session_->Update(key, ValueAt(op.value)));
        break;
      case Op::Kind::kDelete:
        answer.results.push_back(session_->Delete(key));
        break;
      case Op::Kind::kGet: {
        Value value{};
        answer.results.push_back(session_->Get(key, &value));
        if (answer.results.back() == OpResult::kOk) answer.records.emplace_back(key, value);
        break;
      }
      case Op::Kind::kMultiGet: {
        std::vector<Key> keys;
        for (uint64_t i = 0; i < op.amount; ++i) keys.push_back(KeyAt(op.key + i));
        std::vector<Value> values(op.amount);
        answer.results.resize(op.amount);
        if constexpr (kHasMultiGet) {
          const std::vector<typename Tree::Key> views(keys.begin(), keys.end());
          session_->MultiGet(views, values, answer.results);
        } else {
          for (std::size_t i = 0; i < keys.size(); ++i) {
            answer.results[i] = session_->Get(keys[i], &values[i]);
          }
        }
        for (std::size_t i = 0; i < keys.size(); ++i) {
          if (answer.results[i] == OpResult::kOk) answer.records.emplace_back(keys[i], values[i]);
        }
        break;
      }
      case Op::Kind::kScan:
        session_->Scan(key, op.amount, note);
        break;
      case Op::Kind::kReverseScan:
        session_->ReverseScan(key, op.amount, note);
        break;
      case Op::Kind::kIterate:
      case Op::Kind::kIterateBack: {
        const bool forward = op.kind == Op::Kind::kIterate;
        if constexpr (kHasIterators) {
          auto it = session_->NewIterator();
          forward ? it.Seek(key) : it.SeekForPrev(key);
          for (int i = 0; i < op.amount && it.Valid(); ++i, forward ? it.Next() : it.Prev()) {
            note(it.key(), it.value());
          }
        } else {
          forward ? session_->Scan(key, op.amount, note)
                  : session_->ReverseScan(key, op.amount, note);
        }
        break;
      }
      case Op::Kind::kInsertMany:
        for (uint64_t i = 0; i < op.amount; ++i) {
          answer.results.push_back(session_->Insert(KeyAt(op.key + i), ValueAt(op.value)));
        }
        break;
      case Op::Kind::kDeleteMany:
        for (uint64_t i = op.amount; i > 0; --i) {
          answer.results.push_back(session_->Delete(KeyAt(op.key + i - 1)));
        }
        break;
      case Op::Kind::kReopenSession:
        Reopen();
        break;
      case Op::Kind::kTrim:
        session_->Trim();
        break;
    }
    return answer;
  }

  /// @return what of the tree is not as the model; empty where all is.
  std::string Difference(const Model& model) {
    const Status status = tree_->Validate();
    if (!status.ok()) return status.message();
    if (tree_->Size() != model.size()) {
      return "Size() is " + std::to_string(tree_->Size()) + " instead of " +
             std::to_string(model.size());
    }
    Model held;
    session_->Scan(Key{}, SIZE_MAX,
                   [&](const typename Tree::Key& key, const typename Tree::Value& value) {
                     held.emplace(Key(key), Value(value));
                     return true;
                   });
    return held == model ? "" : "a scan of everything shows other records";
  }

 private:
  void Reopen() {
    session_.reset();
    session_.emplace(std::move(tree_->OpenSession()).value());
  }

  std::unique_ptr<Tree> tree_;
  std::optional<typename Tree::Session> session_;
};

/// Reads operations from bytes, five each, as far as they go.
inline std::vector<Op> OpsOf(std::span<const uint8_t> bytes) {
  std::vector<Op> ops;
  for (std::size_t at = 0; at + 5 <= bytes.size(); at += 5) {
    ops.push_back({static_cast<Op::Kind>(bytes[at] % Op::kKinds),
                   static_cast<uint16_t>(bytes[at + 1] | (bytes[at + 2] & 3) << 8),
                   static_cast<uint16_t>(bytes[at + 3]), bytes[at + 4]});
  }
  return ops;
}

/// Does operations on a new tree. @return what went wrong first; empty where nothing did.
template <class Traits>
std::string FaultOf(const std::vector<Op>& ops) {
  using Machine = OpMachine<Traits>;
  Machine machine;
  typename Machine::Model model;
  for (std::size_t i = 0; i < ops.size(); ++i) {
    if (Machine::Predict(model, ops[i]) != machine.Perform(ops[i])) {
      return "a wrong answer at operation " + std::to_string(i);
    }
  }
  return machine.Difference(model);
}

}  // namespace bwlab::test
