#pragma once

#include <algorithm>
#include <cstdint>

namespace bwlab {

/// Generations for which a leaf may wait to be opened; see InPlace.
inline constexpr uint32_t kInPlaceWaitMax = 127;

/// Whether updates of a leaf's page are stored into its records in place, and when those of the
/// page that follows it will be. An open page has to be settled before it is copied; where that
/// took a restart of all threads for this page alone, the leaf is opened again only after it has
/// been consolidated because of updates alone for some generations, about twice as many each time.
class InPlace {
 public:
  InPlace() = default;
  static InPlace OfBits(uint16_t bits) { return InPlace(bits); }
  uint16_t bits() const { return bits_; }

  /// Whether updates were in place from the page's beginning on.
  bool opened() const { return (bits_ & kOpened) != 0; }
  /// Updates that went into slots, 31 at most. Counted without a locked instruction: some may be
  /// lost.
  uint32_t in_slots() const { return bits_ >> kInSlotsShift; }
  InPlace OneMoreInSlots() const {
    return InPlace(in_slots() == kInSlotsMax ? bits_ : bits_ + (1u << kInSlotsShift));
  }

  /// Whether the next page may be open.
  bool MayOpen() const { return generations() == 0; }
  // What the next page begins with.
  InPlace AfterRestart(uint32_t generations_max) const {
    const uint32_t exponent = std::min(this->exponent() + 1, kExponentMax);
    const uint32_t generations = std::min((1u << exponent) - 1, generations_max);
    return InPlace(exponent << kExponentShift | generations << kGenerationsShift);
  }
  InPlace AfterUpdatesAlone() const {
    const uint32_t left = generations() == 0 ? 0 : generations() - 1;
    return InPlace(exponent() << kExponentShift | left << kGenerationsShift);
  }
  InPlace AfterOpen() const {
    const uint32_t exponent = this->exponent() == 0 ? 0 : this->exponent() - 1;
    return InPlace(exponent << kExponentShift);
  }
  InPlace Closed() const {
    return InPlace(exponent() << kExponentShift | generations() << kGenerationsShift);
  }
  InPlace Opened() const { return InPlace(exponent() << kExponentShift | kOpened); }

 private:
  static constexpr uint32_t kOpened = 1;
  static constexpr uint32_t kExponentShift = 1, kExponentMax = 7;
  static constexpr uint32_t kGenerationsShift = 4, kGenerationsMax = kInPlaceWaitMax;
  static constexpr uint32_t kInSlotsShift = 11, kInSlotsMax = 31;

  explicit InPlace(uint32_t bits) : bits_(static_cast<uint16_t>(bits)) {}
  uint32_t exponent() const { return bits_ >> kExponentShift & kExponentMax; }
  uint32_t generations() const { return bits_ >> kGenerationsShift & kGenerationsMax; }

  uint16_t bits_ = 0;
};

}  // namespace bwlab
