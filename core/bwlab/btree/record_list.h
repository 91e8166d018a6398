#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "bwlab/base/assert.h"
#include "bwlab/record/record_types.h"

namespace bwlab {

/// The records, in key order, that a structure change distributes over new pages: those of one page
/// or of two neighbours, one of them new or replaced. Refers to the pages, which their locks keep
/// as they are.
template <class Page>
class RecordList {
 public:
  using R = typename Page::RecordsType;
  using Probe = typename Page::Probe;
  using Payload = typename Page::Payload;
  using View = typename Page::View;

  void Add(const View& page, uint32_t first, uint32_t count) {
    if (count > 0) Push({&page, first, count});
  }
  /// At most one in a list.
  void Add(const Probe& key, const Payload& payload) {
    key_ = key;
    payload_ = payload;
    Push({nullptr, 0, 1});
  }

  uint32_t size() const { return size_; }

  /// Bytes that the records of [from, to) take in the heap of a page that leaves out a prefix.
  uint64_t HeapBytes(uint32_t from, uint32_t to, uint32_t prefix_bytes) const {
    uint64_t sum = 0;
    if constexpr (Page::kHasHeap) {
      ForEachPart(from, to, [&](const Part& part) {
        if (part.page == nullptr) {
          sum += Page::EntireBytes(R::Key::BytesOf(key_), payload_);
        } else {
          for (uint32_t i = 0; i < part.count; ++i) sum += part.page->HeapBytesAt(part.first + i);
          if (!R::Key::kInHead) sum += part.count * part.page->page().prefix().size();
        }
      });
      if (!R::Key::kInHead) sum -= uint64_t{to - from} * prefix_bytes;
    }
    return sum;
  }

  /// Where the list is halved, by bytes, with `least` records or more on either side.
  uint32_t Middle(uint32_t least) const {
    uint32_t middle = size_ / 2;
    if constexpr (Page::kHasHeap) {
      const auto bytes_before = [this](uint32_t at) {
        return HeapBytes(0, at, 0) + uint64_t{at} * Page::kSlotBytes;
      };
      const uint64_t half = bytes_before(size_) / 2;
      uint64_t before = 0;
      for (middle = 0; middle < size_ && before < half; ++middle) {
        before += HeapBytes(middle, middle + 1, 0) + Page::kSlotBytes;
      }
    }
    BWLAB_ASSERT(2 * least <= size_);
    return std::clamp(middle, least, size_ - least);
  }

  /// The entire key of a record; refers to the buffer or to what the list was given.
  Probe KeyAt(uint32_t at, KeyBuffer<R>& buffer) const {
    Probe key{};
    ForEachPart(at, at + 1, [&](const Part& part) {
      if (part.page == nullptr) {
        key = key_;
      } else {
        buffer.SetPrefix(part.page->page().prefix());
        key = buffer.JoinProbe(part.page->KeyAt(part.first));
      }
    });
    return key;
  }

  /// Writes the records of [from, to) behind those that are there.
  void AppendTo(Page& page, uint32_t from, uint32_t to) const {
    ForEachPart(from, to, [&](const Part& part) {
      if (part.page == nullptr) {
        page.Append(key_, payload_);
      } else {
        page.Append(*part.page, part.first, part.count);
      }
    });
  }

 private:
  /// A run of a page's records, or without a page the one given.
  struct Part {
    const View* page;
    uint32_t first;
    uint32_t count;
  };

  void Push(const Part& part) {
    BWLAB_ASSERT(part_count_ < parts_.size());
    parts_[part_count_++] = part;
    size_ += part.count;
  }

  /// Calls f for what of each part lies in [from, to).
  template <class F>
  void ForEachPart(uint32_t from, uint32_t to, F&& f) const {
    uint32_t begin = 0;  // of the part, in the list
    for (std::size_t i = 0; i < part_count_ && begin < to; begin += parts_[i++].count) {
      const Part& part = parts_[i];
      const uint32_t first = std::max(from, begin);
      const uint32_t last = std::min(to, begin + part.count);
      if (first < last) f(Part{part.page, part.first + (first - begin), last - first});
    }
  }

  std::array<Part, 3> parts_{};
  std::size_t part_count_ = 0;
  uint32_t size_ = 0;
  Probe key_{};
  Payload payload_{};
};

}  // namespace bwlab
