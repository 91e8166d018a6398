#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "bwlab/bwtree/bw_tree.h"

namespace bwlab {

/// Writes pairs as byte strings whose order is that of (key, value), and reads them back.
/// Integers: eight bytes, most significant first. A byte-string key: each NUL becomes 00 FF, and
/// 00 01 ends the key, so that a key stands before all that it begins. The value follows as it is.
template <class KeyType, class ValueType>
class PairCodec {
 public:
  using Key = typename KeyType::View;
  using Value = typename ValueType::View;

  /// Begins a pair with its key. @return false where it is too large.
  bool SetKey(const Key& key) {
    bytes_ = 0;
    if constexpr (std::is_same_v<Key, uint64_t>) {
      AppendInteger(key);
    } else {
      for (const char byte : std::string_view(key)) {
        const std::size_t need = byte == '\0' ? 2 : 1;
        if (bytes_ + need + kTerminator.size() > kKeyBytesMax) return false;
        buffer_[bytes_++] = byte;
        if (byte == '\0') buffer_[bytes_++] = '\xff';
      }
      AppendBytes(kTerminator);
    }
    key_bytes_ = bytes_;
    return true;
  }
  /// Goes on with the value, in place of an earlier one. @return false where it is too large.
  bool SetValue(const Value& value) {
    bytes_ = key_bytes_;
    if (bytes_ + ValueType::BytesOf(value) > kKeyBytesMax) return false;
    if constexpr (std::is_same_v<Value, uint64_t>) {
      AppendInteger(value);
    } else {
      AppendBytes(value);
    }
    return true;
  }
  /// What was written: the key alone, which stands before all its pairs, or the pair.
  std::string_view KeyBytes() const { return {buffer_.data(), key_bytes_}; }
  std::string_view PairBytes() const { return {buffer_.data(), bytes_}; }

  /// Calls f(key, value) with the parts of a pair; they end with the call.
  template <class F>
  static auto Split(std::string_view pair, F&& f) {
    if constexpr (std::is_same_v<Key, uint64_t>) {
      return f(IntegerAt(pair), ValueOf(pair.substr(sizeof(uint64_t))));
    } else {
      std::array<char, kKeyBytesMax> key;
      std::size_t key_bytes = 0;
      std::size_t at = 0;
      while (pair.substr(at, kTerminator.size()) != kTerminator) {
        key[key_bytes++] = pair[at];
        at += pair[at] == '\0' ? 2 : 1;
      }
      return f(Key(key.data(), key_bytes), ValueOf(pair.substr(at + kTerminator.size())));
    }
  }
  static Value ValueOf(std::string_view bytes) {
    if constexpr (std::is_same_v<Value, uint64_t>) {
      return IntegerAt(bytes);
    } else {
      return bytes;
    }
  }

 private:
  static_assert(std::is_same_v<Key, uint64_t> || std::is_same_v<Key, std::string_view>);
  static constexpr std::string_view kTerminator{"\0\1", 2};

  static uint64_t IntegerAt(std::string_view bytes) { return bwlab::KeyOf(HeadOfBytes(bytes)); }
  void AppendInteger(uint64_t integer) {
    const uint64_t big_endian = __builtin_bswap64(integer);
    AppendBytes({reinterpret_cast<const char*>(&big_endian), sizeof(big_endian)});
  }
  void AppendBytes(std::string_view bytes) {
    bytes_ = static_cast<std::size_t>(CopyBytes(buffer_.data() + bytes_, bytes) - buffer_.data());
  }

  std::size_t bytes_ = 0;
  std::size_t key_bytes_ = 0;
  std::array<char, kKeyBytesMax> buffer_;
};

/// A latch-free ordered set of (key, value) pairs: a Bw-tree with non-unique keys. A pair is one
/// record of a BwTree whose key is both together, so that everything said there holds, and prefix
/// truncation stores the equal parts once a page.
///
/// Keys and values are 64-bit integers or byte strings; together they have at most kKeyBytesMax
/// bytes, each NUL of a key counted twice, and two more.
/// Source: non-unique keys as (key, value) composites; Wang et al., SIGMOD 2018, section 3.1 keeps
/// a delta for each pair and compares both in its searches. Differs: no second delta search, the
/// composite is the search key.
template <TreeTraits Traits>
class BwMultiMap {
  using Codec = PairCodec<typename Traits::Key, typename Traits::Value>;
  struct Pairs : Traits {
    using Key = BytesKey;
    using Value = BytesValue;
  };
  using Tree = BwTree<Pairs>;

 public:
  using Key = typename Codec::Key;
  using Value = typename Codec::Value;
  class Session;

  /// As BwTree::Open.
  static Result<std::unique_ptr<BwMultiMap>> Open(const TreeOptions& options = Traits::Options()) {
    Result<std::unique_ptr<Tree>> tree = Tree::Open(options);
    if (!tree.ok()) return tree.status();
    std::unique_ptr<BwMultiMap> map(new (std::nothrow) BwMultiMap(std::move(tree).value()));
    if (map == nullptr) return Status::OutOfMemory("no memory for a multimap");
    return map;
  }
  /// As BwTree::OpenSession.
  Result<Session> OpenSession() {
    auto session = tree_->OpenSession();
    if (!session.ok()) return session.status();
    return Session(std::move(session).value());
  }

  /// Pairs in the map; exact when no write overlaps the call.
  uint64_t Size() const { return tree_->Size(); }
  Status Validate() const { return tree_->Validate(); }
  MemoryUsage Memory() const { return tree_->Memory(); }
  TreeCounters Counters() const { return tree_->Counters(); }

 private:
  explicit BwMultiMap(std::unique_ptr<Tree> tree) : tree_(std::move(tree)) {}

  std::unique_ptr<Tree> tree_;
};

/// One thread's access to a multimap.
template <TreeTraits Traits>
class BwMultiMap<Traits>::Session {
 public:
  /// @return kExists where the very pair is there; kTooLarge; failures as BwTree.
  OpResult Insert(const Key& key, const Value& value) {
    Codec codec;
    if (!codec.SetKey(key) || !codec.SetValue(value)) return OpResult::kTooLarge;
    return session_.Insert(codec.PairBytes(), {});
  }
  /// @return kNotFound where the pair is absent.
  OpResult Delete(const Key& key, const Value& value) {
    Codec codec;
    if (!codec.SetKey(key) || !codec.SetValue(value)) return OpResult::kNotFound;
    return session_.Delete(codec.PairBytes());
  }
  bool Contains(const Key& key, const Value& value) {
    Codec codec;
    if (!codec.SetKey(key) || !codec.SetValue(value)) return false;
    return session_.Get(codec.PairBytes(), [](std::string_view) {}) == OpResult::kOk;
  }
  /// Calls visit(value) -> bool for the values of `key`, ascending, until it returns false.
  /// @return values visited. Consistency: atomic within a leaf.
  template <class Visitor>
  std::size_t Get(const Key& key, Visitor&& visit) {
    Codec codec;
    if (!codec.SetKey(key)) return 0;
    const std::string_view prefix = codec.KeyBytes();
    std::size_t visited = 0;
    session_.Scan(prefix, SIZE_MAX, [&](std::string_view pair, std::string_view) {
      if (!pair.starts_with(prefix)) return false;
      ++visited;
      return static_cast<bool>(visit(Codec::ValueOf(pair.substr(prefix.size()))));
    });
    return visited;
  }
  /// Calls visit(key, value) -> bool for up to `limit` pairs with key >= `first`, ascending, until
  /// it returns false. @return pairs visited.
  template <class Visitor>
  std::size_t Scan(const Key& first, std::size_t limit, Visitor&& visit) {
    Codec codec;
    if (!codec.SetKey(first)) return 0;
    return session_.Scan(codec.KeyBytes(), limit, [&](std::string_view pair, std::string_view) {
      return Codec::Split(pair, visit);
    });
  }

 private:
  friend class BwMultiMap;
  explicit Session(typename Tree::Session session) : session_(std::move(session)) {}

  typename Tree::Session session_;
};

}  // namespace bwlab
