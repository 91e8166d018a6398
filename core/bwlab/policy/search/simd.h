#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <xsimd/xsimd.hpp>

#include "bwlab/base/sanitizer.h"
#include "bwlab/policy/search/scalar.h"
#include "bwlab/policy/search/short_hints.h"
#include "bwlab/policy/search/slot_tags.h"
#include "bwlab/policy/search/sorted_heads.h"

namespace bwlab {

/// What differs between the instruction sets: the name, how lanes of comparisons are counted (xsimd
/// 8 has no portable way to ask for it), likewise of a line of short hints, and which of 32 aligned
/// bytes equal one, some bits ignored.
template <class Arch>
struct SimdArch;

#if XSIMD_WITH_SSE4_2
template <>
struct SimdArch<xsimd::sse4_2> {
  static constexpr std::string_view kName = "simd_sse42";
  static constexpr std::string_view kSummary =
      "hinted block search, two heads a compare; for processors without AVX2";
  /// Counts lanes that are true, which are -1.
  class Counter {
   public:
    void Add(const xsimd::batch_bool<Head, xsimd::sse4_2>& lanes) {
      sums_ = _mm_sub_epi64(sums_, lanes.data);
    }
    uint32_t Sum() const {
      return static_cast<uint32_t>(
          _mm_cvtsi128_si32(_mm_add_epi64(sums_, _mm_unpackhi_epi64(sums_, sums_))));
    }

   private:
    __m128i sums_ = _mm_setzero_si128();
  };
  /// Which of some lanes of a line of hints are greater.
  static uint32_t LanesAbove(const ShortHint* line, ShortHint hint, uint32_t lanes) {
    const __m128i wanted = _mm_set1_epi16(hint);
    const auto above = [&](int i) {
      return _mm_cmpgt_epi16(_mm_load_si128(reinterpret_cast<const __m128i*>(line) + i), wanted);
    };
    const auto low = static_cast<uint32_t>(_mm_movemask_epi8(_mm_packs_epi16(above(0), above(1))));
    const auto high = static_cast<uint32_t>(_mm_movemask_epi8(_mm_packs_epi16(above(2), above(3))));
    return (high << 16 | low) & lanes;
  }
  static uint32_t BytesThatEqual(const char* bytes, uint8_t wanted, uint8_t ignored) {
    uint32_t equal = 0;
    for (const int half : {1, 0}) {
      const __m128i loaded = _mm_load_si128(reinterpret_cast<const __m128i*>(bytes) + half);
      const __m128i heeded = _mm_andnot_si128(_mm_set1_epi8(static_cast<char>(ignored)), loaded);
      const __m128i lanes = _mm_cmpeq_epi8(heeded, _mm_set1_epi8(static_cast<char>(wanted)));
      equal = equal << 16 | static_cast<uint32_t>(_mm_movemask_epi8(lanes));
    }
    return equal;
  }
};
#endif
#if XSIMD_WITH_AVX2
template <>
struct SimdArch<xsimd::avx2> {
  static constexpr std::string_view kName = "simd_avx2";
  static constexpr std::string_view kSummary =
      "hinted block search, four heads a compare; the choice on x86-64-v3";
  class Counter {
   public:
    void Add(const xsimd::batch_bool<Head, xsimd::avx2>& lanes) {
      sums_ = _mm256_sub_epi64(sums_, lanes.data);
    }
    uint32_t Sum() const {
      const __m128i halves =
          _mm_add_epi64(_mm256_castsi256_si128(sums_), _mm256_extracti128_si256(sums_, 1));
      return static_cast<uint32_t>(
          _mm_cvtsi128_si32(_mm_add_epi64(halves, _mm_unpackhi_epi64(halves, halves))));
    }

   private:
    __m256i sums_ = _mm256_setzero_si256();
  };
  /// Those in the middle in another order.
  static uint32_t LanesAbove(const ShortHint* line, ShortHint hint, uint32_t lanes) {
    const __m256i wanted = _mm256_set1_epi16(hint);
    const auto above = [&](int i) {
      return _mm256_cmpgt_epi16(_mm256_load_si256(reinterpret_cast<const __m256i*>(line) + i),
                                wanted);
    };
    const __m256i packed = _mm256_packs_epi16(above(0), above(1));
    return static_cast<uint32_t>(_mm256_movemask_epi8(packed)) & lanes;
  }
  static uint32_t BytesThatEqual(const char* bytes, uint8_t wanted, uint8_t ignored) {
    const __m256i loaded = _mm256_load_si256(reinterpret_cast<const __m256i*>(bytes));
    const __m256i heeded =
        _mm256_andnot_si256(_mm256_set1_epi8(static_cast<char>(ignored)), loaded);
    const __m256i lanes = _mm256_cmpeq_epi8(heeded, _mm256_set1_epi8(static_cast<char>(wanted)));
    return static_cast<uint32_t>(_mm256_movemask_epi8(lanes));
  }
};
#endif
#if XSIMD_WITH_AVX512F
template <>
struct SimdArch<xsimd::avx512f> : SimdArch<xsimd::avx2> {
  static constexpr std::string_view kName = "simd_avx512";
  static constexpr std::string_view kSummary =
      "hinted block search, a whole block a compare; the fastest where the processor has AVX-512";
  class Counter {
   public:
    void Add(const xsimd::batch_bool<Head, xsimd::avx512f>& lanes) {
      sum_ += static_cast<uint32_t>(std::popcount(static_cast<uint32_t>(lanes.data)));
    }
    uint32_t Sum() const { return sum_; }

   private:
    uint32_t sum_ = 0;
  };
#ifdef __AVX512BW__
  static uint32_t LanesAbove(const ShortHint* line, ShortHint hint, uint32_t lanes) {
    return _mm512_mask_cmpgt_epi16_mask(lanes, _mm512_load_si512(line), _mm512_set1_epi16(hint));
  }
#endif
};
#endif

/// Counts the hints that are not above the key, then the heads of the one block that they lead to,
/// whose words are asked for meanwhile: two dependent cache misses on a cold node, with the
/// payload, and no branch that depends on the key. Source: the two-level layout follows the
/// separator blocks of cache-sensitive B+-trees (Rao and Ross, SIGMOD 2000, section 3); counting
/// instead of searching as in Zhou and Ross, SIGMOD 2002, section 4.
template <class Arch>
struct SimdSearch {
  static constexpr std::string_view kName = SimdArch<Arch>::kName;
  static constexpr std::string_view kSummary = SimdArch<Arch>::kSummary;

  /// `Heads`: HintedHeads, what is one and asks for more, or ShortHintedHeads.
  template <class Heads>
  [[gnu::always_inline]] static uint32_t UpperBound(const Heads& node, Head key) {
    // The clamps matter where the key equals what the arrays are filled up with.
    const uint32_t at_most = std::min(HintsAtMost(node, key), node.blocks());
    if (at_most == 0) return 0;
    const uint32_t first = (at_most - 1) * kBlockHeads;
    node.Prefetch(first);
    const uint32_t within = CountAtMost(node.heads + first, kBlockHeads, key);
    if constexpr (std::is_base_of_v<ShortHintedHeads, Heads>) {
      if (within == 0) [[unlikely]] {
        const ShortHintedHeads copy = node;  // so that the node itself stays in registers
        return UpperBoundAmongEqualHints(copy, key, first);
      }
    }
    return std::min(first + within, node.count);
  }

  /// Within two blocks the hints have nothing to add.
  template <class Heads>
  static uint32_t UpperBoundWithin(const Heads& node, uint32_t first, uint32_t last, Head key) {
    if (first >= last) return first;
    const uint32_t begin = first / kBlockHeads * kBlockHeads;
    const uint32_t upper = last - begin <= 2 * kBlockHeads
                               ? begin + CountAtMost(node.heads + begin, last - begin, key)
                               : UpperBound(node, key);
    return std::clamp(upper, first, last);
  }

  static uint32_t MatchTags(const SlotTags& tags, uint32_t members, uint8_t hash) {
#if BWLAB_TSAN
    // Tags that other threads are writing are masked away below, but ThreadSanitizer would see the
    // loads.
    return MatchTagsOneByOne(tags, members, hash);
#else
    constexpr uint32_t kBytes = 32;
    const auto* const end = reinterpret_cast<const char*>(&tags + 1);
    const uint32_t equal = SimdArch<Arch>::BytesThatEqual(end - kBytes, hash, kTagFlag);
    return equal >> (kBytes - kTagsMax) & members;
#endif
  }

 private:
  using Batch = xsimd::batch<Head, Arch>;
  static constexpr uint32_t kLanes = Batch::size;
  static_assert(kBlockHeads % kLanes == 0);

  /// How many of the `count` heads, rounded up to whole blocks, are at most `key`. Blocks, since
  /// the number of batches differs from node to node, and the processor would guess it wrong.
  [[gnu::always_inline]] static uint32_t CountAtMost(const Head* heads, uint32_t count, Head key) {
    const Batch wanted(key);
    typename SimdArch<Arch>::Counter above;
    uint32_t i = 0;
    do {
      for (const uint32_t end = i + kBlockHeads; i < end; i += kLanes) {
        above.Add(Batch::load_aligned(heads + i) > wanted);
      }
    } while (i < count);
    return i - above.Sum();
  }

  /// Hints that are at most the key's.
  [[gnu::always_inline]] static uint32_t HintsAtMost(const HintedHeads& node, Head key) {
    return CountAtMost(node.hints, node.hint_slots(), key);
  }
  [[gnu::always_inline]] static uint32_t HintsAtMost(const ShortHintedHeads& node, Head key) {
    return HintsAtMost(node, node.scale.Of(key));
  }
  /// The first block, which has no hint, is counted in.
  [[gnu::always_inline]] static uint32_t HintsAtMost(const ShortHintedHeads& node, ShortHint hint) {
    constexpr uint32_t kHints = UINT32_MAX << kShortHintScaleLanes;
    auto above = std::popcount(SimdArch<Arch>::LanesAbove(node.lanes, hint, kHints));
    const uint32_t lanes = node.lane_count();
    for (uint32_t i = kShortHintLanes; i < lanes; i += kShortHintLanes) {
      above += std::popcount(SimdArch<Arch>::LanesAbove(node.lanes + i, hint, UINT32_MAX));
    }
    return 1 + lanes - kShortHintScaleLanes - static_cast<uint32_t>(above);
  }
  /// The key is below head `first`, whose block has the key's hint: it lies in one of those before
  /// that have it too, or in the one in front of them.
  [[gnu::noinline]] static uint32_t UpperBoundAmongEqualHints(const ShortHintedHeads& node,
                                                              Head key, uint32_t first) {
    if (first == 0) return 0;
    const auto smaller = static_cast<ShortHint>(node.scale.Of(key) - 1);
    const uint32_t begin = (HintsAtMost(node, smaller) - 1) * kBlockHeads;
    return ScalarBinarySearch::UpperBoundWithin(node, begin, first, key);
  }
};

#if XSIMD_WITH_AVX512F
using WidestSimdSearch = SimdSearch<xsimd::avx512f>;
#elif XSIMD_WITH_AVX2
using WidestSimdSearch = SimdSearch<xsimd::avx2>;
#elif XSIMD_WITH_SSE4_2
using WidestSimdSearch = SimdSearch<xsimd::sse4_2>;
#else
using WidestSimdSearch = BranchFreeSearch;
#endif

}  // namespace bwlab
