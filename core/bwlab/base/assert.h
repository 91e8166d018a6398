#pragma once

#include <cstdio>
#include <cstdlib>

/// Checks an invariant in debug and sanitizer builds (NDEBUG unset); costs nothing elsewhere. A
/// failure is a bug in bwlab or in its caller, never an outcome of the environment.
#ifdef NDEBUG
#define BWLAB_ASSERT(condition) ((void)sizeof(!(condition)))
#else
#define BWLAB_ASSERT(condition)                                                                  \
  ((condition) ? (void)0                                                                         \
               : (std::fprintf(stderr, "%s:%d: violated: %s\n", __FILE__, __LINE__, #condition), \
                  std::abort()))
#endif
