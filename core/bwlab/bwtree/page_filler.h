#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "bwlab/base/assert.h"
#include "bwlab/bwtree/base_page.h"

namespace bwlab {

/// Places in a sequence of records at which something is put between those of a base node.
class Gaps {
 public:
  static constexpr uint32_t kPlacesMax = 256;

  /// Puts a gap at `place`, where there is to be one.
  void Set(uint32_t place, bool gap) {
    words_[place / kWordBits] |= uint64_t{gap} << place % kWordBits;
  }
  /// The places from `place` on, as far as one word has them, as bits: 1 where there is no gap.
  uint64_t NoneFrom(uint32_t place) const {
    return ~words_[place / kWordBits] >> place % kWordBits;
  }
  /// One past the last place that NoneFrom(place) tells of.
  static uint32_t EndFrom(uint32_t place) { return (place / kWordBits + 1) * kWordBits; }

 private:
  static constexpr uint32_t kWordBits = 64;

  std::array<uint64_t, kPlacesMax / kWordBits> words_{};
};

/// Writes the records of a new page in ascending order; the page is complete after Finish.
template <class Page>
class PageFiller {
 public:
  using R = typename Page::RecordsType;

  explicit PageFiller(Page& page)
      : page_(&page),
        heads_(const_cast<Head*>(page.heads())),
        words_(const_cast<uint64_t*>(page.payload_words())),
        heap_at_(page.base_heap_begin()) {}

  uint32_t filled() const { return filled_; }

  /// Copies `count` base records of another page from position `first` on.
  void Run(const Page& from, uint32_t first, uint32_t count) {
    if (count == 0) return;
    if constexpr (!R::kWords) {
      if (from.prefix().size() != page_->prefix().size()) {
        for (uint32_t at = first; at < first + count; ++at) {
          Add(from.prefix(), from.RecordAt(at));
        }
        return;
      }
    }
    std::memcpy(heads_ + filled_, from.heads() + first, count * sizeof(Head));
    if constexpr (R::kWords) {
      std::memcpy(words_ + filled_, from.payload_words() + first, count * sizeof(uint64_t));
    } else {
      // The records of a run lie side by side, in order.
      const uint64_t* words = from.payload_words() + first;
      const uint32_t begin = Locator(words[0]).offset();
      const uint32_t end = from.RecordEnd(Locator(words[count - 1]));
      std::memcpy(page_->chars() + heap_at_, from.chars() + begin, end - begin);
      const uint64_t shift = uint64_t{heap_at_} - begin;  // of the offsets, the lowest bits
      for (uint32_t i = 0; i < count; ++i) words_[filled_ + i] = words[i] + shift;
      heap_at_ += end - begin;
    }
    filled_ += count;
  }

  /// Fills the page with places `first` and on of a sequence of base records and gaps; what stands
  /// in the gaps then means nothing and is to be overwritten. `at`: the base record that is next.
  /// No branch depends on where the gaps are. Of pages without a heap, from a base that is not
  /// empty.
  /// @return the base record that is next after the page.
  uint32_t Spread(const Page& from, uint32_t at, const Gaps& gaps,
                  uint32_t first) requires R::kWords {
    const Head* const heads = from.heads();
    const uint64_t* const words = from.payload_words();
    const uint32_t last = from.count() - 1;
    const uint32_t end = first + page_->count();
    for (uint32_t place = first; place < end;) {
      uint64_t none = gaps.NoneFrom(place);
      for (const uint32_t stop = std::min(end, Gaps::EndFrom(place)); place < stop; ++place) {
        const uint32_t source = std::min(at, last);  // in a gap behind the last record
        heads_[filled_] = heads[source];
        words_[filled_] = words[source];
        ++filled_;
        at += none & 1;
        none >>= 1;
      }
    }
    return at;
  }

  /// Adds a record of a page whose keys all begin with `prefix`.
  void Add([[maybe_unused]] std::string_view prefix, const Record<R>& record) {
    if constexpr (R::kWords) {
      BWLAB_ASSERT(filled_ < page_->count());
      heads_[filled_] = record.key;
      words_[filled_] = record.payload;
      ++filled_;
    } else if constexpr (R::Key::kInHead) {
      AddToHeap(record.key, {}, {}, record.payload);
    } else {
      // What the new page leaves out is longer or shorter than what the old one did.
      const std::size_t left_out = page_->prefix().size();
      if (left_out < prefix.size()) {
        prefix.remove_prefix(left_out);
        AddToHeap(0, prefix, record.key.suffix, record.payload);
      } else {
        std::string_view suffix = record.key.suffix;
        suffix.remove_prefix(left_out - prefix.size());
        AddToHeap(0, {}, suffix, record.payload);
      }
    }
  }

  /// Adds a record with its entire key.
  void Add(const typename R::Probe& key, const typename R::Payload& payload) {
    if constexpr (R::Key::kInHead) {
      Add({}, Record<R>{key, payload});
    } else {
      AddToHeap(0, {}, key.substr(page_->prefix().size()), payload);
    }
  }

  /// Replaces a record, or its payload. Of pages without a heap.
  void Overwrite(uint32_t at, const Record<R>& record) requires R::kWords {
    heads_[at] = record.key;
    Overwrite(at, record.payload);
  }
  void Overwrite(uint32_t at, const typename R::Payload& payload) requires R::kWords {
    BWLAB_ASSERT(at < filled_);
    words_[at] = payload;
  }

  void Finish() {
    BWLAB_ASSERT(filled_ == page_->count() && heap_at_ <= page_->bytes);
    const uint32_t blocks = Page::Geometry::Lines(filled_);
    std::fill(heads_ + filled_, heads_ + blocks * kBlockHeads, kHeadMax);
    page_->WriteHints();
  }

 private:
  /// The suffix is the two parts joined; the head follows from it, unless the key is in the head.
  void AddToHeap(Head head, std::string_view first, std::string_view second,
                 const typename R::Payload& payload) {
    BWLAB_ASSERT(filled_ < page_->count());
    char* const begin = page_->chars() + heap_at_;
    char* const suffix = page_->WriteValue(begin, payload);
    char* const end = CopyBytes(CopyBytes(suffix, first), second);
    const std::size_t suffix_bytes = first.size() + second.size();
    heads_[filled_] = R::Key::kInHead ? head : HeadOfBytes({suffix, suffix_bytes});
    words_[filled_] = page_->LocatorFor(heap_at_, suffix_bytes, payload).raw();
    heap_at_ += static_cast<uint32_t>(end - begin);
    ++filled_;
  }

  Page* page_;
  Head* heads_;
  uint64_t* words_;
  uint32_t heap_at_;
  uint32_t filled_ = 0;
};

}  // namespace bwlab
