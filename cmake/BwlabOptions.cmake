# Build options and the one set of compiler flags that the whole build shares. Flags are never set per file:
# a per-file -march leaks wide instructions through shared inline functions.

option(BWLAB_BUILD_EXPERIMENTS "Build run_experiment and what it needs (TBB, JSON, hwloc)" ON)
set(BWLAB_ARCH "" CACHE STRING "Value for -march: native, x86-64-v3, ... (empty: the compiler's default)")
set(BWLAB_SANITIZE "" CACHE STRING "Value for -fsanitize: address,undefined or thread (empty: none)")
option(BWLAB_COVERAGE "Instrument for gcov" OFF)
option(BWLAB_FUZZERS "Build the fuzzers (clang)" OFF)
option(BWLAB_TEST_HOOKS "Let tests step in between the steps of the engine, and seed faults (core/bwlab/base/test_hooks.h)" OFF)

find_program(BWLAB_CCACHE ccache)
if(BWLAB_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${BWLAB_CCACHE})
endif()

# Without sanitizers and coverage, for what they do not understand.
add_library(bwlab_plain_flags INTERFACE)
target_compile_options(bwlab_plain_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion)
if(BWLAB_ARCH)
  target_compile_options(bwlab_plain_flags INTERFACE -march=${BWLAB_ARCH})
endif()

add_library(bwlab_flags INTERFACE)
target_link_libraries(bwlab_flags INTERFACE bwlab_plain_flags)
if(BWLAB_SANITIZE)
  target_compile_options(bwlab_flags INTERFACE -fsanitize=${BWLAB_SANITIZE} -fno-sanitize-recover=all
                                               -fno-omit-frame-pointer)
  target_link_options(bwlab_flags INTERFACE -fsanitize=${BWLAB_SANITIZE})
endif()
if(BWLAB_FUZZERS)
  target_compile_options(bwlab_flags INTERFACE -fsanitize=fuzzer-no-link)
  target_link_options(bwlab_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(BWLAB_COVERAGE)
  # -Og: counters that threads share make -O0 too slow; at -O1 lines lose their counters.
  target_compile_options(bwlab_flags INTERFACE -Og --coverage -fprofile-update=atomic)
  target_link_options(bwlab_flags INTERFACE --coverage)
endif()
