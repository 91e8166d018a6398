#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "bwlab/workload/key_space.h"
#include "bwlab/workload/op.h"

// Keys that are byte strings: each a function of the operation's 64-bit key, and unique over all of
// these, so that streams, checks and digests can go on with numbers.
//
//   email      com.gmail@maria.rossi4k2j9x0ab1   31 bytes: host, name, ten digits of base 36
//   url        http://news.example.org/science/archive/0k2j9x0ab1.html   two to five words
//   composite  tenant and sequence number, eight bytes each, most significant first: the order of
//              the bytes is the order of the 64-bit keys
//
// E-mail addresses, host first, are the string keys of the index literature (Wang et al., "Building
// a Bw-Tree Takes More Than Just Buzz Words", SIGMOD 2018, and the index-microbench that it uses).
// Differs: made here, not read from a list, so that there are as many as asked for.

namespace bwlab::workload {

/// No key of any key space is longer.
inline constexpr size_t kKeySpaceBytesMax =
    std::max_element(kKeySpaces.begin(), kKeySpaces.end(),
                     [](const KeySpaceInfo& a, const KeySpaceInfo& b) {
                       return a.key_bytes_max < b.key_bytes_max;
                     })
        ->key_bytes_max;

/// Writes the byte string of `key` to `to`, which has room for kKeySpaceBytesMax bytes. `kind` must
/// have byte keys.
/// @return bytes written
size_t WriteKeyBytes(KeySpaceKind kind, uint64_t key, char* to);

/// The key whose byte string is `bytes`. For bytes that no key has it is some number, whose own
/// byte string differs from `bytes`. Slow: searches tables of words.
uint64_t KeyOfBytes(KeySpaceKind kind, std::string_view bytes);

/// The byte strings of one thread's operations, one behind the other, each behind its length, so
/// that a loop over the operations reads them strictly in sequence. Immutable.
class KeyBytes {
 public:
  /// Walks over the strings in the order of the operations. Ends with the KeyBytes.
  class Reader {
   public:
    /// The string of the next operation; there must be one.
    std::string_view Next() {
      Length length;
      assert(static_cast<size_t>(end_ - next_) > sizeof(length));
      std::memcpy(&length, next_, sizeof(length));
      const std::string_view key(next_ + sizeof(length), length);
      next_ = key.data() + length;
      assert(next_ <= end_);
      return key;
    }

   private:
    friend class KeyBytes;
    explicit Reader(std::span<const char> packed)
        : next_(packed.data()), end_(packed.data() + packed.size()) {}

    const char* next_;
    const char* end_;
  };

  /// `kind` must have byte keys.
  static KeyBytes Of(KeySpaceKind kind, std::span<const Op> ops);

  Reader Read() const { return Reader(packed_); }

  /// Of memory that holds strings and their lengths.
  size_t bytes() const { return packed_.size(); }

 private:
  using Length = uint16_t;
  static_assert(kKeySpaceBytesMax <= UINT16_MAX);

  std::vector<char> packed_;
};

}  // namespace bwlab::workload
