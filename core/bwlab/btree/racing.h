#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "bwlab/base/atomic.h"
#include "bwlab/base/sanitizer.h"

namespace bwlab {

// How the contents of a page are read and written while others may do either. A writer holds the
// page's lock; a reader holds nothing, and throws away what it read where the version has changed
// meanwhile (version_lock.h).
//
// Memory order. What must hold: a reader that sees anything which a writer stored under its lock
// sees in Validate that the word has changed since. Two ways lead there (Boehm, "Can seqlocks get
// along with programming language memory models?", MSPC 2012):
//   - Fences. (D1) a release fence behind the locking CAS and before the stores; (D2) an acquire
//     fence behind the loads and before the version is loaded again. A load that reads one of the
//     stores makes the two fences synchronise, so that the CAS happens before that load of the
//     version. On x86 neither is an instruction. The accesses between them should be atomic; single
//     words are, while vectors and memcpy have no atomic form in C++. Compilers that keep such
//     accesses between the fences, as g++ and clang do, make of them what is meant.
//   - Ordered accesses: each store a release (D3), each load an acquire (D4) that pairs with it. No
//     fence is needed, and everything is defined, but vectors are out of the question.
// Ordinary builds take the first way, at the speed of plain memory. Under ThreadSanitizer, which
// does not model fences and would report the vectors, readers copy the page word by word the second
// way and then work on the copy: what they do with torn contents is the same code in both.

/// An acquire fence (D2) where loads are not ordered themselves.
inline void FenceAfterRacingLoads() {
#if !BWLAB_TSAN
  AcquireFence();
#endif
}

/// A release fence (D1) where stores are not ordered themselves.
inline void FenceBeforeRacingStores() {
#if !BWLAB_TSAN
  ReleaseFence();
#endif
}

inline constexpr std::memory_order kRacingLoad =
    BWLAB_TSAN ? std::memory_order_acquire : std::memory_order_relaxed;  // D4
inline constexpr std::memory_order kRacingStore =
    BWLAB_TSAN ? std::memory_order_release : std::memory_order_relaxed;  // D3

/// Once, whatever the compiler would rather do: what was checked is what is used.
template <class T>
T LoadRacing(const T& from) {
  return AtomicRef<const T>(from).load(kRacingLoad);
}

template <class T>
void StoreRacing(T& to, T value) {
  AtomicRef<T>(to).store(value, kRacingStore);
}

/// memmove within a page.
template <class T>
void MoveRacing(T* to, const T* from, std::size_t count) {
#if BWLAB_TSAN
  if (to < from) {
    for (std::size_t i = 0; i < count; ++i) StoreRacing(to[i], from[i]);
  } else {
    for (std::size_t i = count; i > 0; --i) StoreRacing(to[i - 1], from[i - 1]);
  }
#else
  std::memmove(to, from, count * sizeof(T));
#endif
}

/// memcpy into a page. @return one past what was written.
inline char* WriteRacing(char* to, std::string_view bytes) {
#if BWLAB_TSAN
  for (const char byte : bytes) StoreRacing(*to++, byte);
  return to;
#else
  if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
  return to + bytes.size();
#endif
}

/// Copies `bytes` of a page, which begin and end at words, into memory that nobody else sees.
inline void ReadRacing(void* to, const void* from, std::size_t bytes) {
#if BWLAB_TSAN
  using Word [[gnu::may_alias]] = uint64_t;
  for (std::size_t i = 0; i < bytes / sizeof(Word); ++i) {
    static_cast<Word*>(to)[i] =
        __atomic_load_n(static_cast<const Word*>(from) + i, __ATOMIC_ACQUIRE);  // D4
  }
#else
  std::memcpy(to, from, bytes);
#endif
}

}  // namespace bwlab
