#pragma once

#include <array>
#include <bit>
#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>

#include "bwlab/base/assert.h"
#include "bwlab/policy/search/sorted_heads.h"

namespace bwlab {

/// Longest byte-string key and inline value. They bound a page, so that an offset into it fits a
/// locator (locator.h).
inline constexpr std::size_t kKeyBytesMax = 8191;
inline constexpr std::size_t kValueBytesMax = 4096;

/// The first eight bytes, filled up with zeros, as a head. Two strings of one head are told apart
/// by their bytes.
inline Head HeadOfBytes(std::string_view bytes) {
  uint64_t big_endian = 0;
  if (bytes.size() >= sizeof(big_endian)) [[likely]] {
    std::memcpy(&big_endian, bytes.data(), sizeof(big_endian));
  } else if (!bytes.empty()) {
    std::memcpy(&big_endian, bytes.data(), bytes.size());
  }
  static_assert(std::endian::native == std::endian::little);
  return HeadOf(__builtin_bswap64(big_endian));
}

/// memcpy that allows for the null pointer of an empty view. @return one past what was written.
inline char* CopyBytes(char* to, std::string_view from) {
  if (!from.empty()) std::memcpy(to, from.data(), from.size());
  return to + from.size();
}

inline uint32_t CommonPrefixLength(std::string_view a, std::string_view b) {
  const std::size_t limit = a.size() < b.size() ? a.size() : b.size();
  std::size_t length = 0;
  while (length < limit && a[length] == b[length]) ++length;
  return static_cast<uint32_t>(length);
}

/// A byte-string key as one page sees it: without the prefix that all keys of the page's range
/// share. The head is that of the suffix.
struct BytesPageKey {
  Head head;
  std::string_view suffix;

  friend bool operator==(const BytesPageKey& a, const BytesPageKey& b) {
    return a.head == b.head && a.suffix == b.suffix;
  }
  friend std::strong_ordering operator<=>(const BytesPageKey& a, const BytesPageKey& b) {
    if (a.head != b.head) return a.head <=> b.head;
    return a.suffix.compare(b.suffix) <=> 0;
  }
};

inline Head HeadOf(const BytesPageKey& key) { return key.head; }
inline Head HeadOf(Head head) { return head; }

/// Whether a key in a page is not damaged, as far as that shows.
inline bool HasItsOwnHead(const BytesPageKey& key) { return key.head == HeadOfBytes(key.suffix); }
inline bool HasItsOwnHead(Head) { return true; }

// ---- Key types. View is what the user passes and gets; Probe what the tree searches for, in the
// order of the keys; PageKey a key inside one page.

/// Keys that fit a head: the head is the key, and comparing heads is comparing keys.
struct KeysInHeads {
  using Probe = Head;
  using PageKey = Head;
  static constexpr bool kInHead = true;
  static constexpr Probe kLeast = kHeadMin;
  static constexpr std::size_t BytesOf(Probe) { return sizeof(Head); }
};

/// Keys whose bytes lie in the page, behind an eight-byte head.
struct KeysOfBytes {
  using Probe = std::string_view;
  using PageKey = BytesPageKey;
  static constexpr bool kInHead = false;
  static constexpr Probe kLeast{};
  static constexpr std::size_t BytesOf(Probe key) { return key.size(); }
};

/// 64-bit unsigned integers. All bits are the user's.
struct U64Key : KeysInHeads {
  static constexpr std::string_view kName = "u64";
  using View = uint64_t;
  static Probe ToProbe(View key) { return HeadOf(key); }
  static View FromProbe(Probe probe) { return KeyOf(probe); }
};

/// Byte strings of 0 to kKeyBytesMax bytes in lexicographic order of unsigned bytes. NUL is a byte
/// like any other.
struct BytesKey : KeysOfBytes {
  static constexpr std::string_view kName = "bytes";
  using View = std::string_view;
  static Probe ToProbe(View key) { return key; }
  static View FromProbe(Probe probe) { return probe; }
};

/// Arrays of N bytes in lexicographic order. Up to eight bytes they are as fast as integers.
template <std::size_t N>
struct FixedBytesKey : std::conditional_t<(N <= sizeof(Head)), KeysInHeads, KeysOfBytes> {
  static_assert(N > 0 && N <= kKeyBytesMax);
  static constexpr std::string_view kName = "fixed_bytes";
  using View = std::array<unsigned char, N>;
  using Probe = typename std::conditional_t<(N <= sizeof(Head)), KeysInHeads, KeysOfBytes>::Probe;

  /// Refers to `key` where N > 8.
  static Probe ToProbe(const View& key) {
    const std::string_view bytes(reinterpret_cast<const char*>(key.data()), N);
    if constexpr (N <= sizeof(Head)) {
      return HeadOfBytes(bytes);
    } else {
      return bytes;
    }
  }
  static View FromProbe(Probe probe) {
    View key;
    if constexpr (N <= sizeof(Head)) {
      const uint64_t big_endian = __builtin_bswap64(KeyOf(probe));
      std::memcpy(key.data(), &big_endian, N);
    } else {
      std::memcpy(key.data(), probe.data(), N);
    }
    return key;
  }
};

// ---- Value types. View is what the user passes and gets; Owned what Get fills; Payload what goes
// with a key inside the tree: a value in a leaf, an index term in an inner node.

/// 64-bit unsigned integers. All bits are the user's.
struct U64Value {
  static constexpr std::string_view kName = "u64";
  using View = uint64_t;
  using Owned = uint64_t;
  using Payload = uint64_t;

  static Payload ToPayload(View value) { return value; }
  static View FromPayload(Payload payload) { return payload; }
  static uint64_t TermOf(Payload payload) { return payload; }
  static constexpr std::size_t BytesOf(View) { return sizeof(uint64_t); }
  static bool Assign(Owned* owned, View value) {
    *owned = value;
    return true;
  }
};

/// Byte strings of 0 to kValueBytesMax bytes, kept in the page.
struct BytesValue {
  static constexpr std::string_view kName = "bytes";
  using View = std::string_view;
  using Owned = std::string;
  struct Payload {
    Payload() = default;
    Payload(uint64_t index_term) : term(index_term) {}  // NOLINT(google-explicit-constructor)
    explicit Payload(View value) : bytes(value) {}

    std::string_view bytes;
    uint64_t term = 0;
  };

  static Payload ToPayload(View value) { return Payload(value); }
  static View FromPayload(const Payload& payload) { return payload.bytes; }
  static uint64_t TermOf(const Payload& payload) { return payload.term; }
  static constexpr std::size_t BytesOf(View value) { return value.size(); }
  /// @return false, and leaves `*owned` alone, without memory.
  static bool Assign(Owned* owned, View value) {
    try {
      owned->assign(value);
      return true;
    } catch (const std::bad_alloc&) {
      return false;
    }
  }
};

/// The records of a tree.
template <class KeyType, class ValueType>
struct Records {
  using Key = KeyType;
  using Value = ValueType;
  using Probe = typename KeyType::Probe;
  using PageKey = typename KeyType::PageKey;
  using Payload = typename ValueType::Payload;

  /// Whether a head and a word hold a record entirely. Otherwise a page has a heap.
  static constexpr bool kWords = KeyType::kInHead && std::same_as<ValueType, U64Value>;
};

/// A record as one page holds it. `payload` may refer to the page.
template <class R>
struct Record {
  typename R::PageKey key;
  typename R::Payload payload;
};

/// Puts the keys that a scan visits together: a page keeps prefix and suffix apart.
template <class R>
class KeyBuffer {
 public:
  using View = typename R::Key::View;

  /// For the records of one page, whose keys all begin with `prefix`.
  void SetPrefix(std::string_view prefix) {
    if constexpr (!R::Key::kInHead) {
      CopyBytes(bytes_.data(), prefix);
      prefix_bytes_ = prefix.size();
    }
  }
  /// Valid until the next call.
  View Join(const typename R::PageKey& key) { return R::Key::FromProbe(JoinProbe(key)); }
  typename R::Probe JoinProbe(const typename R::PageKey& key) {
    if constexpr (R::Key::kInHead) {
      return key;
    } else {
      BWLAB_ASSERT(prefix_bytes_ + key.suffix.size() <= bytes_.size());
      CopyBytes(bytes_.data() + prefix_bytes_, key.suffix);
      return {bytes_.data(), prefix_bytes_ + key.suffix.size()};
    }
  }

 private:
  std::size_t prefix_bytes_ = 0;
  [[no_unique_address]] std::conditional_t<R::Key::kInHead, std::array<char, 0>,
                                           std::array<char, kKeyBytesMax>>
      bytes_;
};

}  // namespace bwlab
