#pragma once

// Keys and values of every type from integers, so that one test serves all of them.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "bwlab/record/record_types.h"

namespace bwlab::test {

/// What a test keeps of a key or value: byte strings own their bytes. Orders as the tree does.
template <class View>
using OwnedOf = std::conditional_t<std::is_same_v<View, std::string_view>, std::string, View>;

/// The `number`th key: keys ascend with their numbers.
///
/// Byte strings: eight hexadecimal digits with eight filling bytes behind each. So neighbours share
/// long prefixes, and in a page whose keys differ in two digits those of equal first digit have
/// equal heads. A NUL, a 0xFF or nothing follows, which the order does not depend on.
template <class KeyType>
OwnedOf<typename KeyType::View> KeyOfNumber(uint64_t number) {
  using Key = OwnedOf<typename KeyType::View>;
  if constexpr (std::is_same_v<Key, uint64_t>) {
    return number;
  } else if constexpr (std::is_same_v<Key, std::string>) {
    std::string key;
    for (int shift = 28; shift >= 0; shift -= 4) {
      key += "0123456789abcdef"[number >> shift & 15];
      key.append(8, '_');
    }
    return key.append(number % 3, number % 2 == 0 ? '\0' : '\xFF');
  } else {
    Key key{};
    for (std::size_t i = key.size(); i > 0 && number != 0; --i, number >>= 8) {
      key[i - 1] = static_cast<unsigned char>(number);
    }
    return key;
  }
}

/// The number of a key that KeyOfNumber made.
template <class KeyType>
uint64_t NumberOfKey(const typename KeyType::View& key) {
  if constexpr (std::is_same_v<typename KeyType::View, uint64_t>) {
    return key;
  } else {
    uint64_t number = 0;
    if constexpr (std::is_same_v<typename KeyType::View, std::string_view>) {
      for (std::size_t at = 0; at + 9 <= key.size(); at += 9) {
        const char digit = key[at];
        number = number << 4 | static_cast<uint64_t>(digit <= '9' ? digit - '0' : digit - 'a' + 10);
      }
    } else {
      for (const unsigned char byte : key) number = number << 8 | byte;
    }
    return number;
  }
}

/// A value that holds `number`. Byte strings have 8 to 40 bytes, now and then half a KiB.
template <class ValueType>
OwnedOf<typename ValueType::View> ValueOfNumber(uint64_t number) {
  if constexpr (std::is_same_v<typename ValueType::View, uint64_t>) {
    return number;
  } else {
    std::string value(sizeof(number), '\0');
    std::memcpy(value.data(), &number, sizeof(number));
    return value.append(number % 61 == 0 ? 512 : number % 33, static_cast<char>(number));
  }
}

/// The number in a value that ValueOfNumber made; UINT64_MAX where it did not.
template <class ValueType>
uint64_t NumberOfValue(const typename ValueType::View& value) {
  if constexpr (std::is_same_v<typename ValueType::View, uint64_t>) {
    return value;
  } else {
    uint64_t number = 0;
    if (value.size() < sizeof(number)) return UINT64_MAX;
    std::memcpy(&number, value.data(), sizeof(number));
    return value == ValueOfNumber<ValueType>(number) ? number : UINT64_MAX;
  }
}

/// Keys that are hard to tell apart, from a set so small that operations meet again.
template <class KeyType>
struct HardKeys;

/// Both ends of the key space and both sides of its middle.
template <>
struct HardKeys<U64Key> {
  static uint64_t Any(std::mt19937_64& random) {
    const uint64_t key = random() % 300;
    switch (random() % 4) {
      case 0:
        return UINT64_MAX - key;
      case 1:
        return (uint64_t{1} << 63) - 150 + key;
      default:
        return key;
    }
  }
};

template <std::size_t N>
struct HardKeys<FixedBytesKey<N>> {
  static std::array<unsigned char, N> Any(std::mt19937_64& random) {
    std::array<unsigned char, N> key;
    key.fill(std::array<unsigned char, 3>{0, 0x7F, 0xFF}[random() % 3]);
    key[random() % N] = std::array<unsigned char, 3>{0, 0x80, 0xFF}[random() % 3];
    key[N - 1] = static_cast<unsigned char>(random());
    return key;
  }
};

template <>
struct HardKeys<BytesKey> {
  static std::string Any(std::mt19937_64& random) {
    const uint64_t kind = random() % 64;
    if (kind < 12) return Text(random, std::string_view("\0aa\xFF", 4), 9);
    if (kind < 20) return "a" + std::string(random() % 12, '\0');
    if (kind < 28) return std::string(random() % 24, '\xFF');
    if (kind < 40) {  // the shared prefix itself, and keys behind it
      return std::string(64, 'p') + Text(random, "\x01xyz", 3);
    }
    if (kind < 54) {  // equal in the eight bytes behind what is shared
      return (random() % 4 == 0 ? "q" : "r") + std::string(8, 's') + Text(random, "01\xFE", 3);
    }
    if (kind < 62) {
      std::string key(random() % 40, '\0');
      for (char& c : key) c = static_cast<char>(random() % 3);
      return key;
    }
    // Long ones that differ at either end.
    const std::size_t size = random() % 2 == 0 ? 4096 : kKeyBytesMax - random() % 2;
    std::string key(size, 'l');
    (random() % 2 == 0 ? key.front() : key.back()) = "klm"[random() % 3];
    return key;
  }

 private:
  static std::string Text(std::mt19937_64& random, std::string_view alphabet, std::size_t most) {
    std::string text(random() % (most + 1), '\0');
    for (char& c : text) c = alphabet[random() % alphabet.size()];
    return text;
  }
};

/// Any value: a byte string is empty, short, or as long as it may be.
template <class ValueType>
OwnedOf<typename ValueType::View> AnyValue(std::mt19937_64& random) {
  if constexpr (std::is_same_v<typename ValueType::View, uint64_t>) {
    return random();
  } else {
    const uint64_t kind = random() % 32;
    const std::size_t size = kind == 0   ? kValueBytesMax - random() % 2
                             : kind == 1 ? 1000 + random() % 1000
                             : kind < 6  ? 0
                                         : random() % 50;
    return std::string(size, static_cast<char>(random()));
  }
}

}  // namespace bwlab::test
