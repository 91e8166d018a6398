#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <variant>

namespace bwlab::workload {

/// Numbers that a parameter may have; the bounds belong to it unless they are `open`.
struct ParameterRange {
  double min = 0;
  double max = 0;
  bool open_min = false;
  bool open_max = false;

  constexpr bool Contains(double value) const {
    return (open_min ? value > min : value >= min) && (open_max ? value < max : value <= max);
  }
};

/// Some values of an enumeration of at most 32.
template <class Kind>
class KindSet {
 public:
  constexpr KindSet(std::initializer_list<Kind> kinds) {
    for (const Kind kind : kinds) bits_ |= BitOf(kind);
  }

  constexpr bool Has(Kind kind) const { return (bits_ & BitOf(kind)) != 0; }

 private:
  static constexpr uint32_t BitOf(Kind kind) { return uint32_t{1} << static_cast<uint32_t>(kind); }

  uint32_t bits_ = 0;
};

/// A parameter of the distributions that a Spec chooses from by its member `distribution`: its name
/// in workload files, where it is kept, whose it is. The bounds of integers are never open.
template <class Spec>
struct Parameter {
  using Kind = decltype(Spec::distribution);

  std::string_view name;
  std::variant<double Spec::*, bool Spec::*, uint16_t Spec::*, uint32_t Spec::*> field;
  KindSet<Kind> used_by;
  ParameterRange range = {};  ///< of numbers
  bool optional = false;      ///< may be left out, for what Spec{} has
};

}  // namespace bwlab::workload
