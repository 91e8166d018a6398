# Third-party libraries, all from Debian 12 packages (scripts/install-packages installs them).

find_package(Threads REQUIRED)
find_package(GTest REQUIRED)
find_package(rapidcheck REQUIRED)

# xsimd's own CMake target adds a link to xtl that nothing needs; the headers are enough.
find_path(BWLAB_XSIMD_INCLUDE_DIR xsimd/xsimd.hpp REQUIRED)

if(BWLAB_BUILD_EXPERIMENTS)
  find_package(PkgConfig REQUIRED)
  find_package(TBB REQUIRED)
  find_package(nlohmann_json REQUIRED)
  find_package(CLI11 REQUIRED)
  find_package(fmt REQUIRED)
  find_package(OpenSSL REQUIRED)
  find_package(benchmark REQUIRED)
  pkg_check_modules(HWLOC REQUIRED IMPORTED_TARGET hwloc)

  # Peers: what is missing leaves an engine out (experiments/peers.cmake).
  find_package(absl QUIET)
  # libcds' own package file names a file that Debian's package does not have, which is a fatal error.
  find_path(BWLAB_LIBCDS_INCLUDE_DIR cds/init.h)
  find_library(BWLAB_LIBCDS_LIBRARY cds)
  if(BWLAB_LIBCDS_INCLUDE_DIR AND BWLAB_LIBCDS_LIBRARY)
    add_library(bwlab::libcds INTERFACE IMPORTED)
    target_include_directories(bwlab::libcds INTERFACE ${BWLAB_LIBCDS_INCLUDE_DIR})
    target_link_libraries(bwlab::libcds INTERFACE ${BWLAB_LIBCDS_LIBRARY})
  endif()
  find_package(RocksDB QUIET)
  find_package(leveldb QUIET)
  find_package(SQLite3 QUIET)
  pkg_check_modules(LMDB QUIET IMPORTED_TARGET lmdb)
  pkg_check_modules(WIREDTIGER QUIET IMPORTED_TARGET wiredtiger)
endif()

# Declares a GoogleTest executable and registers its tests with ctest.
#   bwlab_add_test(<name> SOURCES <files...> LIBRARIES <targets...> [LABELS <labels...>])
# The target concurrency_tests builds those with that label.
include(GoogleTest)
add_custom_target(concurrency_tests)
function(bwlab_add_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBRARIES;LABELS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LIBRARIES} bwlab_flags GTest::gtest_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT 600)
  if("${ARG_LABELS}" MATCHES "concurrency")
    add_dependencies(concurrency_tests ${name})
  endif()
endfunction()
