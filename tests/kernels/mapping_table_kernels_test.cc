// Method: as reclamation_kernels_test.cc, for the list of free page ids and the publication of
// pages by mapping words.

#include <array>

#include "bwlab/bwtree/mapping_table.h"
#include "kernels/kernel.h"

namespace bwlab::kernels {
namespace {

/// Threads take ids and give them back, while others read the links behind the first free one.
class IdsChangeHands {
 public:
  static constexpr unsigned kThreads = 3;

  IdsChangeHands() : table_(kIds) {
    // So that the list has a few to begin with, in an order in which A-B-A can happen.
    std::array<PageId, 4> ids{};
    for (PageId& id : ids) id = table_.AllocateId();
    for (PageId id : ids) table_.FreeId(id);
  }

  void Run(unsigned thread) {
    for (int round = 0; round < 4; ++round) {
      const PageId first = Take(thread);
      const PageId second = Take(thread);
      Give(thread, first);
      Give(thread, second);
    }
  }

  void Finish() {
    Check(table_.ids_used() <= 1 + 2 * kThreads + 4, "ids are used again");
    for (PageId id = 1; id < table_.ids_used(); ++id) owned_[Take(0)] = 1;
    for (PageId id = 1; id < table_.ids_used(); ++id) Check(owned_[id] == 1, "an id is lost");
  }

 private:
  static constexpr PageId kIds = 32;

  PageId Take(unsigned thread) {
    const PageId id = table_.AllocateId();
    Check(id != kNoPage && id < kIds, "ids suffice");
    Check(owned_[id] == 0, "an id belongs to one thread");
    owned_[id] = 1 + thread;
    table_.Install(id, (uint64_t{1} << 40) + id);
    return id;
  }
  void Give(unsigned thread, PageId id) {
    Check(owned_[id] == 1 + thread, "an id stays with its thread");
    owned_[id] = 0;
    table_.FreeId(id);
  }

  MappingTable table_;
  std::array<unsigned, kIds> owned_{};
};

/// A page is written, installed, replaced by compare and exchange: whoever sees the word sees the
/// page.
class PagesArePublished {
 public:
  static constexpr unsigned kThreads = 3;

  PagesArePublished() : table_(8), id_(table_.AllocateId()) { table_.Install(id_, Write(0)); }

  void Run(unsigned thread) {
    if (thread == 0) {
      for (int i = 0; i < 6; ++i) Read(table_.Load(id_));
      return;
    }
    for (int i = 0; i < 2; ++i) {
      uint64_t expected = table_.Load(id_);
      const uint64_t desired = Write(thread);
      while (!table_.CompareExchange(id_, expected, desired)) Read(expected);
      Read(expected);
    }
  }
  void Finish() { Read(table_.Load(id_)); }

 private:
  static constexpr unsigned kPages = 16;

  /// @return the word of a new page.
  uint64_t Write(uint64_t content) {
    const uint64_t page = next_page_++;
    pages_[page]($) = content;
    return page << 23;
  }
  void Read(uint64_t word) { Check(pages_[word >> 23]($) < kThreads, "a page is whole"); }

  MappingTable table_;
  PageId id_;
  std::array<rl::var<uint64_t>, kPages> pages_;
  uint64_t next_page_ = 0;
};

/// An id that named a node when its stamp was read is freed by one thread, taken by another and
/// given another node, while a third finds the first node's word as long as the stamp holds.
class FreedIdsChangeTheStamp {
 public:
  static constexpr unsigned kThreads = 3;

  FreedIdsChangeTheStamp() : table_(8), id_(table_.AllocateId()), stamp_(table_.freed_stamp()) {
    table_.Install(id_, kFirst);
  }

  void Run(unsigned thread) {
    switch (thread) {
      case 0:
        table_.FreeId(id_);
        return;
      case 1:
        // The id itself, once it is free; new ones until then.
        for (int i = 0; i < 3; ++i) table_.Install(table_.AllocateId(), kSecond);
        return;
      default:
        for (int i = 0; i < 4; ++i) {
          const uint64_t word = table_.Load(id_);
          if (!MappingTable::IsNode(word) || table_.freed_stamp() != stamp_) continue;
          Check(word == kFirst, "the stamp tells that the id was freed");
        }
    }
  }
  void Finish() { Check(table_.freed_stamp() != stamp_, "the stamp has changed"); }

 private:
  static constexpr uint64_t kFirst = uint64_t{1} << 40;
  static constexpr uint64_t kSecond = uint64_t{2} << 40;

  MappingTable table_;
  PageId id_;
  uint64_t stamp_;
};

TEST(MappingTableKernelTest, AnIdBelongsToOneThreadAtATime) { Explore<IdsChangeHands>(20'000); }

TEST(MappingTableKernelTest, TheStampChangesBeforeAnIdNamesAnotherNode) {
  Explore<FreedIdsChangeTheStamp>(20'000);
}

TEST(MappingTableKernelTest, WhoeverSeesAWordSeesThePage) { Explore<PagesArePublished>(20'000); }

}  // namespace
}  // namespace bwlab::kernels
