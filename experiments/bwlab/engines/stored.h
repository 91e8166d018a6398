#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "bwlab/engines/counting_allocator.h"

namespace bwlab::experiment {

/// A key or a value inside a peer that is made of standard containers: an integer, or a string
/// whose bytes are counted.
template <bool kBytes>
struct Stored;

template <>
struct Stored<false> {
  using Type = uint64_t;
  using View = uint64_t;
  using Owned = uint64_t;

  static Type Make(View view, ByteCount*) { return view; }
  static void Assign(Type* stored, View view) { *stored = view; }
};

template <>
struct Stored<true> {
  using Type = std::basic_string<char, std::char_traits<char>, CountingAllocator<char>>;
  using View = std::string_view;
  using Owned = std::string;

  static Type Make(View view, ByteCount* bytes) {
    return Type(view, CountingAllocator<char>(bytes));
  }
  static void Assign(Type* stored, View view) { stored->assign(view); }
};

}  // namespace bwlab::experiment
