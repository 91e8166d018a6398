#pragma once

#include <cstdint>

namespace bwlab {

/// What every reclaimable page begins with, so that retiring needs no memory and cannot fail.
/// Written by the thread that unlinked the page; readers that still hold the page never look at it.
struct Retired {
  Retired* next = nullptr;
  uint32_t bytes = 0;  // size of the page; of a chain its sum, set when it is retired
};

/// A singly linked list of retired pages with what it holds.
struct RetiredList {
  Retired* head = nullptr;
  Retired* tail = nullptr;
  uint64_t pages = 0;
  uint64_t bytes = 0;

  bool empty() const { return head == nullptr; }

  void Push(Retired* page) {
    page->next = head;
    head = page;
    if (tail == nullptr) tail = page;
    ++pages;
    bytes += page->bytes;
  }

  /// Precondition: not empty.
  Retired* Pop() {
    Retired* page = head;
    head = page->next;
    if (head == nullptr) tail = nullptr;
    --pages;
    bytes -= page->bytes;
    return page;
  }

  void Append(const RetiredList& other) {
    if (other.head == nullptr) return;
    if (head == nullptr) {
      *this = other;
      return;
    }
    tail->next = other.head;
    tail = other.tail;
    pages += other.pages;
    bytes += other.bytes;
  }
};

}  // namespace bwlab
