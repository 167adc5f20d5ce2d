# holdfast_layer(<name> DIR <folder> HEADERS <h>... [SOURCES <cc>...] [DEPS <layer>...] [LIBS <lib>...])
#
# One static library holdfast::<name> per folder.  Its headers are checked to stand alone
# (all_verify_interface_header_sets), and the link test link_<name> proves that the folder needs
# nothing but what it declares: the whole archive is linked into an empty main.
function(holdfast_layer name)
  cmake_parse_arguments(ARG "" "DIR" "HEADERS;SOURCES;DEPS;LIBS" ${ARGN})
  set(target holdfast_${name})
  if(ARG_SOURCES)
    add_library(${target} STATIC ${ARG_SOURCES})
    set(scope PUBLIC)
  else()
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
  endif()
  add_library(holdfast::${name} ALIAS ${target})
  target_sources(${target} ${scope} FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR} FILES ${ARG_HEADERS})
  foreach(dep IN LISTS ARG_DEPS)
    target_link_libraries(${target} ${scope} holdfast::${dep})
  endforeach()
  target_link_libraries(${target} ${scope} ${ARG_LIBS})
  target_compile_features(${target} ${scope} cxx_std_20)
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  if(ARG_SOURCES)
    # Ours to compile with, not those who link what was installed.
    target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:holdfast_warnings>)
    file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/link/empty_main.cc CONTENT "int main() {}\n")
    add_executable(link_${name} ${PROJECT_BINARY_DIR}/link/empty_main.cc)
    target_link_libraries(link_${name} PRIVATE "$<LINK_LIBRARY:WHOLE_ARCHIVE,${target}>")
    set_target_properties(link_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/link)
    add_test(NAME link_${name} COMMAND link_${name})
  endif()
endfunction()

# The headers that every test includes, parsed once: a quarter of what a small test takes to compile.
function(holdfast_test_headers)
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/link/test_headers.cc CONTENT "")
  add_library(holdfast_test_headers OBJECT ${PROJECT_BINARY_DIR}/link/test_headers.cc)
  target_link_libraries(holdfast_test_headers PRIVATE GTest::gmock)
  target_compile_features(holdfast_test_headers PRIVATE cxx_std_20)
  target_compile_options(holdfast_test_headers PRIVATE -Og)
  target_precompile_headers(holdfast_test_headers PRIVATE <gmock/gmock.h> <gtest/gtest.h>)
endfunction()

# holdfast_test(<name> SOURCES <cc>... DEPS <layer>... [LIBS <lib>...])
# One GoogleTest program; one CTest entry per program (the suites are small and fast).
function(holdfast_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;LIBS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  foreach(dep IN LISTS ARG_DEPS)
    target_link_libraries(${name} PRIVATE holdfast::${dep})
  endforeach()
  target_link_libraries(${name} PRIVATE holdfast_warnings ${ARG_LIBS} GTest::gmock GTest::gtest_main)
  # Half of a build is the machine code of tests, and an optimiser has nothing to gain there.
  target_compile_options(${name} PRIVATE -Og)
  if(NOT TARGET holdfast_test_headers)
    holdfast_test_headers()
  endif()
  target_precompile_headers(${name} REUSE_FROM holdfast_test_headers)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/test)
  add_test(NAME ${name} COMMAND ${name})
endfunction()

# holdfast_fuzz(<name> SOURCE <cc> DEPS <layer>... [LIBS <lib>...])
# The entry point of a fuzzing engine.  A test runs the files of tools/fuzz/corpus/<name>, and mutations of
# them that are the same each time; in the preset fuzz it is a program of libFuzzer (./dev fuzz).
option(HOLDFAST_FUZZ "Link entry points of fuzzing with libFuzzer" OFF)
function(holdfast_fuzz name)
  cmake_parse_arguments(ARG "" "SOURCE" "DEPS;LIBS" ${ARGN})
  add_executable(${name} ${ARG_SOURCE})
  foreach(dep IN LISTS ARG_DEPS)
    target_link_libraries(${name} PRIVATE holdfast::${dep})
  endforeach()
  target_link_libraries(${name} PRIVATE holdfast_warnings ${ARG_LIBS})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fuzz)
  if(HOLDFAST_FUZZ)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  else()
    target_link_libraries(${name} PRIVATE holdfast_mutate_main)
    add_test(NAME ${name} COMMAND ${name} ${PROJECT_SOURCE_DIR}/tools/fuzz/corpus/${name} 100000)
  endif()
endfunction()

# holdfast_long_test(<name> <entry>)
# The suites *Long of the program <name> run in a CTest entry of their own, labelled long, and are left
# out of the program's other one.
function(holdfast_long_test name entry)
  set_tests_properties(${name} PROPERTIES ENVIRONMENT "GTEST_FILTER=-*Long.*")
  add_test(NAME ${entry} COMMAND ${name} --gtest_filter=*Long.*)
  set_tests_properties(${entry} PROPERTIES LABELS long TIMEOUT 3600)
endfunction()

# What every translation unit of ours is compiled with.  The prefix map makes a failed check name
# `storage/x.cc`, wherever the tree lies, and two checkouts compile to the same program; also under a
# ccache with a base_dir, which hands the compiler paths from the build folder.
file(RELATIVE_PATH from_build ${PROJECT_BINARY_DIR} ${PROJECT_SOURCE_DIR})
add_library(holdfast_warnings INTERFACE)
target_compile_options(holdfast_warnings INTERFACE
  -Wall -Wextra -Werror -Wshadow -Wnon-virtual-dtor -Wno-missing-field-initializers
  -ffile-prefix-map=${PROJECT_SOURCE_DIR}/= -ffile-prefix-map=${from_build}=)
