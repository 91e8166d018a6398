#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

// Catalogues: what there is to choose from, for people and for files. An array of entries with at
// least `kind`, `name` and `summary`, in the order of the enumeration that `kind` belongs to.

namespace bwlab::workload {

/// What InfoOf relies on; for a static_assert beside the catalogue.
template <class Info, size_t kCount>
constexpr bool IsInOrder(const std::array<Info, kCount>& catalogue) {
  for (size_t i = 0; i < kCount; ++i) {
    if (static_cast<size_t>(catalogue[i].kind) != i) return false;
  }
  return true;
}

template <class Info, size_t kCount>
constexpr const Info& InfoOf(const std::array<Info, kCount>& catalogue, decltype(Info::kind) kind) {
  return catalogue[static_cast<size_t>(kind)];
}

template <class Info, size_t kCount>
constexpr std::optional<decltype(Info::kind)> KindFromName(
    const std::array<Info, kCount>& catalogue, std::string_view name) {
  for (const Info& info : catalogue) {
    if (info.name == name) return info.kind;
  }
  return std::nullopt;
}

}  // namespace bwlab::workload
