#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "bwlab/policy/consolidation/consolidation_options.h"

namespace bwlab {

/// What is to become of a leaf that an operation has just used. A leaf without room for another
/// delta is consolidated by its writer whatever the policy: nothing else can make room.
enum class ConsolidationAdvice : uint8_t {
  kNone,
  kNow,    // the operation consolidates it
  kLater,  // somebody else is to
};

/// For policies without threads of their own.
struct NoWorkers {
  explicit NoWorkers(const ConsolidationOptions&) {}
};

/// Advice for policies with workers: a writer reports a leaf once, when it reaches `deltas_min`.
class ReportingWriter {
 public:
  explicit ReportingWriter(const ConsolidationOptions& options) : deltas_min_(options.deltas_min) {}

  ConsolidationAdvice AfterRead(uint32_t /*deltas*/) const { return ConsolidationAdvice::kNone; }
  ConsolidationAdvice AfterWrite(uint32_t deltas) const {
    return deltas == deltas_min_ ? ConsolidationAdvice::kLater : ConsolidationAdvice::kNone;
  }

 private:
  uint32_t deltas_min_;
};

/// Writers consolidate the leaf that has no room for their delta, and nobody else consolidates
/// anything. Choose it by default: a chain costs packed pages almost nothing to search, so that a
/// base node is written as seldom as possible.
/// Source: Levandoski et al., ICDE 2013, section III-B.
struct WriterConsolidation {
  static constexpr std::string_view kName = "writer";
  static constexpr std::string_view kSummary =
      "a writer that finds no room for its delta; the default: as few new base nodes as possible";
  static constexpr bool kAdvises = false;

  template <class Key>
  using Workers = NoWorkers;
  struct Local {
    explicit Local(const ConsolidationOptions&) {}
  };
};

/// Readers consolidate as well what they find with `deltas_min` deltas or more. Choose it for
/// leaves that are written once and then read or scanned many times, above all with the linked
/// layouts.
struct ReaderConsolidation {
  static constexpr std::string_view kName = "reader";
  static constexpr std::string_view kSummary =
      "readers too, from consolidation_deltas_min deltas on; for data that is read long after it "
      "was written";
  static constexpr bool kAdvises = true;

  template <class Key>
  using Workers = NoWorkers;

  class Local {
   public:
    explicit Local(const ConsolidationOptions& options) : deltas_min_(options.deltas_min) {}

    ConsolidationAdvice AfterRead(uint32_t deltas) const {
      return deltas >= deltas_min_ ? ConsolidationAdvice::kNow : ConsolidationAdvice::kNone;
    }
    ConsolidationAdvice AfterWrite(uint32_t /*deltas*/) const { return ConsolidationAdvice::kNone; }

   private:
    uint32_t deltas_min_;
  };
};

/// Follows the session's mix: the more it reads, the shorter the chains it leaves. The limit moves
/// between `deltas_min`, where all are reads, and the chain length, where reads are less than half.
/// Choose it where the mix changes over time. Source: own; a moving average over about 64
/// operations.
struct AdaptiveConsolidation {
  static constexpr std::string_view kName = "adaptive";
  static constexpr std::string_view kSummary =
      "the shorter the chains the more the session reads; for mixes that change over time";
  static constexpr bool kAdvises = true;

  template <class Key>
  using Workers = NoWorkers;

  class Local {
   public:
    explicit Local(const ConsolidationOptions& options)
        : deltas_min_(std::min(options.deltas_min, options.chain_length)),
          chain_length_(options.chain_length) {}

    ConsolidationAdvice AfterRead(uint32_t deltas) {
      read_share_ += (kOne - read_share_) >> kWindowBits;
      return Judge(deltas);
    }
    ConsolidationAdvice AfterWrite(uint32_t deltas) {
      read_share_ -= read_share_ >> kWindowBits;
      return Judge(deltas);
    }

    /// Deltas from which the session consolidates now.
    uint32_t limit() const {
      if (read_share_ <= kOne / 2) return chain_length_;
      const uint32_t reads_over_half = (read_share_ - kOne / 2) * 2;  // 0..kOne
      return chain_length_ - (chain_length_ - deltas_min_) * reads_over_half / kOne;
    }

   private:
    static constexpr uint32_t kOne = 1 << 16;
    static constexpr uint32_t kWindowBits = 6;

    ConsolidationAdvice Judge(uint32_t deltas) const {
      // At the chain length itself the next writer consolidates, its own delta included.
      const uint32_t now = limit();
      return deltas >= now && now < chain_length_ ? ConsolidationAdvice::kNow
                                                  : ConsolidationAdvice::kNone;
    }

    uint32_t deltas_min_;
    uint32_t chain_length_;
    uint32_t read_share_ = 0;  // in units of 1 / kOne
  };
};

}  // namespace bwlab
