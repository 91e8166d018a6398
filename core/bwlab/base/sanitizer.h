#pragma once

/// Which sanitizer this build runs under, for the two places where the engine does otherwise under
/// one: tags of slots are loaded one by one under ThreadSanitizer, and pooled memory is poisoned under
/// AddressSanitizer.

#if defined(__SANITIZE_THREAD__)
#define BWLAB_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define BWLAB_TSAN 1
#endif
#endif
#ifndef BWLAB_TSAN
#define BWLAB_TSAN 0
#endif

#if defined(__SANITIZE_ADDRESS__)
#define BWLAB_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BWLAB_ASAN 1
#endif
#endif
#ifndef BWLAB_ASAN
#define BWLAB_ASAN 0
#endif

#if BWLAB_ASAN
#include <sanitizer/asan_interface.h>
#define BWLAB_POISON(address, bytes) ASAN_POISON_MEMORY_REGION(address, bytes)
#define BWLAB_UNPOISON(address, bytes) ASAN_UNPOISON_MEMORY_REGION(address, bytes)
#else
#define BWLAB_POISON(address, bytes) ((void)(address), (void)(bytes))
#define BWLAB_UNPOISON(address, bytes) ((void)(address), (void)(bytes))
#endif
