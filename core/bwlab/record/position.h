#pragma once

#include <algorithm>
#include <cstdint>

#include "bwlab/policy/search/sorted_heads.h"

namespace bwlab {

/// Where a key is, or would be, among the sorted records of a page.
struct Position {
  uint32_t upper;  // records that are at most the key
  bool exact;      // whether the last of them has the key

  /// First record that is not below the key.
  uint32_t lower() const { return exact ? upper - 1 : upper; }
};

/// The position of `key`, where the first `upper` heads are at most the key's, the last of them is
/// equal to it, and key_at(i) is the whole key of a record.
template <class Key, class KeyAt>
Position LocateAmongEqualHeads(const Head* heads, uint32_t upper, const Key& key, KeyAt&& key_at) {
  // One record to look at, unless many keys share their first eight bytes behind the prefix.
  const auto order = key_at(upper - 1) <=> key;
  if (order <= 0) return {upper, order == 0};
  uint32_t first =
      static_cast<uint32_t>(std::lower_bound(heads, heads + upper, HeadOf(key)) - heads);
  uint32_t last = upper - 1;  // is above the key
  while (first < last) {
    const uint32_t middle = (first + last) / 2;
    if (key_at(middle) <= key) {
      first = middle + 1;
    } else {
      last = middle;
    }
  }
  return {first, first > 0 && key_at(first - 1) == key};
}

}  // namespace bwlab
