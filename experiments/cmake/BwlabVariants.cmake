# Turns experiments/variants.cmake and experiments/peers.cmake into C++: one translation unit a variant, and the table of
# all engines.

set(BWLAB_VARIANTS_FOLDER ${CMAKE_CURRENT_BINARY_DIR}/generated/variants)
set(BWLAB_GENERATED_ENGINE_SOURCES "")
set(BWLAB_VARIANT_ENTRIES "")

set(BWLAB_VARIANTS "" CACHE STRING "Variants of the Bw-tree to build, by name and ; between (empty: all)")

# bwlab_variant(<name> <summary> <members>): `members` replaces members of bwlab::DefaultTraits.
macro(bwlab_variant name summary members)
  if("${name}" IN_LIST BWLAB_VARIANTS_OF_BYTES)
    bwlab_variant_from(variant_with_bytes.cc.in "${name}" "${summary}" "${members}")
    bwlab_variant_source(variant_of_bytes.cc.in "${name}" bytes_)
  else()
    bwlab_variant_from(variant.cc.in "${name}" "${summary}" "${members}")
  endif()
endmacro()

# As bwlab_variant, for a SIMD kernel: where the build's flags do not cover it the variant is not listed, and refused
# by name. `kernel` is what follows XSIMD_WITH_.
macro(bwlab_variant_of_kernel name kernel summary members)
  bwlab_compiler_defines(XSIMD_WITH_${kernel} covered)
  if(covered)
    bwlab_variant_from(variant.cc.in "${name}" "${summary}" "${members}")
  elseif(NOT BWLAB_VARIANTS OR "${name}" IN_LIST BWLAB_VARIANTS)
    bwlab_missing_engine(kBwTreeEntry_${name} bwtree ${name}
                         "the build's -march does not include the instructions of its search")
    list(APPEND BWLAB_VARIANT_ENTRIES kBwTreeEntry_${name})
  endif()
endmacro()

# Writes the entry of an engine that this build cannot have; `reason` is the sentence that refuses it.
macro(bwlab_missing_engine entry engine variant reason)
  set(BWLAB_MISSING_ENTRY ${entry})
  set(BWLAB_MISSING_ENGINE "${engine}")
  set(BWLAB_MISSING_VARIANT "${variant}")
  set(BWLAB_MISSING_REASON "${reason}")
  string(REGEX REPLACE "/$" "" BWLAB_MISSING_LABEL "${engine}/${variant}")
  configure_file(${CMAKE_CURRENT_SOURCE_DIR}/cmake/missing_engine.cc.in ${BWLAB_VARIANTS_FOLDER}/${entry}.cc @ONLY)
  list(APPEND BWLAB_GENERATED_ENGINE_SOURCES ${BWLAB_VARIANTS_FOLDER}/${entry}.cc)
endmacro()

set(BWLAB_PEER_ENTRIES "")
set(BWLAB_PEER_SOURCES "")
set(BWLAB_PEER_LIBRARIES "")

# An engine that is not this project's.
#   bwlab_peer(<name> <entry> SOURCES <files...> [LIBRARIES <targets...> PACKAGE <Debian package>] [NOT_WITH <sanitizers...>])
# Where one of the targets is missing, or the build has one of these sanitizers, the engine is left out with a line in CMake's
# output, not listed, and refused by name.
macro(bwlab_peer name entry)
  cmake_parse_arguments(PEER "" "PACKAGE" "SOURCES;LIBRARIES;NOT_WITH" ${ARGN})
  set(peer_missing "")
  foreach(peer_library IN LISTS PEER_LIBRARIES)
    if(NOT TARGET ${peer_library})
      set(peer_missing "the package ${PEER_PACKAGE} was not installed when the build was configured")
    endif()
  endforeach()
  if(BWLAB_SANITIZE AND "${BWLAB_SANITIZE}" IN_LIST PEER_NOT_WITH)
    set(peer_missing "its library knows nothing of this build's sanitizer, -fsanitize=${BWLAB_SANITIZE}")
  endif()
  list(APPEND BWLAB_PEER_ENTRIES ${entry})
  if(peer_missing)
    message(STATUS "Left out: the engine ${name}, since ${peer_missing}")
    bwlab_missing_engine(${entry} ${name} "" "${peer_missing}")
  else()
    list(APPEND BWLAB_PEER_SOURCES ${PEER_SOURCES})
    list(APPEND BWLAB_PEER_LIBRARIES ${PEER_LIBRARIES})
  endif()
endmacro()

macro(bwlab_variant_from template name summary members)
  if(NOT "${name}" MATCHES "^[a-z][a-z0-9_]*$")
    message(FATAL_ERROR "variants.cmake: \"${name}\" is no variant name: letters, digits and _ only")
  endif()
  if(NOT BWLAB_VARIANTS OR "${name}" IN_LIST BWLAB_VARIANTS)
    set(BWLAB_VARIANT ${name})
    set(BWLAB_VARIANT_SUMMARY "${summary}")
    set(BWLAB_VARIANT_MEMBERS "${members}")
    configure_file(${CMAKE_CURRENT_SOURCE_DIR}/cmake/variant_traits.h.in
                   ${BWLAB_VARIANTS_FOLDER}/${name}_traits.h @ONLY)
    bwlab_variant_source(${template} "${name}" "")
    list(APPEND BWLAB_VARIANT_ENTRIES kBwTreeEntry_${name})
  endif()
endmacro()

# A translation unit of the variant that was defined last.
macro(bwlab_variant_source template name prefix)
  if(NOT BWLAB_VARIANTS OR "${name}" IN_LIST BWLAB_VARIANTS)
    configure_file(${CMAKE_CURRENT_SOURCE_DIR}/cmake/${template}
                   ${BWLAB_VARIANTS_FOLDER}/bwtree_${prefix}${name}.cc @ONLY)
    list(APPEND BWLAB_GENERATED_ENGINE_SOURCES ${BWLAB_VARIANTS_FOLDER}/bwtree_${prefix}${name}.cc)
  endif()
endmacro()

# Whether xsimd sets a macro to 1 under the build's flags.
function(bwlab_compiler_defines macro result)
  include(CheckCXXSourceCompiles)
  set(CMAKE_REQUIRED_INCLUDES ${BWLAB_XSIMD_INCLUDE_DIR})
  set(CMAKE_REQUIRED_FLAGS "-std=c++20")
  if(BWLAB_ARCH)
    string(APPEND CMAKE_REQUIRED_FLAGS " -march=${BWLAB_ARCH}")
  endif()
  set(CMAKE_REQUIRED_QUIET ON)
  check_cxx_source_compiles("#include <xsimd/xsimd.hpp>
    static_assert(${macro});
    int main() {}" BWLAB_HAS_${macro}_${BWLAB_ARCH})
  set(${result} ${BWLAB_HAS_${macro}_${BWLAB_ARCH}} PARENT_SCOPE)
endfunction()

# Writes the table: the variants of the Bw-tree in their order, then the peers in theirs.
macro(bwlab_write_engine_table)
  set(BWLAB_ENGINE_DECLARATIONS "")
  set(BWLAB_ENGINE_POINTERS "")
  foreach(entry ${BWLAB_VARIANT_ENTRIES} ${BWLAB_PEER_ENTRIES})
    string(APPEND BWLAB_ENGINE_DECLARATIONS "extern const EngineEntry ${entry};\n")
    string(APPEND BWLAB_ENGINE_POINTERS "    &${entry},\n")
  endforeach()
  configure_file(${CMAKE_CURRENT_SOURCE_DIR}/cmake/engine_table.cc.in
                 ${BWLAB_VARIANTS_FOLDER}/engine_table.cc @ONLY)
  list(APPEND BWLAB_GENERATED_ENGINE_SOURCES ${BWLAB_VARIANTS_FOLDER}/engine_table.cc)
endmacro()
